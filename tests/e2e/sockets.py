"""The addresses at which a process can be reached."""

from collections.abc import Iterable

import psutil


def listening(pids: Iterable[int]) -> set[str]:
    """Return the addresses on which these processes and their descendants listen."""
    roots = [psutil.Process(pid) for pid in pids]
    processes = [process for root in roots for process in (root, *root.children(recursive=True))]
    return {address for process in processes for address in _addresses(process)}


def _addresses(process: psutil.Process) -> set[str]:
    """Return the addresses of a process; none if it has ended."""
    try:
        connections = process.net_connections("inet")
    except psutil.NoSuchProcess:
        return set()
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}
