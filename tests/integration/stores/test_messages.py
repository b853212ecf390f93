"""Messages, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.acts import Act, ActKind, ActOn, ActTarget
from chat4all.domain.claims import Claimed
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.content import Content, Deleted, Media, Text, Unsupported
from chat4all.domain.conversation import FROM_THE_START, JOINING
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import DeliveryRequested, Recipient
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import AlbumItem, Change, ChangeNotice, Edit, Message
from chat4all.domain.pages import SentCursor, TimeOrder
from chat4all.domain.parts import PartStatus, part_status
from chat4all.domain.received import Author, Received
from chat4all.domain.sent_order import is_late, numbers_left, sent_place
from chat4all.domain.status import OF_DELIVERIES, Status, StatusChange, may_become
from chat4all.domain.versions import Deletion
from chat4all.domain.waiting import DueMessage
from chat4all.services.messaging.ports import Arriving, Deliveries, MessageQuery, Messages
from chat4all.services.messaging.record_status import FollowDelivery
from tests.fakes.people import NOW
from tests.integration.stores.paging import walked

LATER = "2026-01-31T13:00:00.000Z"
NewMessageOf = Callable[..., Message]


@pytest.fixture
def a_message(new_id: Callable[[], str]) -> NewMessageOf:
    def made(**fields: object) -> Message:
        message = Message(
            message_id=new_id(),
            conversation_id=new_id(),
            sequence=numbered(1),
            sender_id=new_id(),
            content=Text("hello 😀\x7f"),
            status=Status.PENDING,
            status_history=(StatusChange(Status.PENDING, NOW),),
            accepted_at=NOW,
            fingerprint="f" * 64,
        )
        return replace(message, **fields)

    return made


INVOICE = Attachment("22222222-2222-4222-8222-222222222222", "Rechnung 😀.pdf", "application/pdf", 2**31)


@pytest.mark.parametrize(
    "content",
    [
        Text("hello"),
        Media(INVOICE, "It"),
        Media(replace(INVOICE, size=None)),
        Unsupported("sticker"),
    ],
)
def test_a_message_is_read_as_added(messages: Messages, a_message: NewMessageOf, content: Content) -> None:
    message = a_message(
        channel="pigeon",
        reply_to="another",
        metadata={"ticket": "7"},
        account="main",
        provider_message_id="theirs",
        content=content,
    )

    assert messages.add(message) is None
    assert messages.get(message.message_id) == message
    assert messages.get_many([message.message_id, "unknown", message.message_id]) == [message]
    assert messages.get("unknown") is None
    assert messages.get_many([]) == []


def test_an_id_is_taken_once(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message)
    another = replace(message, content=Text("another"), sequence=numbered(2), fingerprint="g" * 64)

    assert messages.add(another) == message
    assert messages.get(message.message_id) == message


def test_a_message_that_is_added_again_is_returned_with_its_state(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)

    stored = messages.add(message)

    assert stored == messages.get(message.message_id)
    assert stored is not None
    assert (stored.status, stored.routed) == (Status.SENT, True)


def test_of_many_at_once_one_is_added(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    rivals = [replace(message, sequence=numbered(number)) for number in range(8)]

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(messages.add, rivals))

    assert stored.count(None) == 1
    winner = rivals[stored.index(None)]
    assert all(known == winner for known in stored if known is not None)


def test_a_message_gets_the_number_of_its_other_record(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message(sequence=numbered(7))
    messages.add(message)

    moved = messages.renumber(message, numbered(9))

    assert moved == replace(message, sequence=numbered(9), late=True)
    assert messages.get(message.message_id) == moved
    assert messages.history_by_sent(message.conversation_id, "", None, 10) == [moved]
    assert messages.history(message.conversation_id, "", None, 10) == [moved]


def test_a_notice_is_read_by_its_id_and_is_in_no_history_and_no_list_by_sender(
    messages: Messages, a_message: NewMessageOf
) -> None:
    changed = a_message(sequence=numbered(1))
    about = ChangeNotice(changed.message_id, Change.EDITED, Author(display_name="Noor"))
    notice = replace(
        a_message(sequence=numbered(2), notice=about, content=Text("")),
        conversation_id=changed.conversation_id,
        sender_id=changed.sender_id,
    )
    for message in (changed, notice):
        assert messages.add(message) is None
    moved = messages.renumber(notice, numbered(3))
    messages.begin(notice.message_id, NOW)

    known = messages.get(notice.message_id)

    assert known is not None
    assert replace(known, routed=False, status_history=moved.status_history) == moved
    assert messages.history(changed.conversation_id, FROM_THE_START, None, 10) == [changed]
    assert messages.history_by_sent(changed.conversation_id, FROM_THE_START, None, 10) == [changed]
    found = messages.search(MessageQuery(sender_id=changed.sender_id), None, 10)
    assert [message_id for _, message_id in found] == [changed.message_id]
    assert [due.message.message_id for due in messages.due(LATER, 100)].count(notice.message_id) == 1


def test_a_number_that_was_changed_meanwhile_stays(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message(sequence=numbered(7))
    messages.add(message)
    messages.renumber(message, numbered(9))

    messages.renumber(message, numbered(8))

    stored = messages.get(message.message_id)
    assert stored is not None
    assert stored.sequence == numbered(9)


def test_a_message_is_looked_at_from_its_time_on(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message)
    assert message.message_id not in due(messages, "2099")

    messages.begin(message.message_id, LATER)

    routed = replace(message, routed=True)
    assert messages.get(message.message_id) == routed
    assert message.message_id not in due(messages, NOW)
    assert [found for found in messages.due(LATER, 1000) if found.message == routed] == [
        DueMessage(routed, LATER)
    ]


def test_a_state_begins_once(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)
    before = messages.get(message.message_id)

    messages.begin(message.message_id, NOW)

    assert messages.get(message.message_id) == before
    assert message.message_id not in due(messages, "2099")


def test_a_message_whose_deliveries_are_settled_is_due_no_more(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message, other = begun(messages, a_message(), LATER), begun(messages, a_message(), LATER)

    assert messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)
    assert messages.advance(other.message_id, Status.SENT, LATER, 0, settled=False)

    assert message.message_id not in due(messages, "2099")
    assert other.message_id in due(messages, "2099")
    messages.settle(DueMessage(other, NOW))
    assert other.message_id in due(messages, "2099")
    messages.settle(DueMessage(other, LATER))
    assert other.message_id not in due(messages, "2099")


@pytest.mark.parametrize("routed", [False, True])
def test_what_is_given_up_is_failed_and_due_no_more(
    messages: Messages, a_message: NewMessageOf, *, routed: bool
) -> None:
    message = a_message()
    messages.add(message)
    if routed:
        messages.begin(message.message_id, NOW)

    assert messages.give_up(message, LATER, "NO_RECIPIENT", "Nobody is left.")
    assert not messages.give_up(message, LATER, "NO_RECIPIENT", "Nobody is left.")
    messages.begin(message.message_id, NOW)

    failed = messages.get(message.message_id)
    assert failed is not None
    assert (failed.status, failed.error_code, failed.error_reason, failed.routed) == (
        Status.FAILED,
        "NO_RECIPIENT",
        "Nobody is left.",
        True,
    )
    assert [change.status for change in failed.status_history] == [Status.PENDING, Status.FAILED]
    assert message.message_id not in due(messages, "2099")


def test_what_reached_somebody_is_not_given_up(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.DELIVERED, LATER, 0, settled=True)

    assert not messages.give_up(message, LATER, "NO_RECIPIENT", "Nobody is left.")


def test_what_is_due_comes_in_the_order_of_its_conversation(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    conversation_id = new_id()
    for number in (2, 11, 1):
        begun(messages, a_message(conversation_id=conversation_id, sequence=numbered(number)))

    found = [
        due_message.message
        for due_message in messages.due(NOW, 1000)
        if due_message.message.conversation_id == conversation_id
    ]

    assert [due_message.sequence for due_message in found] == [numbered(number) for number in (1, 2, 11)]


def test_what_is_due_longest_comes_first_if_there_is_too_much(
    messages: Messages, a_message: NewMessageOf
) -> None:
    old = [begun(messages, a_message(), f"1999-01-01T00:00:0{number}.000Z") for number in range(3)]

    assert due(messages, NOW, 2) == {old[0].message_id, old[1].message_id}
    for message in old:
        messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)


def test_a_message_is_postponed_by_one(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())

    assert messages.postpone(DueMessage(message, NOW), LATER)
    assert not messages.postpone(DueMessage(message, NOW), LATER)
    assert message.message_id not in due(messages, NOW)
    assert message.message_id in due(messages, LATER)


def test_a_part_that_begins_in_a_later_round_is_recorded(
    messages: Messages, deliveries: Deliveries, a_message: NewMessageOf
) -> None:
    message = begun(messages, a_message())
    failed = a_failed_part(deliveries, message, part_count=2, recipient_count=1)
    messages.record_part(failed)
    messages.advance(message.message_id, Status.FAILED, LATER, 0, settled=True)
    stored = messages.get(message.message_id)
    assert stored is not None
    assert messages.redrive(stored, [failed], LATER, LATER) == 1
    second = a_part(message, Status.SENT, 1, part=1, part_count=2, round=1)

    recorded = {part.part: (part.status, part.round) for part in messages.record_part(second)}

    assert recorded == {0: (Status.PENDING, 1), 1: (Status.SENT, 1)}
    too_early = a_part(message, Status.SENT, 2, round=2)
    assert {part.recipient for part in messages.record_part(too_early)} == {1}, "round 2 has not begun"


def test_a_delivery_that_a_redrive_made_pending_has_nothing_to_record(
    messages: Messages, deliveries: Deliveries, a_message: NewMessageOf
) -> None:
    message = begun(messages, a_message())
    recorded = messages.record_part(a_part(message, Status.SENT, 2))

    FollowDelivery(messages, deliveries)(a_part(message, Status.PENDING, 1, round=1), LATER)

    assert messages.record_part(a_part(message, Status.SENT, 2)) == recorded


def test_what_is_settled_is_not_postponed(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)

    assert not messages.postpone(DueMessage(message, NOW), LATER)
    assert message.message_id not in due(messages, "2099")


def a_failed_part(
    deliveries: Deliveries, message: Message, *, part_count: int, recipient_count: int
) -> DeliveryPart:
    """Claim the first part of the delivery to a recipient, and record its failure."""
    requested = DeliveryRequested(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        recipient=Recipient("user-1", "pigeon", "main", "1", 1),
        content=Text("hello"),
        part=0,
        part_count=part_count,
        recipient_count=recipient_count,
        accepted_at=NOW,
        sequence=message.sequence,
    )
    claimed = deliveries.claim(requested, "claim", 1.0, 2.0)
    assert isinstance(claimed, Claimed)
    deliveries.record_failed(claimed, "131026", "Blocked.", LATER)
    (failed,) = deliveries.of_message(message.message_id)
    return failed


def a_part(message: Message, status: Status, number: int = 1, **fields: object) -> DeliveryPart:
    part = DeliveryPart(
        message_id=message.message_id,
        recipient_id=f"user-{number}",
        channel="pigeon",
        account="main",
        address="1",
        part=0,
        part_count=1,
        recipient_count=3,
        status=status,
        attempts=1,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        recipient_number=number,
    )
    return replace(part, **fields)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(
            st.integers(1, 2), st.sampled_from([Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED])
        ),
        max_size=8,
    )
)
def test_each_part_only_moves_forward(
    messages: Messages, a_message: NewMessageOf, told: list[tuple[int, Status]]
) -> None:
    message = begun(messages, a_message())
    expected: dict[int, Status] = {}

    for number, status in told:
        if number not in expected or may_become(expected[number], status):
            expected[number] = status
        recorded = messages.record_part(a_part(message, status, number))
        assert {part.recipient: part.status for part in recorded} == expected


def test_the_parts_of_all_recipients_and_routes_are_kept(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())
    parts = [
        a_part(message, Status.SENT),
        a_part(message, Status.FAILED, 2, fallback=True),
        a_part(message, Status.SENT, 2, route=1, part=1, part_count=2),
        a_part(message, Status.READ, 3, round=2),
    ]

    recorded = [messages.record_part(part) for part in parts[:3]][-1]

    assert sorted(recorded, key=str) == sorted(map(part_status, parts[:3]), key=str)
    assert messages.record_part(parts[3]) == recorded, "the round has not begun"


def test_parts_of_parallel_processes_are_all_kept(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())

    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda number: messages.record_part(a_part(message, Status.SENT, number)), range(1, 25)
            )
        )

    recorded = messages.record_part(a_part(message, Status.SENT, 1))
    assert {part.recipient for part in recorded} == set(range(1, 25))


def test_a_message_without_a_state_has_no_parts(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message)

    assert messages.record_part(a_part(message, Status.SENT)) == []
    assert messages.get(message.message_id) == message


def test_a_redriven_part_follows_its_new_round_only(
    messages: Messages, deliveries: Deliveries, a_message: NewMessageOf
) -> None:
    message = begun(messages, a_message())
    failed = a_failed_part(deliveries, message, part_count=1, recipient_count=3)
    messages.record_part(failed)
    messages.record_part(a_part(message, Status.SENT, 2))
    messages.advance(message.message_id, Status.SENT, LATER, 0, settled=False)
    stored = messages.get(message.message_id)
    assert stored is not None

    assert messages.redrive(stored, [failed], LATER, LATER) == 1

    redriven = {part.recipient: (part.status, part.round) for part in messages.record_part(failed)}
    assert redriven == {1: (Status.PENDING, 1), 2: (Status.SENT, 0)}
    again = messages.record_part(a_part(message, Status.SENT, 1, round=1))
    assert {part.recipient: (part.status, part.round) for part in again}[1] == (Status.SENT, 1)
    assert message.message_id in due(messages, LATER)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arriving=st.lists(st.sampled_from(OF_DELIVERIES), max_size=6))
def test_a_message_only_moves_forward(
    messages: Messages, a_message: NewMessageOf, arriving: list[Status]
) -> None:
    message = begun(messages, a_message())
    expected = [Status.PENDING]

    for status in arriving:
        moved = messages.advance(message.message_id, status, LATER, 0, settled=False)
        assert moved is may_become(expected[-1], status)
        expected += [status] if moved else []

    found = messages.get(message.message_id)
    assert found is not None
    assert found.status is expected[-1]
    assert [change.status for change in found.status_history] == expected


@pytest.mark.parametrize("proof", [Status.DELIVERED, Status.READ])
def test_proof_of_receipt_ends_a_failure_with_its_reason_and_its_place_in_the_lists(
    messages: Messages, a_message: NewMessageOf, proof: Status
) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.FAILED, LATER, 0, settled=True, code="1", reason="why")

    assert messages.advance(message.message_id, proof, LATER, 0, settled=True)

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.status, found.error_code, found.error_reason) == (proof, None, None)
    failed = messages.search(MessageQuery(status=Status.FAILED), None, 1000)
    assert message.message_id not in {message_id for _, message_id in failed}


def test_a_failed_part_that_is_replaced_or_not_becomes_what_is_proven(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message = begun(messages, a_message())
    messages.record_part(a_part(message, Status.FAILED, 1))
    messages.record_part(a_part(message, Status.FAILED, 2, fallback=True))
    messages.record_part(a_part(message, Status.DELIVERED, 1))

    recorded = messages.record_part(a_part(message, Status.READ, 2, fallback=True))

    found = {part.recipient: (part.status, part.replaced) for part in recorded}
    assert found == {1: (Status.DELIVERED, False), 2: (Status.READ, False)}


@pytest.mark.parametrize("lower", [Status.PENDING, Status.SENT])
def test_a_failed_message_is_lifted_as_long_as_its_parts_are_those_that_were_read(
    messages: Messages, a_message: NewMessageOf, lower: Status
) -> None:
    message = begun(messages, a_message())
    parts = messages.record_part(a_part(message, Status.DELIVERED, part=0, part_count=2))

    def lifted(known: list[PartStatus], round_: int = 0) -> bool:
        return messages.lift(message.message_id, lower, LATER, round_, parts=known, look_at=LATER)

    assert not lifted(parts), "it is not FAILED"
    messages.advance(message.message_id, Status.FAILED, LATER, 0, settled=True, code="1", reason="why")
    assert not lifted([])
    assert not lifted(parts, 1)
    assert lifted(parts)
    assert not lifted(parts)

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.status, found.error_code) == (lower, None)
    assert (message.message_id in due(messages, LATER)) is (lower is Status.PENDING)


def test_a_message_of_our_side_moves_forward_by_receipts(messages: Messages, a_message: NewMessageOf) -> None:
    message = replace(a_message(), status=Status.SENT, received=replace(RECEIVED, is_own=True))
    messages.add(message)

    moved = [messages.reported(message, status, LATER) for status in (Status.READ, Status.DELIVERED)]

    found = messages.get(message.message_id)
    assert found is not None
    assert (moved, found.status) == ([True, False], Status.READ)
    assert message.message_id not in due(messages, LATER)


def test_a_failure_keeps_its_reason(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())

    messages.advance(
        message.message_id,
        Status.FAILED,
        LATER,
        0,
        settled=True,
        code="131026",
        reason="Cannot be delivered.",
    )

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.error_code, found.error_reason) == ("131026", "Cannot be delivered.")


def test_an_unknown_message_does_not_move(messages: Messages, new_id: Callable[[], str]) -> None:
    unknown = new_id()

    assert not messages.advance(unknown, Status.SENT, LATER, 0, settled=False)
    assert messages.get(unknown) is None


RECEIVED = Received("2026-01-31T12:00:00.000Z", "webhook-1", thread="42", provider_fields=Raw(b'{"a":1}'))


def test_a_message_keeps_what_its_provider_told(messages: Messages, a_message: NewMessageOf) -> None:
    message = replace(a_message(), received=RECEIVED)

    messages.add(message)

    found = messages.get(message.message_id)
    assert found is not None
    assert found.received == RECEIVED


def test_a_version_replaces_what_was_read(messages: Messages, a_message: NewMessageOf) -> None:
    message = replace(a_message(content=Text("one")), received=RECEIVED)
    messages.add(message)
    edits = (Edit(Text("one"), LATER),)
    second = replace(message, content=Text("two"), edits=edits, received=replace(RECEIVED, latest_at=LATER))

    assert messages.rewrite(message, second)
    assert not messages.rewrite(message, replace(message, content=Text("three"))), "it was read before"

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.content, found.edits, found.received) == (second.content, edits, second.received)


def test_a_message_names_its_latest_acts(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message(content=Text("one"))
    messages.add(message)
    edited = replace(message, content=Text("two"), edits=(Edit(Text("one"), LATER),), edit_id="act-1")

    assert messages.rewrite(message, edited)
    assert messages.rewrite(edited, replace(edited, deletion_id="act-2"))

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.content, found.edit_id, found.deletion_id) == (Text("two"), "act-1", "act-2")


def test_the_record_of_an_act_is_in_no_list(messages: Messages, a_message: NewMessageOf) -> None:
    target = ActTarget("ana", "pigeon", "main", "ana@pigeon", 1)
    act = Act(ActOn(ActKind.EDIT, "m-1"), (target,))
    message = replace(a_message(content=Text("")), act=act)
    messages.add(message)

    found = messages.get(message.message_id)
    assert found is not None
    assert found.act == act
    assert messages.history(message.conversation_id, FROM_THE_START, None, 10) == []
    assert messages.history_by_sent(message.conversation_id, FROM_THE_START, None, 10) == []
    assert messages.search(MessageQuery(sender_id=message.sender_id), None, 10) == []


def test_nothing_replaces_a_deletion(messages: Messages, a_message: NewMessageOf) -> None:
    message = replace(a_message(content=Text("one")), received=RECEIVED)
    messages.add(message)
    gone = replace(message, content=Deleted(), deleted_at=LATER)

    assert messages.rewrite(message, gone)
    assert not messages.rewrite(gone, replace(gone, content=Text("back")))

    found = messages.get(message.message_id)
    assert found is not None
    assert (found.content, found.deleted_at) == (Deleted(), LATER)


def test_a_deletion_waits_for_its_message(messages: Messages, a_message: NewMessageOf) -> None:
    message = replace(a_message(), received=RECEIVED)
    assert messages.arriving(message.message_id) == Arriving(None, None)

    deletion = Deletion(LATER, Raw(b'{"by":"their admin"}'))
    messages.park_deletion(message.message_id, deletion, 2_000_000_000)
    assert messages.arriving(message.message_id) == Arriving(None, deletion)
    assert messages.get(message.message_id) is None

    messages.add(message)
    messages.begin(message.message_id, LATER)
    arriving = messages.arriving(message.message_id)
    assert arriving.message is not None
    assert (arriving.message.received, arriving.deletion) == (RECEIVED, deletion)


def test_an_item_of_an_album_leads_to_the_album(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    first, second = f"one-{new_id()}", f"two-{new_id()}"
    items = tuple(
        AlbumItem(name, number, Text(name), RECEIVED) for number, name in enumerate((first, second))
    )
    album = replace(
        a_message(),
        channel="pigeon",
        account="main",
        received=RECEIVED,
        provider_message_id=first,
        items=items[:1],
    )
    messages.add(album)
    assert messages.rewrite(album, replace(album, items=items))
    assert not messages.rewrite(album, replace(album, items=()))

    of_first, of_second = new_id(), new_id()
    for item_id, name in ((of_first, first), (of_second, second), (of_second, second)):
        messages.join_album(item_id, album, name)

    assert messages.arriving(of_second) == Arriving(None, None, album.message_id)
    assert messages.arriving(of_first) == Arriving(None, None, album.message_id)
    assert messages.get(of_second) is None
    found = [messages.find("pigeon", "main", name) for name in (first, second)]
    assert [message and (message.message_id, message.items) for message in found] == [
        (album.message_id, items)
    ] * 2


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((None, None, 10), [12, 10, 9, 2, 1]),
        ((None, None, 2), [12, 10]),
        ((None, 10, 10), [9, 2, 1]),
        ((1, 10, 1), [9]),
        ((9, None, 10), [12, 10]),
        ((9, 10, 10), []),
        ((12, None, 10), []),
        ((None, 1, 10), []),
        ((5, 3, 10), []),
    ],
)
def test_a_history_is_a_span_of_numbers_newest_first(
    messages: Messages,
    a_message: NewMessageOf,
    new_id: Callable[[], str],
    span: tuple[int | None, int | None, int],
    expected: list[int],
) -> None:
    conversation_id = new_id()
    for number in (9, 1, 12, 10, 2):
        messages.add(a_message(conversation_id=conversation_id, sequence=numbered(number)))
    messages.add(a_message(sequence=numbered(3)))
    after, before, limit = span

    found = messages.history(
        conversation_id,
        numbered(after) if after is not None else FROM_THE_START,
        numbered(before) if before is not None else None,
        limit,
    )

    assert [message.sequence for message in found] == [numbered(number) for number in expected]


def test_the_senders_of_a_conversation_are_named_but_for_reactions(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    conversation_id = new_id()
    contents: list[Content] = [Text("a"), Reaction("👍"), Text("b"), Reaction("")]
    for number, content in enumerate(contents):
        messages.add(
            a_message(
                conversation_id=conversation_id,
                sequence=numbered(number),
                sender_id=f"{number}",
                content=content,
            )
        )

    assert messages.senders(conversation_id, FROM_THE_START, 9) == [None, "2", None, "0"]
    assert messages.senders(conversation_id, numbered(1), 1) == [None]


def test_who_is_joining_sees_no_message(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    message = a_message(sequence="9" * 56)
    messages.add(message)

    assert messages.history(message.conversation_id, JOINING, None, 10) == []


SECONDS = st.sampled_from([0, 1, 9, 11, 30])
AGES = st.none() | st.sampled_from([-11, -1, 0, 1, 9, 11, 60, 10**6])
ARRIVALS = st.lists(st.tuples(SECONDS, SECONDS, AGES), max_size=5)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(arrivals=st.lists(ARRIVALS, min_size=1, max_size=6), limit=st.integers(1, 5))
def test_a_history_by_time_shows_each_message_once_in_order_while_others_arrive(
    messages: Messages,
    a_message: NewMessageOf,
    new_id: Callable[[], str],
    arrivals: list[list[tuple[int, int, int | None]]],
    limit: int,
) -> None:
    """Each number of `arrivals`: a pause, the time from acceptance to number, the age at the acceptance."""
    conversation_id, now = new_id(), parse_iso(NOW)
    rest = iter(arrivals)
    added: list[Message] = []

    def arrive() -> None:
        nonlocal now
        for pause, between, age in next(rest, []):
            now += timedelta(seconds=pause)
            accepted = now - timedelta(seconds=between)
            sent = Received(iso(accepted - timedelta(seconds=age)), "webhook-1") if age is not None else None
            message = a_message(
                conversation_id=conversation_id,
                sequence=numbered(len(added) + 1),
                accepted_at=iso(accepted),
                received=sent,
                status_history=(StatusChange(Status.PENDING, iso(accepted)),),
            )
            added.append(replace(message, late=is_late(message, now)))
            messages.add(added[-1])

    arrive()
    seen: list[Message] = []
    past: SentCursor | None = None
    while True:
        due = [message for message in added if past is None or sent_place(message) < past_place(past)]
        page = messages.history_by_sent(conversation_id, FROM_THE_START, past, limit)
        assert page == sorted(due, key=sent_place, reverse=True)[:limit]
        seen += page
        if len(page) < limit:
            break
        past = SentCursor(*sent_place(page[-1]), numbers_left(page, past.under if past else None))
        arrive()
    assert [sent_place(message) for message in seen] == sorted(map(sent_place, seen), reverse=True)


def past_place(past: SentCursor) -> tuple[str, str]:
    return past.sent_at, past.sequence


def test_a_history_by_time_begins_where_a_participant_joined(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    conversation_id, ago = new_id(), Received("2025-01-01T00:00:00.000Z", "webhook-1")
    made = [
        replace(a_message(conversation_id=conversation_id, sequence=numbered(number)), **late)
        for number in range(1, 4)
        for late in ({}, {"received": ago, "late": True, "sequence": numbered(number + 10)})
    ]
    for message in made:
        messages.add(message)

    found = messages.history_by_sent(conversation_id, numbered(2), None, 10)

    assert [message.sequence for message in found] == [numbered(number) for number in (3, 13, 12, 11)]
    assert messages.history_by_sent(conversation_id, JOINING, None, 10) == []


def test_a_message_whose_time_is_learnt_later_moves_to_its_place(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message = a_message(received=replace(RECEIVED, sent_at=LATER), late=True)
    other = a_message(conversation_id=message.conversation_id, sequence=numbered(2))
    for added in (message, other):
        messages.add(added)
    first = replace(message, received=replace(RECEIVED, sent_at="2026-01-31T11:00:00.000Z"))

    assert messages.history_by_sent(message.conversation_id, "", None, 10) == [message, other]
    assert messages.rewrite(message, first)

    assert messages.history_by_sent(message.conversation_id, "", None, 10) == [other, first]


def test_a_history_shows_messages_as_they_are_now(messages: Messages, a_message: NewMessageOf) -> None:
    message = begun(messages, a_message())
    messages.advance(message.message_id, Status.READ, LATER, 0, settled=True)

    (shown,) = messages.history(message.conversation_id, FROM_THE_START, None, 10)

    assert shown == messages.get(message.message_id)
    assert shown.status is Status.READ


@pytest.mark.parametrize("order", TimeOrder)
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_messages_of_a_sender_come_in_time_order_with_ties(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str], order: TimeOrder, limit: int
) -> None:
    sender_id = new_id()
    made = add_with_ties(messages, a_message, sender_id=sender_id)
    query = MessageQuery(sender_id=sender_id, order=order)

    seen = walked(lambda after, most: messages.search(query, after, most), limit)

    assert seen == [message_id for _, message_id in sorted(made, reverse=order is TimeOrder.NEWEST_FIRST)]


@pytest.mark.parametrize("order", TimeOrder)
@pytest.mark.parametrize("limit", [3, 50])
def test_failed_messages_come_in_the_order_of_their_failures_with_ties(
    messages: Messages, a_message: NewMessageOf, order: TimeOrder, limit: int
) -> None:
    made = []
    for number in range(7):
        message = begun(messages, a_message())
        at = f"2026-02-01T00:00:00.00{number // 3}Z"
        messages.advance(message.message_id, Status.FAILED, at, 0, settled=True)
        made.append((at, message.message_id))
    query = MessageQuery(status=Status.FAILED, order=order)

    seen = walked(lambda after, most: messages.search(query, after, most), limit)

    mine = [seen_id for seen_id in seen if seen_id in {message_id for _, message_id in made}]
    assert mine == [message_id for _, message_id in sorted(made, reverse=order is TimeOrder.NEWEST_FIRST)]


@pytest.mark.parametrize("then", [Status.READ, Status.FAILED])
def test_a_message_that_moved_is_not_found_by_its_former_status(
    messages: Messages, a_message: NewMessageOf, then: Status
) -> None:
    message = begun(messages, a_message())

    def found(status: Status) -> bool:
        query = MessageQuery(status=status)
        return message.message_id in walked(lambda after, most: messages.search(query, after, most), 100)

    assert found(Status.PENDING)
    messages.advance(message.message_id, then, LATER, 0, settled=True)

    assert not found(Status.PENDING)
    assert found(Status.FAILED) is (then is Status.FAILED)


def test_a_persons_message_is_found_by_its_providers_id(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    message = a_message(channel="pigeon", account="main", provider_message_id=new_id())
    messages.add(message)
    theirs = message.provider_message_id or ""

    assert messages.find("pigeon", "main", theirs) == message
    assert messages.find("telex", "main", theirs) is None
    assert messages.find("pigeon", "other account", theirs) is None


def test_two_messages_of_one_number_are_told_apart_by_their_dates(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    """An event that knows no date means the latest: https://core.telegram.org/bots/api#messagereactionupdated"""
    number = new_id()
    names = [f"{number}@1441645532", f"{number}@1795903000"]
    former, latter = (a_message(channel="pigeon", account="main", provider_message_id=name) for name in names)
    messages.add(former)

    assert messages.find("pigeon", "main", number) == former
    assert messages.find("pigeon", "main", names[1]) is None

    messages.add(latter)

    found = [messages.find("pigeon", "main", name) for name in (number, *names, f"{number}@1")]
    assert found == [latter, former, latter, None]


def begun(messages: Messages, message: Message, look_at: str = NOW) -> Message:
    """Add the message and begin its state; return it as it is then."""
    messages.add(message)
    messages.begin(message.message_id, look_at)
    return replace(message, routed=True)


def numbered(number: int) -> str:
    """Return the number of a message as SQS writes it."""
    return f"{number:020d}"


def due(messages: Messages, now: str, limit: int = 1000) -> set[str]:
    return {due_message.message.message_id for due_message in messages.due(now, limit)}


def add_with_ties(messages: Messages, a_message: NewMessageOf, **fields: object) -> list[tuple[str, str]]:
    made = []
    for number in range(7):
        message = a_message(accepted_at=f"2026-02-01T00:00:00.00{number // 3}Z", **fields)
        messages.add(message)
        made.append((message.accepted_at, message.message_id))
    return made
