"""Scheduled messages, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.message import Message
from chat4all.domain.pages import TimeOrder
from chat4all.domain.plan import Step
from chat4all.domain.status import Status, StatusChange
from chat4all.services.messaging.ports import MessageQuery, Messages
from tests.fakes.people import NOW
from tests.integration.stores.paging import walked

AT = "2031-01-31T13:00:00.000Z"
LATER = "2031-01-31T14:00:00.000Z"
FAR = "2099-01-01T00:00:00.000Z"


@pytest.fixture
def a_message(new_id: Callable[[], str]) -> Callable[..., Message]:
    def made(**fields: object) -> Message:
        message = Message(
            message_id=new_id(),
            conversation_id=new_id(),
            sequence="",
            sender_id=new_id(),
            content=Text("hello"),
            status=Status.SCHEDULED,
            status_history=(StatusChange(Status.SCHEDULED, NOW),),
            accepted_at=NOW,
            fingerprint="f" * 64,
            send_at=AT,
            metadata={"order": "17"},
            steps=(Step("sms"), Step("whatsapp")),
            delivery_timeout_s=300,
        )
        return replace(message, **fields)

    return made


def accepted(message: Message) -> Message:
    return replace(
        message,
        sequence=f"{1:020d}",
        status=Status.PENDING,
        status_history=(StatusChange(Status.PENDING, LATER),),
        accepted_at=LATER,
    )


def test_a_scheduled_message_is_read_and_is_in_no_history(
    messages: Messages, a_message: Callable[..., Message]
) -> None:
    message = a_message()

    assert messages.schedule(message) is None

    assert messages.get(message.message_id) == message
    assert messages.get_many([message.message_id]) == [message]
    assert messages.history(message.conversation_id, "", None, 10) == []
    assert messages.history_by_sent(message.conversation_id, "", None, 10) == []
    assert messages.search(MessageQuery(sender_id=message.sender_id), None, 10) == []
    assert messages.schedule(message) == message


def test_the_accepted_message_replaces_it(messages: Messages, a_message: Callable[..., Message]) -> None:
    message = a_message()
    messages.schedule(message)

    assert messages.add(accepted(message)) is None

    assert messages.get(message.message_id) == accepted(message)
    assert messages.history(message.conversation_id, "", None, 10) == [accepted(message)]
    assert message.message_id not in [due.message_id for due in messages.scheduled(FAR, 1_000)]
    assert messages.add(accepted(message)) == accepted(message)


def test_another_message_does_not_replace_it(messages: Messages, a_message: Callable[..., Message]) -> None:
    message = a_message()
    messages.schedule(message)

    assert messages.add(replace(accepted(message), fingerprint="g" * 64)) == message

    assert messages.get(message.message_id) == message


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
def test_what_has_ended_is_accepted_no_more(
    messages: Messages, a_message: Callable[..., Message], status: Status
) -> None:
    message = a_message()
    messages.schedule(message)
    code, reason = ("OPTED_OUT", "The person opted out.") if status is Status.FAILED else (None, None)

    assert messages.end_scheduled(message.message_id, status, LATER, code, reason)

    ended = replace(
        message,
        status=status,
        status_history=(*message.status_history, StatusChange(status, LATER)),
        error_code=code,
        error_reason=reason,
    )
    assert messages.get(message.message_id) == ended
    assert messages.add(accepted(message)) == ended
    assert not messages.end_scheduled(message.message_id, Status.CANCELLED, LATER)
    assert not messages.end_scheduled("unknown", Status.CANCELLED, LATER)
    assert message.message_id not in [due.message_id for due in messages.scheduled(FAR, 1_000)]
    failed = messages.search(MessageQuery(status=Status.FAILED), None, 1_000)
    assert (message.message_id in [item_id for _, item_id in failed]) is (status is Status.FAILED)


def test_due_messages_come_in_the_order_of_time_and_id(
    messages: Messages, a_message: Callable[..., Message]
) -> None:
    times = ["2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00.001Z", "2030-06-01T00:00:00.000Z"]
    made = [a_message(send_at=at) for at in times for _ in range(4)]
    for message in reversed(made):
        messages.schedule(message)
    own = {message.message_id for message in made}
    ordered = sorted(made, key=lambda message: (message.send_at or "", message.message_id))

    def due(now: str) -> list[Message]:
        return [message for message in messages.scheduled(now, 1_000) if message.message_id in own]

    assert due("2030-12-31T00:00:00.000Z") == ordered
    assert due("2030-01-01T00:00:00.002Z") == ordered[:8]
    first_two = messages.scheduled("2030-12-31T00:00:00.000Z", 2)
    assert len(first_two) == 2
    for message in made:
        messages.end_scheduled(message.message_id, Status.CANCELLED, NOW)


@pytest.mark.parametrize("order", list(TimeOrder))
def test_scheduled_messages_are_listed_in_pages_by_their_time(
    messages: Messages, a_message: Callable[..., Message], order: TimeOrder
) -> None:
    made = [a_message(send_at=f"2032-01-01T00:00:0{number // 3}.000Z") for number in range(9)]
    for message in made:
        messages.schedule(message)
    query = MessageQuery(status=Status.SCHEDULED, order=order)

    listed = [
        item_id
        for item_id in walked(lambda cursor, limit: messages.search(query, cursor, limit), 2)
        if item_id in {message.message_id for message in made}
    ]

    ids = [
        message.message_id
        for message in sorted(made, key=lambda made_: (made_.send_at or "", made_.message_id))
    ]
    assert listed == (ids if order is TimeOrder.OLDEST_FIRST else ids[::-1])
