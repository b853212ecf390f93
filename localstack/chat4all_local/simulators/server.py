"""A listener on 127.0.0.1 for each provider, all in one event loop."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.app import TRANSPORT, simulator_app
from chat4all_local.simulators.directory import Directory, DirectoryTable
from chat4all_local.simulators.fetching import MOST_REDIRECTS, Fetcher
from chat4all_local.simulators.journal import WebhookJournal
from chat4all_local.simulators.outbox import Outbox
from chat4all_local.simulators.registry import manifest, provider
from chat4all_local.simulators.simulator import Simulator
from chat4all_local.simulators.store import Store
from chat4all_local.simulators.webhooks import TIMEOUT_S, WebhookSender

HOST: Final = "127.0.0.1"


async def serve(
    ports: Mapping[str, int],
    ready: Callable[[dict[str, int]], None],
    stop: asyncio.Event,
    customers: Path | None = None,
    *,
    directory: DirectoryTable | None = None,
) -> None:
    """Serve the providers of `ports` by name until `stop` is set. Raises OSError if a port is taken.

    Port 0 stands for a free port. `ready` gets the ports by the providers' names. The folder `customers`
    keeps what the providers remember; without it, it is lost at the end. Each person in `directory` is a
    customer, too.
    """
    with contextlib.ExitStack() as stack:
        stores = {name: stack.enter_context(Store(_journal(name, customers))) for name in ports}
        sockets = {name: stack.enter_context(_bound(port)) for name, port in ports.items()}
        async with _http_client() as http, _link_client() as links:
            simulators = {
                name: _simulator(
                    name,
                    _account(name, stores[name], bound.getsockname()[1]),
                    http,
                    fetcher=Fetcher(links),
                    directory=Directory(name, directory, http),
                )
                for name, bound in sockets.items()
            }
            servers = {name: _Server(simulator_app(simulators[name][0])) for name in sockets}
            running = [asyncio.create_task(servers[name].serve(sockets=[sockets[name]])) for name in sockets]
            for server in servers.values():
                await server.started_up.wait()
            ready({name: bound.getsockname()[1] for name, bound in sockets.items()})
            await stop.wait()
            for _, sender in simulators.values():
                await sender.stop()
            for server in servers.values():
                server.should_exit = True
            await asyncio.gather(*running)


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process and announces when it listens."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_level="critical",
                access_log=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self.started_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.started_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Protocol(H11Protocol):
    """Puts the transport in each request's state, so that a connection can be broken on purpose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def _journal(name: str, customers: Path | None) -> Path | None:
    return customers / f"{name}.journal" if customers is not None else None


def _account(name: str, store: Store, port: int) -> Account:
    return Account(manifest(name).settings, store, f"http://{HOST}:{port}")


def _simulator(
    name: str,
    account: Account,
    http: httpx.AsyncClient,
    *,
    fetcher: Fetcher,
    directory: Directory,
) -> tuple[Simulator, WebhookSender]:
    journal = WebhookJournal()
    simulated = provider(name, account)
    sender = WebhookSender(account, journal, Outbox(account.store), http, hear=simulated.hear)
    return Simulator(simulated, account, sender, journal, fetcher, directory=directory), sender


def _http_client() -> httpx.AsyncClient:
    # Webhooks go to http:// on this machine only. An empty TLS context saves the memory of the certificates.
    return httpx.AsyncClient(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=False,
        timeout=TIMEOUT_S,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
    )


def _link_client() -> httpx.AsyncClient:
    """Make the client for the links in Chat4All's messages, which also stay on this machine.

    The caller sets the time limit.
    """
    return httpx.AsyncClient(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        trust_env=False,
        timeout=None,  # noqa: S113 (the caller limits the whole fetch)
        follow_redirects=True,
        max_redirects=MOST_REDIRECTS,
    )


def _bound(port: int) -> socket.socket:
    # asyncio disables Nagle's delay only if the protocol is named. With the delay, each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener
