"""An overload is judged by its answers: refusals only, and normal answers soon after it."""

from types import SimpleNamespace
from typing import cast

import pytest

from chat4all.channels.registry import names
from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.scenario import Run
from chat4all_local.chaos.scenarios.overload import (
    IN_A_ROW,
    NORMAL_S,
    NORMAL_WITHIN_S,
    judge_answers,
    judge_recovery,
    roomy_channels,
)
from chat4all_local.traffic.load import Load
from chat4all_local.traffic.open_load import Answer, Due, Outcome

REQUEST = Due(0.0, "POST", "/messages", 202)


def run() -> Run:
    return Run(cast("CloudUnderTest", None), cast("Load", SimpleNamespace()), [], lambda _: None)


def answer(outcome: Outcome, *, sent_at: float = 0.0, seconds: float = 0.1, problem: str = "") -> Answer:
    return Answer(REQUEST, outcome, seconds, 0.0, sent_at, sent_at + seconds, problem)


ANSWERED, REFUSED = answer(Outcome.ANSWERED), answer(Outcome.REFUSED, problem="429")


def test_refusals_are_right_and_told() -> None:
    overloaded = run()

    judge_answers(overloaded, [ANSWERED, REFUSED, REFUSED])

    assert overloaded.wrongs == []
    assert overloaded.notes == ["Of 3 requests 1 were accepted and 2 refused with Retry-After."]


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([ANSWERED, ANSWERED], "nothing was refused: the load was no overload"),
        (
            [
                REFUSED,
                *[answer(Outcome.FAILED, problem="500")] * 2,
                answer(Outcome.FAILED, problem="timeout"),
            ],
            "3 requests failed: 2 with 500, 1 with timeout",
        ),
    ],
)
def test_a_load_without_refusals_and_every_other_error_are_wrong(answers: list[Answer], wrong: str) -> None:
    overloaded = run()

    judge_answers(overloaded, answers)

    assert overloaded.wrongs == [wrong]


def singles(slow_until_s: float) -> list[Answer]:
    slow = [answer(Outcome.ANSWERED, sent_at=0.0, seconds=NORMAL_S + 0.1), REFUSED]
    return [*slow, *[answer(Outcome.ANSWERED, sent_at=slow_until_s)] * IN_A_ROW]


@pytest.mark.parametrize(("after_s", "late"), [(NORMAL_WITHIN_S - 0.1, 0), (NORMAL_WITHIN_S + 0.1, 1)])
def test_normal_answers_after_the_aim_are_late_and_not_wrong(after_s: float, late: int) -> None:
    overloaded = run()

    judge_recovery(overloaded, singles(after_s))

    assert overloaded.wrongs == []
    assert len(overloaded.late) == late
    assert f"{after_s:.1f} s after the overload" in overloaded.notes[0]


@pytest.mark.parametrize("last", [REFUSED, answer(Outcome.ANSWERED, seconds=NORMAL_S + 0.1)])
def test_a_cloud_that_does_not_become_normal_is_wrong(last: Answer) -> None:
    overloaded = run()

    judge_recovery(overloaded, [*singles(1.0), last])

    assert overloaded.wrongs == ["not normal within 60 s after the overload"]


def test_a_failure_after_the_overload_is_wrong() -> None:
    overloaded = run()

    judge_recovery(overloaded, [answer(Outcome.FAILED, problem="500"), *singles(1.0)])

    assert overloaded.wrongs == ["1 requests failed: 1 with 500"]


def test_the_overload_spares_the_channel_whose_account_takes_a_message_a_second() -> None:
    assert set(roomy_channels()) == set(names()) - {"sms"}
