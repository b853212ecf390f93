"""Instagram messaging's API to send a text, a file, a sticker or a reaction.

Sources: quick replies ("a maximum of 13 buttons"), reactions ("any emoji reaction") and the heart, under
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api,
and under https://developers.facebook.com/docs/messenger-platform/:

- `instagram/features/send-message`: UTF-8 text of 1000 bytes or less
- `reference/send-api`: `metadata`, `messaging_type`, `tag`, `reply_to`
- `overview/rate-limiting`: 300 texts a second, 10 audios or videos
- `reference/buttons/quick-replies`: `title` and `payload` of up to 1000 characters
- `error-codes`

Too many quick replies are refused as too many buttons of a template are:
https://github.com/botman/botman/issues/694. A reaction is not echoed:
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks. Meta documents
neither its answer nor the error of a reaction to an unknown message; the answer names the recipient only, as
that of other sender actions. Button templates and published posts are not simulated. Generic templates,
whose pictures are not fetched here, and their postbacks:
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/generic-template

A message has a text, an attachment, or `attachments`: "up to ten" images. Files are given by `payload.url`
only: the Attachment Upload API is not simulated. Images and PDFs count towards the limit of texts, because
the documentation names no limit for them. Addresses may use http:// here, because everything runs on one
machine. Several accounts of a business share their token and, stricter than at Meta, their rates.
"""

import base64
import re
import secrets
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import (
    Customer,
    InboundRequest,
    Json,
    JsonObject,
    Signature,
    WebhookAnswer,
)
from chat4all_local.simulators.instagram.chats import Chats, Choice
from chat4all_local.simulators.instagram.errors import RATE_LIMIT, TOO_MANY, invalid, refused
from chat4all_local.simulators.instagram.manifest import OTHER_ACCOUNTS
from chat4all_local.simulators.instagram.media import (
    CDN_PATH,
    INBOUND,
    InstagramMedia,
    media_expired,
    media_missing,
    media_problem,
)
from chat4all_local.simulators.instagram.requests import (
    MOST_QUICK_REPLIES,
    SIGNS,
    Action,
    Attachment,
    Element,
    Message,
    Payload,
    Sign,
    is_action,
    is_sign,
)
from chat4all_local.simulators.instagram.requests import Content as RequestContent
from chat4all_local.simulators.instagram.webhooks import (
    event_webhook,
    message_event,
    postback_event,
    reaction_event,
    report_event,
)
from chat4all_local.simulators.provider import (
    Accepted,
    Answer,
    Call,
    ControlError,
    Download,
    Inbound,
    Order,
    Refused,
)
from chat4all_local.simulators.rates import RateLimit
from chat4all_local.simulators.shared.graph import (
    account_id_of,
    account_of,
    asked_fields,
    graph_error,
    is_json,
    missing_object,
    object_id_of,
    refuse_address,
    refuse_token,
)
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.signing import hub_headers, meta_json

TEXT_BYTES: Final = 1000
HUMAN_AGENT_HOURS: Final = 7 * 24
_KIND: Final = "IGApiException"


