"""Start the simulators: `python -m chat4all_local.simulators --whatsapp-port 0 --telegram-port 4511`.

Every provider listens; a provider without a port option takes a free port. When all of them listen, the
program prints a line of JSON such as `{"whatsapp": port, "telegram": port}`. The exit status is 0 after
SIGTERM or SIGINT, and 1 if a port is taken.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from chat4all_local.simulators.directory import DirectoryTable
from chat4all_local.simulators.registry import names
from chat4all_local.simulators.server import serve


class _Arguments(msgspec.Struct, frozen=True):
    ports: dict[str, int]
    customers: Path | None
    directory: DirectoryTable | None


def main() -> int:
    try:
        asyncio.run(_run(_arguments()))
    except OSError as problem:
        sys.stderr.write(f"simulators: {problem}\n")
        return 1
    return 0


async def _run(arguments: _Arguments) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(arguments.ports, _announce, stop, arguments.customers, directory=arguments.directory)


def _announce(ports: dict[str, int]) -> None:
    sys.stdout.write(msgspec.json.encode(ports).decode() + "\n")
    sys.stdout.flush()


def _arguments() -> _Arguments:
    parser = argparse.ArgumentParser(prog="chat4all_local.simulators", description="The simulated providers.")
    for name in names():
        parser.add_argument(
            f"--{name}-port",
            type=int,
            default=0,
            metavar="PORT",
            help="port to listen on; 0 takes a free port",
        )
    parser.add_argument(
        "--customers",
        type=Path,
        metavar="DIR",
        help="folder that keeps what the providers remember over a restart",
    )
    parser.add_argument(
        "--directory",
        nargs=2,
        metavar=("URL", "TABLE"),
        help="DynamoDB URL and table of Chat4All's directory, whose people are customers too",
    )
    arguments = vars(parser.parse_args())
    ports = {name: arguments[f"{name}_port"] for name in names()}
    directory = DirectoryTable(*arguments["directory"]) if arguments["directory"] else None
    return _Arguments(ports, arguments["customers"], directory)


if __name__ == "__main__":
    sys.exit(main())
