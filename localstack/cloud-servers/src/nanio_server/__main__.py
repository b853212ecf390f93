"""Start nanio as `nanio serve` does, with every correction."""

import argparse
from pathlib import Path

import uvicorn
from nanio.config import Settings
from nanio.logging import setup_logging

from nanio_server import role_credentials, role_grants
from nanio_server.serving import application


def main() -> None:
    """Serve until a signal stops the process.

    The environment has NANIO_ACCESS_KEY and NANIO_SECRET_KEY, and AWS_ENDPOINT_URL of MiniStack.
    """
    parser = argparse.ArgumentParser(prog="nanio_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--data-dir", type=Path, required=True)
    options = parser.parse_args()
    setup_logging("info")
    role_credentials.install()
    role_grants.install()
    settings = Settings(
        data_dir=options.data_dir.resolve(), host=options.host, port=options.port, region=options.region
    )
    uvicorn.run(application(settings), host=settings.host, port=settings.port, access_log=False)


if __name__ == "__main__":
    main()
