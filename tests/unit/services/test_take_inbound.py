"""Inbound events: what people write becomes messages."""

import itertools

import pytest
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import (
    Deleted,
    Media,
    ProviderFile,
    ReceivedMedia,
    Text,
    Unsupported,
    file_of,
)
from chat4all.domain.conversation import ConversationState, ConversationType, Origin
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    InboundMove,
    TemplateChanged,
    WebhookEvent,
)
from chat4all.domain.files.file import FileStatus, FileStored, FileToFetch, Source
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kinds import Location
from chat4all.domain.message import Message
from chat4all.domain.person import INBOX_USER_ID, MOST_IDENTITIES, Identity, UserType
from chat4all.domain.received import NOTHING, Author, AuthorKind
from chat4all.domain.sending import Sent
from chat4all.domain.status import Status
from chat4all.domain.templates import KnownTemplate, TemplateNews
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.domain.wording import worded
from chat4all.services.inbound.take_inbound import UnknownChannel, inbound_message_id
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.conversation_cache import KEEP_S
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.people import conversation_of
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_delivery
from tests.fakes.templates import OWNER, account_template

AT = "2026-01-31T12:00:00.000Z"
TEXT = InboundMessage("ana@pigeon", "hers-1", Text("hello"), AT)


@pytest.fixture
def product() -> Product:
    return Product()


def take(product: Product, event: InboundEvent, channel: str = "pigeon", *, account: str = ACCOUNT) -> None:
    """Take the event as it is published."""
    product.take(WebhookEvent(channel, account, "webhook-1", within_limits(event)))


def taken(product: Product, provider_message_id: str = "hers-1", *, account: str = ACCOUNT) -> Message:
    return product.message(inbound_message_id("pigeon", account, provider_message_id))


def test_a_text_becomes_a_message_of_its_writer(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, TEXT)

    message = taken(product)
    assert (message.sender_id, message.content.text, message.channel) == ("ana", "hello", "pigeon")
    assert (message.status, message.conversation_id) == (Status.DELIVERED, "conversation")
    (event,) = product.events.submitted
    assert event.recipients == ()


def test_the_same_webhook_again_makes_no_second_message(product: Product) -> None:
    product.settle(AGENT, ANA)

    for _ in range(3):
        take(product, TEXT)

    assert len(product.table.messages) == 1
    assert len(product.events.submitted) == 1


def test_the_same_id_on_another_channel_is_another_message(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, TEXT, "pigeon")
    take(product, TEXT, "telex")

    assert len(product.table.messages) == 2


def test_an_unknown_person_gets_a_user_and_a_conversation_with_the_inbox(product: Product) -> None:
    take(product, replace(TEXT, display_name="Ana Souza", phone="+5511", handle="ana.souza"))

    user_id = product.directory.resolve("pigeon", "main", "ana@pigeon")
    assert user_id is not None
    user = product.directory.get(user_id)
    assert user is not None
    assert (user.type, user.display_name) == (UserType.CUSTOMER, "Ana Souza")
    assert (user.identities[0].phone, user.identities[0].handle) == ("+5511", "ana.souza")
    conversation = product.conversation(taken(product).conversation_id)
    assert conversation.type is ConversationType.ONE_TO_ONE
    assert conversation.primary_channel is None, "an answer goes to where the person wrote last"
    (origin,) = (member.wrote_from for member in conversation.participants if member.user_id == user_id)
    assert origin == Origin("pigeon", ACCOUNT, "ana@pigeon")
    assert {participant.user_id for participant in conversation.participants} == {INBOX_USER_ID, user_id}


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (replace(TEXT, handle="ana.souza"), "ana.souza"),
        (TEXT, "ana@pigeon"),
        (replace(TEXT, display_name="x" * 300), "x" * 200),
        (replace(TEXT, display_name=" \n", handle="ana.souza"), "ana.souza"),
        (replace(TEXT, display_name="\x00", handle=" "), "ana@pigeon"),
    ],
)
def test_an_unknown_person_is_called_what_is_known_of_them(
    product: Product, event: InboundMessage, name: str
) -> None:
    take(product, event)

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert user.display_name == name


