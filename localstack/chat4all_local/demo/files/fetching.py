"""Download a link as its reader does, without an API key, and hash the bytes."""

import hashlib
from collections.abc import Callable
from threading import Event
from typing import Final

import urllib3

from chat4all_local.demo.files.observed import Content

_PIECE: Final = 1024 * 1024
_TIMEOUT_S: Final = 30.0
_AS_A_BROWSER: Final = urllib3.Retry(
    connect=3, read=3, redirect=1, status=3, status_forcelist=(429, 502, 503, 504), backoff_factor=0.3
)


def fetch(url: str, advance: Callable[[int], None], over: Event) -> Content:
    """Return the content; it is incomplete if it ended early, was refused, or if the demo is `over`."""
    digest, size = hashlib.sha256(), 0
    try:
        with urllib3.PoolManager(timeout=_TIMEOUT_S, retries=_AS_A_BROWSER) as pool:
            answer = pool.request("GET", url, preload_content=False)
            if answer.status != 200:
                return Content(0, None)
            while piece := answer.read1(_PIECE):
                if over.is_set():
                    return Content(size, None)
                digest.update(piece)
                size += len(piece)
                advance(len(piece))
    except urllib3.exceptions.HTTPError:
        return Content(size, None)
    return Content(size, digest.hexdigest())
