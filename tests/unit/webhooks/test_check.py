"""The check of generated webhooks notices a product that loses something, or that fails."""

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from chat4all.channels import registry
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile, ReceivedMedia, Unsupported, kind_of
from chat4all.domain.events import InboundEvent, InboundMessage, ParsedWebhook
from chat4all.domain.received import NOTHING
from chat4all.domain.sending import SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    Connector,
    Fetching,
    WebhookAnswer,
    WebhookRequest,
)
from tests.webhooks.check import faults
from tests.webhooks.drawing import Draw, marks_in, message_of
from tests.webhooks.in_process import InProcess
from tests.webhooks.story import story

Change = Callable[[InboundEvent], InboundEvent | None]
"""What a wrong connector makes of an event; None: it drops the event in silence."""


class Wrong:
    """The connector of a channel with a fault."""

    def __init__(self, channel: str, change: Change) -> None:
        self._right: Connector = registry.connector(channel, HttpClient(), "https://provider.example")
        self._change = change
        self.capabilities: Capabilities = self._right.capabilities

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        return self._right.webhook_answer(body)

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        parsed = self._right.parse_webhook(body, secret, query)
        changed = (self._change(event) for event in parsed.events)
        return ParsedWebhook(tuple(event for event in changed if event is not None), parsed.ignored)

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return self._right.verify(request, secret)

    def canonical_address(self, address: str) -> str:
        return self._right.canonical_address(address)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return self._right.challenge(query, secret)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        return self._right.send(submission, secret)

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        return self._right.fetch(file, secret)


class TrustsEverybody(Wrong):
    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return True


def unchanged(event: InboundEvent) -> InboundEvent:
    return event


def without_fields(event: InboundEvent) -> InboundEvent:
    return replace(event, provider_fields=NOTHING) if isinstance(event, InboundMessage) else event


def without_context(event: InboundEvent) -> InboundEvent:
    return replace(event, context=None) if isinstance(event, InboundMessage) else event


def without_edits(event: InboundEvent) -> InboundEvent | None:
    return None if isinstance(event, InboundMessage) and event.edited_at else event


def without_captions(event: InboundEvent) -> InboundEvent:
    if isinstance(event, InboundMessage) and isinstance(event.content, ReceivedMedia):
        return replace(event, content=replace(event.content, text=""))
    return event


def without_kind(kind: str) -> Change:
    def change(event: InboundEvent) -> InboundEvent | None:
        content = event.content if isinstance(event, InboundMessage) else None
        name = content.provider_kind if isinstance(content, Unsupported) else content and kind_of(content)
        return None if name == kind else event

    return change


def with_one_id_for_all(event: InboundEvent) -> InboundEvent:
    return replace(event, provider_message_id="1") if isinstance(event, InboundMessage) else event


def found_in(product: InProcess, channel: str) -> list[str]:
    return faults(product, list(story(channel, Draw("1"), 250)))


@pytest.mark.parametrize("channel", registry.names())
def test_a_right_product_has_no_faults(channel: str) -> None:
    assert found_in(InProcess(channel, Wrong(channel, unchanged)), channel) == []


@pytest.mark.parametrize(
    ("channel", "change"),
    [
        ("whatsapp", without_kind("location")),
        ("whatsapp", without_kind("reaction")),
        ("telegram", without_kind("poll")),
        ("telegram", without_kind("reaction")),
        ("telegram", without_kind("location")),
        ("telegram", without_kind("contacts")),
        ("instagram", without_kind("carousel")),
        ("instagram", without_kind("reaction")),
        *((channel, without_fields) for channel in registry.names()),
        *((channel, with_one_id_for_all) for channel in registry.names()),
        *((channel, change) for channel in ("whatsapp", "telegram") for change in (without_captions,)),
        *(
            (channel, change)
            for channel in ("whatsapp", "telegram", "instagram")
            for change in (without_context, without_edits)
        ),
    ],
)
def test_a_loss_is_noticed(channel: str, change: Change) -> None:
    found = found_in(InProcess(channel, Wrong(channel, change)), channel)

    assert found
    assert all(line.startswith("lost ") for line in found)


def test_a_webhook_that_is_taken_without_a_signature_is_noticed() -> None:
    found = found_in(InProcess("telegram", TrustsEverybody("telegram", unchanged)), "telegram")

    assert {line.partition(":")[0] for line in found} == {"answered with 200", "taken without a signature"}


def test_a_record_that_cannot_be_handled_is_noticed() -> None:
    def with_a_wrong_time(event: InboundEvent) -> InboundEvent:
        return replace(event, at=5) if isinstance(event, InboundMessage) else event

    product = InProcess("whatsapp", Wrong("whatsapp", with_a_wrong_time))

    assert found_in(product, "whatsapp")
    assert product.handed_back


def test_a_story_is_the_same_for_the_same_seed() -> None:
    assert list(story("telegram", Draw("1"), 50)) == list(story("telegram", Draw("1"), 50))
    assert list(story("telegram", Draw("1"), 50)) != list(story("telegram", Draw("2"), 50))


def test_a_mark_names_its_message() -> None:
    draw = Draw("1")

    assert {message_of(mark) for mark in marks_in(f"{draw.words(17)} {draw.mark(30)}")} == {17, 30}
