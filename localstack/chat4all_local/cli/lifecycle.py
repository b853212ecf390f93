"""up, down, status, env."""

from contextlib import ExitStack
from shlex import quote
from typing import Annotated

import typer

from chat4all_local.cli.options import JsonOption, StateOption, folder_at
from chat4all_local.cli.status_table import status_table
from chat4all_local.cli.welcome import welcome
from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.choice import BackendName, chosen
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.background import start_in_background
from chat4all_local.cloud.errors import Busy, CloudError, NotRunning, NotSaved
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import Health, inspect
from chat4all_local.cloud.progress import step
from chat4all_local.cloud.running import Cloud, connect
from chat4all_local.cloud.shutdown import is_changing, shut_down, storage_problem, wait_while_changing
from chat4all_local.cloud.signals import Stopped, stopped_by_signals
from chat4all_local.cloud.start import start
from chat4all_local.cloud.state import Phase
from chat4all_local.cloud.supervise import supervise
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, out, print_json, print_whole


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="The local cloud")(up)
    app.command(rich_help_panel="The local cloud")(down)
    app.command(rich_help_panel="The local cloud")(status)
    app.command(rich_help_panel="The local cloud")(env)


def up(
    *,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", "-d", help="Return when the cloud is up, and leave it running in the background."
        ),
    ] = False,
    backend: Annotated[
        BackendName | None,
        typer.Option(help="The local cloud that emulates AWS; by default ministack.", show_default=False),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="With --backend external: the endpoint of that cloud.")
    ] = "",
    event_stream: Annotated[
        EventStream | None,
        typer.Option(
            help="The carrier of events between functions: sqs, or kinesis with --backend localstack.",
            show_default=False,
        ),
    ] = None,
    no_roles: Annotated[
        bool,
        typer.Option(
            "--no-roles", help="Let every function call everything, instead of only what its role grants."
        ),
    ] = False,
    state: StateOption = "",
) -> None:
    """Start the local cloud, build and deploy to it, and print how to use it.

    The data of the last run are kept. Without --detach the cloud runs in the foreground until Ctrl-C.
    """
    folder = folder_at(state)
    if _is_up(folder):
        _already_up(folder, backend, endpoint, event_stream, no_roles=no_roles)
        return
    roles = Roles.IGNORED if no_roles else Roles.ENFORCED
    name = backend or BackendName.MINISTACK
    wanted = chosen(name, endpoint, event_stream or EventStream.SQS, roles)
    for lacking in wanted.lacks:
        err.print(f"Not on {wanted.name}: {lacking}.", style="dim", highlight=False, soft_wrap=True)
    try:
        if detach:
            _up_in_background(folder, name, endpoint, wanted.event_stream, roles)
        else:
            _up_in_foreground(folder, wanted)
    except CloudError:
        # Another launcher may have locked the folder a moment earlier.
        if not _is_up(folder):
            raise
        _already_up(folder, backend, endpoint, event_stream, no_roles=no_roles)


def _is_up(folder: StateFolder) -> bool:
    """Wait for a start or stop in progress, and return whether a cloud is up then. Raises Busy."""
    if folder.is_locked() and is_changing(folder):
        with (
            stopped_by_signals(),
            ProgressDisplay(err) as progress,
            step(progress, "Wait for another start or stop"),
        ):
            wait_while_changing(folder)
    return folder.is_locked()


def _already_up(
    folder: StateFolder,
    wanted: BackendName | None,
    endpoint: str,
    event_stream: EventStream | None,
    *,
    no_roles: bool,
) -> None:
    state = folder.read()
    running = state.backend
    if wanted not in {None, running} or event_stream not in {None, state.event_stream}:
        what = f"its cloud runs on {running}, with {state.event_stream}"
        raise Busy(f"{folder.path} is in use: {what}", "run first: chat4all down")
    if no_roles and state.roles is Roles.ENFORCED:
        what = "its cloud enforces the functions' roles"
        raise Busy(f"{folder.path} is in use: {what}", "run first: chat4all down")
    if endpoint and endpoint.rstrip("/") != state.aws_url:
        what = f"its cloud is at {state.aws_url}"
        raise Busy(f"{folder.path} is in use: {what}", "run first: chat4all down")
    cloud = connect(folder)
    if unhealthy := [
        component.name for component in inspect(folder).components if component.health is not Health.UP
    ]:
        raise NotRunning(
            f"the local cloud is up, but not healthy: {', '.join(unhealthy)}", "see: chat4all status"
        )
    out.print(f"The local cloud is already up, on {running}.")
    _greet(cloud)


def _up_in_background(
    folder: StateFolder, name: BackendName, endpoint: str, event_stream: EventStream, roles: Roles
) -> None:
    with stopped_by_signals(), ProgressDisplay(err) as progress:
        start_in_background(folder, progress, name, endpoint, event_stream, roles=roles)
    _greet(connect(folder))


def _up_in_foreground(folder: StateFolder, backend: Backend) -> None:
    is_up = False
    try:
        with stopped_by_signals(), ExitStack() as stack:
            with ProgressDisplay(err) as progress:
                begun = stack.enter_context(start(folder, progress, backend))
            is_up = True
            _greet(begun.cloud)
            out.print("\nPress Ctrl-C to stop the local cloud.", style="dim")
            supervise(begun.running, folder)
    except Stopped:
        if not is_up:
            raise
        _check_saved(folder)
        err.print("stopped; the data are kept for the next chat4all up", style="dim")


def _greet(cloud: Cloud) -> None:
    out.print(welcome(cloud), highlight=False, soft_wrap=True)


def down(
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Also remove the folder with all its data.")] = False,
    state: StateOption = "",
) -> None:
    """Stop the local cloud. Its data are kept for the next [bold]up[/]."""
    folder = folder_at(state)
    problem = storage_problem(folder)
    was_up = shut_down(folder)
    if was_up and not purge:
        _check_saved(folder, problem)
    out.print("The local cloud is down." if was_up else "The local cloud was not running.")
    if purge:
        is_gone = folder.purge()
        removed = "Removed" if is_gone else "Removed the local cloud's data, and no other files, from"
        out.print(f"{removed} {folder.path}.", soft_wrap=True)


def _check_saved(folder: StateFolder, problem: str = "") -> None:
    """Raise NotSaved if the last stop did not save everything, so that it does not go unnoticed.

    `problem` says why changes could not be stored before the stop.
    """
    if unsaved := "; ".join(filter(None, (problem, folder.read().unsaved))):
        raise NotSaved(
            f"the local cloud is down, but did not save everything: {unsaved}",
            "the next chat4all up starts with everything that was answered",
        )


def status(*, json: JsonOption = False, state: StateOption = "") -> None:
    """Show every component: its process, port, memory and health. Exits with 1 unless all are healthy."""
    inspection = inspect(folder_at(state))
    if json:
        print_json(inspection)
    else:
        print_whole(status_table(inspection))
    is_healthy = inspection.phase is Phase.READY and all(
        component.health is Health.UP for component in inspection.components
    )
    raise typer.Exit(0 if is_healthy else 1)


def env(*, state: StateOption = "") -> None:
    """Print the API's URL and key as shell variables: eval "$(chat4all env)"."""
    cloud = connect(folder_at(state))
    typer.echo(f"export CHAT4ALL_API={quote(f'{cloud.api_url}/v1')}")
    typer.echo(f"export CHAT4ALL_KEY={quote(cloud.api_key)}")
