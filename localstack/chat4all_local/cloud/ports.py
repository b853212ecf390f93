"""Free ports on 127.0.0.1: those of the last run if they are free, so that links and settings stay valid."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress

from chat4all_local.cloud.settings import LOCALHOST


def choose_ports(names: Iterable[str], remembered: Mapping[str, int]) -> dict[str, int]:
    """Choose a port for each name. All chosen ports stay bound until the last is chosen, so all differ."""
    with ExitStack() as held:
        chosen: dict[str, int] = {}
        for name in names:
            listener = held.enter_context(socket.socket())
            preferred = remembered.get(name)
            if preferred is None or preferred in chosen.values() or not _binds(listener, preferred):
                listener.bind((LOCALHOST, 0))
            chosen[name] = listener.getsockname()[1]
        return chosen


def url(port: int) -> str:
    return f"http://{LOCALHOST}:{port}"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return _binds(probe, port)


def _binds(listener: socket.socket, port: int) -> bool:
    # As servers do: a port counts as free while its last connections are in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError, OverflowError):
        listener.bind((LOCALHOST, port))
        return True
    # With SO_REUSEADDR the kernel may choose the same port for two sockets.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return False
