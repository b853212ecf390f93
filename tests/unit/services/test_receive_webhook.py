"""A webhook gets 200 only when its bytes are stored (G7)."""

from collections.abc import Callable

import msgspec
import pytest

from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.inbound_limits import hashed
from chat4all.domain.webhooks import KEEP, ListedWebhook, StoredWebhook, WebhookOutcome
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.receive_webhook import Received, ReceiveWebhook
from chat4all.services.inbound.webhook_events import LONGEST_KIND, MOST_KINDS, OTHER_KINDS
from chat4all.services.messaging.connector import WebhookAnswer, WebhookRequest
from tests.fakes.clock import BEGINNING, FakeClock
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT, FakeConnector
from tests.fakes.product import Product
from tests.fakes.small_stores import (
    SECRET,
    MemoryListedWebhooks,
    MemorySecrets,
    MemoryWebhooks,
    RecordedOutcomes,
)

URL = "https://chat.example/v1/webhooks/pigeon"
SIGNED = {"x-signature": SECRET.webhook_secret}
TEXTS = [
    InboundMessage("ana", f"hers-{number}", Text("hello"), "2026-01-31T12:00:00.000Z") for number in (1, 2)
]
BODY = msgspec.json.encode(TEXTS)


class Receiving:
    def __init__(self, *others: str) -> None:
        self.secrets = MemorySecrets(SECRET, **dict.fromkeys(others, SECRET))
        self.webhooks = MemoryWebhooks()
        self.listed = MemoryListedWebhooks()
        self.outcomes = RecordedOutcomes()
        self.product = Product()
        self.events = self.product.events
        self.connector = connector = FakeConnector()
        self.receive = ReceiveWebhook(
            connector=lambda channel: connector if channel == "pigeon" else None,
            naming_accounts={"pigeon"},
            webhooks=self.webhooks,
            handle=self.product.handle_events,
            keep_outcome=KeepOutcome(self.listed, self.outcomes),
            secrets=self.secrets,
            clock=FakeClock(),
        )

    def stored(self) -> list[StoredWebhook]:
        return list(self.webhooks.stored.values())

    def found(self) -> list[ListedWebhook]:
        return list(self.listed.listed.values())


@pytest.fixture
def received() -> Receiving:
    return Receiving(SECOND_ACCOUNT)


def test_its_bytes_are_kept_and_its_events_published(received: Receiving) -> None:
    assert received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY)) == Received(2, None)

    (stored,) = received.stored()
    place = stored.webhook_id
    assert (stored.body, place.channel, place.account) == (BODY, "pigeon", ACCOUNT)
    assert place.received_at == iso(BEGINNING)
    assert stored.expires_at == int((BEGINNING + KEEP).timestamp())
    assert received.events.webhooks == [
        WebhookEvent("pigeon", ACCOUNT, str(stored.webhook_id), text) for text in TEXTS
    ]


def test_an_event_is_published_within_the_limits(received: Receiving) -> None:
    endless = msgspec.structs.replace(TEXTS[0], provider_message_id="x" * 3_000)

    received.receive("pigeon", WebhookRequest(URL, SIGNED, msgspec.json.encode([endless])))

    (published,) = received.events.webhooks
    assert published.event.provider_message_id == hashed(b"x" * 3_000)


def test_the_bytes_are_stored_before_the_events_are_published(received: Receiving) -> None:
    received.events.broken = True

    with pytest.raises(Unavailable):
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert len(received.stored()) == 1


def test_what_could_not_be_stored_is_not_published(received: Receiving) -> None:
    received.webhooks.broken = True

    with pytest.raises(Unavailable):
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert received.events.webhooks == []


def test_what_cannot_be_read_is_stored_listed_and_answered(received: Receiving) -> None:
    assert received.receive("pigeon", WebhookRequest(URL, SIGNED, b"\xff no webhook")) == Received(0, None)

    (stored,) = received.stored()
    assert stored.body == b"\xff no webhook"
    assert received.events.webhooks == []
    (listed,) = received.found()
    assert listed == ListedWebhook(
        webhook_id=stored.webhook_id,
        outcome=WebhookOutcome.UNREADABLE,
        events=0,
        ignored={},
        reason="The webhook is not in the provider's form.",
        expires_at=stored.expires_at,
    )
    assert received.outcomes.webhooks == [listed]


@pytest.mark.parametrize("fault", [TypeError("of Ana's words"), RecursionError(), KeyError("ana")])
def test_a_webhook_on_which_the_code_fails_is_kept_listed_and_logged(
    received: Receiving, fault: Exception
) -> None:
    received.connector.fault = fault

    assert received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY)) == Received(0, None)

    (stored,) = received.stored()
    (listed,) = received.found()
    assert (listed.webhook_id, listed.outcome) == (stored.webhook_id, WebhookOutcome.UNREADABLE)
    assert listed.reason == f"the channel's code failed: {type(fault).__name__}"
    assert received.outcomes.webhooks == [listed]
    assert received.outcomes.faults == [(listed, fault)]


def test_what_does_not_answer_is_no_fault_of_the_code(received: Receiving) -> None:
    received.connector.fault = Unavailable("The secret cannot be read.")

    with pytest.raises(Unavailable):
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert received.found() == []
    assert received.outcomes.webhooks == []


