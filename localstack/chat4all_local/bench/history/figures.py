"""The figures of the benchmark `history`, and their aims."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most

UNITS_AIM: Final = 1.1


class PageFigures(msgspec.Struct, frozen=True):
    """A page of messages: the median of the time that the API takes, and its read units."""

    page_ms: float
    rru: float


class HistoryFigures(msgspec.Struct, frozen=True):
    """The pages by the messages in the conversation."""

    messages_per_page: int
    history: Mapping[str, PageFigures]


def aims(figures: HistoryFigures) -> tuple[Aim, ...]:
    short, *_, long = figures.history.values()
    return (
        at_most("read units of a page, longest / shortest conversation", long.rru / short.rru, UNITS_AIM),
    )