def test_a_person_of_before_writes_into_the_same_conversation(product: Product) -> None:
    take(product, TEXT)

    take(product, replace(TEXT, provider_message_id="hers-2", content=Text("and this")))

    assert taken(product).conversation_id == taken(product, "hers-2").conversation_id
    assert taken(product).sender_id == taken(product, "hers-2").sender_id
    assert taken(product).sequence < taken(product, "hers-2").sequence


def test_after_the_inbox_was_archived_a_new_one_is_opened(product: Product) -> None:
    take(product, TEXT)
    first = product.conversation(taken(product).conversation_id)
    product.conversations.set_state(first, ConversationState.ARCHIVED)

    take(product, replace(TEXT, provider_message_id="hers-2"))
    take(product, replace(TEXT, provider_message_id="hers-3"))

    second = taken(product, "hers-2").conversation_id
    assert second != first.conversation_id
    assert taken(product, "hers-3").conversation_id == second


def test_a_conversation_archived_in_the_meantime_is_not_written_into(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    take(product, replace(TEXT, provider_message_id="hers-2"))

    assert taken(product, "hers-2").conversation_id != "conversation"


def two_conversations(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    pair = conversation_of(AGENT, ANA, conversation_id="pair")
    product.conversations.create(pair, ["ana"])
    product.say("our question")
    product.route_submitted()
    product.connector.answers = [Sent("ours")]
    product.deliver()(a_delivery("our question"))


def test_a_quote_leads_to_the_conversation_of_what_is_quoted(product: Product) -> None:
    two_conversations(product)

    take(product, TEXT)
    take(product, replace(TEXT, provider_message_id="hers-2", quoted_provider_message_id="ours"))

    assert taken(product).conversation_id == "pair"
    quoting = taken(product, "hers-2")
    assert (quoting.conversation_id, quoting.reply_to) == ("conversation", MESSAGE_ID)


def test_a_quote_of_something_unknown_is_no_reply(product: Product) -> None:
    two_conversations(product)

    take(product, replace(TEXT, quoted_provider_message_id="before our time"))

    assert (taken(product).conversation_id, taken(product).reply_to) == ("pair", None)


def test_a_quote_from_an_archived_conversation_goes_to_the_active_one(product: Product) -> None:
    two_conversations(product)
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    take(product, replace(TEXT, quoted_provider_message_id="ours"))

    assert (taken(product).conversation_id, taken(product).reply_to) == ("pair", None)


def test_a_text_in_a_group_is_passed_on_with_its_writers_name(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    take(product, TEXT)

    (event,) = product.events.submitted
    assert event.content == Text("Ana: hello")
    assert [recipient.user_id for recipient in event.recipients] == ["ben"]
    assert taken(product).status is Status.PENDING


def test_a_text_in_a_group_is_kept_whoever_cannot_be_reached(product: Product) -> None:
    nowhere = replace(BEN, identities=())
    product.settle(AGENT, ANA, nowhere, kind=ConversationType.GROUP)

    take(product, TEXT)

    assert taken(product).content == Text("hello")


def test_what_the_queue_did_not_take_is_taken_when_it_comes_again(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.events.broken = True
    with pytest.raises(Unavailable):
        take(product, TEXT)
    product.events.broken = False
    assert product.table.messages == {}

    take(product, TEXT)

    assert [event.message.message_id for event in product.events.submitted] == [taken(product).message_id]


def test_what_died_before_it_was_stored_is_one_message_all_the_same(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    with monkeypatch.context() as patch:
        patch.setattr(product.messages, "add", refuse)
        with pytest.raises(Unavailable):
            take(product, TEXT)
    product.route_submitted()
    product.events.forget()

    take(product, TEXT)
    product.route_submitted()

    assert len(product.table.messages) == len(product.events.requested) == 1


def test_what_was_submitted_to_a_conversation_since_archived_ends_with_a_reason(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    take(product, TEXT)
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    product.route_submitted()
    take(product, TEXT)

    assert (taken(product).status, taken(product).error_code) == (Status.FAILED, "CONVERSATION_ARCHIVED")


def test_a_kind_not_yet_supported_is_kept_as_it_is(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    fields = Raw(b'{"sticker":{"id":"7"}}')

    take(product, replace(TEXT, content=Unsupported("sticker"), provider_fields=fields))

    message = taken(product)
    assert message.content == Unsupported("sticker")
    assert message.received is not None
    assert message.received.provider_fields == fields
    (event,) = product.events.submitted
    assert event.content == Text("Ana sent something that cannot be shown here (sticker)")
    assert [recipient.user_id for recipient in event.recipients] == ["ben"]


def edit(text: str, at: str) -> InboundMessage:
    return replace(TEXT, content=Text(text), edited_at=at)


def test_an_edit_keeps_what_stood_before(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)

    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"))

    assert taken(product).content == Text("hello!")
    assert [(edit.content, edit.at) for edit in taken(product).edits] == [
        (Text("hello"), "2026-01-31T12:00:05.000Z")
    ]


def test_an_edit_of_a_message_that_is_not_known_is_a_message(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"))

    message = taken(product)
    assert message.content == Text("hello!")
    assert message.received is not None
    assert message.received.known_by_edit_at == "2026-01-31T12:00:05.000Z"


def test_a_message_that_comes_after_its_edits_stands_before_them(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, edit("second", "2026-01-31T12:00:05.000Z"))
    take(product, edit("third", "2026-01-31T12:00:09.000Z"))

    for _ in range(2):
        take(product, TEXT)

    message = taken(product)
    assert message.content == Text("third")
    assert [(edit.content, edit.at) for edit in message.edits] == [
        (Text("hello"), "2026-01-31T12:00:05.000Z"),
        (Text("second"), "2026-01-31T12:00:09.000Z"),
    ]
    assert message.received is not None
    assert message.received.known_by_edit_at is None


def test_an_edit_that_changes_nothing_is_no_edit(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)

    take(product, edit("hello", "2026-01-31T12:00:05.000Z"))

    assert taken(product).edits == ()


def test_a_placeholder_takes_the_content_that_comes_later(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, replace(TEXT, content=Unsupported("unsupported")))

    take(product, TEXT)

    assert (taken(product).content, taken(product).edits) == (Text("hello"), ())
    assert len(product.table.messages) == 1


def test_a_live_location_is_one_message_that_moves(product: Product) -> None:
    product.settle(AGENT, ANA)
    place = replace(TEXT, content=Location(1.0, 1.0, live_s=900))
    take(product, place)

    for second in (3, 9, 6):
        moved = Location(1.0, float(second), live_s=900)
        take(product, replace(place, content=moved, edited_at=f"2026-01-31T12:00:0{second}.000Z"))

    assert (taken(product).content, taken(product).edits) == (worded(Location(1.0, 9.0, live_s=900)), ())
    assert len(product.table.messages) == 1


def test_an_edit_may_bring_another_file(product: Product) -> None:
    product.settle(AGENT, ANA)
    wrong = ReceivedMedia(replace(MEDIA, unique_id="wrong"), "my bill")
    right = ReceivedMedia(replace(MEDIA, reference="another-file", unique_id="right"), "my bill")
    take(product, replace(FILE, content=wrong))
    (before,) = product.files.files

    for _ in range(2):
        take(product, replace(FILE, content=right, edited_at="2026-01-31T12:00:05.000Z"))

    message = taken(product)
    now = file_of(message.content)
    assert now is not None
    assert product.files.files[now.file_id].source == Source("pigeon", ACCOUNT, "another-file")
    (former,) = message.edits
    kept = file_of(former.content)
    assert kept is not None
    assert kept.file_id == before


def test_an_edit_of_a_caption_keeps_the_file(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, replace(FILE, content=ReceivedMedia(MEDIA, "first")))
    file = file_of(taken(product).content)

    take(product, edit("second", "2026-01-31T12:00:05.000Z"))

    assert taken(product).content == Media(file, "second") if file else False
    assert [former.content.text for former in taken(product).edits] == ["first"]
    assert len(product.files.files) == 1


DELETION = InboundDeletion("ana@pigeon", "hers-1", "2026-01-31T12:00:09.000Z")


def test_a_deletion_removes_the_words_and_says_when(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, replace(TEXT, provider_fields=Raw(b'{"words":"hello"}')))
    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"))

    for event in (DELETION, replace(DELETION, at="2026-01-31T12:00:10.000Z"), edit("again", AT), TEXT):
        take(product, event)

    message = taken(product)
    assert (message.content, message.edits) == (Deleted(), ())
    assert message.deleted_at == DELETION.at
    assert message.received is not None
    assert message.received.provider_fields == NOTHING
    assert len(product.table.messages) == 1


@pytest.mark.parametrize("status", [FileStatus.PENDING, FileStatus.SCANNING, FileStatus.READY])
def test_a_deletion_removes_the_files_of_every_version(product: Product, status: FileStatus) -> None:
    product.settle(AGENT, ANA)
    for number, name in enumerate(("wrong", "right")):
        content = ReceivedMedia(replace(MEDIA, unique_id=name), "my bill")
        edited_at = f"2026-01-31T12:00:0{number}.000Z" if number else None
        take(product, replace(FILE, content=content, edited_at=edited_at))
    for file in list(product.files.files.values()):
        product.files.save(replace(file, status=status, sha256="0" * 64), FileStatus.PENDING, AT)
    product.events.files.clear()

    for _ in range(2):
        take(product, DELETION)

    removed = list(product.files.files.values())
    assert [(file.status, file.filename) for file in removed] == [(FileStatus.DELETED, "image.png")] * 2
    assert {(file.source, file.sha256) for file in removed} == {(Source("pigeon", ACCOUNT, ""), None)}
    assert product.events.files == [FileStored(file.file_id) for file in reversed(removed)]
    assert set(product.files.due_at) == {file.file_id for file in removed}
    assert taken(product).content == Deleted()


def test_a_deletion_that_breaks_off_is_completed_by_the_next_try(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, FILE)
    product.events.broken = True
    with pytest.raises(Unavailable):
        take(product, DELETION)
    assert taken(product).deleted_at is None

    product.events.broken = False
    take(product, DELETION)

    (file,) = product.files.files.values()
    assert product.events.files[-1] == FileStored(file.file_id)
    assert (file.status, taken(product).content) == (FileStatus.DELETED, Deleted())


def test_a_file_that_our_side_sent_on_outlives_its_message(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, FILE)
    (file,) = product.files.files.values()
    product.files.save(replace(file, status=FileStatus.READY), FileStatus.PENDING, None)
    product.attach(file.file_id, "key-1", "conversation")

    take(product, DELETION)

    assert product.files.files[file.file_id].status is FileStatus.READY
    assert taken(product).content == Deleted()


@pytest.mark.parametrize("status", [FileStatus.INFECTED, FileStatus.REJECTED, FileStatus.EXPIRED])
def test_a_file_without_readable_bytes_stays_as_it_is(product: Product, status: FileStatus) -> None:
    product.settle(AGENT, ANA)
    take(product, FILE)
    (file,) = product.files.files.values()
    product.files.save(replace(file, status=status), FileStatus.PENDING, None)

    take(product, DELETION)

    assert product.files.files[file.file_id].status is status


def test_the_words_of_a_deleted_message_stay_by_policy(product: Product) -> None:
    product.settle(AGENT, ANA)
    product.take._keep_deleted_words = True
    take(product, TEXT)
    take(product, replace(FILE, provider_message_id="hers-2"))

    take(product, DELETION)
    take(product, replace(DELETION, provider_message_id="hers-2"))

    assert (taken(product).content, taken(product).deleted_at) == (Text("hello"), DELETION.at)
    (file,) = product.files.files.values()
    assert file.status is FileStatus.PENDING


def test_a_deletion_before_its_message_waits_for_it(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    take(product, replace(DELETION, provider_fields=Raw(b'{"by":"admin"}')))
    assert product.table.messages == {}

    take(product, TEXT)

    message = taken(product)
    assert (message.content, message.deleted_at) == (Deleted(), DELETION.at)
    assert message.received is not None
    assert message.received.provider_fields == Raw(b'{"deletion":{"by":"admin"}}')
    (event,) = product.events.submitted
    assert event.recipients == (), "nobody else gets words that are deleted"


def test_addresses_that_are_named_together_belong_to_one_person(product: Product) -> None:
    take(product, replace(TEXT, aliases=("BR.1",)))

    take(product, replace(TEXT, address="BR.1", provider_message_id="hers-2"))

    assert taken(product).sender_id == taken(product, "hers-2").sender_id
    assert taken(product).conversation_id == taken(product, "hers-2").conversation_id


def test_an_address_of_two_people_belongs_to_whom_the_provider_names_it_with(product: Product) -> None:
    take(product, TEXT)
    take(product, replace(TEXT, address="BR.1", provider_message_id="hers-2"))
    assert taken(product).sender_id != taken(product, "hers-2").sender_id

    take(product, replace(TEXT, provider_message_id="hers-3", aliases=("BR.1",)))

    assert product.directory.resolve("pigeon", ACCOUNT, "BR.1") == taken(product).sender_id


def test_a_person_with_a_new_address_keeps_their_conversation(product: Product) -> None:
    take(product, TEXT)

    for _ in range(2):
        take(product, InboundMove("ana@pigeon", "new@pigeon", AT))
    take(product, replace(TEXT, address="new@pigeon", provider_message_id="hers-2"))

    assert taken(product, "hers-2").conversation_id == taken(product).conversation_id
    assert product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon") is None


def test_news_of_a_template_change_what_is_known_of_it(product: Product) -> None:
    known = KnownTemplate(account_template(), "2026-01-31T11:00:00.000Z")
    product.templates.put("pigeon", OWNER, known)

    for status, at in (("PAUSED", AT), ("APPROVED", "2026-01-31T10:00:00.000Z")):
        take(product, TemplateChanged(OWNER, "order_ready", "pt_BR", at, TemplateNews(status)))

    after = product.templates.get("pigeon", OWNER, "order_ready", "pt_BR")
    assert after is not None
    assert (after.template.status, after.as_of) == ("PAUSED", AT)


MOVE = InboundMove("ana@pigeon", "new@pigeon", AT)
BEFORE = replace(TEXT, at="2026-01-31T11:59:59.000Z")
AFTER = replace(TEXT, address="new@pigeon", provider_message_id="hers-2", at="2026-01-31T12:00:01.000Z")


@pytest.mark.parametrize("order", list(itertools.permutations([BEFORE, MOVE, AFTER])))
def test_a_move_comes_to_the_same_end_in_every_order(
    product: Product, order: tuple[InboundMessage | InboundMove, ...]
) -> None:
    for event in (*order, *order):
        take(product, event)
    take(product, replace(AFTER, provider_message_id="hers-3"))

    user_id = product.directory.resolve("pigeon", ACCOUNT, "new@pigeon")
    assert user_id is not None
    assert product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon") is None
    rooms = {taken(product, name).conversation_id for name in ("hers-1", "hers-2")}
    assert len(rooms) == (2 if order[2] is MOVE else 1)
    assert taken(product, "hers-3").conversation_id == taken(product).conversation_id
    product.clock.advance(KEEP_S)
    for room in rooms:
        assert product.conversation(room).has(user_id)
        product.accept(NewMessage(f"to {room}", room, INBOX_USER_ID, Text("welcome")))
        assert [reached.address for reached in product.events.submitted[-1].recipients] == ["new@pigeon"]


def test_a_former_address_may_belong_to_somebody_else_later(product: Product) -> None:
    for event in (BEFORE, MOVE):
        take(product, event)

    take(product, replace(TEXT, provider_message_id="theirs", at="2026-01-31T12:00:01.000Z"))
    take(product, MOVE)

    stranger = product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon")
    assert stranger == taken(product, "theirs").sender_id != taken(product).sender_id
    assert product.directory.resolve("pigeon", ACCOUNT, "new@pigeon") == taken(product).sender_id


def test_who_had_the_new_address_before_the_move_keeps_their_conversations(product: Product) -> None:
    take(product, AFTER)
    product.clock.advance(60)
    take(product, BEFORE)
    later = replace(MOVE, at=iso(product.clock()))

    take(product, later)

    other = taken(product, "hers-2")
    assert product.conversation(other.conversation_id).has(other.sender_id)
    assert product.directory.resolve("pigeon", ACCOUNT, "new@pigeon") == taken(product).sender_id


def test_a_person_who_moves_back_is_at_the_first_address_again(product: Product) -> None:
    back = InboundMove("new@pigeon", "ana@pigeon", "2026-01-31T12:00:05.000Z")
    for event in (BEFORE, MOVE, AFTER, back, MOVE):
        take(product, event)

    assert product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon") == taken(product).sender_id
    assert product.directory.resolve("pigeon", ACCOUNT, "new@pigeon") is None


def test_words_from_before_two_moves_are_followed(product: Product) -> None:
    take(product, replace(MOVE, new_address="between@pigeon"))
    take(product, InboundMove("between@pigeon", "new@pigeon", "2026-01-31T12:00:05.000Z"))

    take(product, BEFORE)

    assert product.directory.resolve("pigeon", ACCOUNT, "new@pigeon") == taken(product).sender_id


def test_an_alias_that_has_moved_is_not_given_back(product: Product) -> None:
    named = replace(BEFORE, address="BR.1", aliases=("ana@pigeon",))
    for event in (named, MOVE, replace(named, provider_message_id="hers-2")):
        take(product, event)

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert sorted(known.address for known in user.identities) == ["BR.1", "new@pigeon"]


def test_what_is_named_with_the_new_address_before_the_news_of_the_move_is_the_persons(
    product: Product,
) -> None:
    for event in (BEFORE, replace(AFTER, aliases=("BR.2",)), MOVE):
        take(product, event)

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert [known.address for known in user.identities] == ["new@pigeon", "BR.2"]
    assert product.directory.get(taken(product, "hers-2").sender_id) is not None


KNOWN = replace(BEFORE, aliases=("BR.1",), phone="+1")


def test_a_user_id_that_changes_takes_the_former_number_with_it(product: Product) -> None:
    take(product, KNOWN)
    product.directory.link(taken(product).sender_id, Identity("pigeon", ACCOUNT, "second@pigeon", AT, "+2"))

    take(product, InboundMove("BR.1", "BR.2", AT))

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert [known.address for known in user.identities] == ["BR.2", "second@pigeon"]
    take(product, replace(BEFORE, provider_message_id="late"))
    take(product, replace(TEXT, provider_message_id="theirs", at="2026-01-31T12:00:01.000Z"))
    assert taken(product, "late").sender_id == user.user_id != taken(product, "theirs").sender_id


NEWS = (
    InboundMove("ana@pigeon", "new@pigeon", AT, phone="+9"),
    InboundMove("BR.1", "BR.2", AT, phone="+9"),
    InboundMove("BR.1", "BR.2", AT),
)


@pytest.mark.parametrize("order", list(itertools.permutations(NEWS)))
def test_a_new_number_and_a_new_user_id_are_one_change_in_every_order(
    product: Product, order: tuple[InboundMove, ...]
) -> None:
    take(product, KNOWN)

    for move in (*order, *order):
        take(product, move)

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert sorted(known.address for known in user.identities) == ["BR.2", "new@pigeon"]
    late = replace(BEFORE, provider_message_id="late")
    take(product, late)
    assert taken(product, "late").sender_id == user.user_id


def test_who_moved_long_ago_gets_no_address_of_a_later_owner(product: Product) -> None:
    for event in (BEFORE, MOVE):
        take(product, event)

    take(product, InboundMove("ana@pigeon", "theirs@pigeon", "2026-07-31T12:00:00.000Z"))

    assert product.directory.resolve("pigeon", ACCOUNT, "theirs@pigeon") is None


def test_a_move_to_the_same_address_takes_nothing(product: Product) -> None:
    take(product, TEXT)
    take(product, replace(MOVE, new_address="ana@pigeon"))

    assert product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon") == taken(product).sender_id


def test_a_person_with_the_most_identities_can_move_and_keeps_the_order(product: Product) -> None:
    take(product, TEXT)
    user_id = taken(product).sender_id
    for number in range(MOST_IDENTITIES - 1):
        product.directory.link(user_id, Identity("telex", ACCOUNT, f"{number}", AT))

    take(product, MOVE)

    user = product.directory.get(user_id)
    assert user is not None
    assert (user.identities[0].address, len(user.identities)) == ("new@pigeon", MOST_IDENTITIES)


def test_a_move_of_somebody_unknown_changes_nothing(product: Product) -> None:
    take(product, InboundMove("nobody@pigeon", "new@pigeon", AT))

    assert product.directory.resolve("pigeon", ACCOUNT, "new@pigeon") is None


def test_a_name_that_is_learnt_later_replaces_an_address_only(product: Product) -> None:
    take(product, TEXT)
    take(product, replace(TEXT, provider_message_id="hers-2", display_name="Ana Real"))
    take(product, replace(TEXT, provider_message_id="hers-3", display_name="Somebody Else"))

    user = product.directory.get(taken(product).sender_id)
    assert user is not None
    assert user.display_name == "Ana Real"


def test_our_sides_words_stand_in_the_conversation_and_go_to_nobody(product: Product) -> None:
    product.settle(AGENT, ANA)
    own = replace(TEXT, provider_message_id="ours-1", author=Author(AuthorKind.OWN))

    for _ in range(2):
        take(product, own)

    message = taken(product, "ours-1")
    assert (message.sender_id, message.conversation_id) == (INBOX_USER_ID, "conversation")
    assert message.status is Status.SENT
    (event,) = product.events.submitted
    assert event.recipients == ()


def test_what_we_sent_ourselves_is_no_message_of_our_side(product: Product) -> None:
    product.settle(AGENT, ANA)
    product.say("our question")
    product.route_submitted()
    product.connector.answers = [Sent("ours")]
    product.deliver()(a_delivery("our question"))

    take(product, replace(TEXT, provider_message_id="ours", author=Author(AuthorKind.OWN)))

    assert list(product.table.messages) == [MESSAGE_ID]


def test_each_thread_of_a_group_has_its_conversation(product: Product) -> None:
    for number, thread in enumerate(("42", "43", None, "42", None)):
        author = Author(display_name="Noor", address="n1")
        event = replace(TEXT, address="group", provider_message_id=f"hers-{number}", thread=thread)
        take(product, replace(event, author=author))

    places = [taken(product, f"hers-{number}").conversation_id for number in range(5)]
    assert places[0] == places[3] != places[1]
    assert places[2] == places[4]
    assert len(set(places)) == 3
    message = taken(product, "hers-0")
    assert message.received is not None
    assert (message.received.thread, message.received.author) == (
        "42",
        Author(display_name="Noor", address="n1"),
    )


def test_the_author_of_a_message_in_a_chat_of_several_is_named_to_the_others(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    take(product, replace(TEXT, author=Author(display_name="Ben: I agree\nBen")))
    take(product, replace(TEXT, provider_message_id="hers-2", author=Author(display_name="Ben")))

    first, second = product.events.submitted
    assert first.content == Text("Ben I agree Ben: hello")
    assert second.content == Text("Ben (…ana): hello")


def test_an_older_edit_that_comes_later_stands_in_its_place(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)
    take(product, edit("third", "2026-01-31T12:00:09.000Z"))

    take(product, edit("second", "2026-01-31T12:00:05.000Z"))
    take(product, edit("third", "2026-01-31T12:00:09.000Z"))

    assert taken(product).content == Text("third")
    assert [edit.content.text for edit in taken(product).edits] == ["hello", "second"]


def test_the_message_again_after_its_edit_stays_edited(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)
    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"))

    take(product, TEXT)

    assert taken(product).content == Text("hello!")


def test_two_accounts_do_not_share_a_persons_address_or_a_providers_id(product: Product) -> None:
    for account in (ACCOUNT, SECOND_ACCOUNT):
        take(product, FILE, account=account)

    first, second = (taken(product, account=account) for account in (ACCOUNT, SECOND_ACCOUNT))
    assert (first.account, second.account) == (ACCOUNT, SECOND_ACCOUNT)
    assert first.sender_id != second.sender_id
    for message in (first, second):
        assert message.account is not None
        sender = product.directory.resolve("pigeon", message.account, "ana@pigeon")
        assert sender == message.sender_id
        assert product.messages.find("pigeon", message.account, "hers-1") == message
        file = file_of(message.content)
        assert file is not None
        assert product.files.files[file.file_id].source == Source("pigeon", message.account, "their-file")


def test_an_edit_finds_the_message_of_its_account(product: Product) -> None:
    for account in (ACCOUNT, SECOND_ACCOUNT):
        take(product, TEXT, account=account)

    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"), account=SECOND_ACCOUNT)

    assert taken(product).content == Text("hello")
    assert taken(product, account=SECOND_ACCOUNT).content == Text("hello!")


@pytest.mark.parametrize("event", [TEXT, replace(TEXT, edited_at=AT)])
def test_an_event_of_a_channel_that_is_not_there_is_not_taken(product: Product, event: InboundEvent) -> None:
    product.settle(AGENT, ANA)

    with pytest.raises(UnknownChannel, match="carrier"):
        take(product, event, "carrier", account=ACCOUNT)

    assert product.table.messages == {}


MEDIA = ProviderFile("their-file", "image/png", "../a photo.png", 4000)
FILE = replace(TEXT, content=ReceivedMedia(MEDIA))


@pytest.mark.parametrize("text", ["", "look"])
def test_a_file_becomes_a_message_with_a_file_that_is_to_be_fetched(product: Product, text: str) -> None:
    product.settle(AGENT, ANA)

    take(product, replace(FILE, content=ReceivedMedia(MEDIA, text)))

    message = taken(product)
    assert (message.content.text, message.status) == (text, Status.DELIVERED)
    file = file_of(message.content)
    assert file is not None
    assert (file.filename, file.content_type, file.size) == (
        "a photo.png",
        "image/png",
        4000,
    )
    stored = product.files.files[file.file_id]
    assert stored.attachment == file
    assert (stored.status, stored.owner, stored.conversation_id) == (FileStatus.PENDING, None, "conversation")
    assert stored.source == Source("pigeon", "main", "their-file")
    assert product.files.due_at[stored.file_id] > stored.created_at
    assert product.events.files == [FileToFetch(stored.file_id)]


def test_the_same_file_again_changes_nothing(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, FILE)
    (stored,) = product.files.files.values()
    product.files.save(replace(stored, status=FileStatus.READY), FileStatus.PENDING, None)
    before = dict(product.files.files)

    take(product, FILE)

    assert product.files.files == before
    assert len(product.table.messages) == len(product.events.files) == 1


def test_who_died_before_the_file_was_on_its_way_puts_it_there_the_next_time(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.settle(AGENT, ANA)
    with monkeypatch.context() as patch:
        patch.setattr(product.files, "add", refuse)
        with pytest.raises(Unavailable):
            take(product, FILE)
    product.events.broken = True
    with pytest.raises(Unavailable):
        take(product, FILE)
    product.events.broken = False
    assert product.events.files == []

    take(product, FILE)

    assert product.events.files == [FileToFetch(file_id) for file_id in product.files.files]
    assert len(product.events.files) == 1


def refuse(*_: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


def test_two_files_have_two_ids(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, FILE)
    take(product, replace(FILE, provider_message_id="hers-1:1"))

    assert len(product.files.files) == 2


def test_a_file_in_a_group_goes_on_in_its_place_with_its_writers_name(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    take(product, replace(FILE, content=ReceivedMedia(MEDIA, "look")))
    take(product, replace(FILE, provider_message_id="hers-2"))

    with_words, without_words = product.events.submitted
    first, second = (file_of(taken(product, which).content) for which in ("hers-1", "hers-2"))
    assert first is not None
    assert second is not None
    assert with_words.content == Media(first, "Ana: look")
    assert without_words.content == Media(second, "Ana: 📎")
    assert [recipient.user_id for recipient in with_words.recipients] == ["ben"]
    assert taken(product, "hers-2").status is Status.PENDING
    assert len(product.events.files) == 2


def test_a_file_has_its_row_before_its_message_goes_on(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.events.message_submitted = refuse  # type: ignore[method-assign, assignment]

    with pytest.raises(Unavailable):
        take(product, FILE)

    assert [file.conversation_id for file in product.files.files.values()] == ["conversation"]
    assert product.table.messages == {}


def test_a_file_that_was_kept_as_unsupported_before_is_fetched_when_it_comes_again(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, replace(TEXT, content=Unsupported("image")))

    take(product, FILE)

    file = file_of(taken(product).content)
    assert file is not None
    assert product.events.files == [FileToFetch(file.file_id)]


def test_of_a_kind_with_an_endless_name_only_the_beginning_is_kept(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, replace(TEXT, content=Unsupported("x" * 100_000)))

    content = taken(product).content
    assert isinstance(content, Unsupported)
    assert len(content.provider_kind) == LONGEST_QUOTE
