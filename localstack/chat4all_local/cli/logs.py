"""logs."""

import time
from typing import Annotated

import typer
from rich.text import Text

from chat4all_local.cli.options import StateOption, folder_at
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.function_logs import FunctionLogs, LogLine
from chat4all_local.cloud.running import connect
from chat4all_local.console.terminal import out

POLL_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="The local cloud")(logs)


def logs(
    function: Annotated[
        str,
        typer.Argument(
            help="A function (api, router, ...) or a component (ministack, ...); by default all functions."
        ),
    ] = "",
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
    state: StateOption = "",
) -> None:
    """Print the logs of the functions, or of a component."""
    folder = folder_at(state)
    if function in _log_files(folder):
        _print_file(folder, function, follow=follow)
    else:
        _print_functions(folder, function, follow=follow)


def _log_files(folder: StateFolder) -> list[str]:
    """Return the names of all components with a log, even if they have ended."""
    return sorted(path.stem for path in folder.logs.glob("*.log"))


def _print_functions(folder: StateFolder, function: str, *, follow: bool) -> None:
    source = FunctionLogs(connect(folder), [function] if function else [])
    known = source.function_names()
    if function and function not in known:
        every = ", ".join([*known, *_log_files(folder)])
        raise CloudError(f"there is no function or component {function}", f"there are: {every}")
    while True:
        for line in source.new_lines():
            out.print(_render(line), soft_wrap=True)
        if not follow:
            return
        time.sleep(POLL_SECONDS)


def _render(line: LogLine) -> Text:
    return Text.assemble((line.time, "dim"), " ", (f"{line.function:<9}", "cyan"), " ", line.text)


def _print_file(folder: StateFolder, component: str, *, follow: bool) -> None:
    with (folder.logs / f"{component}.log").open(errors="replace") as log:
        while True:
            for line in log:
                typer.echo(line, nl=False)
            if not follow:
                return
            time.sleep(POLL_SECONDS)
