"""invoke, sam-env."""

import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from chat4all_local.cli.terminal import StateOption, folder_at, print_json
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.invoke.execution import execute
from chat4all_local.invoke.of_checkout import execution_of
from chat4all_local.invoke.sam_environment import sam_environment

_STDIN: Final = "-"
_PANEL: Final = "One function at a time"


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel=_PANEL)(invoke)
    app.command(rich_help_panel=_PANEL)(sam_env)


def invoke(
    function: Annotated[str, typer.Argument(help="api, webhooks, router, ...")],
    event: Annotated[
        str,
        typer.Argument(help="A file with the event as JSON, such as tests/events/router.json; - for stdin."),
    ],
    *,
    state: StateOption = "",
) -> None:
    """Run a function's handler once, as its sources are now, with the environment that it has in the local cloud.

    In AWS's own runtime interface client, without Docker. What it prints goes to stderr, what it returns to stdout.
    Exits with 1 where the handler raises, cannot be imported, ends its process or takes too long.
    """
    given = _read(event)
    cloud = connect(folder_at(state))
    with stopped_by_signals():
        print_json(execute(execution_of(cloud, function), given, sys.stderr))


def _read(event: str) -> bytes:
    try:
        given = sys.stdin.buffer.read() if event == _STDIN else Path(event).read_bytes()
        msgspec.json.decode(given)
    except OSError as error:
        raise typer.BadParameter(f"{event}: {error.strerror}", param_hint="EVENT") from None
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"{event} is not JSON: {error}", param_hint="EVENT") from None
    return given


def sam_env(
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; stdout by default.")
    ] = "",
    host: Annotated[str, typer.Option(help="What a container calls this machine.")] = "host.docker.internal",
    state: StateOption = "",
) -> None:
    """Print the functions' environments in the local cloud, for sam local invoke --env-vars."""
    found = sam_environment(connect(folder_at(state)), host)
    printed = msgspec.json.format(msgspec.json.encode(found))
    if not output:
        print_json(printed)
        return
    try:
        Path(output).write_bytes(printed + b"\n")
    except OSError as error:
        raise typer.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from None
