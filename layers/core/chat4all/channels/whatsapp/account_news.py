"""The news of our numbers and their business account in WhatsApp's webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/
phone_number_quality_update, account_update and account_alerts below it. The first names a number as people
read it, the second only the business account, and the third the id of a number or of a business.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.phones import canonical_digits
from chat4all.channels.shared.webhooks import ABSENT, moment
from chat4all.domain.account import AccountReport
from chat4all.domain.events import AccountReported


class _Quality(Struct, frozen=True):
    event: Id
    display_phone_number: Id
    current_limit: Raw = ABSENT
    max_daily_conversations_per_business: Raw = ABSENT


class _Update(Struct, frozen=True):
    event: Id
    ban_info: Raw = ABSENT
    violation_info: Raw = ABSENT
    restriction_info: Raw = ABSENT


class _Ban(Struct, frozen=True):
    waba_ban_state: str | list[str] = ""


class _Violation(Struct, frozen=True):
    violation_type: str = ""


class _Restriction(Struct, frozen=True):
    restriction_type: str = ""


class _Alert(Struct, frozen=True):
    alert_type: Id
    alert_severity: str = ""
    alert_description: str = ""


class _Alerts(Struct, frozen=True):
    alert_info: _Alert
    entity_id: Raw = ABSENT


def account_reported(field: str, value: Raw, owner: str, time: Raw) -> AccountReported | None:
    """Return the event of a change about our account; None for a change of another form.

    `owner` is the id of the WhatsApp Business account, and `time` the time of the webhook's entry.
    """
    return ACCOUNT_NEWS[field](value, owner, moment(time))


def _quality(value: Raw, owner: str, at: str) -> AccountReported | None:
    changed = decoded(value, _Quality)
    number = canonical_digits(changed.display_phone_number) if changed else None
    if changed is None or number is None:
        return None
    limit = decoded(changed.max_daily_conversations_per_business, str) or decoded(changed.current_limit, str)
    report = AccountReport("phone_number_quality_update", changed.event, at, limit)
    return AccountReported(owner, report, number=number)


def _update(value: Raw, owner: str, at: str) -> AccountReported | None:
    changed = decoded(value, _Update)
    if changed is None:
        return None
    report = AccountReport("account_update", changed.event, at, _reason(changed))
    return AccountReported(owner, report)


def _reason(changed: _Update) -> str | None:
    """Return why the business account was banned or restricted, in Meta's words."""
    ban, violation = decoded(changed.ban_info, _Ban), decoded(changed.violation_info, _Violation)
    restrictions = decoded(changed.restriction_info, list[_Restriction]) or []
    banned = ban.waba_ban_state if ban else ""
    words = [banned] if isinstance(banned, str) else banned
    violated = violation.violation_type if violation else ""
    restricted = [each.restriction_type for each in restrictions]
    return ", ".join(filter(None, (*words, violated, *restricted))) or None


def _alerts(value: Raw, owner: str, at: str) -> AccountReported | None:
    changed = decoded(value, _Alerts)
    if changed is None:
        return None
    alert = changed.alert_info
    reason = ": ".join(filter(None, (alert.alert_severity, alert.alert_description)))
    report = AccountReport("account_alerts", alert.alert_type, at, reason or None)
    return AccountReported(owner, report, provider_id=decoded(changed.entity_id, str))


ACCOUNT_NEWS: Final[Mapping[str, Callable[[Raw, str, str], AccountReported | None]]] = {
    "phone_number_quality_update": _quality,
    "account_update": _update,
    "account_alerts": _alerts,
}
