"""The channels by name: the one place that lists them."""

from collections.abc import Callable
from typing import Final

from chat4all.adapters.channels.capabilities import INSTAGRAM, TELEGRAM, WHATSAPP
from chat4all.adapters.channels.http import HttpClient
from chat4all.domain.channel import Capabilities
from chat4all.domain.errors import NotFound
from chat4all.services.connector import Connector


def names() -> tuple[str, ...]:
    """Every channel's name, in a fixed order."""
    return tuple(_MAKERS)


def capabilities() -> dict[str, Capabilities]:
    """What every channel can do, by name; imports no connector."""
    return {each.channel: each for each in (WHATSAPP, TELEGRAM, INSTAGRAM)}


def connector(name: str, http: HttpClient, base_url: str) -> Connector:
    """The connector of the channel `name`; raises NotFound for no channel's name.

    `base_url` is scheme and host of the provider's API (`https://graph.facebook.com`), or of what
    stands in for it.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise NotFound(f"There is no channel {name!r}.")
    return maker(http, base_url)


# Each maker imports its own module: a function that serves one channel starts without the others.
def _whatsapp(http: HttpClient, base_url: str) -> Connector:
    from chat4all.adapters.channels.whatsapp import WhatsApp  # noqa: PLC0415

    return WhatsApp(http, base_url)


def _telegram(http: HttpClient, base_url: str) -> Connector:
    from chat4all.adapters.channels.telegram import Telegram  # noqa: PLC0415

    return Telegram(http, base_url)


def _instagram(http: HttpClient, base_url: str) -> Connector:
    from chat4all.adapters.channels.instagram import Instagram  # noqa: PLC0415

    return Instagram(http, base_url)


_MAKERS: Final[dict[str, Callable[[HttpClient, str], Connector]]] = {
    WHATSAPP.channel: _whatsapp,
    TELEGRAM.channel: _telegram,
    INSTAGRAM.channel: _instagram,
}
