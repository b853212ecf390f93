"""invoke, sam-env, sam-local, sam-prepare."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import msgspec
import typer

from chat4all_local.cli.options import StateOption, folder_at
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, explain, out
from chat4all_local.invoke.execution import execute
from chat4all_local.invoke.of_checkout import execution_of
from chat4all_local.invoke.sam_environment import sam_environment
from chat4all_local.sam_local.docker import NoDocker

_STDIN: Final = "-"
_NO_DOCKER: Final = 3
_FOR_SAM: Final = (
    "SAM_CLI_TELEMETRY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
)
_PANEL: Final = "One function at a time"


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel=_PANEL)(invoke)
    app.command(rich_help_panel=_PANEL)(sam_env)
    app.command(rich_help_panel=_PANEL)(sam_local)
    app.command(rich_help_panel=_PANEL)(sam_prepare)


def invoke(
    function: Annotated[str, typer.Argument(help="api, webhooks, router, ...")],
    event: Annotated[
        str,
        typer.Argument(help="A file with the event as JSON, such as tests/events/router.json; - for stdin."),
    ],
    *,
    state: StateOption = "",
) -> None:
    """Run a function's handler once, from the checkout's sources, with its environment in the local cloud.

    AWS's runtime interface client runs it, without Docker. Its output goes to stderr, its answer to stdout.
    Exits with 1 if the handler raises, cannot be imported, ends its process or takes too long.
    """
    given = _read(event)
    cloud = connect(folder_at(state))
    with stopped_by_signals():
        typer.echo(execute(execution_of(cloud, function), given, sys.stderr))


def _read(event: str) -> bytes:
    try:
        given = sys.stdin.buffer.read() if event == _STDIN else Path(event).read_bytes()
        msgspec.json.decode(given)
    except OSError as error:
        raise typer.BadParameter(f"{event}: {error.strerror}", param_hint="EVENT") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise typer.BadParameter(f"{event} is not JSON: {error}", param_hint="EVENT") from None
    return given


def sam_env(
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; stdout by default.")
    ] = "",
    host: Annotated[
        str, typer.Option(help="The name by which containers reach this machine.")
    ] = "host.docker.internal",
    state: StateOption = "",
) -> None:
    """Print the functions' environment variables in the local cloud, for sam local invoke --env-vars."""
    found = sam_environment(connect(folder_at(state)), host)
    printed = msgspec.json.format(msgspec.json.encode(found))
    if not output:
        typer.echo(printed)
        return
    try:
        Path(output).write_bytes(printed + b"\n")
    except OSError as error:
        raise typer.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from None


def sam_local(*, state: StateOption = "") -> None:
    """Run every function once in sam local invoke, and the API in sam local start-api: both need Docker.

    The functions use the running local cloud, or a temporary cloud. The image is pulled from its registry. If
    the pull fails, the image is made from this machine's Python. Exits with 1 if a function fails, and with 3
    if Docker is missing.
    """
    from chat4all_local.sam_local.main import run  # noqa: PLC0415 (only this command needs its imports)

    with _docker_needed(), stopped_by_signals(), ProgressDisplay(err) as progress:
        went_well = run(folder_at(state), progress, _tell)
    raise typer.Exit(0 if went_well else 1)


def sam_prepare(*, state: StateOption = "") -> None:
    """Prepare the image for sam local, let containers reach the local cloud, and print the command.

    Containers reach the local cloud until Ctrl-C.
    """
    from chat4all_local.sam_local.main import prepared  # noqa: PLC0415 (only this command needs its imports)

    with ExitStack() as stack:
        stack.enter_context(_docker_needed())
        stack.enter_context(stopped_by_signals())
        with ProgressDisplay(err) as progress:
            sam = stack.enter_context(prepared(connect(folder_at(state)), progress))
        settings = [f"{name}={sam.environment()[name]}" for name in _FOR_SAM]
        typer.echo(shlex.join(["env", *settings, *sam.command("invoke", "RouterFunction"), "-e", "EVENT"]))
        err.print("\nPress Ctrl-C to stop forwarding to the local cloud.", style="dim")
        Event().wait()


@contextmanager
def _docker_needed() -> Iterator[None]:
    try:
        yield
    except NoDocker as error:
        explain(error.message, error.advice)
        raise typer.Exit(_NO_DOCKER) from None


def _tell(command: str, result: str, is_right: bool) -> None:  # noqa: FBT001 (a verdict is shown, nothing is switched)
    out.print(f"{'✓' if is_right else '✗'} {command}", highlight=False, soft_wrap=True)
    out.print(result, style="dim", markup=False, highlight=False, soft_wrap=True)
