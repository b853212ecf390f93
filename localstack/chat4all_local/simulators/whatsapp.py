"""The WhatsApp Cloud API's way to send a text or a file.

Sources, all under https://developers.facebook.com/documentation/business-messaging/whatsapp/:

- request and answer: `reference/whatsapp-business-phone-number/message-api`, `messages/text-messages`,
  `messages/{image,video,audio,document}-messages` (`link` or `id`, a caption of 1024 characters, a file name
  of documents only)
- a person without a phone number: `business-scoped-user-ids` (`recipient` in the place of `to`)
- rates: `throughput` (80/s a number), `messages/send-messages` (one per 6 s to one person, bursts of 45)
- errors: `support/error-codes`

Other documented types are refused with 131051. Links may be of http:// here, as all is on one machine.
"""

import base64
import re
import secrets
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import Customer, InboundRequest, Json, Signature
from chat4all_local.simulators.graph import (
    edge_of,
    graph_error,
    is_json,
    missing_object,
    refuse_address,
    refuse_object,
    refuse_token,
)
from chat4all_local.simulators.media import Content, MediaProblem, OutgoingMedia, Unfetched
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
from chat4all_local.simulators.signing import hub_headers, meta_json
from chat4all_local.simulators.whatsapp_media import (
    INBOUND,
    MOST_BYTES,
    RULES,
    WhatsAppMedia,
    media_not_found,
    media_problem,
)
from chat4all_local.simulators.whatsapp_webhooks import bsuid_of, message_webhook, status_webhook

BSUID_PATTERN: Final = r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$"
PHONE_PATTERN: Final = r"^\+?[1-9][0-9]{6,14}$"

UNDELIVERABLE: Final = 131026
WINDOW_CLOSED: Final = 131047
THROUGHPUT: Final = 130429
PAIR_RATE: Final = 131056
SOMETHING_WENT_WRONG: Final = 131000
_UNSUPPORTED_TYPE: Final = 131051
_INVALID_VALUE: Final = 131009

_TITLES: Final = {
    100: "Invalid parameter",
    THROUGHPUT: "Rate limit hit",
    PAIR_RATE: "(Business Account, Consumer Account) pair rate limit hit",
    SOMETHING_WENT_WRONG: "Something went wrong",
    _INVALID_VALUE: "Parameter value is not valid",
    _UNSUPPORTED_TYPE: "Unsupported message type",
}


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    preview_url: bool = False


