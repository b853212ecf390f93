"""Measures what messages use: first the processor time, then the calls, through a counting proxy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from chat4all_local.bench.message.broadcast import Broadcast
from chat4all_local.bench.message.figures import (
    BroadcastFigures,
    Figures,
    MessageFigures,
    aims,
    group_figures,
    message_figures,
)
from chat4all_local.bench.message.groups import Groups
from chat4all_local.bench.message.view import draw, table
from chat4all_local.bench.pipeline.rounds import run_round
from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.processor import Seconds, Stopwatch
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.cost.estimate import usd_per_million
from chat4all_local.cost.main import price_table
from chat4all_local.cost.measure import CHANNEL, MESSAGES, message_path, steps_of
from chat4all_local.metering.proxy import metered
from chat4all_local.metering.use import Observer, Use, shared, together, use_of

CHARACTERS: Final = 200
GROUPS: Final = {3: 20, 10: 8, 30: 4, 100: 2}
"""The messages to each group, by its participants: few enough for what a provider allows to a person."""
COUNTED_IN_GROUP: Final = 2
BROADCASTS: Final = (10, 100, 1_000)
CONVERSATIONS: Final = 32
ROUNDS: Final = 3

_NOTES: Final = (
    (
        f"Message: {MESSAGES} texts of {CHARACTERS} characters on {CHANNEL}, one at a time, each with three"
        " receipts. A proxy counts the requests of the functions to DynamoDB and SQS. DynamoDB's units come"
        " from the sizes of the items before and after each request."
    ),
    (
        "Each run of a queue's function is a receive and a delete of SQS. A poll that finds nothing starts"
        " no function, so it belongs to no message, and is not counted."
    ),
    (
        f"Processor time: {CONVERSATIONS * ROUNDS} messages by several clients at once, over all processes"
        " of the local cloud, the simulators included. What the idle cloud takes in as long is subtracted."
    ),
    "A group of N participants is an agent and N-1 customers: N-1 deliveries, each with three receipts.",
    (
        "Broadcast: one text into N conversations on a channel whose provider takes 30 messages a second."
        " A receive is a record in a batch of the channel's function."
    ),
)


def measure(cloud: Cloud, tell: Tell) -> Report:
    """Measure; the processor time comes first, because the proxy takes some, too. Raises CloudError."""
    tell("making conversations")
    with _groups(cloud) as groups:
        watch = Stopwatch(cloud.folder)
        processes = _processor_time(cloud, watch, tell)
        group_cpu = _group_cpu(groups, watch, tell)
        broadcast = _broadcasts(cloud, tell)
        use, group_use = _counted(cloud, groups, tell)
    figures = Figures(
        message=_message(use, processes),
        group={str(size): group_figures(group_use[size], group_cpu[size]) for size in GROUPS},
        broadcast=broadcast,
    )
    return Report(
        title="Message: what a message with three receipts uses",
        figures=figures,
        aims=aims(figures),
        notes=_NOTES,
        table=table(figures, processes),
        draw=lambda figure: draw(figure, figures, processes),
    )


def _message(use: Use, processes: Seconds) -> MessageFigures:
    return message_figures(use, usd_per_million(use, price_table()), 1_000 * sum(processes.values()))


@contextmanager
def _groups(cloud: Cloud) -> Iterator[Groups]:
    groups = Groups(cloud, list(GROUPS))
    try:
        yield groups
    finally:
        groups.close()


def _processor_time(cloud: Cloud, watch: Stopwatch, tell: Tell) -> Seconds:
    """Return the seconds that each process takes for a message with its receipts."""
    product = ProductSide(cloud, {CHANNEL: CONVERSATIONS})
    try:
        product.send_receipts(wanted=True)
        tell("warming up")
        run_round(product, 1)
        tell("processor time of messages")
        with watch.running() as used:
            run_round(product, ROUNDS)
    finally:
        product.close()
    return {name: seconds / (CONVERSATIONS * ROUNDS) for name, seconds in used.items()}


def _group_cpu(groups: Groups, watch: Stopwatch, tell: Tell) -> Mapping[int, float]:
    """Return the milliseconds of a delivery, by the size of the group."""
    found: dict[int, float] = {}
    for size, messages in GROUPS.items():
        tell(f"processor time in a group of {size}")
        groups.post(size, 1)
        with watch.running() as used:
            deliveries = groups.post(size, messages)
        found[size] = 1_000 * sum(used.values()) / deliveries
    return found


def _broadcasts(cloud: Cloud, tell: Tell) -> dict[str, BroadcastFigures]:
    tell(f"making {max(BROADCASTS):,} conversations")
    broadcast = Broadcast(cloud, max(BROADCASTS))
    found: dict[str, BroadcastFigures] = {}
    try:
        for conversations in BROADCASTS:
            tell(f"one text into {conversations:,} conversations")
            receives = broadcast.receives_per_delivery(conversations)
            found[str(conversations)] = BroadcastFigures(round(receives, 3))
    finally:
        broadcast.close()
    return found


def _counted(cloud: Cloud, groups: Groups, tell: Tell) -> tuple[Use, Mapping[int, Use]]:
    """Return the use of a message, and of a delivery by the size of the group."""
    with metered(cloud) as meter:
        observer = Observer(cloud, meter)
        with message_path(cloud, observer) as path:
            tell("counting the calls of messages")
            path.run(CHARACTERS)
            steps = steps_of(path.run(CHARACTERS))
        found: dict[int, Use] = {}
        for size in GROUPS:
            tell(f"counting the calls in a group of {size}")
            groups.post(size, 1)
            observer.taken()
            deliveries = groups.post(size, COUNTED_IN_GROUP)
            observed = observer.taken()
            found[size] = shared((use_of(name, observed) for name in observed.functions), deliveries)
    return together(step.use for step in steps), found
