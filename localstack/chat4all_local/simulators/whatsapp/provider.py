"""The WhatsApp Cloud API to send a text, a file, or what `kinds` has.

Sources, all under https://developers.facebook.com/documentation/business-messaging/whatsapp/:

- request and answer: `reference/whatsapp-business-phone-number/message-api`, `messages/text-messages`,
  `messages/{image,video,audio,document}-messages` (`link` or `id`, a caption of 1024 characters, a file name
  for documents only)
- voice notes and stickers: `messages/{audio,sticker}-messages`; a reaction is reported as sent only:
  `messages/reaction-messages`
- a person without a phone number: `business-scoped-user-ids` (`recipient` in place of `to`)
- groups: `groups/groups-messaging` (`recipient_type` is `group`, `to` is the group's id; only texts and
  files). A group is registered as a customer with the address `group:` and the id. A person's message stands
  in a group if `raw` has the `group_id`.
- several phone numbers of a business share its token. They share their rates here, which is stricter.
- rates: `throughput` (80/s for a number), `messages/send-messages` (a message per 6 s to a person, bursts of
  45)
- templates: `messages/template-messages`; see `templates.py`
- errors: `support/error-codes`

A customer writes a `location` or a `contact` (`text` is its name), a `reaction` to the message `quoted`
(`text` is the emoji, empty to take it back), a `tap` on a button or row of the message `quoted` (`text` is
its title or id), a `voice` note, a `sticker`, or `system`, the notice of the new number in `text`.

Other documented types are refused with 131051. Links may use http:// here, because everything runs on one
machine.
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
    OwnReport,
    Signature,
    TemplateChange,
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
from chat4all_local.simulators.shared.graph import (
    account_id_of,
    account_of,
    asked_fields,
    debugged_token,
    edge_of,
    is_json,
    missing_object,
    object_id_of,
    refuse_address,
    refuse_token,
)
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.signing import hub_headers, meta_json
from chat4all_local.simulators.whatsapp.account_reports import report_webhook
from chat4all_local.simulators.whatsapp.chats import ChatMessage, Chats, Choice, choices_of
from chat4all_local.simulators.whatsapp.errors import (
    INVALID_VALUE,
    PAIR_RATE,
    SOMETHING_WENT_WRONG,
    THROUGHPUT,
    UNDELIVERABLE,
    UNSUPPORTED_TYPE,
    WINDOW_CLOSED,
    error_answer,
    refused,
)
from chat4all_local.simulators.whatsapp.judging import refusal_of
from chat4all_local.simulators.whatsapp.kinds import Interactive
from chat4all_local.simulators.whatsapp.manifest import DISPLAY_PHONE_NUMBER, OTHER_NUMBERS
from chat4all_local.simulators.whatsapp.media import (
    INBOUND,
    MOST_BYTES,
    RULES,
    WhatsAppMedia,
    media_not_found,
    media_problem,
)
from chat4all_local.simulators.whatsapp.requests import (
    BSUID_PATTERN,
    GROUP_ID_PATTERN,
    TYPES,
    Audio,
    Document,
    Message,
    Reading,
    Typed,
    is_reading,
)
from chat4all_local.simulators.whatsapp.spellings import other_spelling
from chat4all_local.simulators.whatsapp.template_messages import SentTemplate
from chat4all_local.simulators.whatsapp.templates import Templates
from chat4all_local.simulators.whatsapp.webhooks import (
    GROUP_PREFIX,
    bsuid_of,
    message_webhook,
    preference_webhook,
    status_webhook,
)

SIGNALS: Final = frozenset({"read", "typing"})


class WhatsApp:
    """A business phone number."""

    name = "whatsapp"
    has_challenge = True
    rate_limits = (
        RateLimit(per_person=False, burst=80, interval_s=1 / 80, code=THROUGHPUT),
        RateLimit(per_person=True, burst=45, interval_s=6.0, code=PAIR_RATE, apart=SIGNALS),
    )

    fetches_later = True
    most_upload_bytes = MOST_BYTES
    inbound_kinds = frozenset(INBOUND)
    has_albums = False

    def __init__(self, account: Account) -> None:
        self._account = account
        self._media = WhatsAppMedia(account)
        self._chats = Chats(account.store)
        self._templates = Templates(account)

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        settings = self._account.settings
        asked = object_id_of(call) if call.method == "GET" else None
        if asked in {"debug_token", settings.account_id, *OTHER_NUMBERS, *settings.others}:
            return self._look_up(call)
        if edge_of(call) == "message_templates":
            return self._templates.serve(call)
        if served := self._media.serve(call, at):
            return served
        return refuse_address(call, "messages", "media") or self._read_post(call, at)

    def _look_up(self, call: Call) -> Answer:
        """Answer a question about the number of the token, or about the token."""
        settings = self._account.settings
        if refusal := refuse_token(call, settings):
            return refusal
        if debugged := debugged_token(call, settings):
            return debugged
        number = object_id_of(call) or ""
        if not self._belongs(call, number):
            return missing_object("GET", number)
        known: JsonObject = {
            "id": number,
            "display_phone_number": OTHER_NUMBERS.get(number, DISPLAY_PHONE_NUMBER),
            "verified_name": "Chat4All",
            "quality_rating": "GREEN",
        }
        return Answer(200, meta_json(asked_fields(call, known)))

    def _belongs(self, call: Call, number: str) -> bool:
        """Return whether the token of the request gives access to the number."""
        settings = self._account.settings
        account = account_of(call, settings)
        if account is None or account.account_id == number:
            return account is not None
        return account.account_id == settings.account_id and number in OTHER_NUMBERS

    def _read_post(self, call: Call, at: float) -> Order | Refused | Answer:
        settings = self._account.settings
        if refusal := refuse_token(call, settings):
            return Refused(refusal, authorized=False)
        sender = account_id_of(call) or ""
        if not self._belongs(call, sender) or call.method != "POST":
            return Refused(missing_object(call.method, sender))
        if edge_of(call) == "media":
            return self._media.upload(call, at)
        if not is_json(call):
            return refused(100, "The parameter messaging_product is required.")
        if is_reading(call.body):
            return self._read_reading(call.body, sender, at)
        return self._read_message(call.body, sender, at)

    def _read_reading(self, body: bytes, sender: str, at: float) -> Order | Refused:
        """Judge a request that marks a message as read, by an id that a webhook named."""
        try:
            reading = msgspec.json.decode(body, type=Reading)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return refused(100, str(problem))
        address = self._chats.reader_of(reading.message_id, at)
        if address is None:
            return refused(INVALID_VALUE, f"The message {reading.message_id} cannot be marked as read.")
        return Order(
            address=address,
            text=None,
            input=address,
            quoted=reading.message_id,
            customer=self._account.customers.get(address),
            account_id=sender,
            sent_as="read" if reading.typing_indicator is None else "typing",
        )

    def _read_message(self, body: bytes, sender: str, at: float) -> Order | Refused:
        try:
            if (kind := msgspec.json.decode(body, type=Typed).type) not in TYPES:
                return refused(UNSUPPORTED_TYPE, f"Messages of type {kind} are not simulated.")
            message = msgspec.json.decode(body, type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return refused(100, str(problem))
        if refusal := refusal_of(message):
            return refusal
        if message.template is not None and (
            refusal := self._templates.refusal(message.template, message.to)
        ):
            return refusal
        media = self._outgoing(message, at)
        if isinstance(media, Refused):
            return media
        spelled = message.to or message.recipient or ""
        is_group = message.recipient_type == "group"
        address = f"{GROUP_PREFIX}{spelled}" if is_group else spelled.removeprefix("+")
        customer = self._account.customers.get(address) if is_group else self._find(spelled)
        return Order(
            address=customer.address if customer else address,
            text=self._templates.words(message.template) if message.template else message.words(),
            input=spelled,
            callback_data=message.biz_opaque_callback_data,
            quoted=message.quoted(),
            customer=customer,
            media=media,
            account_id=sender,
            sent_as=message.type,
            content=message.content(),
        )

    def _outgoing(self, message: Message, at: float) -> OutgoingMedia | Refused | None:
        if message.template is not None:
            return self._header_file(message.template, at)
        file = message.file()
        if file is None:
            return None
        if (file.id is None) == (file.link is None):
            return refused(100, f"The parameter {message.type} has one of id and link.")
        filename = file.filename if isinstance(file, Document) else None
        content = self._media.uploaded(file.id, at) if file.id is not None else None
        if file.id is not None and content is None:
            return refused(INVALID_VALUE, f"The media id {file.id} is not known.")
        kind = "voice" if isinstance(file, Audio) and file.voice else message.type
        return OutgoingMedia(kind, RULES[kind].most_bytes, file.link, filename, content)

    def _header_file(self, template: SentTemplate, at: float) -> OutgoingMedia | Refused | None:
        found = template.file()
        if found is None:
            return None
        kind, file = found
        if (file.id is None) == (file.link is None):
            return refused(100, f"The parameter {kind} has one of id and link.")
        content = self._media.uploaded(file.id, at) if file.id is not None else None
        if file.id is not None and content is None:
            return refused(INVALID_VALUE, f"The media id {file.id} is not known.")
        return OutgoingMedia(kind, RULES[kind].most_bytes, file.link, file.filename, content)

    def change_template(self, change: TemplateChange, at: float) -> bytes:
        return self._templates.change(change, at)

    def report_on_us(self, report: OwnReport, at: float) -> bytes:
        return report_webhook(report, self._account.settings, at)

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        return media_problem(media, got)

    def refuse_media(self, problem: MediaProblem) -> Answer:
        return error_answer(400, problem.code, problem.details)

    def media_missing(self) -> Answer:
        return missing_object("GET", "of the media")

    def media_expired(self) -> Answer:
        return media_not_found()

    def accept(self, order: Order, at: float) -> Accepted:
        """Accept the message. An unknown number or a closed window is reported later, as a failed status."""
        if order.sent_as in SIGNALS:
            done = Answer(200, meta_json({"success": True}))
            return Accepted(order, f"{order.sent_as}:{order.quoted}", done, ())
        wamid = _new_wamid()
        customer = order.customer
        contact: dict[str, Json] = {"input": order.input}
        if customer is None:
            contact["wa_id"] = order.address
        elif order.address.startswith(GROUP_PREFIX):
            contact["group_id"] = order.input
        elif "." in order.input:
            contact["user_id"] = order.input
        else:
            contact["wa_id"] = customer.phone or customer.address
        answer = meta_json(
            {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]}
        )
        failure = self._failure(order, at)
        if failure is None:
            self._remember_sent(order, wamid, at)
        delivered = ("sent",) if order.kind == "reaction" else ("sent", "delivered", "read")
        reports = ("failed",) if failure else delivered
        return Accepted(order, wamid, Answer(200, answer), reports, failure)

    def _failure(self, order: Order, at: float) -> int | None:
        customer = order.customer
        if customer is None or customer.blocked:
            return UNDELIVERABLE
        if order.sent_as != "template" and not self._account.window_open(customer, at):
            return WINDOW_CLOSED
        is_reaction = order.kind == "reaction"
        is_lost = is_reaction and not self._chats.takes_reaction(order.quoted or "", order.address, at)
        return INVALID_VALUE if is_lost else None

    def _remember_sent(self, order: Order, wamid: str, at: float) -> None:
        choices: tuple[Choice, ...] = ()
        if order.sent_as == "interactive":
            choices = choices_of(msgspec.convert(order.content, type=Interactive))
        if order.sent_as == "template":
            choices = self._templates.choices(msgspec.convert(order.content, type=SentTemplate))
        is_reaction = order.sent_as == "reaction"
        message = ChatMessage(order.address, at, is_ours=True, is_reaction=is_reaction, choices=choices)
        self._chats.add(wamid, message)

    def throttled(self, code: int | None, wait_s: float) -> Answer:
        return error_answer(429, code or THROUGHPUT, "Too many messages were sent in a short period of time.")

    def broken(self, status: int | None, code: int | None) -> Answer:
        return error_answer(status or 500, code or SOMETHING_WENT_WRONG, "Message failed to send.")

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        number = accepted.order.account_id or self._account.settings.account_id
        return meta_json(status_webhook(report, accepted, number, at))

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        wamid = _new_wamid()
        account_id = self._account.settings.account_id
        if request.kind == "preference":
            return Inbound(wamid, meta_json(preference_webhook(request, customer, account_id, at)))
        group = f"{GROUP_PREFIX}{(request.raw or {}).get('group_id')}"
        if group in self._account.customers:
            self._account.wrote(group, at)
        chat = group if group in self._account.customers else customer.address
        if request.kind == "reaction":
            self._chats.check_reaction(request.quoted, chat, at)
        choice = self._chats.tapped(request.quoted, chat, request.text) if request.kind == "tap" else None
        item = self._media.receive(request, at)
        about = self._media.webhook_object(item, request, at) if item and item.size <= MOST_BYTES else None
        number = self._account.settings.of(request.account).account_id
        payload = message_webhook(request, customer, wamid, number, at, media=about, choice=choice)
        written = ChatMessage(chat, at, is_ours=False, is_reaction=request.kind == "reaction")
        self._chats.add(wamid, written)
        return Inbound(wamid, meta_json(payload), item)

    def hear(self, answer: WebhookAnswer, at: float) -> None:
        """Do nothing. Meta reads no answer."""

    def check_address(self, address: str) -> None:
        group_id = address.removeprefix(GROUP_PREFIX)
        is_group = group_id != address and re.fullmatch(GROUP_ID_PATTERN, group_id)
        is_person = re.fullmatch(r"[1-9][0-9]{6,14}", address) or re.fullmatch(BSUID_PATTERN, address)
        if not is_group and not is_person:
            raise ControlError(
                f"`{address}` must be the digits of a phone number, a BSUID such as BR.1502, "
                "or `group:` and the id of a group"
            )

    def lane(self, address: str) -> str | None:
        return None

    def encode(self, body: Json) -> bytes:
        return meta_json(body)

    def headers(
        self, body: bytes, url: str, *, signature: Signature, account: str | None = None
    ) -> dict[str, str]:
        return hub_headers(self._account.settings.of(account).webhook_secret, body, signature)

    def _find(self, spelled: str) -> Customer | None:
        """Return the customer whom a phone number or a BSUID identifies."""
        customers = self._account.customers
        if "." in spelled:
            everyone = customers.values()
            return customers.get(spelled) or next(
                (customer for customer in everyone if bsuid_of(customer) == spelled), None
            )
        digits = spelled.removeprefix("+")
        return customers.get(digits) or customers.get(other_spelling(digits))


def _new_wamid() -> str:
    return "wamid." + base64.b64encode(secrets.token_bytes(30)).decode()


PROVIDER: Final = WhatsApp