def test_parts_that_lead_to_no_event_are_counted_by_kind_and_listed(received: Receiving) -> None:
    received.connector.ignored = ("account_update", "poll", "account_update")

    assert received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY)) == Received(2, None)

    (stored,) = received.stored()
    (listed,) = received.found()
    assert listed == ListedWebhook(
        webhook_id=stored.webhook_id,
        outcome=WebhookOutcome.IGNORED,
        events=2,
        ignored={"account_update": 2, "poll": 1},
        reason=None,
        expires_at=stored.expires_at,
    )
    assert received.outcomes.webhooks == [listed]
    assert len(received.events.webhooks) == 2


def test_a_webhook_whose_parts_all_lead_to_events_is_not_listed(received: Receiving) -> None:
    received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert received.found() == []
    assert received.outcomes.webhooks == []


def test_the_kinds_of_an_entry_are_limited_in_number_and_length(received: Receiving) -> None:
    rare = tuple(f"kind {number}" for number in range(50))
    received.connector.ignored = ("x" * 5_000, "x" * 5_000, *rare)

    received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    (listed,) = received.found()
    assert len(listed.ignored) == MOST_KINDS
    assert listed.ignored["x" * (LONGEST_KIND - 1) + "…"] == 2
    assert sum(listed.ignored.values()) == 52
    assert listed.ignored[OTHER_KINDS] == 52 - 2 - (MOST_KINDS - 2)


@pytest.mark.parametrize("body", [BODY, b"\xff no webhook"])
def test_a_list_that_does_not_answer_fails_no_webhook(received: Receiving, body: bytes) -> None:
    received.connector.ignored = ("poll",)
    received.listed.broken = True

    taken = received.receive("pigeon", WebhookRequest(URL, SIGNED, body))

    assert taken.events == len(received.events.webhooks)
    assert received.outcomes.unlisted == received.outcomes.webhooks
    assert len(received.outcomes.unlisted) == 1


def test_a_webhook_whose_events_were_not_handled_is_counted_when_it_comes_again(received: Receiving) -> None:
    received.connector.ignored = ("poll",)
    received.events.broken = True
    with pytest.raises(Unavailable):
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))
    assert received.outcomes.webhooks == []

    received.events.broken = False
    received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert len(received.outcomes.webhooks) == 1


@pytest.mark.parametrize("headers", [{}, {"x-signature": "wrong"}])
def test_without_the_providers_signature_nothing_is_kept(
    received: Receiving, headers: dict[str, str]
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        received.receive("pigeon", WebhookRequest(URL, headers, BODY))

    assert refused.value.code == "INVALID_SIGNATURE"
    assert received.stored() == []


def test_the_events_of_the_same_bytes_have_the_same_digest(received: Receiving) -> None:
    for _ in range(2):
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))

    assert len({event.webhook_id.rpartition("|")[2] for event in received.events.webhooks}) == 1


def test_the_same_bytes_to_two_accounts_are_two_webhooks() -> None:
    webhooks = []
    for account in (ACCOUNT, SECOND_ACCOUNT):
        received = Receiving(SECOND_ACCOUNT)
        received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY), account)
        webhooks += received.stored()

    assert [webhook.webhook_id.account for webhook in webhooks] == [ACCOUNT, SECOND_ACCOUNT]
    assert {webhook.body for webhook in webhooks} == {BODY}
    assert len({webhook.webhook_id for webhook in webhooks}) == 2


def test_a_webhook_without_events_is_kept_too(received: Receiving) -> None:
    assert received.receive("pigeon", WebhookRequest(URL, SIGNED, b"[]")) == Received(0, None)
    assert len(received.stored()) == 1
    assert received.events.webhooks == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda receive: receive("carrier", WebhookRequest(URL, SIGNED, BODY)),
        lambda receive: receive.challenge("carrier", {}),
    ],
)
def test_a_channel_that_is_none_is_not_found(
    received: Receiving, ask: Callable[[ReceiveWebhook], object]
) -> None:
    with pytest.raises(NotFound):
        ask(received.receive)


def test_a_challenge_is_answered_to_who_knows_the_token(received: Receiving) -> None:
    query = {"token": SECRET.verify_token, "challenge": "12345"}

    assert received.receive.challenge("pigeon", query) == "12345"


def test_a_challenge_with_another_token_is_refused(received: Receiving) -> None:
    with pytest.raises(Forbidden) as refused:
        received.receive.challenge("pigeon", {"token": "guessed", "challenge": "12345"})

    assert refused.value.code == "INVALID_VERIFY_TOKEN"


def test_the_query_of_its_address_is_kept_with_it(received: Receiving) -> None:
    received.receive("pigeon", WebhookRequest(f"{URL}?delivery_id=1%7C2", SIGNED, BODY))

    (stored,) = received.stored()
    assert stored.query == "delivery_id=1%7C2"


def test_a_provider_gets_the_answer_that_it_reads(received: Receiving) -> None:
    received.connector.answered = {BODY: WebhookAnswer("text/xml", "<Response/>")}

    taken = received.receive("pigeon", WebhookRequest(URL, SIGNED, BODY))
    other = received.receive("pigeon", WebhookRequest(URL, SIGNED, b"[]"))

    assert (taken.answer, other.answer) == (WebhookAnswer("text/xml", "<Response/>"), None)
