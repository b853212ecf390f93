"""What Meta reports of our numbers and our business account.

`webhooks/reference/phone_number_quality_update` and `webhooks/reference/account_update` below
https://developers.facebook.com/documentation/business-messaging/whatsapp/. The first names a number as people
read it, the second only the business account.
"""

from chat4all_local.simulators.control_api import (
    BusinessReport,
    Json,
    JsonObject,
    OwnReport,
    QualityReport,
    Settings,
)
from chat4all_local.simulators.provider import ControlError
from chat4all_local.simulators.shared.signing import meta_json
from chat4all_local.simulators.whatsapp.manifest import (
    BUSINESS_ACCOUNT_ID,
    DISPLAY_PHONE_NUMBER,
    OTHER_NUMBERS,
)


def report_webhook(report: OwnReport, settings: Settings, at: float) -> bytes:
    """Build the webhook of a report. Raises ControlError."""
    if isinstance(report, QualityReport):
        field, value = "phone_number_quality_update", _quality(report, settings)
    else:
        field, value = "account_update", _update(report)
    changes: list[Json] = [{"field": field, "value": value}]
    entry: JsonObject = {"id": BUSINESS_ACCOUNT_ID, "time": int(at), "changes": changes}
    return meta_json({"object": "whatsapp_business_account", "entry": [entry]})


def _quality(report: QualityReport, settings: Settings) -> JsonObject:
    numbers = {settings.account_id: DISPLAY_PHONE_NUMBER, **OTHER_NUMBERS}
    number = numbers.get(report.account or settings.account_id)
    if number is None:
        raise ControlError(f"the business has no number `{report.account}`")
    return {
        "display_phone_number": number,
        "event": report.event,
        "current_limit": report.limit,
        "max_daily_conversations_per_business": report.limit,
    }


def _update(report: BusinessReport) -> JsonObject:
    about: dict[str, JsonObject] = {
        "DISABLED_UPDATE": {"ban_info": {"waba_ban_state": report.reason, "waba_ban_date": "1 May 2026"}},
        "ACCOUNT_VIOLATION": {"violation_info": {"violation_type": report.reason}},
        "ACCOUNT_RESTRICTION": {"restriction_info": [{"restriction_type": report.reason}]},
    }
    return {"event": report.event, **about.get(report.event, {})}
