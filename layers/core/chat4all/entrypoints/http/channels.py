"""/v1/channels: the capabilities of each channel, its accounts, and the state of their circuits."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from chalice.app import Request

from chat4all.channels.telegram.manifest import CAPABILITIES
from chat4all.domain.account import AccountReport, AccountState, ChannelAccount
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import iso
from chat4all.domain.errors import ChannelNotFound
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.messaging.ports import Breakers

CLOSED: Final = {"state": "CLOSED", "since": None, "retry_at": None, "code": None, "reason": None}
_URL = "https://api.example.com/v1/channels/telegram/capabilities"
_ACCOUNTS: Final[list[dict[str, object]]] = [
    {
        "account": "main",
        "state": "ENABLED",
        "provider_id": "7000000001",
        "name": "acme_bot",
        "quality": None,
        "proved_at": "2026-01-31T12:00:00.123Z",
        "token_expires_at": None,
        "reports": [],
        "circuit": CLOSED,
    }
]
_CHANNELS = {"channels": [{"channel": "telegram", "accounts": _ACCOUNTS, "capabilities_url": _URL}]}
_CAPABILITIES = msgspec.json.decode(msgspec.json.encode(CAPABILITIES))


EveryAccount = Callable[[], Mapping[str, Mapping[str, ChannelAccount]]]
"""Returns the accounts by channel and id."""


class CircuitView(msgspec.Struct, frozen=True):
    """The state of a circuit: messages are sent while it is CLOSED.

    An open circuit has the time and the reason of its opening, and the time of the next probe.
    """

    state: Circuit
    since: str | None
    retry_at: str | None
    code: str | None
    reason: str | None


class AccountView(msgspec.Struct, frozen=True):
    """A channel account: a number, bot or page of ours at the provider."""

    account: str
    state: AccountState
    provider_id: str | None
    name: str | None
    quality: str | None
    proved_at: str | None
    token_expires_at: str | None
    reports: tuple[AccountReport, ...]
    circuit: CircuitView


class ChannelView(msgspec.Struct, frozen=True):
    channel: str
    accounts: tuple[AccountView, ...]
    capabilities_url: str


class ChannelList(msgspec.Struct, frozen=True):
    """The channels, each with its accounts and their circuits."""

    channels: tuple[ChannelView, ...]


class ChannelViews:
    def __init__(
        self,
        capabilities: Mapping[str, Capabilities],
        accounts: EveryAccount,
        breakers: Breakers,
        addresses: Addresses,
    ) -> None:
        self._capabilities = capabilities
        self._accounts = accounts
        self._breakers = breakers
        self._addresses = addresses

    @route(
        "ListChannels",
        "GET",
        "/v1/channels",
        Returns(ChannelList, _CHANNELS),
        summary="List the channels, each with its accounts and their circuits",
        scope="channels:read",
    )
    def listing(self, request: Request) -> Answer:
        address_of, listed = self._addresses(request), self._accounts()
        names = {channel: tuple(accounts) for channel, accounts in listed.items()}
        channels = (
            ChannelView(
                channel,
                tuple(_account(listed[channel][name], breaker) for name, breaker in breakers.items()),
                address_of(f"/v1/channels/{channel}/capabilities"),
            )
            for channel, breakers in self._breakers.get_many(names).items()
        )
        return Answer(ChannelList(tuple(channels)))

    @route(
        "GetCapabilities",
        "GET",
        "/v1/channels/{channel}/capabilities",
        Returns(Capabilities, _CAPABILITIES),
        summary="Read what a channel can do: lengths, files, rate limits, receipts, window",
        scope="channels:read",
        errors=(ChannelNotFound,),
    )
    def capabilities(self, request: Request, channel: str) -> Answer:
        known = self._capabilities.get(channel)
        if known is None:
            raise ChannelNotFound("There is no such channel.")
        return Answer(known)


def _account(account: ChannelAccount, breaker: Breaker) -> AccountView:
    return AccountView(
        account=account.account,
        state=account.state,
        provider_id=account.provider_id,
        name=account.name,
        quality=account.quality,
        proved_at=account.proved_at,
        token_expires_at=account.token_expires_at,
        reports=account.reports,
        circuit=circuit_view(breaker),
    )


def circuit_view(breaker: Breaker) -> CircuitView:
    closed = breaker.circuit is Circuit.CLOSED
    return CircuitView(
        state=breaker.circuit,
        since=_time(breaker.since),
        retry_at=None if closed else _time(breaker.retry_at),
        code=breaker.code,
        reason=breaker.reason,
    )


def _time(epoch_s: float) -> str | None:
    return iso(datetime.fromtimestamp(epoch_s, UTC)) if epoch_s else None
