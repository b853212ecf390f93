import pytest

from chat4all_local.bench.overhead.figures import Block, BlockTime, ProbeResult, overhead_figures

TOLD = ProbeResult(
    blocks=[
        Block(bare=BlockTime(0.02, 0.01), product=BlockTime(0.05, 0.02)),
        Block(bare=BlockTime(0.04, 0.03), product=BlockTime(0.10, 0.09)),
    ],
    calls={"bare": {"PutItem": 20, "SendMessage": 20}, "product": {"PutItem": 20, "UpdateItem": 30}},
)


def test_figures_are_of_one_request() -> None:
    figures = overhead_figures(TOLD, requests_per_block=10)

    assert figures.bare.cpu_ms == pytest.approx(2.0)
    assert figures.product.wall_ms == pytest.approx(7.5)
    assert figures.bare.calls == {"PutItem": 1.0, "SendMessage": 1.0}
    assert figures.product.calls == {"PutItem": 1.0, "UpdateItem": 1.5}


def test_ratios_are_of_the_same_block() -> None:
    figures = overhead_figures(TOLD, requests_per_block=10)

    assert (figures.cpu_ratio.low, figures.cpu_ratio.high) == pytest.approx((2.0, 3.0))
