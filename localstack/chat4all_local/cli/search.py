"""search find, search rebuild."""

from typing import Annotated

import typer

from chat4all.domain.search import SearchKind
from chat4all.services.search.ports import Rebuild, RebuildState
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import JsonOption, StateOption
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, print_json, printable
from chat4all_local.waiting import wait_until

_WITHIN_S = 86_400.0

app = typer.Typer(no_args_is_help=True)


@app.callback()
def search() -> None:
    """Search messages, people and notes."""


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="The words; the last may be the beginning of a word.")],
    *,
    kind: Annotated[SearchKind, typer.Option("--type", help="What to search.")] = SearchKind.MESSAGE,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The most results.")] = 20,
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Find messages, people or notes, the latest first."""
    page = client(state).search(words, kind.value, limit)
    if json:
        print_json(page)
        return
    for result in page.results:
        typer.echo(f"{result.at}  {result.id}  {printable(result.text)}")


@app.command()
def rebuild(*, json: JsonOption = False, state: StateOption = "") -> None:
    """Build the index of words again, and wait until it is done. The search can be used meanwhile."""
    api = client(state)
    began = api.start_rebuild()
    with ProgressDisplay(err) as display, display.narrated("Rebuild") as tell:

        def done() -> Rebuild | None:
            latest = api.rebuild()
            tell(f"{latest.people} people, {latest.notes} notes, {latest.messages} messages")
            is_over = latest.rebuild_id != began.rebuild_id or latest.state is RebuildState.DONE
            return latest if is_over else None

        latest = wait_until("the index is built again", done, within_s=_WITHIN_S)
    if json:
        print_json(latest)
    else:
        typer.echo(f"listed {latest.people} people, {latest.notes} notes and {latest.messages} messages")
