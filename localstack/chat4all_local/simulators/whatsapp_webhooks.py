"""What the WhatsApp Cloud API reports to our webhook.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:
`webhooks/reference/messages/{text,image,location,edit,unsupported,status}`, `business-scoped-user-ids`.
"""

import hashlib
from typing import Final

from chat4all_local.simulators.control_api import Customer, InboundRequest, JsonObject
from chat4all_local.simulators.credentials import WHATSAPP_BUSINESS_ACCOUNT_ID, WHATSAPP_DISPLAY_PHONE_NUMBER
from chat4all_local.simulators.provider import Accepted

_ERROR_CODES: Final = "/documentation/business-messaging/whatsapp/support/error-codes"
_FAILURES: Final = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied.",
    ),
}
_MEDIA: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}


def bsuid_of(customer: Customer) -> str:
    """A person's business-scoped user id: their address where it is one, else made of their number."""
    if "." in customer.address:
        return customer.address
    country = "BR" if customer.address.startswith("55") else "US"
    digest = hashlib.sha256(customer.address.encode()).digest()
    return f"{country}.{int.from_bytes(digest[:8]) % 10**17:017d}"


def phone_of(customer: Customer) -> str | None:
    """A person's wa_id; None for one who is known by user name only."""
    return customer.phone if "." in customer.address else customer.address


def status_webhook(status: str, accepted: Accepted, phone_number_id: str, at: float) -> JsonObject:
    """The webhook of one status; `failed` carries the errors, and no contacts."""
    order = accepted.order
    report: JsonObject = {"id": accepted.provider_message_id, "status": status, "timestamp": str(int(at))}
    value: JsonObject = {}
    if order.customer is None:
        report["recipient_id"] = order.address
    else:
        if phone := phone_of(order.customer):
            report["recipient_id"] = phone
        report["recipient_user_id"] = bsuid_of(order.customer)
    if order.callback_data is not None:
        report["biz_opaque_callback_data"] = order.callback_data
    if accepted.failure is not None:
        report["errors"] = [_failure(accepted.failure)]
    elif order.customer is not None:
        value["contacts"] = [_contact(order.customer, with_username=status != "sent")]
        report["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        }
    return _envelope(phone_number_id, {**value, "statuses": [report]})


def message_webhook(
    request: InboundRequest, customer: Customer, wamid: str, phone_number_id: str, at: float
) -> JsonObject:
    """The webhook of one message that a person sent, or of the new text of an old one."""
    message: JsonObject = {}
    if phone := phone_of(customer):
        message["from"] = phone
    message |= {"from_user_id": bsuid_of(customer), "id": wamid, "timestamp": str(int(at))}
    if request.quoted is not None:
        message["context"] = {"from": WHATSAPP_DISPLAY_PHONE_NUMBER, "id": request.quoted}
    message |= _edit(request, wamid) if request.edit_of is not None else _content(request, wamid)
    message |= request.raw or {}
    return _envelope(phone_number_id, {"contacts": [_contact(customer)], "messages": [message]})


def _envelope(phone_number_id: str, value: JsonObject) -> JsonObject:
    metadata: JsonObject = {
        "display_phone_number": WHATSAPP_DISPLAY_PHONE_NUMBER,
        "phone_number_id": phone_number_id,
    }
    change: JsonObject = {
        "value": {"messaging_product": "whatsapp", "metadata": metadata, **value},
        "field": "messages",
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": WHATSAPP_BUSINESS_ACCOUNT_ID, "changes": [change]}],
    }


def _contact(customer: Customer, *, with_username: bool = True) -> JsonObject:
    profile: JsonObject = {"name": customer.name}
    if customer.handle and with_username:
        profile["username"] = customer.handle
    contact: JsonObject = {"profile": profile}
    if phone := phone_of(customer):
        contact["wa_id"] = phone
    return {**contact, "user_id": bsuid_of(customer)}


def _failure(code: int) -> JsonObject:
    title, details = _FAILURES[code]
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": _ERROR_CODES,
    }


def _content(request: InboundRequest, wamid: str) -> JsonObject:
    kind = request.kind
    if kind == "text":
        return {"type": "text", "text": {"body": request.text or ""}}
    if kind in _MEDIA:
        media: JsonObject = {
            "mime_type": _MEDIA[kind],
            "sha256": _sha256(wamid),
            "id": str(int(_sha256(wamid)[:12], 16)),
        }
        if request.text is not None:
            media["caption"] = request.text
        return {"type": kind, kind: media}
    if kind == "location":
        return {"type": "location", "location": {"latitude": -23.5505, "longitude": -46.6333}}
    return {
        "type": "unsupported",
        "unsupported": {"type": kind},
        "errors": [
            {
                "code": 131051,
                "title": "Message type unknown",
                "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            }
        ],
    }


def _edit(request: InboundRequest, wamid: str) -> JsonObject:
    edited: JsonObject = {"context": {"id": request.edit_of}, **_content(request, wamid)}
    return {"type": "edit", "edit": {"original_message_id": request.edit_of, "message": edited}}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
