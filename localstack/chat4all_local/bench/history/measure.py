"""Measures the pages of a history whose conversation grows."""

import time
from itertools import pairwise
from typing import Final

from chat4all_local.api_client import ApiClient
from chat4all_local.bench.history.figures import HistoryFigures, PageFigures, aims
from chat4all_local.bench.history.rows import Filler, messages_table
from chat4all_local.bench.history.view import draw, table
from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.metering.meter import Meter
from chat4all_local.metering.proxy import metered
from chat4all_local.traffic.spread import quantile
from chat4all_local.traffic.target import CONTENT_LENGTH, new_line

CHANNEL: Final = "whatsapp"
SIZES: Final = (1_000, 10_000)
"""MiniStack reads a whole index for each query: with 100,000 messages, a page takes longer than the 5 s after
which the product stops waiting for DynamoDB."""
PAGE: Final = 50
PAGES: Final = 20
"""The pages that are read of each history, from the newest message on."""
_NOTES: Final = (
    (
        f"{PAGES} pages of {PAGE} messages, from the newest on. A message of {CONTENT_LENGTH} characters is"
        " sent and delivered, and its rows are copied into the table by batch writes."
    ),
    (
        "A proxy counts the read units, and the times include it. The times are MiniStack's: it reads the"
        " whole index for each query, where DynamoDB reads a page by its key. So the time has no aim."
    ),
)


def measure(cloud: Cloud, tell: Tell) -> Report:
    """Raises CloudError."""
    api = ApiClient(cloud.api_url, cloud.api_key)
    conversation_id, filler = _begun(cloud)
    history: dict[str, PageFigures] = {}
    with metered(cloud) as meter:
        api.history_page(conversation_id, limit=PAGE)  # the function starts
        for before, size in pairwise((0, *SIZES)):
            tell(f"writing {size - before:,} messages")
            filler.fill(before + 1, size)
            tell(f"reading a history of {size:,} messages")
            history[str(size)] = _pages(api, meter, conversation_id)
    figures = HistoryFigures(PAGE, history)
    return Report(
        title="History: a page of a short and of a long conversation",
        figures=figures,
        aims=aims(figures),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, figures),
    )


def _begun(cloud: Cloud) -> tuple[str, Filler]:
    """Start a conversation with a delivered message; return the conversation's id, and what fills it."""
    product = ProductSide(cloud, {CHANNEL: 1})
    try:
        (conversation,) = product.conversations
        posts = product.target.post_all([new_line(conversation)])
        product.arrivals(posts)
        product.settle()
    finally:
        product.close()
    return conversation.conversation_id, Filler(messages_table(cloud), posts[0].message_id)


def _pages(api: ApiClient, meter: Meter, conversation_id: str) -> PageFigures:
    meter.taken()
    times_ms: list[float] = []
    cursor = ""
    for _ in range(PAGES):
        began = time.perf_counter()
        page = api.history_page(conversation_id, limit=PAGE, cursor=cursor)
        times_ms.append(1_000 * (time.perf_counter() - began))
        cursor = page.next_cursor or ""
    units = sum(call.read_units for call in meter.taken() if call.function == "api")
    return PageFigures(round(quantile(times_ms, 0.5), 1), round(units / PAGES, 2))
