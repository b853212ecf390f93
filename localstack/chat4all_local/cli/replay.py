"""replay."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from chat4all.services.recovery.replay_messages import Replayed
from chat4all_local.cli.options import JsonOption, StateOption, folder_at
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.settings import STACK
from chat4all_local.console.terminal import err, out, print_json
from chat4all_local.replay.reading import Stream
from chat4all_local.replay.stack import Stack, local, on_aws
from chat4all_local.replay.targets import Lines, Queue, Router, Target
from chat4all_local.replay.times import span

TERMINAL: Final = "-"
_WORDS: Final[dict[str, str]] = {
    Replayed.ROUTED: "routed again",
    Replayed.DONE: "already routed",
    Replayed.ON_ITS_WAY: "not yet routed",
    Replayed.UNKNOWN: "not stored here",
}


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="The local cloud")(replay)


def replay(
    *,
    since: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="The start: ISO 8601, or a time span before now: 30m, 2h, 7d."
        ),
    ],
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The end, in the same form; by default now.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(
            metavar="QUEUE_URL|-",
            help="Send the events to this queue, or with - print each as a line of JSON.",
        ),
    ] = None,
    on_aws_: Annotated[
        bool,
        typer.Option("--on-aws", help="Read from the stack in your AWS account, with your AWS settings."),
    ] = False,
    stack: Annotated[str, typer.Option(help="The stack's name on AWS.")] = STACK,
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Replay the stream chat-events, by default into the router; no message is sent twice.

    This needs EventStream=kinesis, which keeps events for a week. The router skips a message that is not
    pending, and a message that was never routed.
    """
    now = datetime.now(UTC)
    try:
        begin, end = span(since, until, now)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if into is not None and into != TERMINAL and not into.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{into!r} is no queue: --into takes a queue's URL, or {TERMINAL}")
    source = on_aws(stack) if on_aws_ else local(connect(folder_at(state)))
    stream = Stream(source.kinesis, source.stream())
    kept = timedelta(hours=stream.retention_hours())
    if begin < now - kept:
        err.print(f"The stream keeps events for {kept.days} days: older events are gone.", style="dim")
    done = _run(stream, begin, end, _target(source, into))
    if json and into != TERMINAL:
        print_json(done)
    else:
        _tell(err if into == TERMINAL else out, done)


def _target(source: Stack, into: str | None) -> Target:
    if into is None:
        return Router(source.functions, source.router)
    return Lines(typer.echo) if into == TERMINAL else Queue(source.sqs, into)


def _run(stream: Stream, begin: datetime, end: datetime, target: Target) -> Counter[str]:
    done: Counter[str] = Counter(read=0)
    with err.status("Replay") as status:
        for records in stream.between(begin, end):
            if records:
                done["read"] += len(records)
                done.update(target(records))
                status.update(f"Replay: {done['read']} read, up to {records[-1].at:%Y-%m-%d %H:%M:%S}")
    return done


def _tell(console: Console, done: Counter[str]) -> None:
    console.print(f"read {done['read']} events", highlight=False)
    for name, count in sorted(done.items()):
        if name != "read" and count:
            console.print(f"  {count} {_WORDS.get(name, name)}", highlight=False)
