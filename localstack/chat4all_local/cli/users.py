"""users create, users list."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer
from msgspec.structs import replace
from rich.table import Table
from rich.text import Text

from chat4all.domain.clock import iso
from chat4all.entrypoints.http.users import PostIdentity, UserView
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import JsonOption, StateOption
from chat4all_local.console.tables import plain_table
from chat4all_local.console.terminal import print_json, print_whole, printable

app = typer.Typer(no_args_is_help=True)
NOW: Final = "now"


class Kind(StrEnum):
    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"


def parse_kind(text: str) -> Kind:
    """Read a kind, in upper or lower case. Raises BadParameter."""
    try:
        return Kind(text.upper())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither {Kind.AGENT} nor {Kind.CUSTOMER}") from None


def parse_identity(text: str) -> PostIdentity:
    """Read `channel:address`; the address may contain colons. Raises BadParameter."""
    channel, found, address = text.partition(":")
    if not (found and channel and address):
        raise typer.BadParameter(f"{text!r} is not CHANNEL:ADDRESS, such as whatsapp:5511987654321")
    return PostIdentity(channel, address)


@app.command()
def create(
    kind: Annotated[
        Kind,
        typer.Argument(
            parser=parse_kind, metavar="AGENT|CUSTOMER", help="The type of the user, in upper or lower case."
        ),
    ],
    name: Annotated[str, typer.Argument(help="The name shown to others.")],
    *,
    identity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANNEL:ADDRESS",
            help="An address of the customer on a channel; repeat the option for more.",
        ),
    ] = None,
    wrote_at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="When the customer wrote last: `now`, or ISO 8601 with its zone. WhatsApp and Instagram "
            "let us write to people for 24 hours from then.",
        ),
    ] = "",
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Create a user and print its id."""
    at = iso(datetime.now(UTC)) if wrote_at == NOW else wrote_at or None
    identities = [replace(parse_identity(text), wrote_at=at) for text in identity or ()]
    user = client(state).create_user(kind, name, identities)
    if json:
        print_json(user)
    else:
        typer.echo(user.user_id)


@app.command("list")
def list_users(*, json: JsonOption = False, state: StateOption = "") -> None:
    """List every user with their addresses, the agents first."""
    api = client(state)
    found = [user for kind in Kind for user in api.users(kind)]
    if json:
        print_json(found)
    else:
        print_whole(users_table(found))


def users_table(users: list[UserView]) -> Table:
    table = plain_table("USER", "TYPE", "NAME", "REACHED AT")
    for user in users:
        reached = ", ".join(f"{identity.channel}:{identity.address}" for identity in user.identities)
        table.add_row(user.user_id, user.type, Text(printable(user.display_name)), Text(reached))
    return table
