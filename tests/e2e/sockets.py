"""Who can reach a process."""

from collections.abc import Iterable

import psutil


def listening(pids: Iterable[int]) -> set[str]:
    """The addresses on which these processes and all below them listen."""
    roots = [psutil.Process(pid) for pid in pids]
    processes = [one for root in roots for one in (root, *root.children(recursive=True))]
    return {address for one in processes for address in _addresses(one)}


def _addresses(process: psutil.Process) -> set[str]:
    """None of one that has ended since."""
    try:
        connections = process.net_connections("inet")
    except psutil.NoSuchProcess:
        return set()
    return {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
