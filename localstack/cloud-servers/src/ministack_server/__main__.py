"""Start MiniStack as `python -m ministack` does, with every correction."""

from ministack import app

from ministack_server import draining, memory


def main() -> None:
    """Correct MiniStack, and serve until a signal stops the process."""
    memory.install()
    draining.install()
    app.main()


if __name__ == "__main__":
    main()
