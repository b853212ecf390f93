"""Edits and deletions of messages that our side sent."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby

import pytest
from msgspec.structs import replace

from chat4all.domain.acts import ActOutcome, Deleting, Done, Editing
from chat4all.domain.channel import LimitScope, RateLimit
from chat4all.domain.clock import iso
from chat4all.domain.content import Content, Deleted, Media, Text
from chat4all.domain.conversation import ConversationState, ConversationType
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import (
    ActNotPossible,
    Conflict,
    ConversationArchived,
    Detail,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    NotYourMessage,
    Unavailable,
)
from chat4all.domain.events import InboundDeletion, InboundMessage, WebhookEvent
from chat4all.domain.kinds import Button, Buttons, Reaction
from chat4all.domain.plan import Step
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.webhooks import WebhookId
from chat4all.entrypoints.http.message_views import ActOutcomeView, progress_view
from chat4all.services.files.outgoing_file import OutgoingFile
from chat4all.services.messaging.accept_message import Accepted
from chat4all.services.messaging.change_message import ChangeMessage
from chat4all.services.messaging.deliver import Delivering, Later, Settled
from tests.fakes.cloud import PAIR, Cloud
from tests.fakes.connector import TELEX
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.fate import Blow, Kind, Once
from tests.fakes.files import FakeLinks, MemoryFiles, MemoryFileStore, a_file
from tests.fakes.people import customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message, over
from tests.fakes.small_stores import OneBucket

REFUSED = SendError(Outcome.PERMANENT, "400", "The provider refuses.")
ACT_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def deliver_all(product: Product) -> None:
    """The router and the channel's function handle everything that is in the queues, in order."""
    product.route_all()
    deliver = product.deliver()
    requested = list(product.events.requested)
    product.events.requested.clear()
    for request in requested:
        if request.recipient.channel == "pigeon":
            follow(product, deliver(request))


def follow(product: Product, settled: Delivering) -> None:
    assert isinstance(settled, Settled)
    product.follow(settled.delivery, settled.at)


def sent(product: Product, content: str = "hello") -> None:
    product.say(content)
    deliver_all(product)


def edit(product: Product, text: str, act_id: str | None = None) -> Accepted:
    return product.change.edit(MESSAGE_ID, "agent", Text(text), act_id)


def outcome(product: Product, kind: str = "edit", channel: str = "pigeon") -> ActOutcomeView | None:
    view = progress_view(product.read.progress(MESSAGE_ID))
    (delivery,) = (delivery for delivery in view.deliveries if delivery.channel == channel)
    return delivery.edit if kind == "edit" else delivery.deletion


def status_of_act(product: Product, kind: str = "edit") -> ActOutcome | None:
    found = outcome(product, kind)
    return found.status if found else None


def edits_at_provider(product: Product) -> list[str]:
    return [act.content.text for act in product.connector.acts if isinstance(act, Editing)]


def test_an_edit_changes_the_message_at_the_provider_and_keeps_the_former_words(product: Product) -> None:
    sent(product)

    accepted = edit(product, "hello, all")
    deliver_all(product)

    message = product.message()
    assert message.content == Text("hello, all")
    assert [former.content for former in message.edits] == [Text("hello")]
    assert product.connector.acts == [Editing("main", "ana@pigeon", "pigeon-1", Text("hello, all"))]
    assert outcome(product) == ActOutcomeView(accepted.message.message_id, ActOutcome.APPLIED, None)
    assert message.status is Status.SENT


def test_the_record_of_an_act_is_in_no_history_and_holds_no_words(product: Product) -> None:
    sent(product)

    record = edit(product, "secret").message
    deliver_all(product)

    assert [message.message_id for message in product.messages.history("conversation", "", None, 9)] == [
        MESSAGE_ID
    ]
    assert product.message(record.message_id).content == Text("")


def test_a_message_that_waits_is_sent_and_then_edited(product: Product) -> None:
    product.say("hello")
    edit(product, "one")
    edit(product, "two")

    deliver_all(product)

    assert [submission.content.text for submission in product.connector.accepted] == ["hello"]
    assert edits_at_provider(product) == ["one", "two"]
    assert [former.content.text for former in product.message().edits] == ["hello", "one"]
    assert product.message().content == Text("two")


def test_acts_wait_behind_their_message_in_one_group(product: Product) -> None:
    product.say("hello")
    edit(product, "later")
    product.route_all()

    first, second = product.events.requested

    assert first.group == second.group
    assert first.place < second.place


