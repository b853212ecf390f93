"""Messages, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.content import Content, Media, Text, Unsupported
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Edit, Message
from chat4all.domain.pages import TimeOrder
from chat4all.domain.status import Status, StatusChange, may_become
from chat4all.domain.waiting import DueMessage
from chat4all.services.messaging.ports import MessageQuery, Messages
from tests.fakes.people import NOW
from tests.integration.stores.paging import walked

LATER = "2026-01-31T13:00:00.000Z"
MUCH_LATER = "2026-03-01T00:00:00.000Z"
NewMessageOf = Callable[..., Message]


@pytest.fixture
def a_message(new_id: Callable[[], str]) -> NewMessageOf:
    def made(**fields: object) -> Message:
        message = Message(
            message_id=new_id(),
            conversation_id=new_id(),
            sequence=1,
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
        Unsupported("sticker", '{"sticker": {}}'),
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

    assert messages.add(message, None)
    assert messages.get(message.message_id) == message
    assert messages.get_many([message.message_id, "unknown", message.message_id]) == [message]
    assert messages.get("unknown") is None
    assert messages.get_many([]) == []


def test_an_id_is_taken_once(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, None)

    assert not messages.add(replace(message, content=Text("another")), LATER)
    assert messages.get(message.message_id) == message
    assert not messages.is_unrouted(message.message_id)


def test_of_many_at_once_one_is_added(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()

    with ThreadPoolExecutor(8) as threads:
        added = list(
            threads.map(lambda number: messages.add(replace(message, sequence=number), None), range(8))
        )

    assert added.count(True) == 1


def test_a_message_is_due_until_it_is_routed(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, LATER)
    assert messages.is_unrouted(message.message_id)
    assert message.message_id not in due(messages, NOW)
    assert message.message_id in due(messages, LATER)

    messages.mark_routed(message.message_id, MUCH_LATER)

    assert not messages.is_unrouted(message.message_id)
    assert message.message_id not in due(messages, LATER)
    assert [due_message for due_message in messages.due("2099", 100) if due_message.message == message] == [
        DueMessage(message, MUCH_LATER, routed=True)
    ]


def test_a_message_whose_deliveries_are_settled_is_due_no_more(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message, other = a_message(), a_message()
    for stored in (message, other):
        messages.add(stored, NOW)
        messages.mark_routed(stored.message_id, LATER)

    assert messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)
    assert messages.advance(other.message_id, Status.SENT, LATER, 0, settled=False)

    assert message.message_id not in due(messages, "2099")
    assert other.message_id in due(messages, "2099")
    messages.settle(DueMessage(other, NOW, routed=True))
    assert other.message_id in due(messages, "2099")
    messages.settle(DueMessage(other, LATER, routed=True))
    assert other.message_id not in due(messages, "2099")


def test_routing_late_makes_nothing_due(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, NOW)
    messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)

    messages.mark_routed(message.message_id, LATER)

    assert message.message_id not in due(messages, "2099")


def test_what_is_given_up_is_failed_and_due_no_more(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, NOW)

    assert messages.give_up(message.message_id, LATER, "NO_RECIPIENT", "Nobody is left.")
    assert not messages.give_up(message.message_id, LATER, "NO_RECIPIENT", "Nobody is left.")

    failed = messages.get(message.message_id)
    assert failed is not None
    assert (failed.status, failed.error_code, failed.error_reason) == (
        Status.FAILED,
        "NO_RECIPIENT",
        "Nobody is left.",
    )
    assert message.message_id not in due(messages, "2099")


def test_of_what_is_unknown_nothing_is_given_up(messages: Messages, new_id: Callable[[], str]) -> None:
    assert not messages.give_up(new_id(), LATER, "NO_RECIPIENT", "Nobody is left.")


def test_routing_what_is_unknown_makes_nothing(messages: Messages, new_id: Callable[[], str]) -> None:
    unknown = new_id()

    messages.mark_routed(unknown, LATER)

    assert messages.get(unknown) is None
    assert not messages.is_unrouted(unknown)


def test_what_is_due_comes_in_the_order_of_its_conversation(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    conversation_id = new_id()
    for sequence in (2, 11, 1):
        messages.add(a_message(conversation_id=conversation_id, sequence=sequence), NOW)

    found = [
        due_message.message
        for due_message in messages.due(NOW, 100)
        if due_message.message.conversation_id == conversation_id
    ]

    assert [message.sequence for message in found] == [1, 2, 11]


def test_what_is_due_longest_comes_first_if_there_is_too_much(
    messages: Messages, a_message: NewMessageOf
) -> None:
    old = [a_message() for _ in range(3)]
    for number, message in enumerate(old):
        messages.add(message, f"1999-01-01T00:00:0{number}.000Z")

    assert due(messages, NOW, 2) == {old[0].message_id, old[1].message_id}
    for message in old:
        messages.advance(message.message_id, Status.SENT, LATER, 0, settled=True)


def test_a_message_is_postponed_by_one(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, NOW)

    assert messages.postpone(DueMessage(message, NOW, routed=False), LATER)
    assert not messages.postpone(DueMessage(message, NOW, routed=False), LATER)
    assert message.message_id not in due(messages, NOW)
    assert message.message_id in due(messages, LATER)


def test_what_was_routed_is_not_postponed(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, NOW)
    messages.mark_routed(message.message_id, MUCH_LATER)

    assert not messages.postpone(DueMessage(message, NOW, routed=False), LATER)
    assert not messages.is_unrouted(message.message_id)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arriving=st.lists(st.sampled_from(Status), max_size=6))
def test_a_message_only_moves_forward(
    messages: Messages, a_message: NewMessageOf, arriving: list[Status]
) -> None:
    message = a_message()
    messages.add(message, None)
    expected = [Status.PENDING]

    for status in arriving:
        moved = messages.advance(message.message_id, status, LATER, 0, settled=False)
        assert moved is may_become(expected[-1], status)
        expected += [status] if moved else []

    found = messages.get(message.message_id)
    assert found is not None
    assert found.status is expected[-1]
    assert [change.status for change in found.status_history] == expected


def test_a_failure_keeps_its_reason(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message()
    messages.add(message, None)

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


def test_of_several_edits_in_one_second_the_one_that_comes_last_counts(
    messages: Messages, a_message: NewMessageOf
) -> None:
    """WhatsApp and Telegram give the times of edits in whole seconds."""
    message = a_message(content=Text("one"))
    messages.add(message, None)
    second = "2026-01-31T12:00:01.000Z"

    assert messages.edit(message.message_id, "two", second)
    assert messages.edit(message.message_id, "three", second)
    assert not messages.edit(message.message_id, "two", second), "it comes once more"
    assert not messages.edit(message.message_id, "three", second), "it comes once more"
    assert not messages.edit(message.message_id, "earlier", "2026-01-31T12:00:00.000Z")

    found = messages.get(message.message_id)
    assert found is not None
    assert found.content == Text("three")
    assert found.edits == (Edit(Text("one"), second), Edit(Text("two"), second))


def test_edits_keep_what_stood_before(messages: Messages, a_message: NewMessageOf) -> None:
    message = a_message(content=Text("one"))
    messages.add(message, None)

    assert messages.edit(message.message_id, "two", "2026-01-31T12:00:01.000Z")
    assert messages.edit(message.message_id, "three", "2026-01-31T12:00:05.000Z")
    assert not messages.edit(message.message_id, "late", "2026-01-31T12:00:03.000Z")
    assert not messages.edit(message.message_id, "three", "2026-01-31T12:00:05.000Z")
    assert not messages.edit("unknown", "two", LATER)

    found = messages.get(message.message_id)
    assert found is not None
    assert found.content == Text("three")
    assert found.edits == (
        Edit(Text("one"), "2026-01-31T12:00:01.000Z"),
        Edit(Text("two"), "2026-01-31T12:00:05.000Z"),
    )


def test_however_often_a_long_text_is_changed_its_row_holds_it(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message = a_message(content=Text("as it was sent"))
    messages.add(message, None)

    for second in range(40):
        assert messages.edit(
            message.message_id, f"{second}" + "😀" * 4096, f"2026-01-31T12:00:{second:02}.000Z"
        )

    found = messages.get(message.message_id)
    assert found is not None
    assert found.content.text.startswith("39😀")
    texts = [edit.content.text.rstrip("😀") for edit in found.edits]
    assert texts == ["as it was sent", "33", "34", "35", "36", "37", "38"]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, None, 10), [12, 10, 9, 2, 1]),
        ((0, None, 2), [12, 10]),
        ((0, 10, 10), [9, 2, 1]),
        ((1, 10, 1), [9]),
        ((9, None, 10), [12, 10]),
        ((9, 10, 10), []),
        ((12, None, 10), []),
        ((0, 1, 10), []),
        ((5, 3, 10), []),
    ],
)
def test_a_history_is_a_span_of_numbers_newest_first(
    messages: Messages,
    a_message: NewMessageOf,
    new_id: Callable[[], str],
    span: tuple[int, int | None, int],
    expected: list[int],
) -> None:
    conversation_id = new_id()
    for sequence in (9, 1, 12, 10, 2):
        messages.add(a_message(conversation_id=conversation_id, sequence=sequence), None)
    messages.add(a_message(sequence=3), None)

    found = messages.history(conversation_id, *span)

    assert [message.sequence for message in found] == expected


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
def test_messages_in_a_status_come_in_time_order_with_ties(
    messages: Messages, a_message: NewMessageOf, order: TimeOrder, limit: int
) -> None:
    made = add_with_ties(messages, a_message, status=Status.FAILED)
    query = MessageQuery(status=Status.FAILED, order=order)

    seen = walked(lambda after, most: messages.search(query, after, most), limit)

    mine = [seen_id for seen_id in seen if seen_id in {message_id for _, message_id in made}]
    assert mine == [message_id for _, message_id in sorted(made, reverse=order is TimeOrder.NEWEST_FIRST)]


def test_a_message_that_moved_is_found_by_its_new_status_only(
    messages: Messages, a_message: NewMessageOf
) -> None:
    message = a_message()
    messages.add(message, None)
    messages.advance(message.message_id, Status.READ, LATER, 0, settled=False)

    def found(status: Status) -> bool:
        query = MessageQuery(status=status)
        return message.message_id in walked(lambda after, most: messages.search(query, after, most), 100)

    assert found(Status.READ)
    assert not found(Status.PENDING)


def test_a_persons_message_is_found_by_its_providers_id(
    messages: Messages, a_message: NewMessageOf, new_id: Callable[[], str]
) -> None:
    message = a_message(channel="pigeon", account="main", provider_message_id=new_id())
    messages.add(message, None)
    theirs = message.provider_message_id or ""

    assert messages.find("pigeon", "main", theirs) == message
    assert messages.find("telex", "main", theirs) is None
    assert messages.find("pigeon", "other account", theirs) is None


def due(messages: Messages, now: str, limit: int = 1000) -> set[str]:
    return {due_message.message.message_id for due_message in messages.due(now, limit)}


def add_with_ties(messages: Messages, a_message: NewMessageOf, **fields: object) -> list[tuple[str, str]]:
    made = []
    for number in range(7):
        message = a_message(accepted_at=f"2026-02-01T00:00:00.00{number // 3}Z", **fields)
        messages.add(message, None)
        made.append((message.accepted_at, message.message_id))
    return made
