"""upload, download."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from chat4all_local.api_shapes import FileLink
from chat4all_local.cli.api_access import client
from chat4all_local.cli.terminal import StateOption, err, printable
from chat4all_local.transfer.download import download as fetch
from chat4all_local.transfer.upload import upload as send


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Talk")(upload)
    app.command(rich_help_panel="Talk")(download)


def upload(
    file: Annotated[Path, typer.Argument(help="What to upload.", exists=True, dir_okay=False, readable=True)],
    *,
    conversation: Annotated[
        str | None, typer.Option(help="Only for this conversation, whose participants may read it.")
    ] = None,
    content_type: Annotated[
        str | None, typer.Option("--type", help="What it is; by default what its name says.")
    ] = None,
    state: StateOption = "",
) -> None:
    """Upload a file of up to 2 GB and print its id once it has been inspected.

    Stopped by Ctrl-C or anything else, the same command again goes on where it was.
    """
    with _bar() as bar:
        task = bar.add_task(printable(file.name), total=file.stat().st_size)
        stored = send(
            client(state),
            file,
            conversation_id=conversation,
            content_type=content_type,
            advance=lambda some: bar.advance(task, some),
            complete=lambda _: bar.update(task, description=f"{printable(file.name)}, being inspected"),
        )
    typer.echo(stored.file_id)


def download(
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="A file's id.")],
    *,
    output: Annotated[Path | None, typer.Option(help="Where to; by default its name, here.")] = None,
    state: StateOption = "",
) -> None:
    """Download a file and print where it lies. Stopped, the same command again goes on where it was."""
    tasks: list[TaskID] = []
    with _bar() as bar:

        def began(link: FileLink) -> None:
            tasks.append(bar.add_task(printable(link.filename), total=link.size))

        path = fetch(
            client(state), file_id, output, began=began, advance=lambda some: bar.advance(tasks[0], some)
        )
    typer.echo(path)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err,
    )
