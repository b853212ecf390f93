"""The tables of docs/scale.md. `python -m tests.unit.scale.document` writes them into the document."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, NamedTuple

from chat4all.adapters.dynamodb.table_keys import key
from chat4all_local.cost.estimate import estimate, size_for
from chat4all_local.cost.main import kept_use, price_table
from chat4all_local.metering.use import Use, together
from tests.integration.template import ROOT, Template, functions
from tests.unit.scale.ledger import MOST_WRITTEN, Ledger, by_place
from tests.unit.scale.traffic import Mix, counted

DOCUMENT: Final = ROOT / "docs" / "scale.md"
RATES: Final = (100, 1_000, 10_000, 100_000)
MONTH_S: Final = 30 * 24 * 3_600
DRAWN: Final = 500
CHARACTERS: Final = 200
PLAIN: Final = Mix(bot=1, groups=0, fallbacks=0, inbound=0, opening=0, strangers=0, recorded=0, failing=0)
"""Messages of one bot to one person each, which all arrive."""


class Shared(NamedTuple):
    """A key that many messages share, and the traffic that writes to it once for each message."""

    what: str
    place: str
    prefix: str
    """What the hash values begin with, after the workspace if they have one."""
    mix: Mix
    events: str
    """What happens once for each message of the mix."""


SHARED: Final = (
    Shared("the states that are PENDING", "messages by-status", "PENDING#", PLAIN, "messages"),
    Shared("one sender's messages", "messages by-sender", "bot#", PLAIN, "messages"),
    Shared("a channel's webhooks of an hour", "webhooks", "whatsapp#account", PLAIN, "messages"),
    Shared(
        "fallbacks",
        "messages by-due",
        "FALLBACK#",
        PLAIN._replace(fallbacks=1),
        "messages with a next channel",
    ),
    Shared(
        "a channel's dead letters",
        "messages by-dead-letter",
        "whatsapp#",
        PLAIN._replace(failing=1),
        "failures",
    ),
    Shared(
        "conversations by their creation",
        "conversations by-creation",
        "conversations#",
        PLAIN._replace(opening=1),
        "new conversations",
    ),
    Shared(
        "open conversations by their activity",
        "conversations by-activity",
        "ACTIVITY#OPEN",
        PLAIN._replace(recorded=1),
        "messages that raise an activity",
    ),
    Shared("customers", "directory by-type", "CUSTOMER#", PLAIN._replace(opening=1), "new people"),
    Shared(
        "the inbox's conversations",
        "conversations by-user",
        "00000000",
        PLAIN._replace(inbound=1, strangers=1),
        "strangers who write",
    ),
    Shared(
        "an account's count of held deliveries",
        "limits",
        "waiting#",
        PLAIN._replace(held=1),
        "held deliveries",
    ),
)


class Carried(NamedTuple):
    shards: int
    units: float
    """The write units for each event, over all shards."""

    @property
    def a_second(self) -> float:
        """The events a second at which each shard takes as much as a partition does."""
        return MOST_WRITTEN * self.shards / self.units


@cache
def _counted(mix: Mix, messages: int = DRAWN) -> Ledger:
    return counted(mix, messages, 10_000)


def carried(shared: Shared) -> Carried:
    begin = (shared.prefix, key(shared.prefix))
    found = {
        at: units
        for at, units in _counted(shared.mix).written.items()
        if at.place == shared.place and at.value.startswith(begin)
    }
    return Carried(len(found), round(sum(found.values()) / DRAWN, 1))


def keys_table() -> str:
    rows = [(shared, carried(shared)) for shared in SHARED]
    return _table(
        (
            "key of",
            "table, index",
            "shards",
            "units for each",
            "one shard at 10,000 a second",
            "carries a second",
        ),
        (
            (
                shared.what,
                f"`{shared.place}`",
                str(found.shards),
                f"{found.units:g}",
                f"{_rounded(10_000 * found.units / found.shards)} units",
                f"{_rounded(found.a_second)} {shared.events}",
            )
            for shared, found in rows
        ),
    )


def units_table() -> str:
    ledger = _counted(Mix())
    written, read = by_place(ledger.written), by_place(ledger.read)
    rows = [
        (f"`{place}`", *(_written_read(written[place], read.get(place, 0), rate) for rate in RATES))
        for place in sorted(written)
    ]
    together = sum(written.values()), sum(read.values())
    rows.append(("together", *(_written_read(*together, rate) for rate in RATES)))
    return _table(("units at messages a second", *(f"{rate:,}" for rate in RATES)), rows)


def _written_read(written: float, read: float, rate: int) -> str:
    reads = f", read {_rounded(read * rate / DRAWN)}" if read else ""
    return f"{_rounded(written * rate / DRAWN)}{reads}"


def machines_table() -> str:
    """Return what the counted use makes of each rate: requests, environments, dollars."""
    kept, prices = kept_use(), price_table()
    uses: dict[str, list[Use]] = {}
    for step in size_for(kept, CHARACTERS).steps:
        uses.setdefault(step.function, []).append(step.use)
    busy = {function: _environments(together(found), function) for function, found in uses.items()}
    whole = together(use for found in uses.values() for use in found)
    rows = [("requests to API Gateway a second", *_at_rates(whole.http))]
    rows += [(f"environments of `{name}`", *_at_rates(environments)) for name, environments in busy.items()]
    rows.append(("environments together", *_at_rates(sum(busy.values()))))
    rows.append(("requests to SQS a second", *_at_rates(whole.sqs)))
    dollars = estimate(kept, prices, MONTH_S, CHARACTERS).usd
    rows.append(("dollars a month, at this rate day and night", *_at_rates(dollars)))
    return _table(("at messages a second", *(f"{rate:,}" for rate in RATES)), rows)


def _environments(use: Use, function: str) -> float:
    """Return the environments that a message a second keeps busy.

    An environment handles at most ten invocations a second, however short they are:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    gigabytes = int(functions(Template())[function]["MemorySize"]) / 1_024
    return max(use.gb_seconds / gigabytes, use.invocations / 10)


def _at_rates(for_a_message: float) -> tuple[str, ...]:
    return tuple(_rounded(rate * for_a_message) for rate in RATES)


def _rounded(number: float) -> str:
    """Return the number with two digits that count."""
    if number < 10:
        return f"{number:.0f}" if number >= 1 or number == 0 else "1"
    digits = len(str(int(number))) - 2
    return f"{round(number, -digits):,.0f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---:" if index else "---" for index in range(len(head))), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def group_units(participants: int) -> float:
    """Return the write units that an agent's message to a group costs in its partition."""
    mix = PLAIN._replace(groups=1, group_size=participants - 1, people=1)
    return max(units for key, units in _counted(mix, 1).written.items() if key.place == "messages")


def units_of_a_message() -> tuple[float, float]:
    """Return what a message of one bot to one person writes and reads, with its three receipts."""
    ledger = _counted(PLAIN)
    return sum(ledger.written.values()) / DRAWN, sum(ledger.read.values()) / DRAWN


TABLES: Final[dict[str, Callable[[], str]]] = {
    "keys": keys_table,
    "units": units_table,
    "machines": machines_table,
}


def filled(text: str) -> str:
    """Return the document with its tables as the code makes them now."""
    for name, table in TABLES.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of table: {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table()}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
