"""The figures of the timed blocks."""

from statistics import median

import msgspec

from chat4all_local.traffic.spread import Spread, paired_ratios, spread


class BlockTime(msgspec.Struct, frozen=True):
    """The time of all requests of a block."""

    wall_s: float
    cpu_s: float


class Block(msgspec.Struct, frozen=True):
    bare: BlockTime
    product: BlockTime


class ProbeResult(msgspec.Struct, frozen=True):
    """The result of the probe; `calls` counts the AWS calls of all blocks, by side and operation."""

    blocks: list[Block]
    calls: dict[str, dict[str, int]]


class SideFigures(msgspec.Struct, frozen=True):
    """Figures per request: medians over the blocks, and average AWS calls by operation."""

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


def overhead_figures(result: ProbeResult, requests_per_block: int) -> OverheadFigures:
    bare, product = [block.bare for block in result.blocks], [block.product for block in result.blocks]
    return OverheadFigures(
        blocks=len(result.blocks),
        requests_per_block=requests_per_block,
        bare=_side(bare, result.calls["bare"], requests_per_block),
        product=_side(product, result.calls["product"], requests_per_block),
        cpu_ratio=spread(cpu_ratios(result)),
        wall_ratio=spread(
            paired_ratios([block.wall_s for block in product], [block.wall_s for block in bare])
        ),
    )


def cpu_ratios(result: ProbeResult) -> list[float]:
    return paired_ratios(
        [block.product.cpu_s for block in result.blocks], [block.bare.cpu_s for block in result.blocks]
    )


def milliseconds(seconds: float, requests: int) -> float:
    """Return the milliseconds per request, for `requests` that took `seconds` together."""
    return seconds * 1000 / requests


def _side(times: list[BlockTime], calls: dict[str, int], requests: int) -> SideFigures:
    return SideFigures(
        cpu_ms=milliseconds(median(block.cpu_s for block in times), requests),
        wall_ms=milliseconds(median(block.wall_s for block in times), requests),
        calls={name: count / (requests * len(times)) for name, count in sorted(calls.items())},
    )
