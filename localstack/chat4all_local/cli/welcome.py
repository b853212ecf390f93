"""The text that `chat4all up` prints after a start."""

from pathlib import Path
from shlex import quote

from rich.console import Group, RenderableType
from rich.text import Text

from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.folder import default_folder
from chat4all_local.cloud.running import Cloud


def next_commands(cloud: Cloud) -> list[str]:
    """Return three commands to paste: call the API, create a customer, and show the status."""
    chat4all, state = quote(_program()), _state_option(cloud)
    return [
        f'curl -H "X-API-Key: {cloud.api_key}" {cloud.api_url}/v1/channels',
        f"{chat4all} users create CUSTOMER Maria --identity whatsapp:5511987654321{state}",
        f"{chat4all} status{state}",
    ]


def _program() -> str:
    """Return the name by which the user calls the program."""
    program = own_python().parent / "chat4all"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)


def _state_option(cloud: Cloud) -> str:
    is_default = cloud.folder.path == default_folder().path
    return "" if is_default else f" --state {quote(str(cloud.folder.path))}"


def welcome(cloud: Cloud) -> RenderableType:
    facts = Text.assemble(
        ("API   ", "bold"),
        f"{cloud.api_url}/v1\n",
        ("Key   ", "bold"),
        f"{cloud.api_key}\n",
        ("Docs  ", "bold"),
        f"{cloud.api_url}/docs\n",
    )
    commands = [Text.assemble("  ", (command, "cyan")) for command in next_commands(cloud)]
    return Group(*_recovery(cloud), facts, Text("Try:", style="bold"), *commands)


def _recovery(cloud: Cloud) -> list[Text]:
    """Say what was recovered after a run that was killed."""
    recovery = cloud.folder.read().recovery
    return (
        [Text(f"The local cloud did not end with a clean stop: {recovery}.", style="yellow")]
        if recovery
        else []
    )
