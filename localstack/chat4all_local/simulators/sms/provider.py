"""Twilio's API to send an SMS or an MMS.

Sources: https://www.twilio.com/docs/messaging/api/message-resource (request and answer),
https://www.twilio.com/docs/usage/requests-to-twilio (basic authentication),
https://support.twilio.com/hc/en-us/articles/223134027 (STOP and START),
https://www.twilio.com/docs/api/errors/14107 (15 messages in 30 seconds from one number to another).

Differences from Twilio:

- Twilio queues messages above the rate of a number; the simulator sends them at once.
- Twilio allows 100 concurrent requests; the simulator allows 100 a second.
- Twilio accepts the 16th message to a person in 30 seconds and then fails it; the simulator refuses it, so
  that a sender that knows the limit loses no message.
"""

import base64
import math
import secrets
from typing import Final
from urllib.parse import urlencode

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import (
    Customer,
    InboundRequest,
    Json,
    JsonObject,
    Settings,
    Signature,
    WebhookAnswer,
)
from chat4all_local.simulators.provider import (
    Accepted,
    Answer,
    Call,
    ControlError,
    Download,
    Inbound,
    Lookup,
    Order,
    Refused,
)
from chat4all_local.simulators.rates import RateLimit
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.signing import ascii_json
from chat4all_local.simulators.sms.errors import (
    AUTHENTICATE,
    BLOCKED,
    INTERNAL,
    NOT_FOUND,
    SAME_PAIR,
    TOO_MANY_REQUESTS,
    UNKNOWN_HANDSET,
    UNSUBSCRIBED,
    error_answer,
)
from chat4all_local.simulators.sms.media import (
    INBOUND,
    MOST_BYTES,
    TwilioMedia,
    media_expired,
    media_missing,
    media_problem,
)
from chat4all_local.simulators.sms.requests import MessageRequest, is_e164, read_message
from chat4all_local.simulators.sms.segments import segment_count
from chat4all_local.simulators.sms.webhooks import message_form, opt_out_type, signed_headers, status_form


