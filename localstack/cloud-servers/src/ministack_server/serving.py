"""MiniStack under uvicorn, with httptools and uvloop.

MiniStack's own server is hypercorn, which takes as much processor time for a small call as MiniStack itself.
"""

import logging
import resource
import sys
from asyncio import CancelledError
from typing import Final

import uvicorn
from ministack import app

from ministack_server.draining import drain
from ministack_server.single_writes import SingleWrites

KEEP_ALIVE_S: Final = 75
CLOSED_WITHIN_S: Final = 1
"""The time for open requests. Their clients get no answer, or a 500, and repeat them."""

_SWITCH_S: Final = 0.0005
"""The longest time for which a thread keeps Python's lock while the event loop waits for it; usually 5 ms."""


def serve(host: str, port: int) -> None:
    """Serve MiniStack on `host` and `port` until SIGINT or SIGTERM, then save its state and return.

    Raise SystemExit if the port is in use.
    """
    _allow_many_connections()
    sys.setswitchinterval(_SWITCH_S)
    logging.getLogger("uvicorn.error").addFilter(_is_no_cancelled_request)
    config = uvicorn.Config(
        app.app,
        host=host,
        port=port,
        http=SingleWrites,
        loop="uvloop",
        ws="wsproto",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # uvicorn would believe any local client's X-Forwarded-For
        server_header=False,
        date_header=False,  # MiniStack sends the date itself
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=CLOSED_WITHIN_S,
    )
    # The port is bound before the state is loaded: a process without a port must not save that state again.
    listener = config.bind_socket()
    listener.set_inheritable(False)  # a function that outlives this process would hold the port
    _DrainingServer(config).run(sockets=[listener])


class _DrainingServer(uvicorn.Server):
    async def main_loop(self) -> None:
        """Serve until a signal, and then until the functions have finished their batches."""
        await super().main_loop()
        await drain()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Request the stop. After uvicorn's own method the process would end by the signal, not with 0."""
        self.should_exit = True


def _allow_many_connections() -> None:
    """Raise the soft limit of open files to the hard limit, as MiniStack does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _is_no_cancelled_request(record: logging.LogRecord) -> bool:
    """Keep tracebacks of requests that a stop cancelled out of the log: uvicorn logs their number."""
    return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))
