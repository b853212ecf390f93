"""Measure the runs and times of each function per message, from the reports in a local cloud's logs."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.pipeline.target import rounds_of
from chat4all_local.cloud.function_logs import FunctionLogs, LogLine
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.console.progress import Tell
from chat4all_local.cost.estimate import FunctionUse

CONVERSATIONS: Final = dict.fromkeys(CHANNELS, 6)
"""So few that no provider's rate limit delays their messages."""
ROUNDS: Final = 4
SCHEDULED_FUNCTION: Final = "relay"
"""A function that runs once a minute, with or without messages."""
_REPORT: Final = re.compile(r"^REPORT .*Billed Duration: (\d+(?:\.\d+)?) ms\s+Memory Size: (\d+) MB")


def measured(cloud: Cloud, tell: Tell) -> tuple[dict[str, FunctionUse], float]:
    """Return the functions' use for one message with its receipts, and the KB of logs for it."""
    tell(f"creating {sum(CONVERSATIONS.values())} conversations")
    product = ProductSide(cloud, CONVERSATIONS)
    try:
        product.send_receipts(wanted=True)
        logs = FunctionLogs(cloud)
        tell("warming up")
        _post(product, 1)
        logs.new_lines()
        tell("sending messages")
        messages = _post(product, ROUNDS)
        lines = logs.new_lines()
    finally:
        product.close()
    kb = sum(len(line.text.encode()) for line in lines if line.function != SCHEDULED_FUNCTION) / 1_000
    return uses(lines, messages), kb / messages


def _post(product: ProductSide, rounds: int) -> int:
    """Post with a single client: concurrent functions share cores on this machine, but not on Lambda."""
    posts = product.target.post_all(rounds_of(product.conversations, rounds), clients=1)
    product.arrivals(posts)
    product.settle()
    return len(posts)


def uses(lines: Iterable[LogLine], messages: int) -> dict[str, FunctionUse]:
    runs: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, int] = {}
    for line in lines:
        found = _REPORT.match(line.text)
        if found and line.function != SCHEDULED_FUNCTION:
            runs[line.function].append(float(found[1]))
            memory[line.function] = int(found[2])
    return {
        name: FunctionUse(round(len(times) / messages, 3), round(sum(times) / messages, 2), memory[name])
        for name, times in sorted(runs.items())
    }
