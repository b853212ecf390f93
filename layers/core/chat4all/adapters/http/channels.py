"""/v1/channels and /v1/health: what there is, and whether it works."""

from collections.abc import Mapping

import msgspec
from chalice.app import Request

from chat4all.adapters.http.answers import Answer
from chat4all.adapters.http.routes import Route
from chat4all.domain.channel import Capabilities
from chat4all.domain.errors import NotFound
from chat4all.services.check_health import CheckHealth


class ChannelView(msgspec.Struct, frozen=True):
    channel: str
    capabilities_url: str


class ChannelList(msgspec.Struct, frozen=True):
    channels: tuple[ChannelView, ...]


class HealthView(msgspec.Struct, frozen=True):
    status: str
    components: dict[str, str]


class ChannelViews:
    def __init__(self, capabilities: Mapping[str, Capabilities], check_health: CheckHealth) -> None:
        self._capabilities = capabilities
        self._check_health = check_health

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/channels", "channels:read", self.listing),
            Route("GET", "/v1/channels/{channel}/capabilities", "channels:read", self.capabilities),
            Route("GET", "/v1/health", None, self.health),
        ]

    def listing(self, request: Request) -> Answer:
        stage = request.context.get("stage", "api")
        channels = (
            ChannelView(name, f"/{stage}/v1/channels/{name}/capabilities") for name in self._capabilities
        )
        return Answer(ChannelList(tuple(channels)))

    def capabilities(self, request: Request, channel: str) -> Answer:
        known = self._capabilities.get(channel)
        if known is None:
            raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
        return Answer(known)

    def health(self, request: Request) -> Answer:
        health = self._check_health()
        status = "UP" if health.healthy else "DOWN"
        return Answer(HealthView(status, health.components), 200 if health.healthy else 503)
