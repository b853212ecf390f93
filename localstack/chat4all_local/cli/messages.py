"""send, watch."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from chat4all.domain.content import file_of
from chat4all.entrypoints.http.message_views import MessageView
from chat4all_local.api_client import ApiClient
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import StateOption
from chat4all_local.cloud.errors import CloudError
from chat4all_local.console.terminal import out, printable

POLL_SECONDS = 0.5
_COLOURS = {"PENDING": "dim", "SENT": "blue", "DELIVERED": "cyan", "READ": "green", "FAILED": "red"}

ConversationArgument = Annotated[
    str, typer.Argument(metavar="CONVERSATION", help="The id of the conversation.")
]


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Talk")(send)
    app.command(rich_help_panel="Talk")(watch)


def send(
    conversation: ConversationArgument,
    text: Annotated[str, typer.Argument(help="The text to send.")],
    *,
    sender: Annotated[
        str | None, typer.Option(help="The id of the sender; by default the conversation's agent.")
    ] = None,
    state: StateOption = "",
) -> None:
    """Send a text to a conversation and print the message's id."""
    api = client(state)
    accepted = api.send(conversation, sender or find_agent(api, conversation), text)
    typer.echo(accepted.message_id)


def find_agent(api: ApiClient, conversation_id: str) -> str:
    for participant in api.conversation(conversation_id).participants:
        if api.user(participant.user_id).type == "AGENT":
            return participant.user_id
    raise CloudError("the conversation has no agent", "name the sender: --sender USER")


def watch(conversation: ConversationArgument, *, state: StateOption = "") -> None:
    """Show the messages of a conversation and each new status, until Ctrl-C."""
    api = client(state)
    names = Names(api)
    shown: dict[str, str] = {}
    while True:
        for message in changed_messages(api.history_page(conversation).messages, shown):
            out.print(render_message(message, names.of(message.sender_id)), soft_wrap=True)
        time.sleep(POLL_SECONDS)


def changed_messages(newest_first: tuple[MessageView, ...], shown: dict[str, str]) -> Iterator[MessageView]:
    """Yield new messages and messages with a new status, oldest first, and add them to `shown`."""
    for message in reversed(newest_first):
        if shown.get(message.message_id) != message.status:
            shown[message.message_id] = message.status
            yield message


class Names:
    """The display names of users; the API is asked once for each user."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._names: dict[str, str] = {}

    def of(self, user_id: str) -> str:
        if user_id not in self._names:
            self._names[user_id] = self._api.user(user_id).display_name
        return self._names[user_id]


def render_message(message: MessageView, sender: str) -> Text:
    status = (f"{message.status:<9}", _COLOURS.get(message.status, ""))
    line = Text.assemble(
        (message.accepted_at[11:19], "dim"),
        " ",
        status,
        " ",
        (printable(sender), "bold"),
        f": {printable(message.content.text)}",
    )
    if file := file_of(message.content):
        line.append(f" [{printable(file.filename)}]", style="cyan")
    if message.error:
        line.append(f"  ({message.error.code}: {message.error.message})", style="red")
    return line
