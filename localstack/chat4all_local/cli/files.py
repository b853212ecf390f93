"""upload, download."""

from pathlib import Path
from typing import Annotated

import typer

from chat4all.entrypoints.http.files import LinkView
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import StateOption
from chat4all_local.console.progress import ProgressDisplay, Transfer
from chat4all_local.console.terminal import err, printable
from chat4all_local.transfer.download import download as fetch
from chat4all_local.transfer.upload import upload as send


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Talk")(upload)
    app.command(rich_help_panel="Talk")(download)


def upload(
    file: Annotated[
        Path, typer.Argument(help="The file to upload.", exists=True, dir_okay=False, readable=True)
    ],
    *,
    conversation: Annotated[
        str | None, typer.Option(help="Restrict the file to the participants of this conversation.")
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option("--type", help="The content type; by default it follows from the file's name."),
    ] = None,
    state: StateOption = "",
) -> None:
    """Upload a file of up to 2 GB and print its id once it has been inspected.

    To resume an interrupted upload, run the same command again.
    """
    with ProgressDisplay(err) as progress:
        name = printable(file.name)
        transfer = progress.transfer(name, file.stat().st_size)
        stored = send(
            client(state),
            file,
            conversation_id=conversation,
            content_type=content_type,
            advance=transfer,
            complete=lambda _: transfer.rename(f"{name}, being inspected"),
        )
    typer.echo(stored.file_id)


def download(
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="The id of the file.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write; by default the file's name, in the current folder."),
    ] = None,
    state: StateOption = "",
) -> None:
    """Download a file and print its path.

    To resume an interrupted download, run the same command again.
    """
    transfers: list[Transfer] = []
    with ProgressDisplay(err) as progress:

        def began(link: LinkView) -> None:
            transfers.append(progress.transfer(printable(link.filename), link.size))

        def advance(size: int) -> None:
            transfers[0](size)

        path = fetch(client(state), file_id, output, began=began, advance=advance)
    typer.echo(path)
