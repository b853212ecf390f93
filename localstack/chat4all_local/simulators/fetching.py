"""Fetching a link as a provider does: a GET with few redirects and with limits on time and size."""

import asyncio
from typing import Final

import httpx

from chat4all_local.simulators.shared.media import Content, ContentReader, FetchEnd, Unfetched

MOST_REDIRECTS: Final = 3
# A compressed transfer would change the hash of the bytes.
_HEADERS: Final = {"accept": "*/*", "accept-encoding": "identity"}


class Fetcher:
    """Fetches links through a client that must follow no more than MOST_REDIRECTS."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def fetch(self, url: str, most_bytes: int, timeout_s: float) -> Content | Unfetched:
        """Fetch the file at `url`. Reading stops beyond `most_bytes`, and after `timeout_s`."""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._http.stream("GET", url, headers=_HEADERS) as response,
            ):
                return await _read(response, most_bytes)
        except TimeoutError:
            return Unfetched(FetchEnd.UNREACHABLE, "timed out")
        except (httpx.HTTPError, httpx.InvalidURL, ExceptionGroup) as problem:
            # httpx lets the exception group of anyio pass that a port out of range causes.
            return Unfetched(FetchEnd.UNREACHABLE, str(problem) or type(problem).__name__)


async def _read(response: httpx.Response, most_bytes: int) -> Content | Unfetched:
    if response.status_code != 200:
        return Unfetched(FetchEnd.STATUS, f"{response.status_code}, status message {response.reason_phrase}")
    reader = ContentReader()
    async for piece in response.aiter_raw():
        reader.read(piece)
        if reader.size > most_bytes:
            return Unfetched(FetchEnd.TOO_LARGE, str(reader.size))
    filename = response.url.path.rpartition("/")[2] or None
    return reader.content(response.headers.get("content-type", ""), filename)
