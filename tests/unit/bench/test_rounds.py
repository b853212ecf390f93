import pytest

from chat4all_local.bench.pipeline.figures import (
    acceptance_ratios,
    arrival_ratios,
    memory_figures,
    side_figures,
)
from chat4all_local.bench.pipeline.memory import Sample, Use
from chat4all_local.bench.pipeline.rounds import SideRounds, complete
from chat4all_local.cloud.errors import CloudError
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.ledger import Arrivals, arrivals
from tests.unit.bench.conftest import MakeRound, posted


def record(text: str | None, at: float, *, accepted: bool = True) -> SendRecord:
    return SendRecord(
        n=1,
        at=at,
        address="1",
        text=text,
        provider_message_id=f"id-{at}" if accepted else None,
        callback_data=None,
        quoted=None,
        status=200 if accepted else 429,
        error_code=None,
        authorized=True,
    )


def test_rates_run_from_the_first_post_to_the_last_answer_and_the_last_arrival(make_round: MakeRound) -> None:
    measured = make_round([0.1, 0.5], [1.0, 2.0])

    assert measured.accepted_per_s == pytest.approx(2 / 0.5)
    assert measured.arrived_per_s == pytest.approx(2 / 2.0)


def test_a_message_s_time_to_the_provider_begins_with_its_own_post() -> None:
    posts = [posted("a", 1000.0, 0.1), posted("b", 1003.0, 0.1)]

    measured = complete(posts, Arrivals({"a": 1001.0, "b": 1003.5}))

    assert measured.arrival_ms() == pytest.approx([1000.0, 500.0])


def test_a_round_with_a_message_missing_is_no_round() -> None:
    posts = [posted("a", 1000.0, 0.1), posted("b", 1000.0, 0.1)]

    with pytest.raises(CloudError, match="1 of 2 accepted messages did not arrive"):
        complete(posts, Arrivals({"a": 1001.0}))


def test_the_transcripts_say_when_a_message_first_arrived_and_what_was_repeated_or_refused() -> None:
    messages = [posted("first", 4.0, 0.1), posted("second", 4.0, 0.1)]
    records = [
        record("first", 5.0, accepted=False),
        record("first", 6.0),
        record("second", 7.0),
        record("first", 8.0),
    ]

    assert arrivals(messages, records) == Arrivals({"first": 6.0, "second": 7.0}, repeated=1, refused=1)


def test_a_side_s_figures_are_medians_over_its_rounds_and_quantiles_over_its_messages(
    make_round: MakeRound,
) -> None:
    alone = [make_round([0.1, 0.1], [9.0, 9.0])]
    alongside = [make_round([0.1, 0.2], [1.0, 1.0]), make_round([0.4, 0.4], [2.0, 4.0])]

    figures = side_figures(SideRounds(alone, alongside))

    assert figures.accepted_alone_per_s.median == pytest.approx(20.0)
    assert figures.accepted_per_s.median == pytest.approx((10.0 + 5.0) / 2)
    assert figures.answer_ms.p50 == pytest.approx(200.0)
    assert figures.arrival_ms.p95 == pytest.approx(4000.0)


def test_ratios_compare_neighbouring_rounds(make_round: MakeRound) -> None:
    bare = [make_round([0.1], [1.0]), make_round([0.2], [2.0])]
    product = [make_round([0.2], [4.0]), make_round([0.2], [4.0])]

    assert acceptance_ratios(product, bare) == pytest.approx([0.5, 1.0])
    assert arrival_ratios(product, bare) == pytest.approx([0.25, 0.5])


def test_memory_is_that_of_the_greatest_moment_with_its_parts() -> None:
    samples = [
        Sample(0.0, {"ministack": Use(1, 90_000_000)}),
        Sample(0.5, {"ministack": Use(1, 100_000_000), "chat4all-api": Use(2, 50_000_000)}),
        Sample(1.0, {"chat4all-api": Use(2, 80_000_000)}),
    ]

    figures = memory_figures(samples)

    assert figures.greatest_mb == pytest.approx(150.0)
    assert figures.parts == {"ministack": Use(1, 100_000_000), "chat4all-api": Use(2, 50_000_000)}
