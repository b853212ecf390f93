"""/v1/channels: the capabilities of each channel, its accounts, and the state of their circuits."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from chalice.app import Request

from chat4all.channels.telegram.manifest import CAPABILITIES
from chat4all.domain.account import ChannelAccount
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock
from chat4all.domain.errors import ChannelNotFound
from chat4all.entrypoints.http.account_views import CLOSED, WatchedAccountView, watched_view
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.messaging.ports import Breakers

_URL = "https://api.example.com/v1/channels/telegram/capabilities"
_ACCOUNTS: Final[list[dict[str, object]]] = [
    {
        "channel": "telegram",
        "account": "main",
        "state": "ENABLED",
        "provider_id": "7000000001",
        "name": "acme_bot",
        "quality": None,
        "proved_at": "2026-01-31T12:00:00.123Z",
        "token_expires_at": None,
        "reports": [],
        "problems": [],
        "circuit": CLOSED,
    }
]
_CHANNELS = {"channels": [{"channel": "telegram", "accounts": _ACCOUNTS, "capabilities_url": _URL}]}
_CAPABILITIES = msgspec.json.decode(msgspec.json.encode(CAPABILITIES))


EveryAccount = Callable[[], Mapping[str, Mapping[str, ChannelAccount]]]
"""Returns the accounts by channel and id."""


class ChannelView(msgspec.Struct, frozen=True):
    channel: str
    accounts: tuple[WatchedAccountView, ...]
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
        clock: Clock,
    ) -> None:
        self._capabilities = capabilities
        self._accounts = accounts
        self._breakers = breakers
        self._addresses = addresses
        self._clock = clock

    @route(
        "ListChannels",
        "GET",
        "/v1/channels",
        Returns(ChannelList, _CHANNELS),
        summary="List the channels, each with its accounts and their circuits",
        scope="channels:read",
    )
    def listing(self, request: Request) -> Answer:
        address_of, listed, now = self._addresses(request), self._accounts(), self._clock()
        names = {channel: tuple(accounts) for channel, accounts in listed.items()}
        channels = (
            ChannelView(
                channel,
                tuple(
                    watched_view(channel, listed[channel][name], breaker, now)
                    for name, breaker in breakers.items()
                ),
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
