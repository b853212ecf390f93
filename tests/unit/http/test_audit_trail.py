"""The audit trail records who requested a redrive or a replay, before the request is carried out."""

from collections.abc import Callable

import msgspec
import pytest

from chat4all.domain.audit import AuditEntry
from chat4all.domain.content import Text
from chat4all.domain.errors import Invalid, NotFound, Unavailable
from chat4all.domain.events import InboundMessage
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.domain.webhooks import StoredWebhook, WebhookId
from chat4all.entrypoints.http.addresses import addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import LONGEST_DETAIL, AuditTrail
from chat4all.entrypoints.http.bodies import LONGEST_ID, MOST_PAGE, body_of
from chat4all.entrypoints.http.dead_letters import DeadLetterViews, PostRedrive
from chat4all.entrypoints.http.webhooks import PostReplay, StoredWebhookView, WebhookViews
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from chat4all.services.inbound.read_webhook import ReadWebhook
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from chat4all.services.messaging.deliver import Settled
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.connector import ACCOUNT, FakeConnector
from tests.fakes.events import RecordedEvents
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product
from tests.fakes.small_stores import MemoryListedWebhooks, MemorySecrets, MemoryWebhooks, RecordedOutcomes
from tests.unit.http.requests import a_request

CHANNELS = ("pigeon", "telex")
BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
AT = "2026-01-31T12:00:00.000Z"
WEBHOOK = StoredWebhook(WebhookId("pigeon", ACCOUNT, AT, "abc"), b"", 2**32)
WEBHOOK_ID = str(WEBHOOK.webhook_id)


class SilentAudit(MemoryAudit):
    def record(self, entry: AuditEntry) -> None:
        raise Unavailable("The audit trail does not answer; try again.", retry_after=1)


class Desk:
    """A FAILED message, a stored webhook, and the views that redrive and replay them."""

    def __init__(self, audit: MemoryAudit | None = None) -> None:
        self.audit = audit or MemoryAudit()
        self.product = _with_a_failure()
        self.published = RecordedEvents()
        audit_trail = AuditTrail(self.audit, FakeClock(), self.product.ids)
        self._dead_letters = DeadLetterViews(
            self.product.redrive, frozenset(CHANNELS), audit_trail, addresses("https://api.example.com")
        )
        self._webhooks = _webhook_views(HandleEvents(self.product.apply, self.published), audit_trail)

    def retry(self, message_id: str = MESSAGE_ID) -> Answer:
        return self._dead_letters.retry(a_request(None, "key-1"), message_id)

    def redrive(self, **body: object) -> Answer:
        request = a_request(body, "key-1")
        return self._dead_letters.redrive(request, body_of(request, PostRedrive))

    def replay(self, **body: object) -> Answer:
        request = a_request(body, "key-1")
        return self._webhooks.replay(request, body_of(request, PostReplay))

    def read(self, webhook_id: str) -> Answer:
        return self._webhooks.stored(a_request(None, "key-1"), webhook_id)

    def entries(self) -> list[tuple[str, str, str, dict[str, str]]]:
        assert {entry.at for entry in self.audit.entries.values()} <= {AT}
        return [
            (entry.action.value, entry.subject, entry.actor, entry.details)
            for entry in self.audit.entries.values()
        ]


def _with_a_failure() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.connector.answers = [BLOCKED]
    product.say()
    product.route_submitted()
    settled = product.deliver()(product.events.requested.pop())
    assert isinstance(settled, Settled)
    product.record(settled.update)
    assert product.message().status is Status.FAILED
    return product


def _webhook_views(handle: HandleEvents, audit_trail: AuditTrail) -> WebhookViews:
    def known(channel: str) -> FakeConnector | None:
        return FakeConnector() if channel in CHANNELS else None

    webhooks, secrets = MemoryWebhooks(), MemorySecrets()
    listed = MemoryListedWebhooks()
    keep_outcome = KeepOutcome(listed, RecordedOutcomes())
    said = [InboundMessage("ana", "1", Text("hello"), AT)]
    webhooks.store(msgspec.structs.replace(WEBHOOK, body=msgspec.json.encode(said)))
    receive = ReceiveWebhook(
        connector=known,
        naming_accounts=CHANNELS,
        webhooks=webhooks,
        handle=handle,
        keep_outcome=keep_outcome,
        secrets=secrets,
        clock=FakeClock(),
    )
    replay = ReplayWebhooks(
        connector=known,
        naming_accounts=CHANNELS,
        webhooks=webhooks,
        handle=handle,
        keep_outcome=keep_outcome,
        secrets=secrets,
        clock=FakeClock(),
        new_id=FakeIds(),
    )
    clock = FakeClock()
    read = ReadWebhook(webhooks, clock)
    return WebhookViews(
        receive,
        replay,
        ReadOutcomes(listed, clock),
        read_one=read,
        channels=CHANNELS,
        audit=audit_trail,
    )


