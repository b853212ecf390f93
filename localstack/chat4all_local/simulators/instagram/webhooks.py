"""The webhooks of Instagram messaging.

Sources: https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks (texts,
echoes, `messaging_seen`), and under
https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/: `message-echoes` (`app_id`,
`metadata`), `message-deliveries`, `message-edits`, `message-reactions`. Quick replies:
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/quick-replies

Meta documents `message_deliveries` for Messenger conversations only. For Instagram, the event is therefore
off unless the settings enable it.
"""

from collections.abc import Sequence
from typing import Final

from chat4all_local.simulators.control_api import InboundRequest, JsonObject
from chat4all_local.simulators.instagram.chats import Choice
from chat4all_local.simulators.instagram.manifest import APP_ID
from chat4all_local.simulators.provider import Accepted

_REACTIONS: Final = {
    "❤": "love",
    "😆": "laugh",
    "😮": "wow",
    "😢": "sad",
    "😠": "angry",
    "👍": "like",
}
"""Meta's names of reactions; any other emoji is `other`.
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
"""
_TYPES: Final = {"voice": "audio"}
"""Attachment types of kinds that the API does not tell apart."""
_PLACE: Final = {"lat": 48.2082, "long": 16.3738}
_STICKER_ID: Final = 369239263222822
_VARIATION: Final = "\ufe0f"


def event_webhook(event: JsonObject, account_id: str, at: float) -> JsonObject:
    return {
        "object": "instagram",
        "entry": [{"id": account_id, "time": _milliseconds(at), "messaging": [event]}],
    }


def report_event(
    report: str, accepted: Accepted, account_id: str, at: float, *, copy_urls: Sequence[str] = ()
) -> JsonObject:
    """Build a report.

    `sent` is the echo of Chat4All's own message; `delivered` and `read` come from the customer.
    """
    person = accepted.order.address
    mid = accepted.provider_message_id
    if report == "sent":
        echo: JsonObject = {"mid": mid, "is_echo": True, "app_id": APP_ID}
        if copy_urls:
            echo["attachments"] = [
                {"type": accepted.order.kind, "payload": {"url": url}} for url in copy_urls
            ]
        elif accepted.order.text is None:
            echo["attachments"] = [{"type": accepted.order.kind}]
        else:
            echo["text"] = accepted.order.text
        if accepted.order.callback_data is not None:
            echo["metadata"] = accepted.order.callback_data
        return {**_between(account_id, person, at), "message": echo}
    event = _between(person, account_id, at)
    if report == "delivered":
        return {**event, "delivery": {"mids": [mid], "watermark": _milliseconds(at)}}
    return {**event, "read": {"mid": mid}}


def message_event(
    request: InboundRequest,
    mid: str,
    account_id: str,
    at: float,
    *,
    num_edit: int = 0,
    media_urls: Sequence[str] = (),
    payload: str | None = None,
) -> JsonObject:
    """Build the event of a message that a customer sent, or of its `num_edit`th new text.

    The fields of `raw` replace those of the event. `media_urls` are the addresses of the message's files,
    and `payload` belongs to the quick reply that the customer tapped.
    """
    event = _between(request.sender, account_id, at)
    if num_edit:
        event["message_edit"] = {"mid": mid, "text": request.text or "", "num_edit": num_edit}
    else:
        event["message"] = _message(request, mid, media_urls, payload)
    return {**event, **(request.raw or {})}


def postback_event(
    request: InboundRequest, mid: str, account_id: str, at: float, tapped: Choice
) -> JsonObject:
    """Build the event of a tap on a button of a card.

    https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_postbacks
    """
    event = _between(request.sender, account_id, at)
    postback: JsonObject = {"mid": mid, "title": tapped.title, "payload": tapped.payload}
    return {**event, "postback": postback, **(request.raw or {})}


def reaction_event(request: InboundRequest, account_id: str, at: float) -> JsonObject:
    """Build the event of a reaction to the message `quoted`: the text is the emoji, empty to take it back."""
    event = _between(request.sender, account_id, at)
    reaction: JsonObject = {"mid": request.quoted, "action": "unreact"}
    if request.text:
        name = _REACTIONS.get(request.text.rstrip(_VARIATION), "other")
        reaction |= {"action": "react", "reaction": name, "emoji": request.text}
    return {**event, "reaction": reaction, **(request.raw or {})}


def _message(request: InboundRequest, mid: str, media_urls: Sequence[str], payload: str | None) -> JsonObject:
    message: JsonObject = {"mid": mid}
    if request.text is not None:
        message["text"] = request.text
    if request.quoted is not None:
        message["reply_to"] = {"mid": request.quoted}
    if payload is not None:
        message["quick_reply"] = {"payload": payload}
    elif request.kind == "unsupported":
        message["is_unsupported"] = True
    elif request.kind != "text":
        message["attachments"] = [_attachment(request.kind, mid, url) for url in media_urls or (None,)]
    return message


def _attachment(kind: str, mid: str, media_url: str | None) -> JsonObject:
    if kind == "like_heart":
        return {"type": kind}
    if kind == "location":
        return {"type": kind, "title": "Pinned Location", "payload": {"coordinates": {**_PLACE}}}
    # A shared story or post is not a file of the customer.
    payload: JsonObject = {"url": media_url or f"https://www.instagram.com/p/{len(mid)}/?kind={kind}"}
    if kind == "sticker":
        payload["sticker_id"] = _STICKER_ID
    return {"type": _TYPES.get(kind, kind), "payload": payload}


def _between(sender: str, recipient: str, at: float) -> JsonObject:
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": _milliseconds(at)}


def _milliseconds(at: float) -> int:
    return int(at * 1000)
