"""Changes of a person's message: the other participants of the conversation are told of them."""

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Media, ProviderFile, ReceivedMedia, Text, Unsupported, file_of
from chat4all.domain.conversation import ConversationState, ConversationType, Origin
from chat4all.domain.errors import MessageChanged, Unavailable
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, WebhookEvent
from chat4all.domain.files.file import FileStatus
from chat4all.domain.message import Change, Message
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.ports import MessageQuery
from tests.fakes.connector import ACCOUNT, TELEX, FakeConnector
from tests.fakes.product import AGENT, ANA, BEN, Product

AT = "2026-01-31T12:00:00.000Z"
LATER = "2026-01-31T12:00:05.000Z"
TEXT = InboundMessage("ana@pigeon", "hers-1", Text("meet at 8"), AT)
EDIT = replace(TEXT, content=Text("meet at 9"), edited_at=LATER)
DELETION = InboundDeletion("ana@pigeon", "hers-1", LATER)
ORIGINAL = inbound_message_id("pigeon", ACCOUNT, "hers-1")
BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
PICTURE = ReceivedMedia(ProviderFile("her-file", "image/png", "gate.png", 400, "gate"), "the gate")


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    return product


def take(product: Product, *events: InboundEvent) -> None:
    for event in events:
        product.take(WebhookEvent("pigeon", ACCOUNT, "webhook-1", event))


def told(product: Product) -> list[str]:
    """Return the texts that Ben is sent, in the order of the queue."""
    product.route_all()
    assert {requested.recipient.user_id for requested in product.events.requested} <= {"ben"}
    texts: dict[str, str] = {}
    for requested in product.events.requested:
        texts[requested.message_id] = texts.get(requested.message_id, "") + requested.content.text
    return list(texts.values())


def notices(product: Product) -> list[Message]:
    return [message for message in product.table.messages.values() if message.notice is not None]


def test_an_edit_is_told_in_the_order_of_the_conversation(product: Product) -> None:
    take(product, TEXT, replace(TEXT, provider_message_id="hers-2", content=Text("ok?")), EDIT)

    assert told(product) == ["Ana: meet at 8", "Ana: ok?", "Ana (edited): meet at 9"]
    (notice,) = notices(product)
    assert notice.reply_to == ORIGINAL, "the recipient sees which message was edited"


def test_the_same_webhooks_again_tell_nothing_more(product: Product) -> None:
    for _ in range(2):
        take(product, TEXT, EDIT, DELETION)
    take(product, EDIT, DELETION)

    assert told(product) == ["Ana: meet at 8", "Ana (edited): meet at 9", "Ana deleted a message"]


def test_a_notice_is_in_no_history_and_holds_no_words(product: Product) -> None:
    take(product, TEXT, EDIT)

    (shown,) = product.messages.history("conversation", "", None, 10)
    assert shown.message_id == ORIGINAL
    assert len(product.messages.search(MessageQuery(sender_id="ana"), None, 10)) == 1
    (notice,) = notices(product)
    assert notice.content == Text("")
    assert notice.notice is not None
    assert (notice.notice.message_id, notice.notice.change) == (ORIGINAL, Change.EDITED)


