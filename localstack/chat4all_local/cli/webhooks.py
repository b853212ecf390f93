"""webhooks replay."""

from typing import Annotated

import typer

from chat4all.services.inbound.replay_webhooks import Replayed
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import JsonOption, StateOption
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, print_json, printable

app = typer.Typer(no_args_is_help=True)


@app.callback()
def webhooks() -> None:
    """Replay stored webhooks."""


@app.command()
def replay(
    webhook_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help="The ids of webhooks; by default all that --from, --to and --channel select.",
        ),
    ] = None,
    *,
    channel: Annotated[str | None, typer.Option(help="Only the webhooks of this channel.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Only webhooks that arrived at this time or later (ISO 8601)."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only webhooks that arrived at this time or earlier."),
    ] = None,
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Publish the events of stored webhooks again. Messages that are already stored are not duplicated.

    Exits with 1 if a webhook could not be replayed. It stays stored.
    """
    done = Replayed(0, 0, ())
    with ProgressDisplay(err) as display, display.narrated("Replay") as tell:
        for page in client(state).replay_webhooks(
            webhook_ids or [], channel=channel, since=since, until=until
        ):
            done = Replayed(
                done.replayed + page.replayed, done.events + page.events, (*done.refused, *page.refused)
            )
            tell(f"{done.replayed} webhooks, {done.events} events")
    if json:
        print_json(done)
    else:
        typer.echo(f"replayed {done.replayed} webhooks with {done.events} events")
        for refusal in done.refused:
            typer.echo(f"refused {printable(refusal.webhook_id)}: {printable(refusal.issue)}")
    raise typer.Exit(1 if done.refused else 0)
