"""Free ports on 127.0.0.1: the ones of last time where still free, so that links and settings stay good."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress

from chat4all_local.cloud.settings import LOCALHOST


def choose_ports(names: Iterable[str], remembered: Mapping[str, int]) -> dict[str, int]:
    """A port for each name. All are held until the last is chosen, so no two are the same."""
    with ExitStack() as held:
        chosen: dict[str, int] = {}
        for name in names:
            holder = held.enter_context(socket.socket())
            wished = remembered.get(name)
            if wished is None or wished in chosen.values() or not _binds(holder, wished):
                holder.bind((LOCALHOST, 0))
            chosen[name] = holder.getsockname()[1]
        return chosen


def url(port: int) -> str:
    return f"http://{LOCALHOST}:{port}"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return _binds(probe, port)


def _binds(holder: socket.socket, port: int) -> bool:
    # As servers do: a port whose last connections are still in TIME_WAIT is free.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError, OverflowError):
        holder.bind((LOCALHOST, port))
        return True
    # The kernel may give out one port twice to those who allow it.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return False
