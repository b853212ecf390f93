"""Start MiniStack with every correction. BIND_HOST and GATEWAY_PORT are its address."""

import os
import sys
from typing import Final

from lambda_processes.ministack import functions
from ministack_server import (
    copies,
    deduplication,
    expressions,
    grants,
    partitions,
    policies,
    queue_order,
    reused_threads,
    roles,
    serving,
    streams,
)
from ministack_server.journal.lifecycle import Journal

CORRECTIONS: Final = (
    roles,
    grants,
    policies,
    deduplication,
    queue_order,
    expressions,
    partitions,
    copies,
    reused_threads,
    streams,
)


def main() -> None:
    """Correct MiniStack, and serve until a signal stops the process."""
    for correction in CORRECTIONS:
        correction.install()
    processes = functions.install()
    journal = Journal()
    journal.install()
    try:
        serving.serve(os.environ.get("BIND_HOST", "127.0.0.1"), int(os.environ["GATEWAY_PORT"]))
    finally:
        processes.close()
    sys.exit(journal.exit_code)


if __name__ == "__main__":
    main()