def test_the_same_act_id_is_the_same_edit(product: Product) -> None:
    sent(product)

    first, again = edit(product, "one", ACT_ID), edit(product, "one", ACT_ID)
    deliver_all(product)

    assert (first.replayed, again.replayed) == (False, True)
    assert edits_at_provider(product) == ["one"]
    with pytest.raises(Conflict):
        edit(product, "two", ACT_ID)
    with pytest.raises(Conflict):
        edit(product, "two", MESSAGE_ID)


def test_an_edit_with_the_same_words_is_no_version(product: Product) -> None:
    sent(product)

    edit(product, "hello")
    deliver_all(product)

    assert product.message().edits == ()
    assert status_of_act(product) is ActOutcome.APPLIED


def test_a_deletion_removes_the_words_when_the_provider_has_deleted(product: Product) -> None:
    sent(product)
    edit(product, "two")
    deliver_all(product)

    product.change.delete(MESSAGE_ID, "agent")
    assert product.message().deleted_at is None
    deliver_all(product)

    message = product.message()
    assert message.deleted_at is not None
    assert (message.content, message.edits) == (Deleted(), ())
    assert product.connector.acts[-1] == Deleting("main", "ana@pigeon", ("pigeon-1",))
    assert status_of_act(product, "deletion") is ActOutcome.APPLIED


def test_a_message_has_one_deletion(product: Product) -> None:
    sent(product)

    first = product.change.delete(MESSAGE_ID, "agent")
    second = product.change.delete(MESSAGE_ID, "agent")
    deliver_all(product)
    third = product.change.delete(MESSAGE_ID, "agent")

    assert (first.replayed, second.replayed, third.replayed) == (False, True, True)
    assert len(product.connector.acts) == 1


def test_a_refused_deletion_is_shown_and_the_words_stay(product: Product) -> None:
    sent(product)
    product.connector.act_answers = [REFUSED]

    product.change.delete(MESSAGE_ID, "agent")
    deliver_all(product)

    found = outcome(product, "deletion")
    assert found is not None
    assert (found.status, found.error and found.error.code) == (ActOutcome.FAILED, "400")
    assert product.message().deleted_at is None
    assert product.message().content == Text("hello")


def test_a_deleted_message_takes_no_edit(product: Product) -> None:
    sent(product)
    product.change.delete(MESSAGE_ID, "agent")
    late = edit(product, "too late")
    deliver_all(product)

    with pytest.raises(MessageDeleted):
        edit(product, "even later")
    assert product.message().content == Deleted()
    # The edit was accepted before the deletion was carried out: the provider decided.
    assert product.message(late.message.message_id).status is Status.SENT


def test_an_edit_that_comes_to_a_deleted_message_fails(product: Product) -> None:
    sent(product)
    late = edit(product, "too late").message.message_id
    product.table.messages[MESSAGE_ID] = replace(product.message(), deleted_at="2026-01-31T12:00:00.000Z")

    deliver_all(product)

    record = product.message(late)
    assert (record.status, record.error_code) == (Status.FAILED, "MESSAGE_DELETED")
    assert product.connector.acts == []


@pytest.mark.parametrize(
    ("message_id", "sender", "error"),
    [
        ("unknown", "agent", MessageNotFound),
        (MESSAGE_ID, "ana", NotYourMessage),
        (MESSAGE_ID, "nobody", NotYourMessage),
    ],
)
def test_only_the_sender_changes_a_message(
    product: Product, message_id: str, sender: str, error: type[Exception]
) -> None:
    sent(product)

    with pytest.raises(error):
        product.change.edit(message_id, sender, Text("two"), None)
    with pytest.raises(error):
        product.change.delete(message_id, sender)


def test_the_record_of_an_act_cannot_be_changed(product: Product) -> None:
    sent(product)
    record = edit(product, "two").message

    with pytest.raises(MessageNotFound):
        product.change.delete(record.message_id, "agent")


def test_a_persons_message_cannot_be_changed(product: Product) -> None:
    product.accept(
        replace(a_message(sender_id="ana"), received_over="pigeon", account="main", provider_message_id="p-1")
    )

    with pytest.raises(NotYourMessage):
        product.change.delete(MESSAGE_ID, "ana")


def test_an_archived_conversation_takes_no_edit(product: Product) -> None:
    sent(product)
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)
    product.clock.advance(60)

    with pytest.raises(ConversationArchived):
        edit(product, "two")
    assert not product.change.delete(MESSAGE_ID, "agent").replayed


