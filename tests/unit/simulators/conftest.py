"""Real simulators on free ports of 127.0.0.1, and a receiver of their webhooks."""

import asyncio
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.directory import DirectoryTable
from chat4all_local.simulators.registry import names
from chat4all_local.simulators.server import HOST, serve
from tests.unit.simulators.file_host import FileHost
from tests.unit.simulators.receiver import Receiver

DEADLINE_S = 20.0


@dataclass(frozen=True)
class Simulators:
    """Every simulator, as an attribute of its channel's name."""

    by_name: dict[str, Simulator]

    def __getattr__(self, name: str) -> Simulator:
        try:
            return self.by_name[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Simulator]:
        return iter(self.by_name.values())


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Start fresh simulators that answer and report at once."""
    with running_simulators() as running:
        yield running


@contextmanager
def running_simulators(
    customers: Path | None = None,
    *,
    directory: DirectoryTable | None = None,
    providers: Sequence[str] = names(),
) -> Iterator[Simulators]:
    ready: queue.Queue[tuple[dict[str, int], asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        await serve(
            dict.fromkeys(providers, 0),
            lambda ports: ready.put((ports, loop, stop)),
            stop,
            customers,
            directory=directory,
        )

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ports, loop, stop = ready.get(timeout=DEADLINE_S)
    running = Simulators(
        {name: Simulator(f"http://{HOST}:{port}", timeout_s=DEADLINE_S) for name, port in ports.items()}
    )
    try:
        for simulator in running:
            simulator.configure(latency_ms={"min": 0, "max": 0}, receipts={"delay_ms": 0})
        yield running
    finally:
        for simulator in running:
            simulator.close()
        loop.call_soon_threadsafe(stop.set)
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def files() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=DEADLINE_S, trust_env=False) as client:
        yield client


def is_free(url: str) -> bool:
    """Return whether nothing listens at `url`."""
    try:
        httpx.get(url, trust_env=False, timeout=DEADLINE_S)
    except httpx.ConnectError:
        return True
    return urlsplit(url).port is None
