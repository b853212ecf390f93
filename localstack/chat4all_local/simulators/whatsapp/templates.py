"""The templates of the WhatsApp Business account: to create, list, delete and judge them.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:
`templates/template-management`, `templates/template-review`,
`webhooks/reference/message_template_{status,quality,components}_update`,
`webhooks/reference/template_category_update`. A deleted name stays taken (for 30 days): subcode 2388023.
"""

import secrets
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import Json, JsonObject, TemplateChange
from chat4all_local.simulators.provider import Answer, Call, ControlError, Refused
from chat4all_local.simulators.shared.graph import (
    account_id_of,
    graph_error,
    is_json,
    missing_object,
    refuse_token,
)
from chat4all_local.simulators.shared.signing import meta_json
from chat4all_local.simulators.whatsapp import code_templates
from chat4all_local.simulators.whatsapp.chats import Choice
from chat4all_local.simulators.whatsapp.errors import refused
from chat4all_local.simulators.whatsapp.manifest import BUSINESS_ACCOUNT_ID
from chat4all_local.simulators.whatsapp.template_components import Component, Creation, problems
from chat4all_local.simulators.whatsapp.template_messages import (
    VALUES,
    SentTemplate,
    Stored,
    payload_of,
    refusal,
    words,
)

_EXISTS: Final = 2388024
_BEING_DELETED: Final = 2388023
_INVALID: Final = 2388040
_NOT_FOUND: Final = 2593002
_DELETED: Final = "DELETED"
_MOST: Final = 100


class _Category(msgspec.Struct, frozen=True):
    category: str = ""