def test_a_sender_who_left_edits_nothing() -> None:
    product = Product()
    conversation = product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.say()
    deliver_all(product)
    product.conversations.remove_participant(conversation, "agent")
    product.clock.advance(60)

    with pytest.raises(NotAParticipant):
        edit(product, "two")


def test_a_channel_without_the_act_refuses_it() -> None:
    product = Product()
    product.settle(AGENT, BEN)
    product.say()

    with pytest.raises(ActNotPossible) as refused:
        edit(product, "two")
    assert refused.value.details == (Detail("message_id", "telex edits no sent message"),)
    with pytest.raises(ActNotPossible):
        product.change.delete(MESSAGE_ID, "agent")


def test_in_a_group_the_channels_that_can_change_it_do() -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.say()
    product.route_all()
    for requested in product.events.requested:
        follow(product, product.deliver()(requested))
    product.events.requested.clear()

    edit(product, "two")
    deliver_all(product)

    assert status_of_act(product) is ActOutcome.APPLIED
    telex = outcome(product, channel="telex")
    assert telex is not None
    assert telex.status is ActOutcome.NOT_POSSIBLE


@pytest.mark.parametrize(
    "content",
    [
        Buttons("Which?", (Button("a", "A"),)),
        Reaction("👍", "👍"),
    ],
)
def test_an_edit_keeps_the_kind(product: Product, content: Content) -> None:
    sent(product)

    with pytest.raises(ActNotPossible):
        product.change.edit(MESSAGE_ID, "agent", content, None)


def test_a_reaction_is_neither_edited_nor_deleted(product: Product) -> None:
    sent(product)
    product.table.messages[MESSAGE_ID] = replace(product.message(), content=Reaction("👍", "👍"))

    with pytest.raises(ActNotPossible):
        product.change.edit(MESSAGE_ID, "agent", Reaction("🔥", "🔥"), None)
    with pytest.raises(ActNotPossible):
        product.change.delete(MESSAGE_ID, "agent")


def test_a_text_of_another_number_of_parts_is_refused(product: Product) -> None:
    sent(product)

    with pytest.raises(ActNotPossible) as refused:
        edit(product, "a text that is longer than a message of a pigeon")
    assert refused.value.details[0].field == "content"


def test_a_text_of_as_many_parts_is_edited_part_by_part(product: Product) -> None:
    sent(product, "a text of two messages there")

    edit(product, "another of two messages there")
    deliver_all(product)

    acts = [act for act in product.connector.acts if isinstance(act, Editing)]
    assert [act.provider_message_id for act in acts] == ["pigeon-1", "pigeon-2"]
    assert " ".join(act.content.text.strip() for act in acts) == "another of two messages there"
    product.change.delete(MESSAGE_ID, "agent")
    deliver_all(product)
    assert product.connector.acts[-1] == Deleting("main", "ana@pigeon", ("pigeon-1", "pigeon-2"))


def test_a_message_that_failed_is_not_changed_and_says_so(product: Product) -> None:
    product.connector.answers = [REFUSED]
    sent(product)

    edit(product, "two")
    deliver_all(product)

    assert product.connector.asked_acts == []
    assert status_of_act(product) is ActOutcome.NOT_SENT


def test_a_redriven_message_goes_out_with_the_new_words(product: Product) -> None:
    product.connector.answers = [REFUSED]
    sent(product)
    edit(product, "two")
    deliver_all(product)

    product.redrive.message(MESSAGE_ID)
    deliver_all(product)

    assert [submission.content.text for submission in product.connector.accepted] == ["two"]


def test_a_redrive_that_was_requested_before_the_edit_has_its_words_too(product: Product) -> None:
    product.connector.answers = [REFUSED]
    sent(product)
    product.redrive.message(MESSAGE_ID)
    redriven = product.events.accepted.pop()
    edit(product, "two")
    product.route_submitted()

    product.route(redriven, redriven.sequence)

    assert product.events.requested[-1].content == Text("two")


def test_a_deleted_message_is_not_redriven() -> None:
    product = Product()
    product.settle(AGENT, ANA, customer("dan", "pigeon"), kind=ConversationType.GROUP)
    product.connector.answers = [Sent("p-1"), REFUSED]
    product.say()
    deliver_all(product)
    product.change.delete(MESSAGE_ID, "agent")
    deliver_all(product)

    assert product.message().deleted_at is not None
    with pytest.raises(MessageDeleted):
        product.redrive.message(MESSAGE_ID)


