"""dead-letters list, dead-letters redrive."""

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Annotated

import typer

from chat4all.services.recovery.redrive import Redriven, RefusedRedrive
from chat4all_local.api_client import ApiClient, ApiError
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import JsonOption, StateOption
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, print_json, printable

app = typer.Typer(no_args_is_help=True)
ChannelOption = Annotated[str | None, typer.Option(help="Only the dead letters of this channel.")]


@app.callback()
def dead_letters() -> None:
    """List and redrive dead letters: deliveries, messages and records that failed permanently."""


@app.command(name="list")
def list_dead_letters(
    *, channel: ChannelOption = None, json: JsonOption = False, state: StateOption = ""
) -> None:
    """List the dead letters with their reasons. Each conversation's are in the order of their messages."""
    found = list(client(state).dead_letters(channel))
    if json:
        print_json(found)
        return
    for letter in found:
        typer.echo(
            f"{letter.failed_at}  {printable(letter.error.code)}  {quote(printable(letter.dead_letter_id))}"
        )
        typer.echo(printable(f"    {letter.error.message}"))
    if not found:
        typer.echo("There are no dead letters.")


@app.command()
def redrive(
    dead_letter_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="The ids of dead letters, as `list` shows them."),
    ] = None,
    *,
    channel: ChannelOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Redrive all dead letters.")] = False,
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Process dead letters again, in the order of their messages.

    Exits with 1 if a dead letter could not be redriven. It stays a dead letter.
    """
    if [bool(dead_letter_ids), channel is not None, everything].count(True) != 1:
        raise typer.BadParameter("give ids of dead letters, or --channel, or --all")
    api = client(state)
    done = Redriven(0, ())
    with ProgressDisplay(err) as display, display.narrated("Redrive") as tell:
        pages = _named(api, dead_letter_ids) if dead_letter_ids else api.redrive_many(channel)
        for page in pages:
            done = Redriven(done.redriven + page.redriven, (*done.refused, *page.refused))
            tell(f"{done.redriven} dead letters")
    if json:
        print_json(done)
    else:
        typer.echo(f"redriven: {done.redriven}")
        for refusal in done.refused:
            typer.echo(f"refused {printable(refusal.dead_letter_id)}: {printable(refusal.message)}")
    raise typer.Exit(1 if done.refused else 0)


def _named(api: ApiClient, dead_letter_ids: Sequence[str]) -> Iterator[Redriven]:
    """Redrive the named dead letters in the order of the list; an unknown id does not hold up the others."""
    listed = api.dead_letters(None) if len(dead_letter_ids) > 1 else ()
    places = {letter.dead_letter_id: place for place, letter in enumerate(listed)}
    for wanted in sorted(dict.fromkeys(dead_letter_ids), key=lambda wanted: places.get(wanted, len(places))):
        try:
            yield api.redrive(wanted)
        except ApiError as refused:
            if refused.status >= 500:
                raise
            yield Redriven(0, (RefusedRedrive(wanted, refused.body.error, refused.body.message),))
