"""The news of templates in WhatsApp's webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/
message_template_status_update, message_template_quality_update, message_template_components_update and
template_category_update below it. Their examples spell a language `en-US`, which is `en_US` everywhere else.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, moment
from chat4all.domain.events import TemplateChanged
from chat4all.domain.templates import APPROVED, OUTDATED, TemplateNews, is_language, is_template_name

_STATUSES: Final[Mapping[str, str | None]] = {
    "REINSTATED": APPROVED,
    "UNARCHIVED": APPROVED,
    "FLAGGED": None,
    "LOCKED": None,
}
"""The status after an event that has another name. A flagged or locked template can still be sent."""


class _Changed(Struct, frozen=True):
    message_template_name: Id
    message_template_language: Id
    event: Raw = ABSENT
    reason: Raw = ABSENT
    message_template_category: Raw = ABSENT
    new_quality_score: Raw = ABSENT
    new_category: Raw = ABSENT


def template_changed(field: str, value: Raw, owner: str, time: Raw) -> TemplateChanged | None:
    """Return the event of a change about a template; None for a change of another form.

    `owner` is the id of the WhatsApp Business account, and `time` the time of the webhook's entry.
    """
    changed = decoded(value, _Changed)
    news = NEWS[field](changed) if changed is not None else None
    if changed is None or news is None:
        return None
    name, language = changed.message_template_name, changed.message_template_language.replace("-", "_")
    if not is_template_name(name) or not is_language(language):
        return None
    return TemplateChanged(owner, name, language, moment(time), news)


def _status(changed: _Changed) -> TemplateNews | None:
    event = decoded(changed.event, str)
    if not event:
        return None
    status = _STATUSES.get(event, event)
    reason = decoded(changed.reason, str)
    category = decoded(changed.message_template_category, str)
    is_rejected = status == "REJECTED" and reason and reason != "NONE"
    return TemplateNews(status, category or None, reason if is_rejected else None)


def _quality(changed: _Changed) -> TemplateNews | None:
    score = decoded(changed.new_quality_score, str)
    return TemplateNews(quality=score) if score else None


def _category(changed: _Changed) -> TemplateNews | None:
    """Return the category of now: news of an impending change name it, too."""
    category = decoded(changed.new_category, str)
    return TemplateNews(category=category) if category else None


def _components(_changed: _Changed) -> TemplateNews:
    """Return that the known words are outdated: the webhook does not have all of the new components."""
    return TemplateNews(OUTDATED)


NEWS: Final[Mapping[str, Callable[[_Changed], TemplateNews | None]]] = {
    "message_template_status_update": _status,
    "message_template_quality_update": _quality,
    "message_template_components_update": _components,
    "template_category_update": _category,
}
