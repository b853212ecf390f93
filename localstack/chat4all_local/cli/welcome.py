"""The text of `up` after a start."""

from pathlib import Path
from shlex import quote

from rich.console import Group, RenderableType
from rich.text import Text

from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.folder import default_folder
from chat4all_local.cloud.running import Cloud


def next_commands(cloud: Cloud) -> list[str]:
    """Three to paste: a look at the API, somebody to write to, and how everything is."""
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
    return Group(*_warnings(cloud), facts, Text("Try:", style="bold"), *commands)


def _warnings(cloud: Cloud) -> list[Text]:
    """Say what this run does not have because the run before could not keep it."""
    lost = cloud.folder.read().lost
    text = f"warning: {lost}. What was written since the last clean stop of the local cloud is lost."
    return [Text(text, style="yellow")] if lost else []
