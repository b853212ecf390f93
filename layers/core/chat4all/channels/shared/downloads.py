"""Read a person's file, in pieces, from the address that a provider names.

The address comes from outside. Nobody may make us read from our own network, so this module follows only
https to public addresses. It connects to the very address that it checked: a name that resolves to another
address the next time changes nothing. The only exception is the configured host of the provider's API, which
is a simulator in a local cloud.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import ipaddress
import socket
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from chat4all.channels.shared.http import CONNECT_TIMEOUT_S, PIECE_BYTES, READ_TIMEOUT_S
from chat4all.services.messaging.connector import FetchFailed, Fetching

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""The last 32 bits of such an address are any IPv4 address: https://www.rfc-editor.org/rfc/rfc6052"""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Origin = tuple[str, str, int]
"""Scheme, host, port."""


class Downloads:
    """The downloads of a provider. `base_url` is its API, whose host may have a private address."""

    def __init__(
        self,
        base_url: str,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._base_url = base_url
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s

    def __call__(self, url: str, headers: Mapping[str, str] | None = None) -> Fetching:
        """GET `url`, and follow redirects; only the first host gets `headers`.

        Raises:
            FetchFailed: NOT_FOUND, EXPIRED, REFUSED_ADDRESS, TOO_MANY_REDIRECTS, NETWORK, or the status. The
                iterator of the pieces raises it too, with NETWORK.
        """
        first = _origin(url)
        for _ in range(MOST_REDIRECTS + 1):
            own = headers if headers and _origin(url) == first else {}
            answer = self._get(url, own)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return _fetching(answer)
            answer.close()
            url = _joined(url, location)
        raise FetchFailed("TOO_MANY_REDIRECTS", "The file is not where the provider said.", is_final=True)

    def _get(self, url: str, headers: Mapping[str, str]) -> "BaseHTTPResponse":
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # a function that only sends does not load it

        origin = _origin(url)
        if origin is not None and origin == _origin(self._base_url):
            pool = self._trusted_pool
        elif origin is not None and origin[0] == "https":
            pool = self._public_pool
        else:
            raise _refused_address()
        try:
            return pool.request(
                "GET",
                url,
                headers={"accept-encoding": "identity", **headers},
                preload_content=False,
                decode_content=False,
                retries=False,
                redirect=False,
            )
        except (HTTPError, UnicodeError) as error:
            raise _network() from error

    @cached_property
    def _trusted_pool(self) -> "PoolManager":
        from urllib3 import PoolManager, Timeout  # noqa: PLC0415

        return PoolManager(timeout=Timeout(connect=self._connect_timeout_s, read=self._read_timeout_s))

    @cached_property
    def _public_pool(self) -> "PoolManager":
        from urllib3 import HTTPSConnectionPool, PoolManager, Timeout  # noqa: PLC0415
        from urllib3.connection import HTTPSConnection  # noqa: PLC0415

        connect_timeout_s = self._connect_timeout_s

        class PublicConnection(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connected(self.host, self.port or 443, connect_timeout_s)

        class PublicPool(HTTPSConnectionPool):
            ConnectionCls = PublicConnection

        pool = PoolManager(timeout=Timeout(connect=connect_timeout_s, read=self._read_timeout_s))
        pool.pool_classes_by_scheme = {"https": PublicPool}
        return pool


def connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """Connect to an address of the host; raise FetchFailed if any of its addresses is not public."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _network() from error
    addresses = [str(resolved[4][0]) for resolved in found]
    if not all(is_public(address) for address in addresses):
        raise _refused_address()
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError:
            continue
    raise _network()


def is_public(address: str) -> bool:
    """Return whether the address is a public one of the Internet, and hides no other address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour is not None or ip.teredo is not None or ip in _NAT64:
            return False
    return ip.is_global and not ip.is_multicast


def _fetching(answer: "BaseHTTPResponse") -> Fetching:
    if answer.status != 200:
        answer.close()
        raise _refused(answer.status)
    length = answer.headers.get("content-length", "")
    return Fetching(
        pieces=_pieces(answer),
        content_type=answer.headers.get("content-type"),
        size=int(length) if length.isascii() and length.isdigit() else None,
    )


def _pieces(answer: "BaseHTTPResponse") -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # as above

    try:
        yield from answer.stream(PIECE_BYTES, decode_content=False)
    except HTTPError as error:
        raise _network() from error
    finally:
        # The reader may stop early; the next request would otherwise read the rest first.
        answer.close()


def _refused(status: int) -> FetchFailed:
    if status == 404:
        return FetchFailed("NOT_FOUND", "The provider does not have the file any more.", is_final=True)
    if status in {403, 410}:
        return FetchFailed("EXPIRED", "The file's address at the provider has expired.", is_final=True)
    transient = status >= 500 or status in {401, 408, 429} or status < 400
    return FetchFailed(str(status), "The provider did not give the file.", is_final=not transient)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise _refused_address() from error


def _origin(url: str) -> Origin | None:
    """Parse the address as urllib3 does, which connects there: another parser may find another host in it."""
    from urllib3.exceptions import LocationParseError  # noqa: PLC0415  # as above
    from urllib3.util import parse_url  # noqa: PLC0415

    try:
        parts = parse_url(url)
    except LocationParseError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.host:
        return None
    return parts.scheme, parts.host, parts.port or _DEFAULT_PORTS[parts.scheme]


def _refused_address() -> FetchFailed:
    return FetchFailed("REFUSED_ADDRESS", "The file lies at an address that we do not read.", is_final=True)


def _network() -> FetchFailed:
    return FetchFailed("NETWORK", "The provider could not be reached for the file.", is_final=False)
