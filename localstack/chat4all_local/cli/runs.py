"""demo, bench, chaos, cost."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from chat4all_local.cli.options import JsonOption


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="See it work")(demo)
    app.command(rich_help_panel="See it work")(bench)
    app.command(rich_help_panel="See it work")(chaos)
    app.command(rich_help_panel="See it work")(cost)


def demo(
    *,
    channels: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="The channels of the demo: names separated by commas, or all. "
            "By default the channels in the README's picture.",
            show_default=False,
        ),
    ] = "",
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write a picture of the final state to this file."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Send messages and files to the channels and receive replies, on a temporary local cloud.

    Exits with 1 if a message or a file is missing, wrong, duplicated or out of order. With --json the result
    is the last line.
    """
    from chat4all_local.demo.choice import chosen_channels  # noqa: PLC0415 (only this command needs it)
    from chat4all_local.demo.main import run  # noqa: PLC0415 (only this command needs it)

    raise typer.Exit(run(chosen_channels(channels), json_output=json, svg=svg))


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="The benchmarks; by default all but load.")
    ] = None,
    *,
    rps: Annotated[
        list[float] | None,
        typer.Option(min=0.1, help="load: the requests a second of a step; repeat it for more steps."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="load: the seconds of a step.")] = None,
    mix: Annotated[
        Literal["original", "messages", "webhooks"], typer.Option(help="load: the mix of the requests.")
    ] = "original",
    json: JsonOption = False,
) -> None:
    """Run the benchmarks; tables and plots go to results/."""
    from chat4all_local.bench.load.measure import RPS, SECONDS, Plan  # noqa: PLC0415 (as below)
    from chat4all_local.bench.load.mix import Mix  # noqa: PLC0415 (as below)
    from chat4all_local.bench.main import run  # noqa: PLC0415 (only this command needs its imports)

    plan = Plan(tuple(rps or RPS), seconds or SECONDS, Mix(mix))
    raise typer.Exit(run(names=names or [], plan=plan, json_output=json))


def chaos(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="The scenarios; by default all.")
    ] = None,
    *,
    messages: Annotated[int, typer.Option(min=20, help="The number of messages in each scenario.")] = 240,
    report: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write a report with plots into this folder.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Inject faults under load, and show the result of every message.

    Exits with 1 if a message is lost, out of order, or repeated without need. With --json the result is the
    last line.
    """
    from chat4all_local.chaos.main import run  # noqa: PLC0415 (only this command needs its imports)

    raise typer.Exit(run(names or [], messages=messages, report=report, json_output=json))


def cost(
    *,
    messages: Annotated[int, typer.Option(min=1, help="The number of messages.")] = 1_000_000,
    characters: Annotated[
        int,
        typer.Option(min=200, max=10_000, help="The length of the text; the next measured length counts."),
    ] = 200,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="Count the calls of messages now, on a local cloud of its own, and keep them."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Estimate what messages cost on AWS, step by step: the counted calls, times the prices in a table.

    Check the prices first. The estimate excludes free tiers, storage, files and the cost of an idle cloud.
    """
    from chat4all_local.cost.main import run  # noqa: PLC0415 (only this command needs its imports)

    raise typer.Exit(run(messages=messages, characters=characters, measure=measure, json_output=json))
