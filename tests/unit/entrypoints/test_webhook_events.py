"""The handler of the records of `inbound`."""

from typing import cast

import pytest

from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent, WebhookEvents
from chat4all.entrypoints.queues.batches import Record
from chat4all.entrypoints.queues.webhook_events import WebhookRecords
from chat4all.services.inbound.take_inbound import TakeInbound, UnknownChannel

AT = "2026-01-31T12:00:00.000Z"
RECORD = Record("id", "handle", "", {"SequenceNumber": "1"})


class Taking:
    """Takes events; raises the failure of an event that has one."""

    def __init__(self, **failures: Exception) -> None:
        self.taken: list[str] = []
        self._failures = failures

    def __call__(self, received: WebhookEvent) -> None:
        name = received.event.provider_message_id
        if name in self._failures:
            raise self._failures[name]
        self.taken.append(name)


def handle(taking: Taking) -> None:
    events = tuple(InboundMessage("ana", name, Text("hello"), AT) for name in ("a", "b", "c"))
    record = WebhookEvents("pigeon", "main", "webhook", events)
    WebhookRecords(cast("TakeInbound", taking))(record, RECORD)


def test_the_events_of_a_record_are_taken_in_order() -> None:
    taking = Taking()

    handle(taking)

    assert taking.taken == ["a", "b", "c"]


def test_an_event_that_cannot_be_taken_holds_up_no_other_and_hands_the_record_back() -> None:
    taking = Taking(a=UnknownChannel())

    with pytest.raises(UnknownChannel):
        handle(taking)

    assert taking.taken == ["b", "c"]


def test_while_the_database_does_not_answer_no_later_event_is_tried() -> None:
    taking = Taking(b=Unavailable("The database did not answer."))

    with pytest.raises(Unavailable):
        handle(taking)

    assert taking.taken == ["a"]
