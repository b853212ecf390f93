"""The webhooks of several accounts: which account a webhook is for, and what its app may tell of."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.domain.account import AccountReport
from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.errors import AccountNotFound, Forbidden, Unauthenticated
from chat4all.domain.events import AccountReported, InboundEvent, InboundMessage, TemplateChanged
from chat4all.domain.templates import TemplateNews
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
from chat4all.services.inbound.webhook_events import OTHER_ACCOUNT
from chat4all.services.messaging.connector import WebhookRequest
from chat4all.services.messaging.credentials import MISSING
from tests.fakes.clock import FakeClock
from tests.fakes.connector import FakeConnector
from tests.fakes.people import NOW
from tests.fakes.product import Product
from tests.fakes.small_stores import (
    SECRET,
    MemoryListedWebhooks,
    MemorySecrets,
    MemoryWebhooks,
    RecordedOutcomes,
)

SAME_APP: Final = replace(SECRET, account_id="same-app")
OTHER_APP: Final = replace(
    SECRET, account_id="other-app", webhook_secret="other-word", verify_token="other-token"
)
ACCOUNTS: Final = {"same-app": SAME_APP, "other-app": OTHER_APP}


class Door:
    def __init__(self, naming: Collection[str] = ("pigeon",)) -> None:
        self.product, self.clock = Product(), FakeClock()
        self.secrets = MemorySecrets(SECRET, **ACCOUNTS)
        self.outcomes = RecordedOutcomes()
        self.receive = ReceiveWebhook(
            connector=lambda _channel: FakeConnector(),
            naming_accounts=naming,
            webhooks=MemoryWebhooks(),
            handle=self.product.handle_events,
            keep_outcome=KeepOutcome(MemoryListedWebhooks(), self.outcomes),
            secrets=self.secrets,
            clock=self.clock,
        )

    def took_news(self, secret: str, event: TemplateChanged | AccountReported) -> list[InboundEvent]:
        before = len(self.product.events.webhooks)
        request = WebhookRequest("https://x/", {"x-signature": secret}, msgspec.json.encode([event]))
        self.receive("pigeon", request)
        return [received.event for received in self.product.events.webhooks[before:]]

    def took(self, secret: str, *named: str | None, account: str | None = None) -> list[str]:
        """Receive events that name these accounts; return the accounts that the product takes them for."""
        events = [
            InboundMessage("ana", f"hers-{number}", Text("hello"), "2026-01-31T12:00:00.000Z", account=name)
            for number, name in enumerate(named)
        ]
        before = len(self.product.events.webhooks)
        request = WebhookRequest("https://x/", {"x-signature": secret}, msgspec.json.encode(events))
        self.receive("pigeon", request, account)
        return [event.account for event in self.product.events.webhooks[before:]]


def test_one_address_serves_every_app_where_webhooks_name_their_account() -> None:
    door = Door()

    assert door.took("our-webhook-secret", None, "same-app", "unlisted") == ["main", "same-app", "unlisted"]
    assert door.took("other-word", None, "other-app") == ["other-app", "other-app"]


def test_the_first_account_may_be_named_by_the_providers_id() -> None:
    assert Door().took("our-webhook-secret", SECRET.account_id) == ["main"]


@pytest.mark.parametrize("named", [SECRET.account_id, "same-app", "unlisted"])
def test_an_app_tells_of_its_own_accounts_only(named: str) -> None:
    door = Door()

    assert door.took("other-word", named, None) == ["other-app"]
    (listed,) = door.outcomes.webhooks
    assert listed.ignored == {OTHER_ACCOUNT: 1}


NEWS: Final = TemplateChanged("102", "order_ready", "pt_BR", NOW, TemplateNews("PAUSED"))
REPORT: Final = AccountReported("102", AccountReport("account_update", "DISABLED_UPDATE", NOW))


def test_an_app_tells_of_the_templates_of_its_own_businesses_only() -> None:
    door = Door()
    for account, secret in ACCOUNTS.items():
        door.secrets.credentials = door.secrets.credentials.with_account(
            account, replace(secret, business_account_id={"same-app": "102", "other-app": "202"}[account])
        )

    assert door.took_news("our-webhook-secret", NEWS) == [NEWS]
    assert door.took_news("other-word", NEWS) == []
    (listed,) = door.outcomes.webhooks
    assert listed.ignored == {OTHER_ACCOUNT: 1}


def test_a_report_carries_the_accounts_that_its_app_may_tell_of() -> None:
    door = Door()

    assert door.took_news("our-webhook-secret", REPORT) == [replace(REPORT, proved_for=("main", "same-app"))]
    forged = replace(REPORT, proved_for=("main",))
    assert door.took_news("other-word", forged) == [replace(REPORT, proved_for=("other-app",))]


def test_the_first_app_cannot_tell_of_an_account_of_another_app() -> None:
    assert Door().took("our-webhook-secret", "other-app", None) == ["main"]


def test_an_address_that_names_an_account_takes_its_webhooks_only() -> None:
    door = Door(naming=())

    assert door.took("other-word", None, account="other-app") == ["other-app"]
    with pytest.raises(Unauthenticated):
        door.took("our-webhook-secret", None, account="other-app")
    with pytest.raises(AccountNotFound):
        door.took("our-webhook-secret", None, account="nobody")


def test_an_account_that_a_bot_names_depends_on_the_bot_that_received_the_webhook() -> None:
    """A business connection is no bot. It works with the token of the bot that it is opened to."""
    door = Door(naming=())

    assert door.took("our-webhook-secret", "business:7") == ["business:7"]
    assert door.took("other-word", "business:7", account="other-app") == ["other-app/business:7"]
    door.secrets.dependents = "business:"
    assert door.secrets.of("pigeon", "business:7") == SECRET
    assert door.secrets.of("pigeon", "other-app/business:7") == OTHER_APP
    assert door.secrets.of("pigeon", "nobody/business:7") == MISSING
    assert door.secrets.of("pigeon", "nobody") == MISSING


def test_where_webhooks_do_not_name_their_account_the_plain_address_is_the_first_accounts() -> None:
    door = Door(naming=())

    assert door.took("our-webhook-secret", None) == ["main"]
    with pytest.raises(Unauthenticated):
        door.took("other-word", None)


def test_the_former_secret_proves_webhooks_until_its_time_is_over() -> None:
    door = Door()
    until = iso(door.clock() + timedelta(hours=24))
    rotated = replace(SAME_APP, webhook_secret="new", former_webhook_secret="old", former_until=until)
    door.secrets.credentials = door.secrets.credentials.with_account("same-app", rotated)

    assert door.took("old", None) == door.took("new", None) == ["same-app"]
    door.clock.advance(24 * 3600)
    assert door.took("new", None) == ["same-app"]
    with pytest.raises(Unauthenticated):
        door.took("old", None)


def test_an_empty_webhook_secret_proves_nothing_and_is_shared_with_nobody() -> None:
    door = Door()
    for account in ("same-app", "other-app"):
        empty = replace(ACCOUNTS[account], webhook_secret="")
        door.secrets.credentials = door.secrets.credentials.with_account(account, empty)

    with pytest.raises(Unauthenticated):
        door.took("", None)
    assert door.took("our-webhook-secret", "same-app") == []


def test_a_challenge_is_answered_for_every_account_or_for_the_one_that_is_named() -> None:
    door = Door()
    query = {"token": "other-token", "challenge": "42"}

    assert door.receive.challenge("pigeon", query) == "42"
    assert door.receive.challenge("pigeon", query, "other-app") == "42"
    with pytest.raises(Forbidden):
        door.receive.challenge("pigeon", query, "same-app")
