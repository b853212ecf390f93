import math
from random import Random

import msgspec
import pytest
from matplotlib.figure import Figure

from chat4all_local.bench.load.figures import LoadFigures, Polite, aims, recovered_s, step
from chat4all_local.bench.load.measure import accepted, progress, uncertain
from chat4all_local.bench.load.mix import mixed
from chat4all_local.bench.load.view import draw, table
from chat4all_local.traffic.delivered import Verdict
from chat4all_local.traffic.open_load import Answer, Due, Outcome
from chat4all_local.traffic.participants import Conversation

CLEAN = Verdict(lost=0, repeated=0, out_of_order=0)
CONVERSATIONS = [Conversation(f"c{number}", "agent", "telegram", str(number)) for number in range(50)]


def answer(outcome: Outcome, seconds: float = 0.1, key: str = "") -> Answer:
    return Answer(Due(1.0, "POST", "/messages", 202, key=key), outcome, seconds, 0.0, 1.0, 2.0)


ANSWERS = [answer(Outcome.ANSWERED), answer(Outcome.REFUSED, 9.0), answer(Outcome.FAILED, 30.0)]


def test_a_step_counts_only_documented_answers_as_achieved() -> None:
    found = step(3.0, 1.0, ANSWERS, Verdict(lost=1, repeated=2, out_of_order=3), None)

    assert (found.achieved, found.p50, found.p99) == (1.0, 100.0, 100.0)
    assert (found.errors, found.refused, found.lost, found.out_of_order) == (1, 1, 1, 5)


def test_the_json_has_the_documented_shape() -> None:
    figures = LoadFigures((step(3.0, 1.0, ANSWERS, CLEAN, 0.5),), 2.0)

    shape = msgspec.to_builtins(figures)

    assert list(shape) == ["steps", "recovered_s"]
    assert " ".join(shape["steps"][0]) == (
        "rps achieved p50 p95 p99 errors refused lost out_of_order drained_s"
    )


@pytest.mark.parametrize(("rps", "names"), [(80.0, 4), (167.0, 3)])
def test_only_the_rates_up_to_80_have_an_aim_for_p95(rps: float, names: int) -> None:
    found = aims(LoadFigures((step(rps, 1.0, [answer(Outcome.ANSWERED)], CLEAN, 0.0),), 0.0))

    assert len(found) == names
    assert all(aim.met for aim in found)


def test_a_step_without_any_answer_misses_its_aims() -> None:
    found = aims(LoadFigures((step(15.0, 1.0, [answer(Outcome.FAILED)], CLEAN, 0.0),), None))

    assert {aim.name for aim in found if not aim.met} == {"errors at 15/s", "p95 at 15/s"}


def polite(*times_ms: float) -> list[Polite]:
    """Return a message a second, at its provider after so many milliseconds."""
    return [Polite(float(after), ms) for after, ms in enumerate(times_ms)]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (polite(*[20.0] * 12), 0.0),
        (polite(900.0, 21.0, *[20.0] * 12), 2.0),
        (polite(math.inf, *[20.0] * 12), 1.0),
        (polite(*[20.0] * 11), None),
        (polite(*[20.0] * 11, 21.0, *[20.0] * 11), None),
        (polite(), None),
    ],
)
def test_twelve_messages_in_a_row_within_twice_the_baseline_are_a_recovery(
    messages: list[Polite], expected: float | None
) -> None:
    assert recovered_s(messages, baseline=polite(*[5.0] * 5, *[10.0] * 15)) == expected


def test_messages_that_never_arrive_are_no_recovery_even_without_a_baseline() -> None:
    never = polite(*[math.inf] * 12)

    assert recovered_s(never, baseline=never) is None


def test_half_of_the_mix_posts_messages() -> None:
    requests, lines = mixed(CONVERSATIONS, 100.0, 20.0, Random(1))  # noqa: S311 - the same schedule

    assert sum(request.key in lines for request in requests) == len(lines)
    assert len(lines) == pytest.approx(len(requests) / 2, rel=0.1)


def test_only_messages_with_a_202_are_accepted() -> None:
    _, lines = mixed(CONVERSATIONS, 100.0, 1.0, Random(1))  # noqa: S311 - the same schedule
    taken, refused, *_ = lines

    posted = accepted(
        [answer(Outcome.ANSWERED, key=taken), answer(Outcome.REFUSED, key=refused), answer(Outcome.ANSWERED)],
        lines,
    )

    assert [message.message_id for message in posted] == [taken]


def test_a_refused_or_failed_message_may_still_have_been_taken() -> None:
    _, lines = mixed(CONVERSATIONS, 100.0, 1.0, Random(1))  # noqa: S311 - the same schedule
    taken, refused, failed, *_ = lines

    found = uncertain(
        [
            answer(Outcome.ANSWERED, key=taken),
            answer(Outcome.REFUSED, key=refused),
            answer(Outcome.FAILED, key=failed),
            answer(Outcome.FAILED),
        ],
        lines,
    )

    assert [(message.message_id, message.at) for message in found] == [
        (refused, math.inf),
        (failed, math.inf),
    ]


def test_the_live_line_shows_the_backlog() -> None:
    assert progress(ANSWERS, 7) == "1 answered, p95 100 ms, 1 errors, 1 refused, 7 in flight"


def test_the_table_and_the_plot_take_a_step_without_answers() -> None:
    failed = [answer(Outcome.FAILED, 30.0)]
    figures = LoadFigures((step(15.0, 1.0, failed, CLEAN, None),), None)
    figure = Figure()

    draw(figure, {15.0: failed})

    assert table(figures).row_count == 1
    assert len(figure.axes) == 2
