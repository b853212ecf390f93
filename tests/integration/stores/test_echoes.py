"""Parked echoes, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.echoes import DynamoEchoes
from chat4all.domain.content import Text
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.received import Author, AuthorKind
from chat4all.services.inbound.ports import ParkedEchoes
from tests.fakes.people import NOW
from tests.fakes.small_stores import MemoryEchoes
from tests.integration.aws import Aws

LATER = "2026-01-31T13:00:00.000Z"
EXPIRES = 2_000_000_000


@pytest.fixture
def echoes(backend: str, aws: Aws) -> ParkedEchoes:
    return MemoryEchoes() if backend == "memory" else DynamoEchoes(aws.output("Data.MessagesTable"))


@pytest.fixture
def received(new_id: Callable[[], str]) -> WebhookEvent:
    words = InboundMessage("ana", new_id(), Text("hello 😀"), NOW, author=Author(AuthorKind.OWN))
    return WebhookEvent("pigeon", "main", "webhook", words)


def due(echoes: ParkedEchoes, received: WebhookEvent, now: str) -> list[WebhookEvent]:
    """Return the due echoes of the message: other tests share the table."""
    name = received.event.provider_message_id
    return [echo for echo in echoes.due(now, 100) if echo.event.provider_message_id == name]


def test_an_echo_is_due_at_its_time(echoes: ParkedEchoes, received: WebhookEvent) -> None:
    echoes.park(received, LATER, EXPIRES)

    assert due(echoes, received, NOW) == []
    assert due(echoes, received, LATER) == [received]


def test_an_echo_that_is_parked_again_is_due_later(echoes: ParkedEchoes, received: WebhookEvent) -> None:
    echoes.park(received, NOW, EXPIRES)
    echoes.park(received, LATER, EXPIRES)

    assert due(echoes, received, NOW) == []
    assert due(echoes, received, LATER) == [received]


def test_an_echo_that_is_no_longer_parked_is_not_due(echoes: ParkedEchoes, received: WebhookEvent) -> None:
    echoes.park(received, NOW, EXPIRES)

    for _ in range(2):
        echoes.unpark(received)

    assert due(echoes, received, LATER) == []


def test_an_edit_is_parked_beside_its_message(echoes: ParkedEchoes, received: WebhookEvent) -> None:
    assert isinstance(received.event, InboundMessage)
    edit = replace(received, event=replace(received.event, content=Text("hi"), edited_at=LATER))
    for echo in (received, edit):
        echoes.park(echo, NOW, EXPIRES)

    found = due(echoes, received, NOW)

    assert sorted(found, key=lambda echo: echo == edit) == [received, edit]
