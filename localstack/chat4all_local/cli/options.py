"""The options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

from chat4all_local.cloud.folder import StateFolder, default_folder
from chat4all_local.cloud.settings import STATE_VARIABLE

StateOption = Annotated[
    str,
    typer.Option(
        "--state",
        envvar=STATE_VARIABLE,
        metavar="DIR",
        help="The folder of the local cloud; by default .chat4all in the checkout.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def folder_at(state: str) -> StateFolder:
    return StateFolder(Path(state)) if state else default_folder()