def test_a_next_channel_gets_the_new_words() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))
    product.connector.answers = [REFUSED]
    product.accept(a_message("hello", steps=over("telex", "pigeon")))
    product.route_all()
    (requested,) = product.events.requested
    product.events.requested.clear()
    settled = product.deliver()(requested)
    edit(product, "two")
    assert isinstance(settled, Settled)
    product.record(settled.update)
    product.route_all()

    by_pigeon = [r for r in product.events.requested if r.recipient.channel == "pigeon" and r.act is None]

    assert [request.content for request in by_pigeon] == [Text("two")]


def failed_over(product: Product, *, edited: str | None = None) -> None:
    """Post a message whose first step fails; the second has another content on the same channel."""
    product.connector.answers = [REFUSED, Sent("p-2")]
    product.accept(a_message("hello", steps=(*over("pigeon"), Step("pigeon", Text("in short")))))
    product.route_all()
    (requested,) = product.events.requested
    product.events.requested.clear()
    settled = product.deliver()(requested)
    if edited is not None:
        edit(product, edited)
    assert isinstance(settled, Settled)
    product.record(settled.update)
    deliver_all(product)


def test_an_edit_leaves_the_content_of_a_later_step(product: Product) -> None:
    failed_over(product, edited="two")

    assert product.message().content == Text("two")
    assert [submission.content for submission in product.connector.accepted] == [Text("in short")]
    assert edits_at_provider(product) == []


def test_what_came_by_a_step_with_another_content_is_deleted_and_not_edited(product: Product) -> None:
    failed_over(product)

    with pytest.raises(ActNotPossible) as refused:
        edit(product, "two")
    assert "fallback" in refused.value.details[0].issue

    product.change.delete(MESSAGE_ID, "agent")
    deliver_all(product)
    assert product.connector.acts == [Deleting("main", "ana@pigeon", ("p-2",))]


def test_a_caption_is_edited_and_the_file_stays(product: Product) -> None:
    product.files.files["file-1"] = a_file(filename="it.png", content_type="image/png", size=400)
    file = product.files.files["file-1"].attachment
    product.accept(a_message("look", file=file))
    deliver_all(product)

    product.change.edit(MESSAGE_ID, "agent", Media(file, "see"), None)
    deliver_all(product)

    assert edits_at_provider(product) == ["see"]
    with pytest.raises(ActNotPossible):
        product.change.edit(MESSAGE_ID, "agent", Media(replace(file, file_id="file-2"), "see"), None)


def test_a_caption_is_edited_after_the_file_is_gone(product: Product) -> None:
    product.files.files["file-1"] = a_file(filename="it.png", content_type="image/png", size=400)
    file = product.files.files["file-1"].attachment
    product.accept(a_message("look", file=file))
    deliver_all(product)
    product.files.files.clear()

    product.change.edit(MESSAGE_ID, "agent", Media(file, "see"), None)
    deliver_all(product)

    assert edits_at_provider(product) == ["see"]
    assert status_of_act(product) is ActOutcome.APPLIED


def test_the_words_beside_a_link_to_a_file_that_is_gone_are_edited_and_name_the_file() -> None:
    file = a_file(filename="it.png", content_type="image/png", size=6_000).attachment
    outgoing = OutgoingFile(MemoryFiles(), MemoryFileStore(), FakeLinks())

    content = outgoing.with_new_words(Media(file, "see"), None, replace(TELEX, text_length=100), "ana")

    assert content == Text("see\n📎 it.png (not available)")


def test_an_act_waits_for_tokens_and_for_an_open_circuit(product: Product) -> None:
    sent(product)
    edit(product, "two")
    product.route_all()
    (requested,) = product.events.requested
    bucket = OneBucket(RateLimit(LimitScope.ACCOUNT, interval_s=10.0, burst=1))
    bucket.wait_s("pigeon", "main", "ana@pigeon", product.clock().timestamp())

    assert isinstance(product.deliver(bucket)(requested), Later)
    assert product.connector.asked_acts == []


def test_a_throttled_act_waits_and_a_passing_failure_is_tried_again(product: Product) -> None:
    sent(product)
    edit(product, "two")
    product.route_all()
    (requested,) = product.events.requested
    product.connector.act_answers = [
        SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=7.0),
        SendError(Outcome.RETRY, "500", "Later."),
        Done(),
    ]

    assert product.deliver()(requested) == Later(7.0)
    assert isinstance(product.deliver()(requested), Later)
    follow(product, product.deliver()(requested))

    assert status_of_act(product) is ActOutcome.APPLIED


