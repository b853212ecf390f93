"""What the timed blocks say."""

from statistics import median

import msgspec

from chat4all_local.traffic.spread import Spread, paired_ratios, spread


class BlockTime(msgspec.Struct, frozen=True):
    """Of all requests of one block."""

    wall_s: float
    cpu_s: float


class Block(msgspec.Struct, frozen=True):
    bare: BlockTime
    product: BlockTime


class Told(msgspec.Struct, frozen=True):
    """What the probe tells; `calls` are the AWS calls of all blocks, by side and operation."""

    blocks: list[Block]
    calls: dict[str, dict[str, int]]


class SideFigures(msgspec.Struct, frozen=True):
    """Of one request: medians over the blocks, and AWS calls by operation, on average."""

    cpu_ms: float
    wall_ms: float
    calls: dict[str, float]

    @property
    def calls_together(self) -> float:
        return sum(self.calls.values())


class OverheadFigures(msgspec.Struct, frozen=True):
    blocks: int
    requests_per_block: int
    bare: SideFigures
    product: SideFigures
    cpu_ratio: Spread
    wall_ratio: Spread


def overhead_figures(told: Told, requests_per_block: int) -> OverheadFigures:
    bare, product = [one.bare for one in told.blocks], [one.product for one in told.blocks]
    return OverheadFigures(
        blocks=len(told.blocks),
        requests_per_block=requests_per_block,
        bare=_side(bare, told.calls["bare"], requests_per_block),
        product=_side(product, told.calls["product"], requests_per_block),
        cpu_ratio=spread(cpu_ratios(told)),
        wall_ratio=spread(paired_ratios([one.wall_s for one in product], [one.wall_s for one in bare])),
    )


def cpu_ratios(told: Told) -> list[float]:
    return paired_ratios([one.product.cpu_s for one in told.blocks], [one.bare.cpu_s for one in told.blocks])


def milliseconds(seconds: float, requests: int) -> float:
    """Of one of `requests` that took `seconds` together."""
    return seconds * 1000 / requests


def _side(times: list[BlockTime], calls: dict[str, int], requests: int) -> SideFigures:
    return SideFigures(
        cpu_ms=milliseconds(median(one.cpu_s for one in times), requests),
        wall_ms=milliseconds(median(one.wall_s for one in times), requests),
        calls={name: count / (requests * len(times)) for name, count in sorted(calls.items())},
    )
