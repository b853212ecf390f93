"""/v1/webhooks/{channel}: where the providers call. The key is the signature over the raw bytes."""

import msgspec
from chalice.app import Request

from chat4all.adapters.http.answers import Answer
from chat4all.adapters.http.bodies import raw_body_of
from chat4all.adapters.http.routes import Route
from chat4all.services.receive_webhook import ReceiveWebhook


class ReceivedView(msgspec.Struct, frozen=True):
    events: int


class WebhookViews:
    def __init__(self, receive: ReceiveWebhook) -> None:
        self._receive = receive

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/webhooks/{channel}", None, self.post),
            Route("GET", "/v1/webhooks/{channel}", None, self.challenge),
        ]

    def post(self, request: Request, channel: str) -> Answer:
        headers = {name.lower(): text for name, text in request.headers.items()}
        return Answer(ReceivedView(self._receive(channel, headers, raw_body_of(request))))

    def challenge(self, request: Request, channel: str) -> Answer:
        query = dict(request.query_params.items()) if request.query_params else {}
        return Answer(self._receive.challenge(channel, query))