class Templates:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._stored = account.store.table("templates", Stored)

    def serve(self, call: Call) -> Answer:
        """Answer a request to `/{business account}/message_templates`."""
        if refused := refuse_token(call, self._account.settings):
            return refused
        if account_id_of(call) != BUSINESS_ACCOUNT_ID:
            return missing_object(call.method, account_id_of(call) or "")
        query = {name: values[-1] for name, values in parse_qs(call.query).items()}
        match call.method:
            case "GET":
                return self._list(query)
            case "POST" if is_json(call):
                return self._create(call.body)
            case "DELETE":
                return self._delete(query)
        return missing_object(call.method, BUSINESS_ACCOUNT_ID)

    def refusal(self, sent: SentTemplate, phone: str | None) -> Refused | None:
        """Return the error of a template that cannot be sent so; `phone` is None for other addresses."""
        stored = self._find(sent.name, sent.language.code)
        refused_ = refusal(sent, stored)
        if refused_ is not None or stored is None or stored.category != code_templates.CATEGORY:
            return refused_
        if phone is None:
            return refused(code_templates.NEEDS_A_NUMBER, "Authentication templates need a phone number.")
        return next((refused(VALUES, why) for why in code_templates.faults(sent)), None)

    def words(self, sent: SentTemplate) -> str:
        stored = self._find(sent.name, sent.language.code)
        return words(sent, stored) if stored else ""

    def choices(self, sent: SentTemplate) -> tuple[Choice, ...]:
        """Return the quick replies of a message; without a payload, the payload is the title."""
        stored = self._find(sent.name, sent.language.code)
        return tuple(
            Choice("button", payload_of(sent, index) or button.text, button.text)
            for index, button in enumerate(stored.buttons if stored else ())
            if button.type == "QUICK_REPLY"
        )

    def change(self, change: TemplateChange, at: float) -> bytes:
        """Change a template as a review or people's reactions do; return the webhook. Raises ControlError."""
        stored = self._find(change.name, change.language)
        if stored is None:
            raise ControlError(f"there is no template {change.name} in {change.language}")
        about: JsonObject = {
            "message_template_id": int(stored.id),
            "message_template_name": stored.name,
            "message_template_language": stored.language,
        }
        if change.category is not None:
            field = "template_category_update"
            about |= {"previous_category": stored.category, "new_category": change.category}
            stored = msgspec.structs.replace(stored, category=change.category)
        elif change.quality is not None:
            field = "message_template_quality_update"
            about |= {"previous_quality_score": stored.quality, "new_quality_score": change.quality}
            stored = msgspec.structs.replace(stored, quality=change.quality)
        elif change.body is not None:
            field = "message_template_components_update"
            about |= {"message_template_element": change.body}
            components = tuple(
                msgspec.structs.replace(part, text=change.body) if part.type == "BODY" else part
                for part in stored.components
            )
            stored = msgspec.structs.replace(stored, components=components)
        else:
            field = "message_template_status_update"
            reason = change.reason or "NONE"
            about |= {
                "event": change.event,
                "reason": reason,
                "message_template_category": stored.category,
            }
            stored = msgspec.structs.replace(stored, status=change.event, rejected_reason=reason)
        self._stored.put(stored.id, stored)
        changes: list[Json] = [{"value": about, "field": field}]
        entry: JsonObject = {"id": BUSINESS_ACCOUNT_ID, "time": int(at), "changes": changes}
        return meta_json({"object": "whatsapp_business_account", "entry": [entry]})

    def _list(self, query: dict[str, str]) -> Answer:
        found = [
            stored
            for stored in self._stored.values()
            if stored.status != _DELETED
            and query.get("name", stored.name) in stored.name
            and query.get("language", stored.language) == stored.language
            and query.get("status", stored.status) == stored.status
        ]
        after, limit = query.get("after", "0"), min(int(query.get("limit", "25")), _MOST)
        if not after.isdigit():
            return graph_error(400, 100, "Invalid parameter")
        end = int(after) + limit
        paging: JsonObject = {"cursors": {"before": after, "after": str(end)}}
        if end < len(found):
            paging["next"] = f"{self._account.base_url}/next"
        listed: list[Json] = [_shown(stored) for stored in found[int(after) : end]]
        return Answer(200, meta_json({"data": listed, "paging": paging}))

    def _create(self, body: bytes) -> Answer:
        try:
            creation = _creation(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return _refuse(_INVALID, str(problem))
        if found := next(_problems(creation), None):
            return _refuse(_INVALID, found)
        taken = self._find(creation.name, creation.language, deleted=True)
        if taken is not None and taken.status == _DELETED:
            return _refuse(_BEING_DELETED, "New content can't be added while the old one is being deleted.")
        if taken is not None:
            return _refuse(_EXISTS, "There is already content in this language for this template.")
        number = str(int(time.time() * 1_000)) + f"{secrets.randbelow(1_000):03}"
        stored = Stored(
            number,
            creation.name,
            creation.language,
            creation.category,
            "PENDING",
            creation.parameter_format,
            creation.components if isinstance(creation, Creation) else code_templates.worded(creation),
        )
        self._stored.put(number, stored)
        answer: JsonObject = {"id": number, "status": "PENDING", "category": creation.category}
        return Answer(200, meta_json(answer))

    def _delete(self, query: dict[str, str]) -> Answer:
        name, template_id = query.get("name"), query.get("hsm_id")
        found = [
            stored
            for stored in list(self._stored.values())
            if stored.name == name and stored.status != _DELETED and template_id in {None, stored.id}
        ]
        if not found:
            return _refuse(_NOT_FOUND, "Message template not found.")
        for stored in found:
            self._stored.put(stored.id, msgspec.structs.replace(stored, status=_DELETED))
        return Answer(200, meta_json({"success": True}))

    def _find(self, name: str, language: str, *, deleted: bool = False) -> Stored | None:
        return next(
            (
                stored
                for stored in self._stored.newest_first()
                if (stored.name, stored.language) == (name, language)
                and (deleted or stored.status != _DELETED)
            ),
            None,
        )


def _creation(body: bytes) -> Creation | code_templates.CodeCreation:
    if msgspec.json.decode(body, type=_Category).category == code_templates.CATEGORY:
        return msgspec.json.decode(body, type=code_templates.CodeCreation)
    return msgspec.json.decode(body, type=Creation)


def _problems(creation: Creation | code_templates.CodeCreation) -> Iterator[str]:
    return problems(creation) if isinstance(creation, Creation) else code_templates.problems(creation)


def _refuse(subcode: int, why: str) -> Answer:
    return graph_error(400, 100, "Invalid parameter", subcode=subcode, user_message=why)


def _shown(stored: Stored) -> JsonObject:
    return {
        "id": stored.id,
        "name": stored.name,
        "language": stored.language,
        "status": stored.status,
        "category": stored.category,
        "parameter_format": stored.parameter_format,
        "components": [_component(component) for component in stored.components],
        "rejected_reason": stored.rejected_reason,
        "quality_score": {"score": stored.quality},
    }


def _component(component: Component) -> JsonObject:
    """Return the component without the fields that it does not have."""
    shown: JsonObject = {
        name: value for name, value in msgspec.to_builtins(component).items() if value not in (None, [])
    }
    if component.buttons:
        shown["buttons"] = [
            {**_filled(msgspec.to_builtins(button)), "text": button.title} for button in component.buttons
        ]
    if component.example is not None:
        shown["example"] = _filled(msgspec.to_builtins(component.example))
    return shown


def _filled(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
