"""/v1/channels and /v1/health: what there is, and whether it works."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from chalice.app import Request

from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import iso
from chat4all.domain.errors import ChannelNotFound, Unavailable
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Route
from chat4all.services.access.check_health import CheckHealth
from chat4all.services.messaging.ports import Breakers


class CircuitView(msgspec.Struct, frozen=True):
    """Whether messages go out; when not, since when, why, and when the provider is asked again."""

    circuit: Circuit
    since: str | None
    retry_at: str | None
    code: str | None
    reason: str | None


class ChannelView(msgspec.Struct, frozen=True):
    channel: str
    state: CircuitView
    capabilities_url: str


class ChannelList(msgspec.Struct, frozen=True):
    channels: tuple[ChannelView, ...]


class HealthView(msgspec.Struct, frozen=True):
    status: str
    components: dict[str, str]
    channels: dict[str, Circuit]
    """An open one makes nothing unhealthy here: its messages are accepted, and wait."""


class ChannelViews:
    def __init__(
        self,
        capabilities: Mapping[str, Capabilities],
        breakers: Breakers,
        check_health: CheckHealth,
        addresses: Addresses,
    ) -> None:
        self._capabilities = capabilities
        self._breakers = breakers
        self._check_health = check_health
        self._addresses = addresses

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/channels", "channels:read", self.listing),
            Route("GET", "/v1/channels/{channel}/capabilities", "channels:read", self.capabilities),
            Route("GET", "/v1/health", None, self.health),
        ]

    def listing(self, request: Request) -> Answer:
        address_of = self._addresses(request)
        channels = (
            ChannelView(name, _view(breaker), address_of(f"/v1/channels/{name}/capabilities"))
            for name, breaker in self._breakers.get_many(self._capabilities).items()
        )
        return Answer(ChannelList(tuple(channels)))

    def capabilities(self, request: Request, channel: str) -> Answer:
        known = self._capabilities.get(channel)
        if known is None:
            raise ChannelNotFound("There is no such channel.")
        return Answer(known)

    def health(self, request: Request) -> Answer:
        health = self._check_health()
        status = "UP" if health.healthy else "DOWN"
        view = HealthView(status, health.components, self._circuits())
        return Answer(view, 200 if health.healthy else 503)

    def _circuits(self) -> dict[str, Circuit]:
        try:
            found = self._breakers.get_many(self._capabilities)
        except Unavailable:
            # The database is among the components: that it is down is told there.
            return {}
        return {name: breaker.circuit for name, breaker in found.items()}


def _view(breaker: Breaker) -> CircuitView:
    closed = breaker.circuit is Circuit.CLOSED
    return CircuitView(
        circuit=breaker.circuit,
        since=_time(breaker.since),
        retry_at=None if closed else _time(breaker.retry_at),
        code=breaker.code,
        reason=breaker.reason,
    )


def _time(epoch_s: float) -> str | None:
    return iso(datetime.fromtimestamp(epoch_s, UTC)) if epoch_s else None
