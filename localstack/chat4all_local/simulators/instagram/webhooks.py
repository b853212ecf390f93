"""The webhooks of Instagram messaging.

Sources: https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks (texts,
echoes, `messaging_seen`), and under
https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/: `message-echoes` (`app_id`,
`metadata`), `message-deliveries`, `message-edits`.

Meta documents `message_deliveries` for Messenger conversations only. For Instagram, the event is therefore
off unless the settings enable it.
"""

from chat4all_local.simulators.control_api import InboundRequest, JsonObject
from chat4all_local.simulators.instagram.manifest import APP_ID
from chat4all_local.simulators.provider import Accepted


def event_webhook(event: JsonObject, account_id: str, at: float) -> JsonObject:
    return {
        "object": "instagram",
        "entry": [{"id": account_id, "time": _milliseconds(at), "messaging": [event]}],
    }


def report_event(
    report: str, accepted: Accepted, account_id: str, at: float, *, copy_url: str | None = None
) -> JsonObject:
    """Build a report.

    `sent` is the echo of Chat4All's own message; `delivered` and `read` come from the customer.
    """
    person = accepted.order.address
    mid = accepted.provider_message_id
    if report == "sent":
        echo: JsonObject = {"mid": mid, "is_echo": True, "app_id": APP_ID}
        if accepted.order.media is not None:
            echo["attachments"] = [{"type": accepted.order.kind, "payload": {"url": copy_url}}]
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
    media_url: str | None = None,
) -> JsonObject:
    """Build the event of a message that a customer sent, or of its `num_edit`th new text.

    The fields of `raw` replace those of the event. `media_url` is the address of the message's file.
    """
    event = _between(request.sender, account_id, at)
    if num_edit:
        event["message_edit"] = {"mid": mid, "text": request.text or "", "num_edit": num_edit}
    else:
        event["message"] = _message(request, mid, media_url)
    return {**event, **(request.raw or {})}


def _message(request: InboundRequest, mid: str, media_url: str | None) -> JsonObject:
    message: JsonObject = {"mid": mid}
    if request.text is not None:
        message["text"] = request.text
    if request.quoted is not None:
        message["reply_to"] = {"mid": request.quoted}
    if request.kind == "unsupported":
        message["is_unsupported"] = True
    elif request.kind != "text":
        # A shared story or post is not a file of the customer.
        elsewhere = f"https://www.instagram.com/p/{len(mid)}/?kind={request.kind}"
        message["attachments"] = [{"type": request.kind, "payload": {"url": media_url or elsewhere}}]
    return message


def _between(sender: str, recipient: str, at: float) -> JsonObject:
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": _milliseconds(at)}


def _milliseconds(at: float) -> int:
    return int(at * 1000)