def test_a_move_of_the_chat_ends_the_act(product: Product) -> None:
    sent(product)
    product.connector.act_answers = [
        SendError(Outcome.ADDRESS_CHANGED, "400", "The group has moved.", new_address="elsewhere")
    ]

    edit(product, "two")
    deliver_all(product)

    assert status_of_act(product) is ActOutcome.FAILED
    assert len(product.connector.asked_acts) == 1


def until_answered(cloud: Cloud, request: Callable[[ChangeMessage], Accepted]) -> None:
    """Repeat a request until it is answered, as a client does."""
    for _ in range(20):
        try:
            if cloud.change(request) is not None:
                return
        except Unavailable:
            continue
    pytest.fail("the act was never accepted")


def changing(cloud: Cloud, *, also_deletes: bool) -> None:
    """Post a message, edit it twice and perhaps delete it; the client repeats what is not answered."""
    posted = None
    while posted is None:
        with suppress(Unavailable):
            posted = cloud.post(a_message("hello", conversation_id=PAIR.conversation_id))
    for number, text in enumerate(("one", "two")):
        act_id = str(uuid.UUID(int=number, version=4))

        def request(change: ChangeMessage, text: str = text, act_id: str = act_id) -> Accepted:
            return change.edit(MESSAGE_ID, "agent", Text(text), act_id)

        until_answered(cloud, request)
    if also_deletes:
        cloud.come_to_rest()
        until_answered(cloud, lambda change: change.delete(MESSAGE_ID, "agent"))
    cloud.come_to_rest()


@pytest.mark.parametrize("also_deletes", [False, True])
@pytest.mark.parametrize("blow", [blow for blow in Blow if blow is not Blow.NOTHING])
def test_acts_survive_a_fault_at_any_call(blow: Blow, *, also_deletes: bool) -> None:
    counting = Kind()
    changing(Cloud(counting), also_deletes=also_deletes)
    struck = set()
    for number in range(1, counting.calls + 1):
        fate = Once(number, blow)
        cloud = Cloud(fate)

        changing(cloud, also_deletes=also_deletes)

        check_changed(cloud, also_deletes=also_deletes)
        struck.add(fate.struck)
    assert {"connector.act", "messages.rewrite"} <= struck


def check_changed(cloud: Cloud, *, also_deletes: bool) -> None:
    message = cloud.table.messages[MESSAGE_ID]
    records = [stored for stored in cloud.table.messages.values() if stored.act is not None]
    provider = cloud.connectors["pigeon"]
    edits = [act.content.text for act in provider.acts if isinstance(act, Editing)]
    assert [stored.status for stored in records] == [Status.SENT] * (3 if also_deletes else 2)
    assert [text for text, _ in groupby(edits)] == ["one", "two"]
    assert provider.asked_acts[0] == Editing("main", "ana@pigeon", provider_id(cloud), Text("one"))
    if also_deletes:
        assert message.deleted_at is not None
        assert message.content == Deleted()
        assert isinstance(provider.acts[-1], Deleting)
    else:
        assert message.content == Text("two")
        assert [former.content for former in message.edits] == [Text("hello"), Text("one")]


def provider_id(cloud: Cloud) -> str:
    found = MemoryDeliveries(cloud.table).get(DeliveryId(MESSAGE_ID, "ana", "pigeon", 0))
    assert found is not None
    return found.provider_message_id or ""


def hear_ours(product: Product, event: InboundMessage | InboundDeletion) -> None:
    """Let the provider report what our side did in the chat."""
    webhook = str(WebhookId("pigeon", "main", iso(product.clock()), "digest"))
    product.take(WebhookEvent("pigeon", "main", webhook, event))


def test_the_providers_report_of_our_own_edit_and_deletion_changes_nothing(product: Product) -> None:
    sent(product)
    edit(product, "two")
    deliver_all(product)
    before, stored = product.message(), set(product.table.messages)

    at = iso(product.clock())
    ours = Author(AuthorKind.OWN)
    hear_ours(product, InboundMessage("ana@pigeon", "pigeon-1", Text("two"), at, author=ours, edited_at=at))
    hear_ours(product, InboundDeletion("ana@pigeon", "pigeon-1", at))

    assert product.message() == before
    assert set(product.table.messages) == stored
