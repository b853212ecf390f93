"""/v1/webhooks/{channel}: where the providers call. The key is the signature over the raw bytes.

/v1/webhooks/replay is for our own side, with a key of ours.
"""

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.webhooks import Arrivals
from chat4all.entrypoints.http.accounting import Accounting
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import MOST_PAGE, Id, body_of, raw_body_of, time_from
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.routes import Route
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
from chat4all.services.inbound.replay_webhooks import Replayed, ReplayWebhooks
from chat4all.services.messaging.connector import WebhookRequest


class ReceivedView(msgspec.Struct, frozen=True):
    events: int


class PostReplay(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """The body of POST /v1/webhooks/replay: those named, or those that arrived in a time."""

    webhook_ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=MOST_PAGE)] | None = None
    channel: str | None = None
    since: str | None = None
    until: str | None = None
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] = MOST_PAGE


class WebhookViews:
    def __init__(
        self,
        receive: ReceiveWebhook,
        replay: ReplayWebhooks,
        channels: tuple[str, ...],
        account: Accounting,
    ) -> None:
        self._receive = receive
        self._replay = replay
        self._channels = channels
        self._account = account

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/webhooks/replay", "webhooks:write", self.replay),
            Route("POST", "/v1/webhooks/{channel}", None, self.post),
            Route("GET", "/v1/webhooks/{channel}", None, self.challenge),
        ]

    def post(self, request: Request, channel: str) -> Answer:
        received = self._receive(channel, _webhook_request(request))
        if received.answer is None:
            return Answer(ReceivedView(received.events))
        return Answer(received.answer.body, headers={"Content-Type": received.answer.content_type})

    def replay(self, request: Request) -> Answer:
        return Answer(self._replayed(request, body_of(request, PostReplay)))

    def _replayed(self, request: Request, body: PostReplay) -> Replayed:
        if body.webhook_ids is not None:
            if body.channel or body.since or body.until or body.cursor:
                raise Invalid(
                    "Name webhooks, or a time.",
                    Detail("webhook_ids", "stands alone, without a time or channel"),
                )
            named = ", ".join(body.webhook_ids)
            self._account(request, AuditAction.WEBHOOKS_REPLAY, "webhooks:named", webhook_ids=named)
            return self._replay(body.webhook_ids)
        check_channel("channel", body.channel, frozenset(self._channels))
        channels = (body.channel,) if body.channel is not None else self._channels
        arrivals = Arrivals(channels, time_from("from", body.since), time_from("to", body.until))
        self._account(
            request,
            AuditAction.WEBHOOKS_REPLAY,
            f"webhooks:{body.channel or 'all'}",
            **{"from": arrivals.since, "to": arrivals.until, "cursor": body.cursor},
        )
        return self._replay.arrived(arrivals, body.cursor, body.limit)

    def challenge(self, request: Request, channel: str) -> Answer:
        query = dict(request.query_params.items()) if request.query_params else {}
        return Answer(self._receive.challenge(channel, query))


def _webhook_request(request: Request) -> WebhookRequest:
    """Build the request as the provider sent it. API Gateway hands on a query decoded: it is encoded again."""
    headers = {name.lower(): text for name, text in request.headers.items()}
    scheme = headers.get("x-forwarded-proto", "https")
    query = urlencode(list(request.query_params.items())) if request.query_params else ""
    url = f"{scheme}://{headers.get('host', '')}{request.context.get('path', '')}"
    return WebhookRequest(f"{url}?{query}" if query else url, headers, raw_body_of(request))
