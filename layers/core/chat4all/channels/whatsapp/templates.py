"""The templates of a WhatsApp Business account, over the Graph API.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Raw, Struct

from chat4all.channels.shared.answers import spelled
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.channels.shared.webhooks import ABSENT, objects
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.channels.whatsapp.versions import API_VERSION
from chat4all.domain.errors import (
    Detail,
    Invalid,
    NotPossible,
    TemplateExists,
    TemplateRefused,
    Unavailable,
)
from chat4all.domain.sending import Outcome
from chat4all.domain.templates import (
    AccountTemplate,
    ButtonOfTemplate,
    ButtonType,
    Header,
    HeaderFormat,
    NewTemplate,
    variables,
)
from chat4all.domain.text import shortened
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.template_catalogue import TemplatePage, TemplateQuery

_FIELDS: Final = "id,name,language,status,category,components,rejected_reason,quality_score"
_TAKEN: Final = frozenset({2388023, 2388024})
"""The subcodes of a name that is being deleted, or that exists in the language: .../support/error-codes"""
_NO_TEMPLATE: Final = frozenset({2593002})
_TOO_MANY_CALLS: Final = 80008
"""The limit of calls about a WhatsApp Business account: docs/graph-api/overview/rate-limiting"""
_ASK_LATER_S: Final = 5
_LIMITED_S: Final = 60
_SENT_BUTTONS: Final[Mapping[str, ButtonType]] = {
    "QUICK_REPLY": ButtonType.QUICK_REPLY,
    "URL": ButtonType.URL,
    "PHONE_NUMBER": ButtonType.PHONE_NUMBER,
    "COPY_CODE": ButtonType.COPY_CODE,
    "VOICE_CALL": ButtonType.OTHER,
    "FLOW": ButtonType.OTHER,
    "CATALOG": ButtonType.OTHER,
}
"""The buttons that a message of ours can have. A flow and a catalogue need no value of the message."""


class _Error(Struct, frozen=True):
    code: int
    error_subcode: int | None = None
    error_user_title: str | None = None
    error_user_msg: str | None = None
    message: str = ""


class _ErrorEnvelope(Struct, frozen=True):
    error: _Error


class _Cursors(Struct, frozen=True):
    after: str | None = None


class _Paging(Struct, frozen=True):
    cursors: _Cursors = _Cursors()
    next: str | None = None


class _Page(Struct, frozen=True):
    data: Raw
    paging: _Paging = _Paging()


class _Quality(Struct, frozen=True):
    score: str


class _Listed(Struct, frozen=True):
    id: Id
    name: Id
    language: Id
    status: Id
    category: str = ""
    components: Raw = ABSENT
    rejected_reason: Raw = ABSENT
    quality_score: Raw = ABSENT


class _Component(Struct, frozen=True):
    type: str
    format: str = "TEXT"
    text: str = ""
    example: Raw = ABSENT
    buttons: Raw = ABSENT


class _Button(Struct, frozen=True):
    type: str
    text: str = ""
    url: str = ""
    phone_number: str = ""
    example: Raw = ABSENT


class _NamedSample(Struct, frozen=True):
    param_name: str
    example: str


class _BodySamples(Struct, frozen=True):
    body_text: list[list[str]] = []
    body_text_named_params: list[_NamedSample] = []


class _HeaderSamples(Struct, frozen=True):
    header_text: list[str] = []
    header_text_named_params: list[_NamedSample] = []
    header_handle: list[str] = []


class _Created(Struct, frozen=True):
    id: Id
    status: str = "PENDING"
    category: str = ""


class WhatsAppTemplates:
    """The templates that belong to `secret.business_account_id`, which may have several numbers."""

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{API_VERSION}"

    def owner(self, secret: ChannelSecret) -> str:
        return secret.business_account_id

    def page(
        self, secret: ChannelSecret, query: TemplateQuery, cursor: str | None, limit: int
    ) -> TemplatePage:
        asked = {"name": query.name, "language": query.language, "status": query.status, "after": cursor}
        given = {"fields": _FIELDS, "limit": str(limit), **{k: v for k, v in asked.items() if v is not None}}
        answer = self._http.get(f"{self._edge(secret)}?{urlencode(given)}", _bearer(secret))
        error = _error(answer)
        if error is not None and error.code == 100 and cursor is not None:
            raise Invalid("The cursor is not valid.", Detail("cursor", "is not known to the provider"))
        page = decoded(_taken(answer, error, secret).body, _Page)
        if page is None:
            raise _unread()
        listed = (_account_template(listed) for listed, _ in objects(page.data, _Listed))
        more = page.paging.cursors.after if page.paging.next else None
        return TemplatePage(tuple(listed), more)

    def create(self, secret: ChannelSecret, new: NewTemplate) -> AccountTemplate:
        body = msgspec.json.encode(_creation(new))
        answer = self._http.post_json(self._edge(secret), body, _bearer(secret))
        error = _error(answer)
        if error is not None and error.error_subcode in _TAKEN:
            issue = error.error_user_msg or "is taken in this language, or was deleted less than 30 days ago"
            raise TemplateExists("The account has such a template.", Detail("name", shortened(issue)))
        created = decoded(_taken(answer, error, secret).body, _Created)
        if created is None:
            raise _unread()
        return AccountTemplate(
            template_id=created.id,
            name=new.name,
            language=new.language,
            category=created.category or new.category.value,
            status=created.status,
            body=new.body,
            samples=new.samples,
            header=new.header,
            footer=new.footer,
            buttons=new.buttons,
        )

    def delete(self, secret: ChannelSecret, name: str, template_id: str | None) -> bool:
        given = {"name": name, **({"hsm_id": template_id} if template_id is not None else {})}
        answer = self._http.delete(f"{self._edge(secret)}?{urlencode(given)}", _bearer(secret))
        error = _error(answer)
        if error is not None and error.error_subcode in _NO_TEMPLATE:
            return False
        _taken(answer, error, secret)
        return True

    def _edge(self, secret: ChannelSecret) -> str:
        return f"{self._url}/{quote(secret.business_account_id, safe='')}/message_templates"


def _bearer(secret: ChannelSecret) -> dict[str, str]:
    return {"authorization": f"Bearer {secret.access_token}"}


def _error(answer: HttpAnswer | NetworkFailure) -> _Error | None:
    envelope = None if isinstance(answer, NetworkFailure) else decoded(answer.body, _ErrorEnvelope)
    return envelope.error if envelope else None


def _taken(answer: HttpAnswer | NetworkFailure, error: _Error | None, secret: ChannelSecret) -> HttpAnswer:
    """Return the answer; raise Unavailable for a passing failure, and NotPossible for a refusal."""
    if isinstance(answer, NetworkFailure):
        raise Unavailable("WhatsApp did not answer; try again.", retry_after=_ASK_LATER_S)
    if error is None:
        if 200 <= answer.status < 300:
            return answer
        raise Unavailable("WhatsApp has a problem of its own; try again.", retry_after=_ASK_LATER_S)
    failure = WHATSAPP_FAILURES.find(error.code)
    outcome = failure.outcome if failure else None
    if error.code == _TOO_MANY_CALLS or outcome is Outcome.THROTTLED:
        raise Unavailable("WhatsApp limits our calls; try again later.", retry_after=_LIMITED_S)
    if outcome is Outcome.RETRY or (failure is None and answer.status >= 500):
        raise Unavailable("WhatsApp has a problem of its own; try again.", retry_after=_ASK_LATER_S)
    if failure is not None and outcome is Outcome.CHANNEL_PAUSED:
        issue = f"was refused with the code {spelled(error.code)}"
        raise NotPossible(failure.reason, Detail("channel", issue))
    reason = error.error_user_msg or error.error_user_title or error.message or spelled(error.code)
    issue = f"{shortened(reason)} (code {spelled(error.code)}, account {secret.business_account_id})"
    raise TemplateRefused("WhatsApp refused the request.", Detail("", issue))


def _unread() -> Unavailable:
    return Unavailable("WhatsApp's answer cannot be read; try again.", retry_after=_ASK_LATER_S)


def _account_template(listed: _Listed) -> AccountTemplate:
    components = [component for component, _ in objects(listed.components, _Component)]
    by_type = {component.type.upper(): component for component in components}
    header, body = by_type.get("HEADER"), by_type.get("BODY")
    buttons = [button for button, _ in objects(_buttons_of(by_type.get("BUTTONS")), _Button)]
    quality = decoded(listed.quality_score, _Quality)
    reason = decoded(listed.rejected_reason, str)
    return AccountTemplate(
        template_id=listed.id,
        name=listed.name,
        language=listed.language,
        category=listed.category,
        status=listed.status,
        body=body.text if body else "",
        samples=_samples(body) if body else {},
        header=_header(header) if header else None,
        footer=by_type["FOOTER"].text if "FOOTER" in by_type else "",
        buttons=tuple(map(_button, buttons)),
        reason=reason if reason and reason != "NONE" else None,
        quality=quality.score if quality else None,
        unsupported=tuple(_unsupported(by_type, buttons)),
    )


def _unsupported(by_type: Mapping[str, _Component], buttons: list[_Button]) -> list[str]:
    known = {"HEADER", "BODY", "FOOTER", "BUTTONS"}
    others = [name for name in by_type if name not in known]
    header = by_type.get("HEADER")
    formats = {format_.value.upper() for format_ in HeaderFormat}
    if header is not None and header.format.upper() not in formats:
        others.append(f"header {header.format}")
    others += [f"button {button.type}" for button in buttons if not _is_sent(button)]
    return others


def _is_sent(button: _Button) -> bool:
    return button.type.upper() in _SENT_BUTTONS


def _buttons_of(component: _Component | None) -> Raw:
    return component.buttons if component is not None else ABSENT


def _samples(body: _Component) -> dict[str, str]:
    given = decoded(body.example, _BodySamples) or _BodySamples()
    if given.body_text_named_params:
        return {sample.param_name: sample.example for sample in given.body_text_named_params}
    values = given.body_text[0] if given.body_text else []
    return dict(zip(variables(body.text), values, strict=False))


def _header(component: _Component) -> Header | None:
    given = decoded(component.example, _HeaderSamples) or _HeaderSamples()
    named = [sample.example for sample in given.header_text_named_params]
    sample = next(iter((*given.header_text, *named, *given.header_handle)), "")
    try:
        return Header(HeaderFormat(component.format.lower()), component.text, sample)
    except ValueError:
        return None


def _button(button: _Button) -> ButtonOfTemplate:
    samples = decoded(button.example, list[str]) or [decoded(button.example, str) or ""]
    kind = _SENT_BUTTONS.get(button.type.upper(), ButtonType.OTHER)
    return ButtonOfTemplate(kind, button.text, button.url, button.phone_number, samples[0])


def _creation(new: NewTemplate) -> dict[str, object]:
    is_named = any(not name.isdigit() for name in _all_variables(new))
    components: list[dict[str, object]] = []
    if new.header is not None:
        components.append(_header_component(new.header, is_named=is_named))
    body: dict[str, object] = {"type": "BODY", "text": new.body}
    names = variables(new.body)
    if names and is_named:
        named = [{"param_name": name, "example": new.samples[name]} for name in names]
        body["example"] = {"body_text_named_params": named}
    elif names:
        body["example"] = {"body_text": [[new.samples[name] for name in names]]}
    components.append(body)
    if new.footer:
        components.append({"type": "FOOTER", "text": new.footer})
    if new.buttons:
        components.append({"type": "BUTTONS", "buttons": list(map(_button_component, new.buttons))})
    return {
        "name": new.name,
        "language": new.language,
        "category": new.category.value,
        "parameter_format": "NAMED" if is_named else "POSITIONAL",
        "components": components,
    }


def _all_variables(new: NewTemplate) -> list[str]:
    return [*variables(new.body), *variables(new.header.text if new.header else "")]


def _header_component(header: Header, *, is_named: bool) -> dict[str, object]:
    component: dict[str, object] = {"type": "HEADER", "format": header.format.value.upper()}
    if header.format is HeaderFormat.LOCATION:
        return component
    if header.format is not HeaderFormat.TEXT:
        return {**component, "example": {"header_handle": [header.sample]}}
    component["text"] = header.text
    names = variables(header.text)
    if names and is_named:
        named = [{"param_name": names[0], "example": header.sample}]
        component["example"] = {"header_text_named_params": named}
    elif names:
        component["example"] = {"header_text": [header.sample]}
    return component


def _button_component(button: ButtonOfTemplate) -> dict[str, object]:
    kind = button.type.value.upper()
    match button.type:
        case ButtonType.URL:
            component: dict[str, object] = {"type": kind, "text": button.text, "url": button.url}
            return {**component, "example": [button.sample]} if button.sample else component
        case ButtonType.PHONE_NUMBER:
            return {"type": kind, "text": button.text, "phone_number": button.phone_number}
        case ButtonType.COPY_CODE:
            return {"type": kind, "example": button.sample}
        case _:
            return {"type": kind, "text": button.text}


CATALOGUE: Final = WhatsAppTemplates
