"""Start MiniStack as `python -m ministack` does, with every correction."""

from ministack import app

from lambda_processes.ministack import functions
from ministack_server import draining


def main() -> None:
    """Correct MiniStack, and serve until a signal stops the process."""
    draining.install()
    processes = functions.install()
    try:
        app.main()
    finally:
        processes.close()


if __name__ == "__main__":
    main()