class Instagram:
    """A professional account."""

    name = "instagram"
    has_challenge = True
    rate_limits = (
        RateLimit(
            per_person=False,
            burst=300,
            interval_s=1 / 300,
            code=RATE_LIMIT,
            kinds=frozenset({"text", "quick_replies", "template", "image", "file", "like_heart", "reaction"}),
        ),
        RateLimit(
            per_person=False,
            burst=10,
            interval_s=1 / 10,
            code=RATE_LIMIT,
            kinds=frozenset({"audio", "video"}),
        ),
    )
    fetches_later = False
    most_upload_bytes = 0
    inbound_kinds = frozenset(INBOUND)
    has_albums = True

    def __init__(self, account: Account) -> None:
        self._account = account
        self._media = InstagramMedia(account)
        self._chats = Chats(account)
        self._edits = account.store.table("edits", int)

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Download:
        if call.path == CDN_PATH:
            return self._media.download(call, at)
        if call.method == "GET" and object_id_of(call) == "me":
            return self._me(call)
        return refuse_address(call, "messages") or self._read_post(call, at)

    def _read_post(self, call: Call, at: float) -> Order | Refused | Answer:
        if refusal := refuse_token(call, self._account.settings):
            return Refused(refusal, authorized=False)
        sender = account_id_of(call) or ""
        if not self._belongs(call, sender) or call.method != "POST":
            return Refused(missing_object(call.method, sender))
        if not is_json(call):
            return refused("The parameter recipient is required")
        if is_sign(call.body):
            read = self._read_sign
        else:
            read = self._read_action if is_action(call.body) else self._read_message
        return read(call.body, sender, at)

    def _me(self, call: Call) -> Answer:
        """Answer a question about the account of the token."""
        account = account_of(call, self._account.settings)
        if account is None:
            return refuse_token(call, self._account.settings) or missing_object("GET", "me")
        known: JsonObject = {
            "id": f"9{account.account_id}",
            "user_id": account.account_id,
            "username": "chat4all.local",
        }
        return Answer(200, meta_json(asked_fields(call, known)))

    def _belongs(self, call: Call, account_id: str) -> bool:
        """Return whether the token of the request gives access to the account."""
        settings = self._account.settings
        account = account_of(call, settings)
        if account is None or account.account_id == account_id:
            return account is not None
        return account.account_id == settings.account_id and account_id in OTHER_ACCOUNTS

    def _read_message(self, body: bytes, sender: str, at: float) -> Order | Refused:
        try:
            message = msgspec.json.decode(body, type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return refused(str(problem))
        if (message.messaging_type == "MESSAGE_TAG") != (message.tag is not None):
            return refused("A tag goes with messaging_type MESSAGE_TAG, and only with it")
        content = message.message
        if reason := content.problem():
            return refused(reason)
        order = Order(
            address=message.recipient.id,
            text=content.text,
            input=message.recipient.id,
            callback_data=content.metadata,
            quoted=message.reply_to.mid if message.reply_to else None,
            customer=self._account.customers.get(message.recipient.id),
            account_id=sender,
            sent_as=content.word,
            content=_recorded(content),
        )
        order = order.with_files(content.media) if content.media else order
        refusal = self._refusal(order, message.tag, at)
        return Refused(refusal, order=order) if refusal else order

    def _read_action(self, body: bytes, sender: str, at: float) -> Order | Refused:
        try:
            action = msgspec.json.decode(body, type=Action)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return refused(str(problem))
        if reason := action.problem():
            return refused(reason)
        order = Order(
            address=action.recipient.id,
            text=action.payload.reaction or "",
            input=action.recipient.id,
            quoted=action.payload.message_id,
            customer=self._account.customers.get(action.recipient.id),
            account_id=sender,
            sent_as="reaction",
        )
        refusal = self._refusal(order, None, at)
        if refusal is None and not self._chats.has(action.payload.message_id, order.address):
            refusal = invalid("The message of payload[message_id] cannot be found")
        return Refused(refusal, order=order) if refusal else order

    def _read_sign(self, body: bytes, sender: str, at: float) -> Order | Refused:
        """Judge a sign. It names the person alone, and comes within the window, as a message does."""
        try:
            sign = msgspec.json.decode(body, type=Sign)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return refused(str(problem))
        order = Order(
            address=sign.recipient.id,
            text=None,
            input=sign.recipient.id,
            customer=self._account.customers.get(sign.recipient.id),
            account_id=sender,
            sent_as=sign.sender_action,
        )
        refusal = self._refusal(order, None, at)
        return Refused(refusal, order=order) if refusal else order

    def _refusal(self, order: Order, tag: str | None, at: float) -> Answer | None:
        if len((order.text or "").encode()) > TEXT_BYTES:
            return invalid(f"Length of param message[text] must be less than or equal to {TEXT_BYTES}")
        if order.sent_as == "quick_replies" and len(_choices(order)) > MOST_QUICK_REPLIES:
            return graph_error(400, TOO_MANY, f"(#{TOO_MANY}) param quick_replies has too many elements.")
        customer = order.customer
        if customer is None:
            return graph_error(400, 100, "The requested user cannot be found.", subcode=2534014, kind=_KIND)
        if customer.blocked:
            message = "This person isn't available right now."
            return graph_error(400, 551, message, subcode=1545041, kind=_KIND)
        in_window = self._account.window_open(customer, at)
        if in_window or (tag == "HUMAN_AGENT" and customer.window_open(at, HUMAN_AGENT_HOURS)):
            return None
        message = "This message is sent outside of allowed window."
        return graph_error(403, 10, message, subcode=2534022, kind=_KIND)

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        return media_problem(media, got)

    def refuse_media(self, problem: MediaProblem) -> Answer:
        return graph_error(400, problem.code, problem.details, subcode=problem.subcode)

    def media_missing(self) -> Answer:
        return media_missing()

    def media_expired(self) -> Answer:
        return media_expired()

    def accept(self, order: Order, at: float) -> Accepted:
        mid = _new_mid()
        if order.sent_as in SIGNS:
            name = f"{order.sent_as}:{order.address}:{mid}"
            return Accepted(order, name, Answer(200, meta_json({"recipient_id": order.address})), ())
        if order.sent_as == "reaction":
            return Accepted(order, mid, Answer(200, meta_json({"recipient_id": order.address})), ())
        self._chats.add(mid, order.address)
        if choices := _choices(order):
            self._chats.offer(order.address, choices)
        answer = Answer(200, meta_json({"recipient_id": order.address, "message_id": mid}))
        return Accepted(order, mid, answer, ("sent", "delivered", "read"))

    def throttled(self, code: int | None, wait_s: float) -> Answer:
        return graph_error(400, code or RATE_LIMIT, "Calls to this api have exceeded the rate limit.")

    def broken(self, status: int | None, code: int | None) -> Answer:
        return graph_error(
            status or 500, code or 2, "An unexpected error has occurred. Please retry your request later."
        )

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        account_id = accepted.order.account_id or self._account.settings.account_id
        # The CDN offers no copy of a file that Chat4All sent, because the simulator keeps none of its bytes.
        copy_url = self._media.url(accepted.provider_message_id, at)
        copy_urls = [copy_url] * len(accepted.order.files)
        event = report_event(report, accepted, account_id, at, copy_urls=copy_urls)
        return meta_json(event_webhook(event, account_id, at))

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        account_id = self._account.settings.of(request.account).account_id
        if request.kind == "reaction":
            event = self._reaction(request, account_id, at)
            return Inbound(request.quoted or "", meta_json(event_webhook(event, account_id, at)))
        mid = request.edit_of or _new_mid()
        edits = self._edits.get(mid, 0)
        if request.edit_of is not None:
            edits += 1
            self._edits.put(mid, edits)
        tapped = self._tapped(request) if request.kind == "tap" else None
        if tapped is not None and tapped.is_postback:
            event = postback_event(request, mid, account_id, at, tapped)
            self._chats.add(mid, request.sender)
            return Inbound(mid, meta_json(event_webhook(event, account_id, at)))
        payload = tapped.payload if tapped else None
        items = self._media.receive(request, at)
        urls = [self._media.url(item.media_id, at) for item in items]
        event = message_event(request, mid, account_id, at, num_edit=edits, media_urls=urls, payload=payload)
        self._chats.add(mid, request.sender)
        return Inbound(mid, meta_json(event_webhook(event, account_id, at)), next(iter(items), None))

    def _reaction(self, request: InboundRequest, account_id: str, at: float) -> JsonObject:
        if not self._chats.has(request.quoted or "", request.sender):
            raise ControlError(f"`{request.quoted}` is no message of the chat: name the message as `quoted`")
        return reaction_event(request, account_id, at)

    def _tapped(self, request: InboundRequest) -> Choice:
        choice = self._chats.tap(request.sender, request.text)
        if choice is None:
            raise ControlError(f"the app shows no quick reply and no button `{request.text}`")
        return choice

    def hear(self, answer: WebhookAnswer, at: float) -> None:
        """Do nothing. Meta reads no answer."""

    def check_address(self, address: str) -> None:
        if not re.fullmatch(r"[0-9]{1,32}", address):
            raise ControlError(f"`{address}` is not an Instagram-scoped id: use digits only")

    def lane(self, address: str) -> str | None:
        return None

    def encode(self, body: Json) -> bytes:
        return meta_json(body)

    def headers(
        self, body: bytes, url: str, *, signature: Signature, account: str | None = None
    ) -> dict[str, str]:
        return hub_headers(self._account.settings.of(account).webhook_secret, body, signature)


def _recorded(content: RequestContent) -> Json:
    """Return what the person can tap, or the cards."""
    if content.attachment is not None and content.attachment.elements:
        return [msgspec.to_builtins(element) for element in content.attachment.elements]
    return [msgspec.to_builtins(choice) for choice in content.choices()] or None


def _choices(order: Order) -> list[Choice]:
    """Return what the person can tap of a recorded content."""
    if order.sent_as == "template":
        elements = msgspec.convert(order.content, list[Element])
        return Attachment("template", Payload(template_type="generic", elements=tuple(elements))).postbacks()
    return msgspec.convert(order.content or [], list[Choice])


def _new_mid() -> str:
    return "aWdfZAG1faXRlbToxOk" + base64.urlsafe_b64encode(secrets.token_bytes(45)).decode()


PROVIDER: Final = Instagram
