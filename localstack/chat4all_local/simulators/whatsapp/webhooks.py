"""The webhooks of the WhatsApp Cloud API.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:
`webhooks/reference/messages/{text,image,video,audio,document,sticker,location,contacts,reaction,interactive}`,
`webhooks/reference/messages/{system,edit,unsupported,status,button}`,
`webhooks/reference/user_preferences`, `business-scoped-user-ids`, `groups/groups-messaging`.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from chat4all_local.simulators.control_api import Customer, InboundRequest, JsonObject
from chat4all_local.simulators.provider import Accepted, ControlError
from chat4all_local.simulators.whatsapp.chats import Choice
from chat4all_local.simulators.whatsapp.manifest import (
    BUSINESS_ACCOUNT_ID,
    DISPLAY_PHONE_NUMBER,
    OTHER_NUMBERS,
)

GROUP_PREFIX: Final = "group:"
"""The beginning of a group's address among the customers, before the id of the group."""
_ERROR_CODES: Final = "/documentation/business-messaging/whatsapp/support/error-codes"
_FAILURES: Final = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied.",
    ),
    131009: (
        "Parameter value is not valid",
        "The message to react to is unknown in this chat, is a reaction, or is more than 30 days old.",
    ),
    131053: ("Media upload error", "Unable to upload the media used in the message."),
}
_TYPES: Final = {"voice": "audio"}
_MEDIA: Final = ("image", "video", "audio", "voice", "document", "sticker")
_FILE_TOO_LARGE: JsonObject = {
    "code": 131052,
    "title": "Media download error",
    "message": "Media download error",
    "error_data": {
        "details": (
            "Media file size too big. Max file size we currently support: 100MB. Please communicate with "
            "your customer to send a media file that is less than 100MB."
        )
    },
}
_UNKNOWN_TYPE: JsonObject = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


def bsuid_of(customer: Customer) -> str:
    """Return a customer's business-scoped user id: the address, or an id made from the phone number."""
    if "." in customer.address:
        return customer.address
    country = "BR" if customer.address.startswith("55") else "US"
    digest = hashlib.sha256(customer.address.encode()).digest()
    return f"{country}.{int.from_bytes(digest[:8]) % 10**17:017d}"


def phone_of(customer: Customer) -> str | None:
    """Return a customer's wa_id; None for a customer who is known by user name only."""
    return customer.phone if "." in customer.address else customer.address


def status_webhook(status: str, accepted: Accepted, phone_number_id: str, at: float) -> JsonObject:
    """Build the webhook of a status; `failed` carries the errors and no contacts."""
    order = accepted.order
    report: JsonObject = {"id": accepted.provider_message_id, "status": status, "timestamp": str(int(at))}
    value: JsonObject = {}
    if order.address.startswith(GROUP_PREFIX):
        report |= {"recipient_id": order.input, "recipient_type": "group"}
    elif order.customer is None:
        report["recipient_id"] = order.address
    else:
        if phone := phone_of(order.customer):
            report["recipient_id"] = phone
        report["recipient_user_id"] = bsuid_of(order.customer)
    if order.callback_data is not None:
        report["biz_opaque_callback_data"] = order.callback_data
    if accepted.failure is not None:
        report["errors"] = [_failure(accepted.failure, accepted.failure_details)]
    elif order.customer is not None and "recipient_type" not in report:
        value["contacts"] = [_contact(order.customer, with_username=status != "sent")]
        report["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        }
    return _envelope(phone_number_id, {**value, "statuses": [report]})


def message_webhook(
    request: InboundRequest,
    customer: Customer,
    wamid: str,
    phone_number_id: str,
    at: float,
    *,
    media: JsonObject | None = None,
    choice: Choice | None = None,
) -> JsonObject:
    """Build the webhook of a message that a customer sent, or of a new text for an earlier message.

    `media` is the webhook's object of the file. A file without this object was too large. `choice` is what a
    customer tapped. A notice of the system names no contacts.
    """
    message: JsonObject = {}
    if phone := phone_of(customer):
        message["from"] = phone
    message |= {"from_user_id": bsuid_of(customer), "id": wamid, "timestamp": str(int(at))}
    if request.quoted is not None and request.kind != "reaction":
        message["context"] = {"from": DISPLAY_PHONE_NUMBER, "id": request.quoted}
    if request.edit_of is not None:
        message |= _edit(request, media)
    elif choice is not None:
        message |= _tap(choice)
    elif request.kind == "system":
        message |= _system(request, customer)
    else:
        message |= _content(request, media)
    message |= request.raw or {}
    contacts: JsonObject = {} if request.kind == "system" else {"contacts": [_contact(customer)]}
    return _envelope(phone_number_id, {**contacts, "messages": [message]})


def preference_webhook(
    request: InboundRequest, customer: Customer, phone_number_id: str, at: float
) -> JsonObject:
    """Build the webhook of a customer who stops or resumes marketing messages, as `text` says.

    The documented timestamp is a number. Raises ControlError.
    """
    if request.text not in {"stop", "resume"}:
        raise ControlError("the `text` of a preference is `stop` or `resume`")
    preference: JsonObject = {
        "wa_id": phone_of(customer),
        "user_id": bsuid_of(customer),
        "detail": f"User requested to {request.text} marketing messages",
        "category": "marketing_messages",
        "value": request.text,
        "timestamp": int(at),
    }
    value: JsonObject = {"contacts": [_contact(customer)], "user_preferences": [preference]}
    return _envelope(phone_number_id, value, "user_preferences")


def _tap(choice: Choice) -> JsonObject:
    """Return a tap; the quick reply of a template is of a type of its own."""
    if choice.kind == "button":
        return {"type": "button", "button": {"payload": choice.id, "text": choice.title}}
    return {"type": "interactive", "interactive": choice.reply()}


def _envelope(phone_number_id: str, value: JsonObject, field: str = "messages") -> JsonObject:
    metadata: JsonObject = {
        "display_phone_number": OTHER_NUMBERS.get(phone_number_id, DISPLAY_PHONE_NUMBER),
        "phone_number_id": phone_number_id,
    }
    change: JsonObject = {
        "value": {"messaging_product": "whatsapp", "metadata": metadata, **value},
        "field": field,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": BUSINESS_ACCOUNT_ID, "changes": [change]}],
    }


def _contact(customer: Customer, *, with_username: bool = True) -> JsonObject:
    profile: JsonObject = {"name": customer.name}
    if customer.handle and with_username:
        profile["username"] = customer.handle
    contact: JsonObject = {"profile": profile}
    if phone := phone_of(customer):
        contact["wa_id"] = phone
    return {**contact, "user_id": bsuid_of(customer)}


def _failure(code: int, details: str | None) -> JsonObject:
    title, usual_details = _FAILURES[code]
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or usual_details},
        "href": _ERROR_CODES,
    }


