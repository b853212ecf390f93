"""One HTTP request to a provider, over kept-alive connections."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 10.0
_CONNECTIONS: Final = 16


class HttpAnswer(msgspec.Struct, frozen=True):
    """What the provider answered; `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


class NetworkFailure(msgspec.Struct, frozen=True):
    """No answer came. `may_have_arrived`: the request was sent, or it is not known that it was not."""

    may_have_arrived: bool


class HttpClient:
    """A pool of connections, shared by the threads of one process. It never retries or redirects."""

    def __init__(
        self, connect_timeout_s: float = CONNECT_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s

    def post_json(
        self, url: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer | NetworkFailure:
        """POST `body`, which is JSON already."""
        from urllib3.exceptions import (  # noqa: PLC0415  # see _pool
            ConnectTimeoutError,
            HTTPError,
            NewConnectionError,
        )

        try:
            answer = self._pool.request(
                "POST",
                url,
                body=body,
                headers={"content-type": "application/json", **(headers or {})},
                retries=False,
                redirect=False,
            )
        except (ConnectTimeoutError, NewConnectionError):
            return NetworkFailure(may_have_arrived=False)
        except HTTPError:
            return NetworkFailure(may_have_arrived=True)
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data
        )

    @cached_property
    def _pool(self) -> "PoolManager":
        # Imported with the first request: functions that only read webhooks start without it.
        from urllib3 import PoolManager, Timeout  # noqa: PLC0415

        timeout = Timeout(connect=self._connect_timeout_s, read=self._read_timeout_s)
        return PoolManager(maxsize=_CONNECTIONS, timeout=timeout)