class _Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file by its address or by its uploaded id: one of the two."""

    id: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    link: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")] | None = None


class _Audio(_Media, frozen=True, forbid_unknown_fields=True):
    voice: bool = False


class _Captioned(_Media, frozen=True, forbid_unknown_fields=True):
    caption: Annotated[str, msgspec.Meta(max_length=1024)] | None = None


class _Document(_Captioned, frozen=True, forbid_unknown_fields=True):
    filename: Annotated[str, msgspec.Meta(min_length=1)] | None = None


_File: TypeAlias = _Audio | _Captioned | _Document


class _Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: Annotated[str, msgspec.Meta(pattern=r"^wamid\..+")]


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of a request to send. `to` wins over `recipient` where both are there."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual"] = "individual"
    to: Annotated[str, msgspec.Meta(pattern=PHONE_PATTERN)] | None = None
    recipient: Annotated[str, msgspec.Meta(pattern=BSUID_PATTERN)] | None = None
    type: Literal["text", "image", "video", "audio", "document"] = "text"
    text: _Text | None = None
    image: _Captioned | None = None
    video: _Captioned | None = None
    audio: _Audio | None = None
    document: _Document | None = None
    context: _Context | None = None
    biz_opaque_callback_data: Annotated[str, msgspec.Meta(max_length=512)] | None = None

    def file(self) -> _File | None:
        files = {"image": self.image, "video": self.video, "audio": self.audio, "document": self.document}
        return files.get(self.type)

    def objects(self) -> list[str]:
        """The types whose objects are there."""
        return [name for name in ("text", *RULES) if getattr(self, name) is not None]


class _Typed(msgspec.Struct, frozen=True):
    type: str = "text"


class WhatsApp:
    """One business phone number."""

    name = "whatsapp"
    has_challenge = True
    rate_limits = (
        RateLimit(per_person=False, burst=80, interval_s=1 / 80, code=THROUGHPUT),
        RateLimit(per_person=True, burst=45, interval_s=6.0, code=PAIR_RATE),
    )

    fetches_later = True
    most_upload_bytes = MOST_BYTES
    inbound_kinds = frozenset(INBOUND)

    def __init__(self, account: Account) -> None:
        self._account = account
        self._media = WhatsAppMedia(account)

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        if served := self._media.serve(call, at):
            return served
        return refuse_address(call, "messages", "media") or self._read_post(call, at)

    def _read_post(self, call: Call, at: float) -> Order | Refused | Answer:
        settings = self._account.settings
        if refusal := refuse_token(call, settings):
            return Refused(refusal, authorized=False)
        if refusal := refuse_object(call, settings):
            return Refused(refusal)
        if edge_of(call) == "media":
            return self._media.upload(call, at)
        if not is_json(call):
            return _refused(100, "The parameter messaging_product is required.")
        return self._read_message(call.body, at)

    def _read_message(self, body: bytes, at: float) -> Order | Refused:
        try:
            if (kind := msgspec.json.decode(body, type=_Typed).type) not in {"text", *RULES}:
                return _refused(_UNSUPPORTED_TYPE, f"Messages of type {kind} are not simulated.")
            message = msgspec.json.decode(body, type=_Message)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return _refused(100, str(problem))
        spelled = message.to or message.recipient
        if spelled is None:
            return _refused(100, "The parameter to is required.")
        if message.objects() != [message.type]:
            return _refused(100, f"The parameter {message.type} is required, and no other type's.")
        media = self._outgoing(message, at)
        if isinstance(media, Refused):
            return media
        customer = self._find(spelled)
        file = message.file()
        caption = file.caption if isinstance(file, _Captioned) else None
        return Order(
            address=customer.address if customer else spelled.removeprefix("+"),
            text=message.text.body if message.text else caption,
            input=spelled,
            callback_data=message.biz_opaque_callback_data,
            quoted=message.context.message_id if message.context else None,
            customer=customer,
            media=media,
        )

    def _outgoing(self, message: _Message, at: float) -> OutgoingMedia | Refused | None:
        file = message.file()
        if file is None:
            return None
        if (file.id is None) == (file.link is None):
            return _refused(100, f"The parameter {message.type} has one of id and link.")
        filename = file.filename if isinstance(file, _Document) else None
        content = self._media.uploaded(file.id, at) if file.id is not None else None
        if file.id is not None and content is None:
            return _refused(_INVALID_VALUE, f"The media id {file.id} is not known.")
        return OutgoingMedia(message.type, RULES[message.type].most_bytes, file.link, filename, content)

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        return media_problem(media, got)

    def refuse_media(self, problem: MediaProblem) -> Answer:
        return _error(400, problem.code, problem.details)

    def media_missing(self) -> Answer:
        return missing_object("GET", "of the media")

    def media_expired(self) -> Answer:
        return media_not_found()

    def accept(self, order: Order, at: float) -> Accepted:
        """A number that is not on WhatsApp and a closed window show only later, as a failed status."""
        wamid = _new_wamid()
        customer = order.customer
        contact: dict[str, Json] = {"input": order.input}
        if customer is None:
            contact["wa_id"] = order.address
        elif "." in order.input:
            contact["user_id"] = order.input
        else:
            contact["wa_id"] = customer.phone or customer.address
        answer = meta_json(
            {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]}
        )
        failure = self._failure(customer, at)
        reports = ("failed",) if failure else ("sent", "delivered", "read")
        return Accepted(order, wamid, Answer(200, answer), reports, failure)

    def _failure(self, customer: Customer | None, at: float) -> int | None:
        if customer is None or customer.blocked:
            return UNDELIVERABLE
        return None if self._account.window_open(customer, at) else WINDOW_CLOSED

    def throttled(self, code: int | None, wait_s: float) -> Answer:
        return _error(429, code or THROUGHPUT, "Too many messages were sent in a short period of time.")

    def broken(self, status: int | None, code: int | None) -> Answer:
        return _error(status or 500, code or SOMETHING_WENT_WRONG, "Message failed to send.")

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        return meta_json(status_webhook(report, accepted, self._account.settings.account_id, at))

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        wamid = _new_wamid()
        item = self._media.receive(request, at)
        about = self._media.webhook_object(item, request, at) if item and item.size <= MOST_BYTES else None
        payload = message_webhook(
            request, customer, wamid, self._account.settings.account_id, at, media=about
        )
        return Inbound(wamid, meta_json(payload), item)

    def check_address(self, address: str) -> None:
        if not re.fullmatch(r"[1-9][0-9]{6,14}", address) and not re.fullmatch(BSUID_PATTERN, address):
            raise ControlError(
                f"`{address}` is neither the digits of a phone number nor a BSUID such as BR.1502"
            )

    def lane(self, address: str) -> str | None:
        return None

    def encode(self, body: Json) -> bytes:
        return meta_json(body)

    def headers(self, body: bytes, *, signature: Signature) -> dict[str, str]:
        return hub_headers(self._account.settings.webhook_secret, body, signature)

    def _find(self, spelled: str) -> Customer | None:
        """The person whom a phone number or a BSUID means."""
        customers = self._account.customers
        if "." in spelled:
            everyone = customers.values()
            return customers.get(spelled) or next((one for one in everyone if bsuid_of(one) == spelled), None)
        digits = spelled.removeprefix("+")
        return customers.get(digits) or customers.get(_other_brazilian_spelling(digits))


def _other_brazilian_spelling(digits: str) -> str:
    """A Brazilian mobile number with its ninth digit taken away, or added; else the number itself.

    WhatsApp delivers to both, and answers with the `wa_id` that the person is registered under.
    """
    if len(digits) == 13 and digits.startswith("55") and digits[4] == "9":
        return digits[:4] + digits[5:]
    if len(digits) == 12 and digits.startswith("55"):
        return digits[:4] + "9" + digits[4:]
    return digits


def _new_wamid() -> str:
    return "wamid." + base64.b64encode(secrets.token_bytes(30)).decode()


def _refused(code: int, details: str) -> Refused:
    return Refused(_error(400, code, details))


def _error(status: int, code: int, details: str) -> Answer:
    message = f"(#{code}) {_TITLES.get(code, 'Error')}"
    return graph_error(
        status, code, message, error_data={"messaging_product": "whatsapp", "details": details}
    )
