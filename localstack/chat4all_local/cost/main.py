"""`chat4all cost`: the estimate, from the stored measurement or from a new measurement."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.table import Table
from rich.text import Text

from chat4all.channels.registry import manifest_of
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, out, print_json
from chat4all_local.cost.estimate import Estimate, PriceTable, Use, estimate
from chat4all_local.cost.measure import measured

_HERE: Final = Path(__file__).parent


def price_table() -> PriceTable:
    return msgspec.json.decode((_HERE / "prices.json").read_bytes(), type=PriceTable)


def kept_use() -> Use:
    return msgspec.json.decode((_HERE / "use.json").read_bytes(), type=Use)


def run(*, messages: int, measure: bool, json_output: bool) -> int:
    """Print the estimate, and return the exit code. Raises CloudError."""
    use, prices = _measured_now() if measure else kept_use(), price_table()
    result = estimate(use, prices, messages)
    if json_output:
        print_json(result)
        return 0
    source = f"Use: {use.how}; times of {use.where}, {use.measured_at}.\n{_measured_channels(use)}"
    out.print(_table(result, prices), Text(f"\n{source}\nPrices: {prices.note}"))
    return 0


def _measured_now() -> Use:
    """Measure the functions now, and take the requests to tables and queues from the stored measurement."""
    with stopped_by_signals(), ExitStack() as stack, ProgressDisplay(err) as progress:
        cloud = stack.enter_context(started(progress=progress))
        with progress.narrated("Measure the functions") as tell:
            functions, log_kb = measured(cloud, tell)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return msgspec.structs.replace(
        kept_use(),
        channels=CHANNELS,
        left_out=(),
        functions=functions,
        log_kb=round(log_kb, 2),
        measured_at=today,
        where="this machine",
    )


def _measured_channels(use: Use) -> str:
    measured = f"Measured on {_titles(use.channels)}"
    return f"{measured}, not on {_titles(use.left_out)}." if use.left_out else f"{measured}."


def _titles(channels: Sequence[str]) -> str:
    return ", ".join(manifest_of(channel).title for channel in channels)


def _table(result: Estimate, prices: PriceTable) -> Table:
    table = Table(
        title=f"{result.messages:,} messages, {result.region}, prices of {result.as_of}", title_justify="left"
    )
    table.add_column("service")
    table.add_column("unit")
    table.add_column("per message", justify="right")
    table.add_column("USD", justify="right")
    for line in result.lines:
        per_message = line.quantity / result.messages
        table.add_row(line.service, prices.prices[line.price].unit, f"{per_message:.4g}", f"{line.usd:,.2f}")
    table.add_section()
    table.add_row("total", "", "", f"{result.usd:,.2f}")
    return table
