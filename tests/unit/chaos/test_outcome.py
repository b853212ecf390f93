"""The outcome of a chaos scenario: the figures that decide, and the figures that are only reported."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from chat4all_local.chaos import main
from chat4all_local.chaos.account import Account
from chat4all_local.chaos.catalogue import SCENARIOS, choose
from chat4all_local.chaos.outcome import Outcome
from chat4all_local.chaos.scenario import Strike
from chat4all_local.chaos.timeline import Isolation, Timeline, isolation, next_delivery_s
from chat4all_local.chaos.view import HEADINGS, row, verdict
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.load import Posted
from tests.unit.chaos.test_account import ANA, BEN

WELL = Account(10, 10, 0, 0, 0, 0, {}, ())
STRIKE = Strike("kill -9", 100.0, kills=2)


def outcome(name: str, account: Account = WELL, *, strikes: int = 1, first_s: float | None = 1.0) -> Outcome:
    timeline = Timeline(90.0, [95.0], [96.0], (STRIKE,) * strikes)
    return Outcome(SCENARIOS[name], account, first_s, 5.0, None, timeline, 0, ())


@pytest.mark.parametrize(
    "wrong",
    [{"lost": 1}, {"out_of_order": 1}, {"repeated": 1}, {"accepted": 0}, {"delivered": 0, "failed": 10}],
)
def test_loss_disorder_repeats_and_silence_are_wrong(wrong: dict[str, int]) -> None:
    assert outcome("kill-api").wrongs == []
    assert len(outcome("kill-api", replace(WELL, **wrong)).wrongs) == 1


@pytest.mark.parametrize(("repeated", "wrong"), [(3, 0), (4, 1)])
def test_a_killed_channel_function_may_repeat_once_for_each_kill(repeated: int, wrong: int) -> None:
    assert len(outcome("kill-channel", replace(WELL, repeated=repeated), strikes=3).wrongs) == wrong


def test_a_killed_cloud_may_lose_nothing() -> None:
    assert outcome("kill-cloud", replace(WELL, lost=1)).wrongs == ["1 lost: "]


def test_a_stop_allows_no_repeats() -> None:
    stopped = Timeline(90.0, [95.0], [96.0], (Strike("SIGTERM", 100.0),))

    assert replace(outcome("stop-under-load", replace(WELL, repeated=1)), timeline=stopped).wrongs == [
        "1 repeated, 0 allowed"
    ]


def test_times_are_told_and_decide_nothing() -> None:
    slow = outcome("kill-api", first_s=9.0)
    coupled = replace(outcome("provider-down"), isolation=Isolation(1.0, 2.0))

    assert (slow.wrongs, coupled.wrongs) == ([], [])
    assert (len(slow.missed), len(coupled.missed)) == (1, 1)
    assert "9.0 s" in verdict(slow).plain
    assert outcome("kill-api", first_s=None).missed == ["next delivery after never, aim 3.7 s"]


def test_what_a_scenario_found_late_is_told_and_decides_nothing() -> None:
    late = replace(outcome("overload"), late=("normal again 12.0 s after the overload, aim 10 s",))

    assert late.wrongs == []
    assert "12.0 s" in verdict(late).plain


def test_the_table_is_whole_where_no_terminal_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=40)
    well = replace(outcome("kill-channel"), isolation=Isolation(1.0, 2.0))

    main.show(console, [well])

    heading, line = capsys.readouterr().out.strip().splitlines()
    assert heading.split("  ")[0] == "scenario"
    assert [word for word in re.split(r"\s{2,}", heading) if word] == list(HEADINGS)
    assert tuple(line.split()) == row(well)


def test_the_next_delivery_is_looked_for_where_it_struck() -> None:
    posted = [Posted("a", ANA, "a", 1.0, 1.0, 1), Posted("b", BEN, "b", 1.0, 1.0, 1)]
    arrivals = {"a": 12.0, "b": 15.0}

    assert next_delivery_s([Strike("", 10.0)], posted, arrivals) == 2.0
    assert next_delivery_s([Strike("", 10.0, "telegram")], posted, arrivals) == 5.0
    assert next_delivery_s([Strike("", 10.0), Strike("", 13.0)], posted, arrivals) == 2.0
    assert next_delivery_s([Strike("", 20.0)], posted, arrivals) is None


def test_what_was_under_way_when_it_struck_is_not_the_next_delivery() -> None:
    posted = [Posted("a", ANA, "a", 10.0, 10.0, 1), Posted("b", ANA, "b", 10.0, 10.0, 1)]

    assert next_delivery_s([Strike("", 10.0, gone=12.0)], posted, {"a": 11.0, "b": 17.0}) == 7.0


def test_the_other_channels_are_compared_before_and_during() -> None:
    posted = [Posted(f"{at}", BEN, f"{at}", float(at), float(at), 1) for at in range(40)]
    posted += [Posted(f"ana {at}", ANA, f"ana {at}", float(at), float(at), 1) for at in range(40)]
    arrivals = {
        message.message_id: message.at + (1.0 if message.at < 20 else 2.0)
        for message in posted
        if message.conversation is BEN
    }
    arrivals |= {message.message_id: message.at + 30 for message in posted if message.conversation is ANA}

    found = isolation("whatsapp", [Strike("", 20.0, until=35.0)], posted, arrivals)

    assert found == Isolation(1.0, 2.0)
    assert isolation("whatsapp", [Strike("", 2.0, until=3.0)], posted, arrivals) is None


def test_a_row_tells_every_figure() -> None:
    assert row(outcome("kill-api")) == ("kill-api", "10", "10", "0", "0", "0", "0", "1.0", "5.0", "-")


def test_an_unknown_scenario_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CloudError, match="no such scenario: rain") as refused:
        choose(["kill-api", "rain"])

    assert "kill-api" in refused.value.advice
    assert [scenario.name for scenario in choose(["burst", "kill-api", "burst"])] == ["kill-api", "burst"]


def test_where_no_report_can_be_written_is_said_before_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(main, "perform", lambda *_, **__: pytest.fail("it ran"))

    with pytest.raises(CloudError, match="is not writable"):
        main.run([], messages=20, report=str(tmp_path / "file"), json_output=False)