def test_a_change_is_told_even_if_the_process_dies_before_it_is_stored(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(product, TEXT)
    with monkeypatch.context() as patch:
        patch.setattr(product.messages, "rewrite", unavailable)
        with pytest.raises(Unavailable):
            take(product, EDIT)
    product.events.forget()

    take(product, EDIT)

    assert told(product) == ["Ana: meet at 8", "Ana (edited): meet at 9"]
    assert product.message(ORIGINAL).content == Text("meet at 9")


def test_a_change_that_the_queue_does_not_take_is_not_stored(product: Product) -> None:
    take(product, TEXT)
    product.events.broken = True
    with pytest.raises(Unavailable):
        take(product, DELETION)
    assert product.message(ORIGINAL).deleted_at is None
    product.events.broken = False

    take(product, DELETION)

    assert told(product) == ["Ana: meet at 8", "Ana deleted a message"]


def test_an_edit_of_an_unknown_message_is_told_as_an_edit_and_its_first_version_to_nobody(
    product: Product,
) -> None:
    take(product, EDIT, TEXT, replace(EDIT, content=Text("meet at 10"), edited_at="2026-01-31T12:00:07.000Z"))

    assert told(product) == ["Ana (edited): meet at 9", "Ana (edited): meet at 10"]


@pytest.mark.parametrize("later", ["2026-01-31T12:00:03.000Z", "2026-01-31T12:00:07.000Z"])
def test_an_edit_that_came_before_its_message_is_what_is_routed_again(product: Product, later: str) -> None:
    take(product, EDIT, TEXT, replace(EDIT, content=Text("meet at 10"), edited_at=later))

    again = product.accept.event_again(product.message(ORIGINAL))

    assert again.content == Text("Ana (edited): meet at 9")


def test_a_message_that_came_before_its_edit_is_routed_again_as_it_was(product: Product) -> None:
    take(product, TEXT, EDIT)

    assert product.accept.event_again(product.message(ORIGINAL)).content == Text("Ana: meet at 8")


def test_a_deletion_of_an_unknown_message_says_nothing(product: Product) -> None:
    take(product, DELETION, TEXT)

    assert told(product) == []


def test_a_deletion_is_told_without_the_words_that_stay_by_policy(product: Product) -> None:
    product.take._keep_deleted_words = True

    take(product, TEXT, DELETION)

    assert told(product) == ["Ana: meet at 8", "Ana deleted a message"]
    (notice,) = notices(product)
    assert notice.reply_to is None, "a quote would repeat the words"


def test_who_was_not_reached_before_reads_what_holds_now(product: Product) -> None:
    product.directory.unlink(BEN, BEN.identities[0])
    take(product, TEXT)
    product.directory.link("ben", BEN.identities[0])
    product.clock.advance(3600)

    take(product, EDIT, DELETION)

    assert told(product) == ["Ana (edited): meet at 9", "Ana deleted a message"]


@pytest.mark.parametrize(
    ("first", "later", "lines"),
    [
        (
            Unsupported("unsupported"),
            Text("hi"),
            ["Ana sent something that cannot be shown here (unsupported)"],
        ),
        (Unsupported("location", "1, 1"), Unsupported("location", "1, 9"), ["Ana (location): 1, 1"]),
    ],
)
def test_a_placeholder_is_filled_and_a_place_moves(
    product: Product, first: Unsupported, later: Text | Unsupported, lines: list[str]
) -> None:
    take(product, replace(TEXT, content=first), replace(TEXT, content=later, edited_at=LATER))

    assert told(product) == [*lines, *(["Ana: hi"] if isinstance(later, Text) else [])]


def test_another_caption_is_told_without_the_file_and_another_file_as_a_file(product: Product) -> None:
    other = replace(PICTURE, file=replace(PICTURE.file, reference="other-file", unique_id="other"))
    take(
        product,
        replace(TEXT, content=PICTURE),
        replace(TEXT, content=replace(PICTURE, text="gate 4"), edited_at=LATER),
        replace(TEXT, content=replace(other, text="gate 5"), edited_at="2026-01-31T12:00:07.000Z"),
    )

    product.route_all()

    first, caption, another = product.events.submitted
    now = file_of(product.message(ORIGINAL).content)
    assert now is not None
    assert isinstance(first.content, Media)
    assert caption.content == Text("Ana (edited): gate 4")
    assert another.content == Media(now, "Ana (edited): gate 5")
    assert now != first.content.file
    assert len(product.files.files) == 2


def test_the_author_in_a_chat_of_several_is_named_with_the_change(product: Product) -> None:
    author = Author(display_name="Noor", address="n1")

    take(product, replace(TEXT, author=author), replace(EDIT, author=author), DELETION)

    assert told(product) == ["Noor: meet at 8", "Noor (edited): meet at 9", "Noor deleted a message"]


def test_nobody_is_told_of_what_our_own_side_changes_in_the_providers_app(product: Product) -> None:
    own = Author(AuthorKind.OWN)

    take(product, replace(TEXT, author=own), replace(EDIT, author=own), DELETION)

    assert told(product) == []


def test_where_the_conversation_is_archived_a_change_is_stored_and_told_to_nobody(product: Product) -> None:
    take(product, TEXT)
    product.route_all()
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)
    product.clock.advance(3600)

    take(product, EDIT)

    assert told(product) == ["Ana: meet at 8"]
    assert product.message(ORIGINAL).content == Text("meet at 9")


def test_in_a_conversation_with_agents_only_a_change_is_no_message() -> None:
    product = Product()
    product.settle(AGENT, ANA)

    take(product, TEXT, EDIT, DELETION)

    assert len(product.table.messages) == len(product.events.submitted) == 1


def test_the_words_of_a_notice_stay_when_its_recipients_are_chosen_again(product: Product) -> None:
    take(product, TEXT)
    product.route_all()
    take(product, EDIT)
    before = product.conversation().version
    product.conversations.record_origin("conversation", "ben", Origin("telex", ACCOUNT, "ben@telex", "topic"))
    assert product.conversation().version > before

    assert told(product) == ["Ana: meet at 8", "Ana (edited): meet at 9"]


