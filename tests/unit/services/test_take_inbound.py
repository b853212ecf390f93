"""Inbound events: what people write becomes messages."""

import pytest
from msgspec.structs import replace

from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported, file_of
from chat4all.domain.conversation import ConversationState, ConversationType
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    InboundEdit,
    InboundEvent,
    InboundMessage,
    WebhookEvent,
)
from chat4all.domain.files.file import FileStatus, FileToFetch, Source
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.message import Message
from chat4all.domain.person import INBOX_USER_ID, UserType
from chat4all.domain.sending import Sent
from chat4all.domain.status import Status
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.inbound.take_inbound import EditTooEarly, UnknownAccount, inbound_message_id
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.people import conversation_of
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_delivery

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
    assert conversation.primary_channel == "pigeon"
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
    raw = '{"sticker":{"id":"7"}}'

    take(product, InboundMessage("ana@pigeon", "hers-1", Unsupported("sticker", raw), AT))

    message = taken(product)
    assert message.content == Unsupported("sticker", raw)
    (event,) = product.events.submitted
    assert event.recipients == ()


def edit(text: str, at: str) -> InboundEdit:
    return InboundEdit("ana@pigeon", "hers-1", text, at)


def test_an_edit_keeps_what_stood_before(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)

    take(product, edit("hello!", "2026-01-31T12:00:05.000Z"))

    assert taken(product).content == Text("hello!")
    assert [(edit.content, edit.at) for edit in taken(product).edits] == [
        (Text("hello"), "2026-01-31T12:00:05.000Z")
    ]


def test_an_edit_before_its_message_comes_too_early(product: Product) -> None:
    product.settle(AGENT, ANA)

    with pytest.raises(EditTooEarly):
        take(product, edit("hello!", AT))

    assert product.table.messages == {}


def test_an_older_edit_that_comes_later_changes_nothing(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, TEXT)
    take(product, edit("third", "2026-01-31T12:00:09.000Z"))

    take(product, edit("second", "2026-01-31T12:00:05.000Z"))
    take(product, edit("third", "2026-01-31T12:00:09.000Z"))

    assert taken(product).content == Text("third")
    assert len(taken(product).edits) == 1


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


@pytest.mark.parametrize(("channel", "account"), [("pigeon", "third"), ("carrier", ACCOUNT)])
@pytest.mark.parametrize("event", [TEXT, InboundEdit("ana@pigeon", "hers-1", "hello!", AT)])
def test_an_event_of_an_account_that_is_not_listed_is_not_taken(
    product: Product, event: InboundEvent, channel: str, account: str
) -> None:
    product.settle(AGENT, ANA)

    with pytest.raises(UnknownAccount, match=account):
        take(product, event, channel, account=account)

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


def test_of_a_file_in_a_group_the_others_get_the_words_only(product: Product) -> None:
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    take(product, replace(FILE, content=ReceivedMedia(MEDIA, "look")))
    take(product, replace(FILE, provider_message_id="hers-2"))

    with_words, without_words = product.events.submitted
    assert with_words.content == Text("Ana: look")
    assert [recipient.user_id for recipient in with_words.recipients] == ["ben"]
    assert without_words.recipients == ()
    assert taken(product, "hers-2").status is Status.DELIVERED
    assert len(product.events.files) == 2


def test_what_was_kept_as_unsupported_before_gets_no_file_when_it_comes_again(product: Product) -> None:
    product.settle(AGENT, ANA)
    take(product, InboundMessage("ana@pigeon", "hers-1", Unsupported("image", "{}"), AT))

    take(product, FILE)

    assert taken(product).content == Unsupported("image", "{}")
    assert (product.files.files, product.events.files) == ({}, [])


def test_of_a_kind_with_an_endless_name_only_the_beginning_is_kept(product: Product) -> None:
    product.settle(AGENT, ANA)

    take(product, InboundMessage("ana@pigeon", "hers-1", Unsupported("x" * 100_000, "{}"), AT))

    content = taken(product).content
    assert isinstance(content, Unsupported)
    assert len(content.provider_kind) == LONGEST_QUOTE
