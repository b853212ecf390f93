"""The Telegram Bot API's methods to send and change messages, to set a webhook, and to fetch people's files.

Sources:

- https://core.telegram.org/bots/api: methods, parameters, limits of texts and captions
- https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: rates
- https://github.com/tdlib/telegram-bot-api, the open server: descriptions of errors, `Retry-After`

The FAQ says about a single chat: not "more than one message per second. We may allow short bursts that go
over this limit". The simulator reads this as a burst of 5. About all chats, the FAQ says "30 messages per
second or so". Like the real server, the simulator ignores unknown parameters. A group has the limit of a
single chat; the limit of 20 messages a minute is not simulated.
"""

import math
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

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
from chat4all_local.simulators.telegram.acts import ACTS, SIGNALS, Acts
from chat4all_local.simulators.telegram.albums import read_album
from chat4all_local.simulators.telegram.blocks import MEMBER_STATUSES, block_change
from chat4all_local.simulators.telegram.chats import (
    Chats,
    PlacedOrder,
    Where,
    check_address,
    where,
    writer_object,
)
from chat4all_local.simulators.telegram.errors import (
    FLOOD,
    error_answer,
    refuse_chat,
    refuse_text,
    result_answer,
)
from chat4all_local.simulators.telegram.kinds import KINDS, keyboard_fields
from chat4all_local.simulators.telegram.media import (
    FILE_KINDS,
    INBOUND,
    MOST_UPLOAD_BYTES,
    NO_CAPTION,
    TelegramMedia,
    media_expired,
    media_problem,
)
from chat4all_local.simulators.telegram.parameters import ParameterError, ReplyParameters, read_parameters
from chat4all_local.simulators.telegram.reactions import Reactions, read_reaction
from chat4all_local.simulators.telegram.taps import Taps
from chat4all_local.simulators.telegram.updates import (
    ChatHistory,
    Writing,
    reacted,
    tapped,
    token_headers,
    update,
)

_IDS_PER_S: Final = 30
"""A rate above the average number of messages per second that a local cloud sends and receives."""
_PATH: Final = re.compile(r"/bot([^/]+)/([^/]+)")


