"""`chat4all cost`: the estimate, from the kept measurement or from a new measurement."""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.table import Table
from rich.text import Text

from chat4all.channels.registry import manifest_of
from chat4all_local.cloud.backends.ministack import BEHIND_PROXIES
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.tables import plain_table
from chat4all_local.console.terminal import err, out, print_json
from chat4all_local.cost.estimate import Change, Estimate, KeptUse, Line, PriceTable, estimate
from chat4all_local.cost.measure import CHANNEL, MESSAGES, measured_sizes

_HERE: Final = Path(__file__).parent
_KEPT: Final = _HERE / "use.json"
_HOW: Final = (
    f"{MESSAGES} texts of each size to a local cloud, one at a time, every call of the functions counted,"
    " so that every batch has one record; with the router's write at the desk, for a conversation that was"
    " quiet for a minute"
)


def price_table() -> PriceTable:
    return msgspec.json.decode((_HERE / "prices.json").read_bytes(), type=PriceTable)


def kept_use() -> KeptUse:
    return msgspec.json.decode(_KEPT.read_bytes(), type=KeptUse)


def run(*, messages: int, characters: int, measure: bool, json_output: bool) -> int:
    """Raises CloudError."""
    if measure:
        _KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(_measured_now())) + b"\n")
    kept, prices = kept_use(), price_table()
    result = estimate(kept, prices, messages, characters)
    if json_output:
        print_json(result)
        return 0
    out.print(
        f"[bold]{manifest_of(kept.channel).title}, texts of {result.characters:,} characters, each with its"
        f" {len(result.receipts)} receipts: {', '.join(result.receipts)}[/]\n",
        _steps(result),
        "",
        _calls(result),
        "",
        _services(result, prices),
        "",
        _choices(result.changes),
        Text(
            f"\n{messages:,} messages: {result.usd:,.2f} USD ({result.region}, prices of {result.as_of})\n"
            f"Use: {kept.how}; times of {kept.where}, {kept.measured_at}.\nPrices: {prices.note}"
        ),
        highlight=False,
    )
    return 0


def _measured_now() -> KeptUse:
    with stopped_by_signals(), ExitStack() as stack, ProgressDisplay(err) as progress:
        cloud = stack.enter_context(started(progress=progress, backend=BEHIND_PROXIES))
        with progress.narrated("Count the calls of messages") as tell:
            sizes = measured_sizes(cloud, tell)
    return KeptUse(
        measured_at=f"{datetime.now(UTC):%Y-%m-%d}",
        where="the machine that measured",
        how=_HOW,
        channel=CHANNEL,
        sizes=sizes,
    )


def _steps(result: Estimate) -> Table:
    table = plain_table("STEP", numbers=("WCU", "RRU", "SQS", "INVOCATIONS", "HTTP", "USD A MILLION"))
    for line in result.lines:
        table.add_row(line.step, *_numbers(line))
    for line in (result.whole, result.without_receipts):
        table.add_row(line.step, *_numbers(line), style="bold")
    return table


def _calls(result: Estimate) -> Table:
    """List the calls to DynamoDB and SQS; the receive and the delete of a batch are Lambda's."""
    table = plain_table("STEP", "CALLS OF THE FUNCTION")
    for line in result.lines:
        calls = (call if count == 1 else f"{count:.3g} {call}" for call, count in line.use.calls.items())
        table.add_row(line.step, ", ".join(calls))
    return table


def _numbers(line: Line) -> Iterable[str]:
    use = line.use
    for quantity in (use.write_units, use.read_units, use.sqs, use.invocations, use.http):
        yield f"{quantity:.4g}"
    yield f"{line.usd_per_million:.2f}"


def _services(result: Estimate, prices: PriceTable) -> Table:
    table = plain_table("SERVICE", "UNIT", numbers=("A MESSAGE", "USD A MILLION"))
    for service in result.services:
        unit = prices.prices[service.price].unit
        table.add_row(service.service, unit, f"{service.quantity:.4g}", f"{service.usd_per_million:.2f}")
    return table


def _choices(changes: Iterable[Change]) -> Table:
    table = plain_table("A CHOICE", numbers=("USD A MILLION", "USD A MONTH", "PAYS FROM"))
    for change in changes:
        pays = f"{change.pays_from:,.0f} million a month" if change.pays_from else ""
        table.add_row(change.choice, f"{change.usd_per_million:+.2f}", f"{change.usd_a_month:+,.0f}", pays)
    return table
