import math
from collections import Counter
from random import Random
from typing import cast

import msgspec
import pytest
from matplotlib.figure import Figure

from chat4all_local.bench.load.customers import Customers
from chat4all_local.bench.load.figures import LoadFigures, Polite, aims, recovered_s, step
from chat4all_local.bench.load.measure import described, progress
from chat4all_local.bench.load.mix import SHARES, Kind, Mix, Requests, Sources, mixed
from chat4all_local.bench.load.view import draw, table
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Settings
from chat4all_local.traffic.delivered import Verdict
from chat4all_local.traffic.open_load import Answer, Due, Outcome
from chat4all_local.traffic.open_posts import accepted, uncertain
from chat4all_local.traffic.participants import Conversation

CLEAN = Verdict(lost=0, repeated=0, out_of_order=0)
CONVERSATIONS = [Conversation(f"c{number}", "agent", "telegram", str(number)) for number in range(1, 51)]


class NoSimulator:
    """A simulator of which only the settings are asked."""

    def settings(self) -> Settings:
        return Settings(
            account_id="1", access_token="t", webhook_secret="secret", webhook_url="http://127.0.0.1/hook"
        )


SOURCES = Sources(CONVERSATIONS, ["accepted"], Customers({"telegram": cast("Simulator", NoSimulator())}))


def requests_of(mix: Mix, rps: float = 100.0, seconds: float = 20.0) -> Requests:
    return mixed(mix, SOURCES, rps, seconds, Random(1))  # noqa: S311 - the same schedule in every run


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


def kind_of(request: Due) -> Kind:
    if request.method == "POST":
        return Kind.POST if request.path == "/messages" else Kind.WEBHOOK
    endings = {"health": Kind.HEALTH, "status": Kind.STATUS, "messages": Kind.HISTORY}
    return endings[request.path.rpartition("/")[2]]


@pytest.mark.parametrize("mix", list(Mix))
def test_a_mix_has_its_shares_of_requests(mix: Mix) -> None:
    made = requests_of(mix)

    counts = Counter(map(kind_of, made.due))

    total = sum(SHARES[mix].values())
    assert counts.keys() == SHARES[mix].keys()
    for kind, share in SHARES[mix].items():
        assert counts[kind] / len(made.due) == pytest.approx(share / total, abs=0.03)
    assert len(made.lines) == counts[Kind.POST]
    assert len(made.inbound) == counts[Kind.WEBHOOK]


def test_a_customer_s_webhook_is_signed_and_carries_the_text_of_its_line() -> None:
    made = requests_of(Mix.WEBHOOKS, 20.0, 2.0)

    for request in made.due:
        line = made.inbound[request.key]
        assert request.path == "/webhooks/telegram"
        assert dict(request.headers)["x-telegram-bot-api-secret-token"] == "secret"
        assert msgspec.json.decode(request.body)["message"]["text"] == line.text
    assert len({request.body for request in made.due}) == len(made.due)


def test_the_note_names_the_shares_of_the_mix() -> None:
    assert "original (post 5, history 2, status 1, health 1, webhook 1)" in described(Mix.ORIGINAL)


def test_only_messages_with_a_202_are_accepted() -> None:
    lines = requests_of(Mix.MESSAGES, seconds=1.0).lines
    taken, refused, *_ = lines

    posted = accepted(
        [answer(Outcome.ANSWERED, key=taken), answer(Outcome.REFUSED, key=refused), answer(Outcome.ANSWERED)],
        lines,
    )

    assert [message.message_id for message in posted] == [taken]


def test_a_refused_or_failed_message_may_still_have_been_taken() -> None:
    lines = requests_of(Mix.MESSAGES, seconds=1.0).lines
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