def test_a_notice_that_is_routed_again_after_the_deletion_has_no_words(product: Product) -> None:
    take(product, TEXT, EDIT)
    product.route_all()
    take(product, DELETION)
    (edited,) = (notice for notice in notices(product) if notice.notice and notice.notice.change == "EDITED")

    assert product.accept.event_again(edited).content == Text("Ana deleted a message")


def test_a_reply_to_a_notice_is_a_reply_to_the_changed_message(product: Product) -> None:
    take(product, TEXT, EDIT)
    product.route_all()
    (notice,) = notices(product)
    product.connector = FakeConnector(TELEX)
    product.connector.answers = [Sent("notice-1")]
    for requested in product.events.requested:
        if requested.message_id == notice.message_id:
            product.deliver()(requested)

    reply = InboundMessage("ben@telex", "his-1", Text("fine"), LATER, quoted_provider_message_id="notice-1")
    product.take(WebhookEvent("telex", ACCOUNT, "webhook-2", reply))

    assert product.message(inbound_message_id("telex", ACCOUNT, "his-1")).reply_to == ORIGINAL


def test_a_notice_has_a_status_like_every_message(product: Product) -> None:
    take(product, TEXT, EDIT)
    product.route_all()

    (notice,) = notices(product)
    assert (notice.status, notice.routed) == (Status.PENDING, True)


def unavailable(*_: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


def fail(product: Product, *texts: str) -> None:
    """Let the deliveries of these texts to Ben fail, and all others arrive."""
    product.route_all()
    product.connector = FakeConnector(TELEX)
    for requested in product.events.requested:
        is_refused = requested.content.text in texts
        product.connector.answers = [BLOCKED] if is_refused else []
        settled = product.deliver()(requested)
        assert isinstance(settled, Settled)
        product.record(settled.update)
    product.events.requested.clear()


@pytest.mark.parametrize(
    ("change", "line"), [(EDIT, "Ana (edited): meet at 9"), (DELETION, "Ana deleted a message")]
)
def test_what_failed_is_tried_again_with_the_words_that_stand_now(
    product: Product, change: InboundEvent, line: str
) -> None:
    take(product, TEXT)
    fail(product, "Ana: meet at 8")
    take(product, change)
    fail(product)

    product.redrive.message(ORIGINAL)

    assert told(product) == [line]
    fail(product)
    assert product.message(ORIGINAL).status is Status.SENT


def test_words_that_stay_by_policy_are_not_sent_after_their_deletion(product: Product) -> None:
    product.take._keep_deleted_words = True
    take(product, TEXT)
    fail(product, "Ana: meet at 8")
    take(product, DELETION)
    product.events.submitted.clear()

    product.redrive.message(ORIGINAL)

    assert product.events.accepted[-1].content == Text("Ana deleted a message")


def test_a_file_whose_caption_changed_is_tried_again_with_its_present_caption(product: Product) -> None:
    take(product, replace(TEXT, content=PICTURE))
    product.files.files = {
        file_id: replace(file, status=FileStatus.READY) for file_id, file in product.files.files.items()
    }
    file = file_of(product.message(ORIGINAL).content)
    fail(product, "Ana: the gate")
    take(product, replace(TEXT, content=replace(PICTURE, text="gate 4"), edited_at=LATER))

    product.redrive.message(ORIGINAL)

    assert file is not None
    assert product.events.accepted[-1].content == Media(file, "Ana (edited): gate 4")


def test_words_that_were_not_edited_are_tried_again_as_they_are(product: Product) -> None:
    take(product, TEXT)
    fail(product, "Ana: meet at 8")

    product.redrive.message(ORIGINAL)

    assert told(product) == ["Ana: meet at 8"]


def test_a_text_whose_edit_has_another_number_of_parts_is_not_tried_again(product: Product) -> None:
    long = "word " * TELEX.text_length
    take(product, TEXT)
    fail(product, "Ana: meet at 8")
    take(product, replace(EDIT, content=Text(long)))
    fail(product)

    with pytest.raises(MessageChanged):
        product.redrive.message(ORIGINAL)

    assert product.message(ORIGINAL).status is Status.FAILED
    assert told(product) == []


def test_an_edit_that_came_before_its_message_is_tried_again_as_an_edit(product: Product) -> None:
    take(product, EDIT, TEXT)
    fail(product, "Ana (edited): meet at 9")

    product.redrive.message(ORIGINAL)

    assert told(product) == ["Ana (edited): meet at 9"]
