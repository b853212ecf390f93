"""/v1/webhooks/{channel}: the providers call here. The signature over the raw bytes is the key.

/v1/webhooks/replay is for operators, with a key of this API.
"""

from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.errors import (
    ChannelNotFound,
    Detail,
    Invalid,
    InvalidSignature,
    InvalidVerifyToken,
    Unavailable,
)
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.bodies import MOST_PAGE, Id, Time, time_from
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.function_url import raw_query
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
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


class ReceivedView(msgspec.Struct, frozen=True):
    """The number of events that the webhook contained."""

    events: int


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
        channels: tuple[str, ...],
        audit: AuditTrail,
    ) -> None:
        self._receive = receive
        self._replay = replay
        self._channels = channels
        self._audit = audit

    @route(
        "ReceiveWebhook",
        "POST",
        "/v1/webhooks/{channel}",
        Returns(ReceivedView, {"events": 1}),
        Returns(
            None,
            "<Response/>",
            content_type="text/xml",
            meaning="A channel whose provider reads the answer gets XML without instructions instead.",
        ),
        summary="Take a provider's signed webhook; 200 when its events are recorded or queued",
        body=bytes,
        example=_WEBHOOK,
        errors=(InvalidSignature, ChannelNotFound, Unavailable),
    )
    def post(self, request: Request, channel: str, body: bytes) -> Answer:
        received = self._receive(channel, _webhook_request(request, body))
        if received.answer is None:
            return Answer(ReceivedView(received.events))
        return Answer(received.answer.body, headers={"Content-Type": received.answer.content_type})

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