class Twilio:
    """An account with a single number."""

    name = "sms"
    has_challenge = False
    rate_limits = (
        RateLimit(per_person=False, burst=100, interval_s=1 / 100, code=TOO_MANY_REQUESTS),
        RateLimit(per_person=True, burst=15, interval_s=2.0, code=SAME_PAIR),
    )
    fetches_later = True
    most_upload_bytes = 0
    inbound_kinds = frozenset(INBOUND)
    has_albums = True

    def __init__(self, account: Account) -> None:
        self._account = account
        self._media = TwilioMedia(account)
        self._unsubscribed = account.store.table("unsubscribed", bool)

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        if download := self._media.download(call, at):
            return download
        settings = _account_of(call, self._account.settings)
        if settings is None:
            return Refused(error_answer(401, AUTHENTICATE, "Authenticate"), authorized=False)
        if served := self._media.serve(call, at):
            return served
        if call.path == f"/2010-04-01/Accounts/{settings.account_id}.json" and call.method == "GET":
            about: JsonObject = {
                "sid": settings.account_id,
                "friendly_name": "Chat4All",
                "status": "active",
                "type": "Full",
            }
            return Answer(200, ascii_json(about))
        if call.path != f"/2010-04-01/Accounts/{settings.account_id}/Messages.json" or call.method != "POST":
            return error_answer(404, NOT_FOUND, f"The requested resource {call.path} was not found")
        return self._read_message(call, settings)

    def _read_message(self, call: Call, settings: Settings) -> Order | Refused:
        request = read_message(call, settings)
        if isinstance(request, Answer):
            return Refused(request)
        order = _order(request, self._account.customers.get(request.to), settings.account_id)
        if self._unsubscribed.get(order.address):
            message = "Attempt to send to unsubscribed recipient"
            return Refused(error_answer(400, UNSUBSCRIBED, message), order=order)
        return order

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        return media_problem(got)

    def refuse_media(self, problem: MediaProblem) -> Answer:
        return error_answer(400, problem.code, problem.details)

    def media_missing(self) -> Answer:
        return media_missing()

    def media_expired(self) -> Answer:
        return media_expired()

    def accept(self, order: Order, at: float) -> Accepted:
        """Accept the message. An unknown or blocking recipient is reported later as `undelivered`."""
        sid = f"{'MM' if order.media else 'SM'}{secrets.token_hex(16)}"
        settings = self._account.settings.of(order.account_id)
        answer: dict[str, Json] = {
            "account_sid": settings.account_id,
            "api_version": "2010-04-01",
            "body": order.text or "",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": settings.sender,
            "messaging_service_sid": None,
            "num_media": str(len(order.files)),
            "num_segments": str(segment_count(order.text or "")),
            "sid": sid,
            "status": "queued",
            "to": order.address,
            "uri": f"/2010-04-01/Accounts/{settings.account_id}/Messages/{sid}.json",
        }
        failure = _failure(order.customer)
        reports = ("failed",) if failure else ("sent", "delivered")
        reported = reports if order.callback_url else ()
        return Accepted(order, sid, Answer(201, ascii_json(answer)), reported, failure)

    def throttled(self, code: int | None, wait_s: float) -> Answer:
        retry_after = max(1, math.ceil(wait_s))
        return error_answer(429, code or TOO_MANY_REQUESTS, "Too Many Requests", retry_after=retry_after)

    def broken(self, status: int | None, code: int | None) -> Answer:
        return error_answer(status or 500, code or INTERNAL, "Internal Server Error")

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        return status_form(report, accepted, self._account.settings.of(accepted.order.account_id), at)

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        if request.edit_of is not None or request.quoted is not None:
            raise ControlError("an SMS can be neither changed nor quoted: leave out `edit_of` and `quoted`")
        match opt_out_type(request.text or ""):
            case "STOP":
                self._unsubscribed.put(request.sender, row=True)
            case "START":
                self._unsubscribed.put(request.sender, row=False)
        items = self._media.receive(request, at)
        sid = f"{'MM' if items else 'SM'}{secrets.token_hex(16)}"
        body = message_form(
            request,
            sid,
            self._account.settings.of(request.account),
            files=[(self._media.url(item, sid), item.media.content_type) for item in items],
        )
        return Inbound(sid, body, next(iter(items), None))

    def hear(self, answer: WebhookAnswer, at: float) -> None:
        """Do nothing: no instructions are simulated."""

    def check_address(self, address: str) -> None:
        is_short_code = address.isascii() and address.isdecimal() and 3 <= len(address) <= 6
        if not is_short_code and not is_e164(address):
            raise ControlError(f"`{address}` must be a phone number such as +15005550006 or a short code")

    def lane(self, address: str) -> str | None:
        return None

    def encode(self, body: Json) -> bytes:
        return urlencode(body if isinstance(body, dict) else {}).encode()

    def headers(
        self, body: bytes, url: str, *, signature: Signature, account: str | None = None
    ) -> dict[str, str]:
        return signed_headers(body, url, self._account.settings.of(account).webhook_secret, signature)


def _account_of(call: Call, settings: Settings) -> Settings | None:
    """Return the settings of the account whose basic authentication the request has."""
    every = (settings, *(settings.of(account_id) for account_id in settings.others))
    return next((account for account in every if _is_authorized(call, account)), None)


def _is_authorized(call: Call, settings: Settings) -> bool:
    credentials = base64.b64encode(f"{settings.account_id}:{settings.access_token}".encode()).decode()
    return call.headers.get("authorization") == f"Basic {credentials}"


def _order(request: MessageRequest, customer: Customer | None, account_id: str) -> Order:
    files = [OutgoingMedia("image", MOST_BYTES, url) for url in request.media_urls]
    order = Order(
        address=request.to,
        text=request.body or None,
        input=request.to,
        callback_url=request.callback_url,
        customer=customer,
        account_id=account_id,
        most_bytes=MOST_BYTES - len(request.body.encode()),
    )
    return order.with_files(files) if files else order


def _failure(customer: Customer | None) -> int | None:
    if customer is None:
        return UNKNOWN_HANDSET
    return BLOCKED if customer.blocked else None


PROVIDER: Final = Twilio
