"""Repeated kill -9 of the processes that run a function, during their work."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from chat4all_local.chaos.proxy import behind_proxies
from chat4all_local.chaos.proxy_client import Proxy
from chat4all_local.chaos.scenario import AFTER_A_KILL_S, Act, Run, Scenario
from chat4all_local.chaos.workers import kill, workers
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.waiting import wait_until

_KILLS: Final = 3
_FROM: Final = 0.25
_TO: Final = 0.55
_STORE_SHARE: Final = 0.75
_LOOKS_FOR_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.05


def _shares(count: int) -> list[float]:
    """Return the share of the load before each of `count` kills, spread evenly over its middle."""
    return [_FROM + (_TO - _FROM) * number / (count - 1) for number in range(count)]


def _kill_one(run: Run, function: str, channel: str | None) -> None:
    try:
        killed = wait_until(
            f"a process of {function} is killed",
            lambda: kill(workers(run.under_test.cloud, function)),
            within_s=_LOOKS_FOR_S,
            every_s=_LOOK_EVERY_S,
        )
    except TimeoutError:
        run.wrongs.append(f"no process of {function} was running to be killed")
    else:
        run.struck(f"kill -9 {function}", channel=channel, kills=killed)


def _killing(function: str) -> Act:
    def act(run: Run) -> None:
        for share in _shares(_KILLS):
            run.load.wait_for_share(share)
            _kill_one(run, function, None)

    return act


def _kill_channels(run: Run) -> None:
    for share, channel in zip(_shares(len(CHANNELS)), CHANNELS, strict=True):
        run.load.wait_for_share(share)
        _kill_one(run, channel, channel)


def _kill_between_answer_and_record(run: Run) -> None:
    """Kill a channel function after the provider accepted a send and before it answered.

    The provider's SLOW fault delays the answer.
    """
    for share, channel in zip(_shares(len(CHANNELS)), CHANNELS, strict=True):
        run.load.wait_for_share(share)
        simulator = run.under_test.simulators[channel]
        before = simulator.transcript().last
        simulator.add_fault(FaultKind.SLOW, count=1, seconds=8)
        if not _delays_answer(run, channel, before):
            run.wrongs.append(f"no answer of {channel} could be delayed")
        _kill_one(run, channel, channel)


def _kill_between(run: Run) -> None:
    _kill_between_answer_and_record(run)
    _kill_between_publish_and_store(run, run.under_test.before_aws)


def _kill_between_publish_and_store(run: Run, between: Proxy) -> None:
    """Kill the API after SQS has a message and before DynamoDB stores it: microburst holds the put."""
    run.load.wait_for_share(_STORE_SHARE)
    put_of_a_message = {"service": "dynamodb", "operation": "PutItem", "body": "Item.record.S == 'MESSAGE'"}
    between.inject([{**put_of_a_message, "timeout_ms": 8000, "times": 1}])
    if not _happens("DynamoDB does not answer", between.fired):
        run.wrongs.append("no message could be held between publish and store")
    _kill_one(run, "api", None)
    between.clear()


def _delays_answer(run: Run, channel: str, after: int) -> bool:
    """Wait until the provider has accepted a send and delays its answer: then the fault is used up."""
    simulator = run.under_test.simulators[channel]

    def is_delayed() -> bool:
        accepted = [send for send in simulator.transcript(after).requests if send.provider_message_id]
        return bool(accepted) and not simulator.faults()

    has_happened = _happens(f"{channel} delays an answer", is_delayed)
    if not has_happened:
        simulator.clear_faults()
    return has_happened


def _happens(what: str, look: Callable[[], object]) -> bool:
    with suppress(TimeoutError):
        return bool(wait_until(what, look, within_s=_LOOKS_FOR_S, every_s=_LOOK_EVERY_S))
    return False


KILLS: Final = (
    Scenario(
        "kill-api",
        "The api's processes are killed.",
        _killing("api"),
        next_delivery_s=AFTER_A_KILL_S,
    ),
    Scenario(
        "kill-router",
        "The router's processes are killed.",
        _killing("router"),
        next_delivery_s=AFTER_A_KILL_S,
    ),
    Scenario(
        "kill-channel",
        "Each channel function's processes are killed in turn.",
        _kill_channels,
        repeats_per_kill=1,
        next_delivery_s=AFTER_A_KILL_S,
    ),
    Scenario(
        "kill-webhooks",
        "The processes of the function that records receipts are killed.",
        _killing("webhooks"),
        next_delivery_s=AFTER_A_KILL_S,
    ),
    Scenario(
        "kill-between",
        "Functions die between the provider's answer and its record, and between publish and store.",
        _kill_between,
        behind_proxies,
        repeats_per_kill=1,
    ),
)