class Telegram:
    """A bot and its chats."""

    name = "telegram"
    has_challenge = False
    rate_limits = (
        RateLimit(per_person=False, burst=30, interval_s=1 / 30, code=FLOOD),
        RateLimit(per_person=True, burst=5, interval_s=1.0, code=FLOOD, apart=SIGNALS),
    )

    fetches_later = False
    most_upload_bytes = MOST_UPLOAD_BYTES
    inbound_kinds = frozenset(INBOUND)
    has_albums = False

    def __init__(self, account: Account) -> None:
        self._account = account
        self._media = TelegramMedia(account)
        self._chats = Chats(account)
        # A purged folder has no history: the first id is above the ids of earlier clouds, too.
        self._history = ChatHistory(account.store, int(time.time() * _IDS_PER_S) % (2 * 10**9))
        self._update_ids = account.store.table("last update id", int)
        self._reactions = Reactions(account.store)
        self._taps = Taps(account.store)
        self._acts = Acts(account, self._chats, self._history)
        self._methods: dict[str, Callable[[dict[str, str], Settings], Answer]] = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
        }

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        if served := self._media.download(call, at):
            return served
        match = _PATH.fullmatch(call.path)
        if match is None or call.method not in {"GET", "POST"}:
            return error_answer(404, "Not Found")
        bot = self._account.settings.with_token(match.group(1))
        if bot is None:
            return Refused(error_answer(401, "Unauthorized"), authorized=False)
        if call.too_large:
            return Refused(error_answer(413, "Request Entity Too Large"))
        try:
            called = self._call_method(match.group(2).lower(), call, at, bot)
        except ParameterError as problem:
            return Refused(error_answer(400, f"Bad Request: {problem}"))
        return (
            msgspec.structs.replace(called, account_id=bot.account_id)
            if isinstance(called, Order)
            else called
        )

    def _call_method(
        self, method: str, call: Call, at: float, bot: Settings
    ) -> Order | Refused | Answer | Lookup:
        """Call a method of the Bot API. Raises ParameterError."""
        parameters = read_parameters(call)
        if method == "sendmessage":
            return self._read_message(parameters, parameters.get("text", ""))
        if kind := FILE_KINDS.get(method):
            media = self._media.outgoing(kind, parameters, call.form)
            caption = None if kind in NO_CAPTION else parameters.get("caption") or None
            return self._read_message(parameters, caption, media=media)
        if method == "sendmediagroup":
            return self._read_album(parameters, call)
        if found := KINDS.get(method):
            named, fields_of = found
            return self._read_message(parameters, None, named=named, fields=fields_of(parameters))
        return self._call_other(method, parameters, at, bot)

    def _read_album(self, parameters: dict[str, str], call: Call) -> Order | Refused:
        """Judge an album. Raises ParameterError."""
        place = {name: value for name, value in parameters.items() if name != "reply_markup"}
        items: list[Order] = []
        for media, caption in read_album(parameters, self._media, call.form):
            item = self._read_message(place, caption, media=media)
            if isinstance(item, Refused):
                return item
            items.append(item)
        first, *others = items
        return msgspec.structs.replace(first, album=tuple(others))

    def _call_other(
        self, method: str, parameters: dict[str, str], at: float, bot: Settings
    ) -> Order | Refused | Answer | Lookup:
        """Call a method that sends no message. Raises ParameterError."""
        if (act := self._acts.read(method, parameters, at)) is not None:
            return act
        if method == "setmessagereaction":
            return self._read_reaction(parameters)
        if method == "answercallbackquery":
            return self._answer_tap(parameters, at)
        if method == "getfile":
            return self._get_file(parameters, at)
        handler = self._methods.get(method)
        return handler(parameters, bot) if handler else error_answer(404, "Not Found: method not found")

    def _get_file(self, parameters: dict[str, str], at: float) -> Lookup | Answer:
        try:
            item = self._media.file_of(parameters.get("file_id", ""))
        except ParameterError as problem:
            return error_answer(400, f"Bad Request: {problem}")
        return Lookup(item, result_answer(self._media.file_fields(item, at)))

    def _answer_tap(self, parameters: dict[str, str], at: float) -> Answer:
        try:
            self._taps.answer(parameters, at)
        except ParameterError as problem:
            return error_answer(400, f"Bad Request: {problem}")
        return result_answer(result=True)

    def _read_reaction(self, parameters: dict[str, str]) -> Order | Refused:
        chat_id, message_id = parameters.get("chat_id", ""), parameters.get("message_id", "")
        emoji = read_reaction(parameters.get("reaction", ""))
        order = PlacedOrder(
            address=chat_id,
            text=emoji,
            input=chat_id,
            quoted=message_id,
            customer=self._account.customers.get(chat_id),
            where=Where(chat_id),
            named="reaction",
        )
        refusal = refuse_chat(order) or self._chats.refuse(order.where) or self._refuse_target(order)
        return Refused(refusal, order=order) if refusal else order

    def _refuse_target(self, order: Order) -> Answer | None:
        """Refuse a reaction to a message that is not there, and to take back a reaction that is not there."""
        number = int(order.quoted) if order.quoted and order.quoted.isdecimal() else 0
        if not self._history.may_quote(order.address, number):
            return error_answer(400, "Bad Request: message to react not found")
        if not order.text and not self._reactions.of_bot(order.address, number):
            return error_answer(400, "Bad Request: REACTION_EMPTY")
        return None

    def _read_message(
        self,
        parameters: dict[str, str],
        text: str | None,
        *,
        media: OutgoingMedia | None = None,
        named: str = "text",
        fields: JsonObject | None = None,
    ) -> Order | Refused:
        """Judge a message. Raises ParameterError."""
        chat_id = parameters.get("chat_id", "")
        reply = ReplyParameters.parse(parameters.get("reply_parameters"))
        given = {**(fields or {}), **keyboard_fields(parameters)}
        order = PlacedOrder(
            address=chat_id,
            text=text,
            input=chat_id,
            quoted=str(reply.message_id) if reply else None,
            customer=self._account.customers.get(chat_id),
            media=media,
            where=Where(
                chat_id,
                parameters.get("message_thread_id", ""),
                parameters.get("business_connection_id", ""),
            ),
            named=named,
            content=given or None,
            fields=given,
        )
        if parameters.get("parse_mode"):
            return Refused(error_answer(400, "Bad Request: unsupported parse_mode"), order=order)
        refusal = (
            (refuse_text(order) if named == "text" else None)
            or refuse_chat(order)
            or self._chats.refuse(order.where)
            or self._refuse_reply(order, reply)
        )
        return Refused(refusal, order=order) if refusal else order

    def _refuse_reply(self, order: Order, reply: ReplyParameters | None) -> Answer | None:
        if reply is None or reply.allow_sending_without_reply:
            return None
        if self._history.may_quote(order.address, reply.message_id):
            return None
        return error_answer(400, "Bad Request: message to be replied not found")

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        return media_problem(media, got)

    def refuse_media(self, problem: MediaProblem) -> Answer:
        return error_answer(problem.code, problem.details)

    def media_missing(self) -> Answer:
        return error_answer(400, "Bad Request: wrong file_id or the file is temporarily unavailable")

    def media_expired(self) -> Answer:
        return media_expired()

    def accept(self, order: Order, at: float) -> Accepted:
        if order.customer is None:
            raise ControlError("a message to an unknown chat must be refused before it is accepted")
        if order.kind in ACTS:
            return self._acts.accept(order, at)
        if order.kind == "reaction":
            self._reactions.set_by_bot(order.address, int(order.quoted or ""), order.text or "")
            name = f"reaction:{order.address}:{order.quoted}"
            return Accepted(order, name, result_answer(result=True), ())
        if order.album:
            return self._accept_album(order, at)
        message = self._add(order, order.customer, at)
        answer = Answer(200, ascii_json({"ok": True, "result": message}))
        return Accepted(order, str(message["message_id"]), answer, ())

    def _accept_album(self, order: Order, at: float) -> Accepted:
        group: JsonObject = {"media_group_id": str(secrets.randbelow(10**17))}
        items = (order, *order.album)
        messages = [self._add(item, item.customer, at, group) for item in items if item.customer is not None]
        first, *others = [str(message["message_id"]) for message in messages]
        answer = Answer(200, ascii_json({"ok": True, "result": [*messages]}))
        return Accepted(order, first, answer, (), album_ids=tuple(others))

    def _add(
        self, order: Order, customer: Customer, at: float, fields: JsonObject | None = None
    ) -> JsonObject:
        """Add a message of the bot to the history of its chat."""
        media = order.media
        file = self._media.sent_fields(media, media.content) if media and media.content else None
        placed = {**order.where.fields(), **order.fields} if isinstance(order, PlacedOrder) else {}
        return self._history.add(
            self._chats.object_of(customer),
            _bot(order.account_id or self._account.settings.account_id),
            order.text,
            at,
            quoted=order.quoted,
            fields={**placed, **(file or {}), **(fields or {})},
        )

    def throttled(self, code: int | None, wait_s: float) -> Answer:
        retry_after = max(1, math.ceil(wait_s))
        description = f"Too Many Requests: retry after {retry_after}"
        return error_answer(FLOOD, description, retry_after=retry_after)

    def broken(self, status: int | None, code: int | None) -> Answer:
        return error_answer(code or status or 500, "Internal Server Error", status=status)

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        raise ControlError("Telegram does not report on the delivery of a message")

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        update_id = (self._update_ids.get("last") or secrets.randbelow(10**8)) + 1
        self._update_ids.put("last", update_id)
        item = self._media.receive(request, at) if request.edit_of is None else None
        file = self._media.received_fields(item, request.kind) if item else None
        inbound = self._update(request, customer, update_id, at, file)
        return msgspec.structs.replace(inbound, item=item)

    def _update(
        self, request: InboundRequest, customer: Customer, update_id: int, at: float, file: JsonObject | None
    ) -> Inbound:
        place, chat = where(customer.address), self._chats.chat_of(customer.address, at)
        raw = request.raw or {}
        connection_id = raw.get("business_connection_id")
        if connection_id is not None and not self._chats.is_connected(str(connection_id)):
            raise ControlError(f"register the business connection `business:{connection_id}` first")
        supergroup = raw.get("migrate_to_chat_id")
        if isinstance(supergroup, int):
            self._chats.upgrade(chat, supergroup, at)
        chat_fields = self._chats.object_of(chat)
        fields = place.fields() | (file or {})
        if place.topic and request.quoted is None:
            fields["reply_to_message"] = self._chats.begun_by(customer, chat_fields)
        writing = Writing(chat_fields, writer_object(chat), fields)
        if request.kind in MEMBER_STATUSES:
            is_blocked = request.kind == "block"
            self._account.customers.put(
                customer.address, msgspec.structs.replace(customer, blocked=is_blocked)
            )
            change = block_change(request.kind, writing, at)
            return _update(update_id, str(update_id), {"my_chat_member": change})
        if request.kind == "reaction":
            reaction = reacted(request, writing, self._history, self._reactions, at)
            return _update(update_id, str(update_id), {"message_reaction": reaction})
        if request.kind == "tap":
            query = tapped(request, writing, self._history, self._taps, at)
            return _update(update_id, str(query["id"]), {"callback_query": query})
        return update(request, writing, self._history, update_id, at)

    def hear(self, answer: WebhookAnswer, at: float) -> None:
        """Carry out the call of a method in the answer to an update. Telegram tells nobody if it fails.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        call = Call("POST", "", "", {"content-type": answer.content_type}, answer.body.encode())
        with suppress(ParameterError):
            parameters = read_parameters(call)
            if parameters.get("method", "").lower() == "answercallbackquery":
                self._taps.answer(parameters, at)

    def check_address(self, address: str) -> None:
        check_address(address)

    def lane(self, address: str) -> str | None:
        """Return the chat: its updates are sent in order, each after the update before was accepted."""
        return where(address).chat_id

    def encode(self, body: Json) -> bytes:
        return ascii_json(body)

    def headers(
        self, body: bytes, url: str, *, signature: Signature, account: str | None = None
    ) -> dict[str, str]:
        return token_headers(self._account.settings.of(account).webhook_secret, signature)

    def _get_me(self, parameters: dict[str, str], bot: Settings) -> Answer:
        me = {**_bot(bot.account_id), "can_join_groups": True, "supports_inline_queries": False}
        return result_answer(me)

    def _set_webhook(self, parameters: dict[str, str], bot: Settings) -> Answer:
        secret = parameters.get("secret_token", "")
        if len(secret) > 256:
            return error_answer(400, "Bad Request: secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            return error_answer(400, "Bad Request: secret token contains unallowed characters")
        try:
            self._change(bot, {"webhook_url": parameters.get("url", ""), "webhook_secret": secret})
        except msgspec.ValidationError:
            return error_answer(400, "Bad Request: bad webhook: an http:// URL is expected on this machine")
        return result_answer(result=True, description="Webhook was set")

    def _delete_webhook(self, parameters: dict[str, str], bot: Settings) -> Answer:
        self._change(bot, {"webhook_url": ""})
        return result_answer(result=True, description="Webhook was deleted")

    def _change(self, bot: Settings, changes: JsonObject) -> None:
        """Change the webhook of a bot. Raises msgspec.ValidationError."""
        is_other = bot.account_id in self._account.settings.others
        self._account.change({"others": {bot.account_id: changes}} if is_other else changes)

    def _get_webhook_info(self, parameters: dict[str, str], settings: Settings) -> Answer:
        return result_answer(
            {
                "url": settings.webhook_url,
                "has_custom_certificate": False,
                "pending_update_count": self._account.webhooks_pending,
                "max_connections": settings.webhooks_in_flight,
            }
        )


def _bot(bot_id: str) -> JsonObject:
    return {"id": int(bot_id), "is_bot": True, "first_name": "Chat4All", "username": "chat4all_local_bot"}


def _update(update_id: int, name: str, part: JsonObject) -> Inbound:
    return Inbound(name, ascii_json({"update_id": update_id, **part}))


PROVIDER: Final = Telegram