def _content(request: InboundRequest, media: JsonObject | None) -> JsonObject:
    kind = request.kind
    if kind == "text":
        return {"type": "text", "text": {"body": request.text or ""}}
    if media is not None:
        return {"type": _TYPES.get(kind, kind), _TYPES.get(kind, kind): media}
    if kind in _PLAIN:
        return _PLAIN[kind](request)
    error = _FILE_TOO_LARGE if kind in _MEDIA else _UNKNOWN_TYPE
    return {"type": "unsupported", "unsupported": {"type": _TYPES.get(kind, kind)}, "errors": [error]}


def _location(request: InboundRequest) -> JsonObject:
    """Return a place; `text` is its name."""
    location: JsonObject = {"latitude": -23.5505, "longitude": -46.6333}
    if request.text is not None:
        location |= {"name": request.text, "address": "Praça da Sé, São Paulo", "url": "https://se.example/"}
    return {"type": "location", "location": location}


def _card(request: InboundRequest) -> JsonObject:
    """Return the card of a person; `text` is the name."""
    name = request.text or "Tom Ruiz"
    first, _, last = name.partition(" ")
    card: JsonObject = {
        "name": {"formatted_name": name, "first_name": first, "last_name": last},
        "phones": [{"phone": "+1 650-555-0001", "wa_id": "16505550001", "type": "MOBILE"}],
        "emails": [{"email": "tom@ruiz.example", "type": "WORK"}],
        "org": {"company": "Ruiz & Co", "department": "Sales", "title": "Lead"},
    }
    return {"type": "contacts", "contacts": [card]}


def _reaction(request: InboundRequest) -> JsonObject:
    """Return a reaction; `text` is its emoji. A reaction that is taken back has no emoji."""
    reaction: JsonObject = {"message_id": request.quoted}
    if request.text:
        reaction["emoji"] = request.text
    return {"type": "reaction", "reaction": reaction}


_PLAIN: Final[Mapping[str, Callable[[InboundRequest], JsonObject]]] = {
    "location": _location,
    "contact": _card,
    "reaction": _reaction,
}


def _system(request: InboundRequest, customer: Customer) -> JsonObject:
    """Return the notice of a changed number; `text` is the new number."""
    number = request.text or ""
    old = phone_of(customer) or bsuid_of(customer)
    system: JsonObject = {
        "body": f"User {customer.name} changed from {old} to {number}",
        "wa_id": number,
        "type": "user_changed_number",
    }
    return {"type": "system", "system": system}


def _edit(request: InboundRequest, media: JsonObject | None) -> JsonObject:
    edited: JsonObject = {"context": {"id": request.edit_of}, **_content(request, media)}
    return {"type": "edit", "edit": {"original_message_id": request.edit_of, "message": edited}}