def test_reading_the_words_of_a_webhook_is_recorded() -> None:
    desk = Desk()

    answer = desk.read(WEBHOOK_ID)

    assert desk.entries() == [("webhook.read", f"webhook:{WEBHOOK_ID}", "key-1", {})]
    assert isinstance(answer.body, StoredWebhookView)
    assert "hello" in answer.body.body


def test_a_webhook_is_not_read_while_the_audit_trail_is_silent() -> None:
    with pytest.raises(Unavailable):
        Desk(SilentAudit()).read(WEBHOOK_ID)


def test_the_request_for_an_unknown_webhook_is_recorded_too() -> None:
    desk = Desk()

    with pytest.raises(NotFound):
        desk.read("pigeon|main|never|abc")

    assert len(desk.entries()) == 1


def test_a_retry_is_recorded() -> None:
    desk = Desk()

    desk.retry()

    assert desk.entries() == [("message.retry", f"message:{MESSAGE_ID}", "key-1", {})]
    assert desk.product.message().status is Status.PENDING


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ({"dead_letter_id": f"{MESSAGE_ID}|ana|pigeon|0"}, f"dead-letter:{MESSAGE_ID}|ana|pigeon|0"),
        ({"channel": "pigeon"}, "dead-letters:pigeon"),
        ({"all": True}, "dead-letters:all"),
    ],
)
def test_a_redrive_is_recorded(body: dict[str, object], subject: str) -> None:
    desk = Desk()

    desk.redrive(**body)

    assert desk.entries() == [("dead-letters.redrive", subject, "key-1", {})]
    assert desk.product.message().status is Status.PENDING


@pytest.mark.parametrize(
    ("body", "subject", "details"),
    [
        ({"webhook_ids": [WEBHOOK_ID, "x"]}, "webhooks:named", {"webhook_ids": f"{WEBHOOK_ID}, x"}),
        ({"channel": "pigeon"}, "webhooks:pigeon", {}),
        ({"from": "2026-01-31T13:00:00+01:00", "to": AT}, "webhooks:all", {"from": AT, "to": AT}),
    ],
)
def test_a_replay_is_recorded(body: dict[str, object], subject: str, details: dict[str, str]) -> None:
    desk = Desk()

    desk.replay(**body)

    assert desk.entries() == [("webhooks.replay", subject, "key-1", details)]
    assert len(desk.published.webhooks) == 1


def test_each_request_has_an_entry_even_if_it_is_refused() -> None:
    desk = Desk()

    with pytest.raises(NotFound):
        desk.retry("unknown")
    with pytest.raises(NotFound):
        desk.retry("unknown")

    assert desk.entries() == [("message.retry", "message:unknown", "key-1", {})] * 2


ASKED: list[Callable[[Desk], Answer]] = [
    lambda desk: desk.retry(),
    lambda desk: desk.redrive(all=True),
    lambda desk: desk.replay(channel="pigeon"),
    lambda desk: desk.replay(webhook_ids=[WEBHOOK_ID]),
]


@pytest.mark.parametrize("ask", ASKED)
def test_a_request_that_cannot_be_recorded_is_not_carried_out(ask: Callable[[Desk], Answer]) -> None:
    desk = Desk(SilentAudit())

    with pytest.raises(Unavailable):
        ask(desk)

    assert desk.product.message().status is Status.FAILED
    assert desk.published.webhooks == []


@pytest.mark.parametrize("body", [{}, {"all": True, "channel": "pigeon"}, {"channel": "carrier"}])
def test_what_cannot_be_meant_is_not_recorded(body: dict[str, object]) -> None:
    desk = Desk()

    with pytest.raises(Invalid):
        desk.redrive(**body)

    assert desk.entries() == []


def test_of_an_endless_cursor_only_the_beginning_is_recorded() -> None:
    desk = Desk()

    for ask in (desk.redrive, desk.replay):
        with pytest.raises(Invalid):
            ask(channel="pigeon", cursor="x" * 200_000)

    cursors = [details["cursor"] for _, _, _, details in desk.entries()]
    assert [len(cursor) for cursor in cursors] == [LONGEST_DETAIL] * 2


def test_all_that_a_request_may_name_at_once_is_recorded() -> None:
    desk = Desk()
    names = [f"{number:03}".ljust(LONGEST_ID, "x") for number in range(MOST_PAGE)]

    desk.replay(webhook_ids=names)

    assert desk.entries()[0][3] == {"webhook_ids": ", ".join(names)}
