"""Start nanio as its own command does, with every correction."""

import sys

from nanio import cli

from nanio_server import role_credentials, role_grants


def main() -> int:
    """Correct nanio, and serve until a signal stops the process."""
    role_credentials.install()
    role_grants.install()
    code: int = cli.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
