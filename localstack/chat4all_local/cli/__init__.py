"""The command line, `chat4all`: the local cloud, and the API in a terminal."""

import sys
from typing import Final

INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line. Ctrl-C prints no traceback, not even during the imports."""
    try:
        from chat4all_local.cli.app import run  # noqa: PLC0415 (see above)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()
