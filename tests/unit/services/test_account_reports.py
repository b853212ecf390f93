"""What WhatsApp reports of our accounts is shown with them, whatever the order of the reports."""

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.whatsapp.webhook import parsed
from chat4all.domain.account import AccountReport, AccountState, ChannelAccount
from chat4all.domain.events import AccountReported, WebhookEvent
from tests.fakes.product import Product

OWNER, OTHER = "102290129340398", "202290129340398"
NUMBER = "15550783881"


def webhook(field: str, value: object, owner: str = OWNER, time: int = 1_739_321_024) -> bytes:
    entry = {"id": owner, "time": time, "changes": [{"field": field, "value": value}]}
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


QUALITY = {
    "display_phone_number": NUMBER,
    "event": "THROUGHPUT_UPGRADE",
    "current_limit": "TIER_10K",
    "max_daily_conversations_per_business": "TIER_UNLIMITED",
}
BAN = {
    "event": "DISABLED_UPDATE",
    "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "October 9, 2026"},
}
RESTRICTION = {
    "event": "ACCOUNT_RESTRICTION",
    "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": "1"}],
}
ALERT = {
    "entity_type": "PHONE_NUMBER",
    "entity_id": "106540352242922",
    "alert_info": {
        "alert_severity": "CRITICAL",
        "alert_status": "ACTIVE",
        "alert_type": "OBA_REJECTED",
        "alert_description": "Denied.",
    },
}


@pytest.mark.parametrize(
    ("field", "value", "event", "reason"),
    [
        ("phone_number_quality_update", QUALITY, "THROUGHPUT_UPGRADE", "TIER_UNLIMITED"),
        ("account_update", BAN, "DISABLED_UPDATE", "DISABLE"),
        ("account_update", RESTRICTION, "ACCOUNT_RESTRICTION", "RESTRICTED_BIZ_INITIATED_MESSAGING"),
        ("account_update", {"event": "ACCOUNT_DELETED"}, "ACCOUNT_DELETED", None),
        ("account_alerts", ALERT, "OBA_REJECTED", "CRITICAL: Denied."),
    ],
)
def test_whatsapp_reports_news_of_our_account(
    field: str, value: object, event: str, reason: str | None
) -> None:
    (reported,) = parsed(webhook(field, value), "1").events

    assert isinstance(reported, AccountReported)
    assert reported.owner == OWNER
    assert reported.report == AccountReport(field, event, "2025-02-12T00:43:44.000Z", reason)


@pytest.mark.parametrize("field", ["phone_number_quality_update", "account_update", "account_alerts"])
@pytest.mark.parametrize("value", [{}, [], None, "x", {"event": 7}, {"event": ""}, {"alert_info": []}])
def test_a_report_of_another_form_is_ignored_by_its_name(field: str, value: object) -> None:
    found = parsed(webhook(field, value), "1")

    assert (found.events, found.ignored) == ((), (field,))


def account(name: str, provider_id: str, owner: str, number: str) -> ChannelAccount:
    return ChannelAccount(name, AccountState.ENABLED, provider_id, owner=owner, number=number)


@pytest.fixture
def product() -> Product:
    product = Product()
    rows = {
        "main": account("main", "106540352242922", OWNER, NUMBER),
        "second": account("second", "2", OWNER, "15550783882"),
        "third": account("third", "3", OTHER, "15550783883"),
    }
    product.accounts.save("pigeon", rows, 0)
    return product


def take(
    product: Product,
    field: str,
    value: object,
    time: int = 1_739_321_024,
    proved_for: tuple[str, ...] = ("main", "second", "third"),
) -> None:
    (event,) = parsed(webhook(field, value, time=time), "1").events
    assert isinstance(event, AccountReported)
    proved = replace(event, proved_for=proved_for)
    product.take(WebhookEvent("pigeon", "main", "webhook", proved))


def reports(product: Product, name: str) -> list[str]:
    return [report.event for report in product.accounts.read("pigeon").accounts[name].reports]


def test_a_report_is_kept_at_the_accounts_that_it_is_about(product: Product) -> None:
    take(product, "phone_number_quality_update", QUALITY)
    take(product, "account_alerts", ALERT)
    take(product, "account_update", BAN)

    assert reports(product, "main") == ["THROUGHPUT_UPGRADE", "OBA_REJECTED", "DISABLED_UPDATE"]
    assert reports(product, "second") == ["DISABLED_UPDATE"]
    assert reports(product, "third") == []


def test_the_latest_report_of_a_kind_counts_and_nothing_is_written_twice(product: Product) -> None:
    take(product, "account_update", BAN, 1_739_321_030)
    version = product.accounts.read("pigeon").version
    take(product, "account_update", RESTRICTION, 1_739_321_020)
    take(product, "account_update", BAN, 1_739_321_030)

    assert reports(product, "main") == ["DISABLED_UPDATE"]
    assert product.accounts.read("pigeon").version == version


def test_a_single_account_that_was_never_proved_takes_every_report() -> None:
    product = Product()
    take(product, "phone_number_quality_update", QUALITY)

    assert reports(product, "main") == ["THROUGHPUT_UPGRADE"]
    assert product.accounts.read("pigeon").may_send("main", "main", None)


def test_a_report_about_nobody_of_ours_changes_nothing(product: Product) -> None:
    take(product, "phone_number_quality_update", {**QUALITY, "display_phone_number": "+49 1512 3456789"})

    assert product.accounts.read("pigeon").version == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone_number_quality_update", QUALITY), ("account_alerts", ALERT), ("account_update", BAN)],
)
def test_a_report_changes_no_account_of_another_app(product: Product, field: str, value: object) -> None:
    take(product, field, value, proved_for=("third",))

    assert product.accounts.read("pigeon").version == 1
