"""The chaos scenarios cover every registered channel."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from chat4all.channels.registry import manifest_of, names
from chat4all.domain.channel import LimitScope
from chat4all_local.chaos.catalogue import SCENARIOS
from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.main import CONVERSATIONS, FEWEST_CONVERSATIONS
from chat4all_local.chaos.run import BEFORE_THE_LOAD, RATE, script
from chat4all_local.chaos.scenario import Run
from chat4all_local.chaos.scenarios import aws, kills, traffic
from chat4all_local.chaos.scenarios.providers import PROVIDERS
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.traffic.load import Load
from chat4all_local.traffic.participants import Conversation, channels_in_turn

FEWEST_MESSAGES = 30
STRUCK_FROM, STRUCK_TO = 0.3, 0.65


def conversations(count: int) -> list[Conversation]:
    return [
        Conversation(str(number), "agent", channel, str(number))
        for number, channel in enumerate(channels_in_turn(count))
    ]


def run_over(some: Sequence[Conversation], simulators: dict[str, SimpleNamespace]) -> Run:
    under_test = SimpleNamespace(
        simulators=simulators, before_s3=SimpleNamespace(fired=lambda: [True]), cloud=None
    )
    load = SimpleNamespace(conversations=some, wait_for_share=lambda _: None)
    return Run(cast("CloudUnderTest", under_test), cast("Load", load), some, lambda _: None)


def noting(noted: list[str]) -> Callable[[str], Callable[..., None]]:
    return lambda channel: lambda *_, **__: noted.append(channel)


@pytest.mark.parametrize("count", [FEWEST_CONVERSATIONS, CONVERSATIONS])
def test_people_on_every_channel_take_part_and_hear_from_us_before_the_load(count: int) -> None:
    everybody = conversations(count)

    assert {conversation.channel for conversation in everybody} == set(names())
    assert {conversation.channel for conversation in everybody[:BEFORE_THE_LOAD]} == set(names())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_even_a_small_load_goes_over_every_channel_while_something_is_broken(scenario: str) -> None:
    lines = script(scenario, conversations(FEWEST_CONVERSATIONS), FEWEST_MESSAGES, rate=5.0)

    last_s = lines[-1].after_s
    struck = [line for line in lines if STRUCK_FROM * last_s <= line.after_s <= STRUCK_TO * last_s]
    assert {line.conversation.channel for line in struck} == set(names())


@pytest.mark.parametrize("count", [FEWEST_CONVERSATIONS, CONVERSATIONS])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_person_is_sent_more_than_their_channel_allows(scenario: str, count: int) -> None:
    lines = script(scenario, conversations(count), 240, rate=RATE)

    sent: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        sent[line.conversation.conversation_id].append(line.after_s)
    channels = {conversation.conversation_id: conversation.channel for conversation in conversations(count)}
    for conversation_id, times in sent.items():
        for limit in manifest_of(channels[conversation_id]).capabilities.rate_limits:
            if limit.scope is LimitScope.RECIPIENT:
                assert all(
                    number <= limit.burst + (end - begin) / limit.interval_s + 1e-6
                    for index, begin in enumerate(times)
                    for number, end in enumerate(times[index:], start=1)
                )


def test_every_provider_fails_in_some_scenario() -> None:
    assert {scenario.isolated for scenario in PROVIDERS} >= set(names())


def test_the_function_of_every_channel_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []
    monkeypatch.setattr(kills, "_kill_one", lambda _run, function, _channel: killed.append(function))

    kills._kill_channels(run_over(conversations(FEWEST_CONVERSATIONS), {}))

    assert killed == list(names())


def test_the_function_of_every_channel_dies_between_answer_and_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[str] = []
    monkeypatch.setattr(kills, "_delays_answer", lambda *_: True)
    monkeypatch.setattr(kills, "_kill_one", lambda *_: None)
    note = noting(held)
    simulators = {
        name: SimpleNamespace(transcript=lambda: SimpleNamespace(last=0), add_fault=note(name))
        for name in names()
    }

    kills._kill_between_answer_and_record(run_over(conversations(FEWEST_CONVERSATIONS), simulators))

    assert held == list(names())


def test_somebody_on_every_channel_is_sent_what_always_fails() -> None:
    poisoned: list[str] = []
    note = noting(poisoned)
    simulators = {name: SimpleNamespace(add_fault=note(name)) for name in names()}

    traffic._poison(run_over(conversations(FEWEST_CONVERSATIONS), simulators))

    assert poisoned == list(names())


def test_people_on_every_channel_write_what_is_too_large_for_a_table() -> None:
    wrote: list[str] = []
    note = noting(wrote)
    simulators = {name: SimpleNamespace(write=note(name)) for name in names()}

    aws._write_large(run_over(conversations(FEWEST_CONVERSATIONS), simulators))

    assert set(wrote) == set(names())


def test_no_fault_of_a_provider_is_told_in_the_code_of_one_channel() -> None:
    """A fault without a code is the temporary failure of the channel's own provider."""
    asked: list[dict[str, object]] = []
    simulators = {
        name: SimpleNamespace(
            transcript=lambda: SimpleNamespace(last=0),
            add_fault=lambda kind, **options: asked.append({"kind": kind, **options}),
            clear_faults=lambda: None,
        )
        for name in names()
    }
    down = next(scenario for scenario in PROVIDERS if scenario.name == "provider-down")

    down.act(run_over(conversations(FEWEST_CONVERSATIONS), simulators))

    assert asked == [{"kind": FaultKind.ERROR, "status": 500}]
