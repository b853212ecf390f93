"""/v1/webhooks/{channel}/{account}: the providers call here. The signature over the raw bytes is the key.

/v1/webhooks/{channel} is the address of the channel's first account. Where webhooks name the account that
they are for, it is the address of every account.

/v1/webhooks, /v1/webhooks/replay and /v1/webhooks/stored are for operators, with a key of this API.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import unquote, urlencode

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.clock import iso
from chat4all.domain.errors import (
    AccountNotFound,
    ChannelNotFound,
    Detail,
    Invalid,
    InvalidSignature,
    InvalidVerifyToken,
    Unavailable,
    WebhookNotFound,
)
from chat4all.domain.webhooks import ListedWebhook, StoredWebhook, WebhookOutcome
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.bodies import MOST_PAGE, Id, PageQuery, Time, time_from
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.function_url import raw_query
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from chat4all.services.inbound.read_webhook import ReadWebhook
from chat4all.services.inbound.receive_webhook import Received, ReceiveWebhook
from chat4all.services.inbound.replay_webhooks import Replayed, ReplayWebhooks
from chat4all.services.messaging.connector import WebhookRequest

_WEBHOOK: Final = {
    "update_id": 10000,
    "message": {
        "message_id": 7,
        "date": 1769860800,
        "chat": {"id": 424242, "type": "private"},
        "from": {"id": 424242, "is_bot": False, "first_name": "Rami"},
        "text": "Hello",
    },
}
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MOST_TEXT_BYTES: Final = 1_000_000
"""Of a body in an answer as text: Lambda answers with 6 MB at most, and its quotes are escaped twice."""
_STORED: Final = {
    "webhook_id": f"whatsapp|main|2026-01-31T12:00:00.123Z|{_DIGEST}",
    "channel": "whatsapp",
    "account": "main",
    "received_at": "2026-01-31T12:00:00.123Z",
    "expires_at": "2026-03-02T12:00:00.000Z",
    "query": "",
    "encoding": "utf-8",
    "body": '{"object": "whatsapp_business_account", "entry": []}',
}
_PAGE: Final = {
    "webhooks": [
        {
            "webhook_id": f"whatsapp|main|2026-01-31T12:00:00.123Z|{_DIGEST}",
            "channel": "whatsapp",
            "account": "main",
            "received_at": "2026-01-31T12:00:00.123Z",
            "outcome": "ignored",
            "events": 0,
            "ignored": {"account_update": 1},
            "reason": None,
        }
    ],
    "next_cursor": None,
}


class ReceivedView(msgspec.Struct, frozen=True):
    """The number of events that the webhook contained."""

    events: int


_TAKEN: Final = (
    Returns(ReceivedView, {"events": 1}),
    Returns(
        None,
        "<Response/>",
        content_type="text/xml",
        meaning="A channel whose provider reads the answer gets XML without instructions instead.",
    ),
    Returns(
        None,
        "method=answerCallbackQuery&callback_query_id=4382",
        content_type="application/x-www-form-urlencoded",
        meaning="A channel whose provider waits for the end of a tap gets the call that ends it instead.",
    ),
)


class PostReplay(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """The body of POST /v1/webhooks/replay: webhooks by their ids, or by the time of their arrival."""

    webhook_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=MOST_PAGE)] | None = None
    channel: str | None = None
    since: Time | None = None
    until: Time | None = None
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] = MOST_PAGE


class ListWebhooks(PageQuery, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """The query for the webhooks with an outcome that arrived within a time, which includes both ends."""

    outcome: WebhookOutcome
    channel: str | None = None
    since: Time | None = None
    until: Time | None = None


class ListedWebhookView(msgspec.Struct, frozen=True):
    """A stored webhook of which a part led to no event, or whose body cannot be read."""

    webhook_id: str
    channel: str
    account: str
    received_at: str
    outcome: WebhookOutcome
    events: int
    ignored: Mapping[str, int]
    reason: str | None


class WebhookPage(msgspec.Struct, frozen=True):
    """A page of webhooks with an outcome."""

    webhooks: tuple[ListedWebhookView, ...]
    next_cursor: str | None


class BodyEncoding(StrEnum):
    """How the body of a webhook is written: as the text that it is, or in base64."""

    UTF_8 = "utf-8"
    BASE64 = "base64"


class StoredWebhookView(msgspec.Struct, frozen=True):
    """A stored webhook as the provider sent it.

    `query` is the query of the address that the provider called. `body` is base64 if the bytes are not UTF-8,
    or more than 1,000,000.
    """

    webhook_id: str
    channel: str
    account: str
    received_at: str
    expires_at: str
    query: str
    encoding: BodyEncoding
    body: str


class Challenge(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={"mode": "hub.mode", "token": "hub.verify_token", "challenge": "hub.challenge"},
):
    """The query with which Meta verifies the subscription of a webhook."""

    mode: str | None = None
    token: str | None = None
    challenge: str | None = None


class WebhookViews:
    def __init__(
        self,
        receive: ReceiveWebhook,
        replay: ReplayWebhooks,
        read: ReadOutcomes,
        *,
        read_one: ReadWebhook,
        channels: tuple[str, ...],
        audit: AuditTrail,
    ) -> None:
        self._receive = receive
        self._replay = replay
        self._read = read
        self._read_one = read_one
        self._channels = channels
        self._audit = audit

    @route(
        "ReceiveWebhook",
        "POST",
        "/v1/webhooks/{channel}",
        *_TAKEN,
        summary="Take a provider's signed webhook; 200 when it is stored, and its events recorded or queued",
        body=bytes,
        example=_WEBHOOK,
        errors=(InvalidSignature, ChannelNotFound, Unavailable),
    )
    def post(self, request: Request, channel: str, body: bytes) -> Answer:
        return _received(self._receive(channel, _webhook_request(request, body)))

    @route(
        "ReceiveAccountWebhook",
        "POST",
        "/v1/webhooks/{channel}/{account}",
        *_TAKEN,
        summary="Take a provider's signed webhook for one account, which the path names",
        body=bytes,
        example=_WEBHOOK,
        errors=(InvalidSignature, ChannelNotFound, AccountNotFound, Unavailable),
    )
    def post_to_account(self, request: Request, channel: str, account: str, body: bytes) -> Answer:
        return _received(self._receive(channel, _webhook_request(request, body), unquote(account)))

    @route(
        "ListWebhooks",
        "GET",
        "/v1/webhooks",
        Returns(WebhookPage, _PAGE),
        summary="List stored webhooks of which parts led to no event, or that cannot be read, newest first",
        scope="webhooks:read",
        query=ListWebhooks,
    )
    def listing(self, request: Request, query: ListWebhooks) -> Answer:
        check_channel("channel", query.channel, frozenset(self._channels))
        page = self._read(
            query.outcome,
            self._channels if query.channel is None else (query.channel,),
            query.cursor,
            query.limit,
            since=time_from("from", query.since),
            until=time_from("to", query.until),
        )
        return Answer(WebhookPage(tuple(_listed(webhook) for webhook in page.items), page.next_cursor))

    @route(
        "GetStoredWebhook",
        "GET",
        "/v1/webhooks/stored/{webhook_id}",
        Returns(StoredWebhookView, _STORED),
        summary="Read a stored webhook as the provider sent it, with the words of people; audited",
        scope="webhook-bodies:read",
        errors=(WebhookNotFound,),
    )
    def stored(self, request: Request, webhook_id: str) -> Answer:
        self._audit(request, AuditAction.WEBHOOK_READ, f"webhook:{webhook_id}")
        return Answer(_stored(self._read_one(webhook_id)))

    @route(
        "ReplayWebhooks",
        "POST",
        "/v1/webhooks/replay",
        Returns(Replayed, {"replayed": 3, "events": 4, "refused": [], "next_cursor": None}),
        summary="Replay stored webhooks, by id or by time of arrival; no message is repeated",
        scope="webhooks:write",
        body=PostReplay,
        example={"channel": "whatsapp", "from": "2026-01-31T12:00:00Z", "to": "2026-01-31T13:00:00Z"},
    )
    def replay(self, request: Request, body: PostReplay) -> Answer:
        return Answer(self._replayed(request, body))

    def _replayed(self, request: Request, body: PostReplay) -> Replayed:
        if body.webhook_ids is not None:
            if body.channel or body.since or body.until or body.cursor:
                raise Invalid(
                    "Name webhooks, or a time.",
                    Detail("webhook_ids", "stands alone, without a time or channel"),
                )
            named = ", ".join(body.webhook_ids)
            self._audit(request, AuditAction.WEBHOOKS_REPLAY, "webhooks:named", webhook_ids=named)
            return self._replay(body.webhook_ids)
        check_channel("channel", body.channel, frozenset(self._channels))
        channels = (body.channel,) if body.channel is not None else self._channels
        since, until = time_from("from", body.since), time_from("to", body.until)
        self._audit(
            request,
            AuditAction.WEBHOOKS_REPLAY,
            f"webhooks:{body.channel or 'all'}",
            **{"from": since, "to": until, "cursor": body.cursor},
        )
        return self._replay.arrived(channels, since, until, body.cursor, body.limit)

    @route(
        "VerifyWebhook",
        "GET",
        "/v1/webhooks/{channel}",
        Returns(None, "1158201444", content_type="text/plain", meaning="The challenge, unchanged."),
        summary="Answer the challenge of a subscription, which the verify token proves",
        query=Challenge,
        errors=(InvalidVerifyToken, ChannelNotFound, Unavailable),
    )
    def challenge(self, request: Request, channel: str, query: Challenge) -> Answer:
        return Answer(self._receive.challenge(channel, msgspec.to_builtins(query)))

    @route(
        "VerifyAccountWebhook",
        "GET",
        "/v1/webhooks/{channel}/{account}",
        Returns(None, "1158201444", content_type="text/plain", meaning="The challenge, unchanged."),
        summary="Answer the challenge of the subscription of one account",
        query=Challenge,
        errors=(InvalidVerifyToken, ChannelNotFound, AccountNotFound, Unavailable),
    )
    def challenge_of_account(self, request: Request, channel: str, account: str, query: Challenge) -> Answer:
        return Answer(self._receive.challenge(channel, msgspec.to_builtins(query), unquote(account)))


def _received(received: Received) -> Answer:
    if received.answer is None:
        return Answer(ReceivedView(received.events))
    return Answer(received.answer.body, headers={"Content-Type": received.answer.content_type})


def _listed(webhook: ListedWebhook) -> ListedWebhookView:
    place = webhook.webhook_id
    return ListedWebhookView(
        webhook_id=str(place),
        channel=place.channel,
        account=place.account,
        received_at=place.received_at,
        outcome=webhook.outcome,
        events=webhook.events,
        ignored=webhook.ignored,
        reason=webhook.reason,
    )


def _stored(webhook: StoredWebhook) -> StoredWebhookView:
    place = webhook.webhook_id
    text = _text(webhook.body)
    return StoredWebhookView(
        webhook_id=str(place),
        channel=place.channel,
        account=place.account,
        received_at=place.received_at,
        expires_at=iso(datetime.fromtimestamp(webhook.expires_at, UTC)),
        query=webhook.query,
        encoding=BodyEncoding.BASE64 if text is None else BodyEncoding.UTF_8,
        body=b64encode(webhook.body).decode() if text is None else text,
    )


def _text(body: bytes) -> str | None:
    """Return the body as text; None if it is no UTF-8, or too long for an answer as text."""
    try:
        return body.decode() if len(body) <= _MOST_TEXT_BYTES else None
    except UnicodeDecodeError:
        return None


def _webhook_request(request: Request, body: bytes) -> WebhookRequest:
    """Build the request as the provider sent it."""
    headers = {name.lower(): text for name, text in request.headers.items()}
    scheme = headers.get("x-forwarded-proto", "https")
    query = _query(request)
    url = f"{scheme}://{headers.get('host', '')}{request.context.get('path', '')}"
    return WebhookRequest(f"{url}?{query}" if query else url, headers, body)


def _query(request: Request) -> str:
    """Return the query as the provider sent it.

    API Gateway decodes the query, so it is encoded again. A repeated parameter keeps all its values.
    """
    raw = raw_query(request)
    if raw is not None:
        return raw
    given = request.query_params
    return urlencode({name: given.getlist(name) for name in given}, doseq=True) if given else ""
