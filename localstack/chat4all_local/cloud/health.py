"""The readiness of a component, checked from outside."""

import socket
from collections.abc import Iterable
from contextlib import closing

import urllib3

from chat4all_local.cloud.settings import LOCALHOST


def is_healthy(urls: Iterable[str], ready_url: str = "") -> bool:
    """Return whether `ready_url` answers 200, or without it, whether all `urls` accept connections."""
    if ready_url:
        return answers_ok(ready_url)
    return all(_accepts(url) for url in urls)


def answers_ok(url: str) -> bool:
    try:
        return urllib3.request("GET", url, timeout=2.0, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _accepts(url: str) -> bool:
    address = urllib3.util.parse_url(url)
    with closing(socket.socket()) as probe:
        probe.settimeout(2.0)
        return probe.connect_ex((address.host or LOCALHOST, address.port or 80)) == 0
