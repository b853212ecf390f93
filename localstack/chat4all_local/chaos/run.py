"""Run a scenario in its setting, from its load to its ledger."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from chat4all.channels.registry import manifest_of
from chat4all.domain.buckets import Take, take
from chat4all.domain.channel import LimitScope
from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.chaos.account import Fate, account
from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.outcome import Outcome
from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.chaos.timeline import Timeline, drained_s, isolation, next_delivery_s
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.traffic.ledger import arrivals
from chat4all_local.traffic.load import Line, Load, Posted
from chat4all_local.traffic.participants import Conversation
from chat4all_local.waiting import wait_until

CLIENTS: Final = 6
_BUSY_SHARE: Final = 0.5
_BUSY_ONE_IN: Final = 10
RATE: Final = 12.0
"""Messages a second: about half of what two cores deliver."""
SHORTEST_LOAD_S: Final = 6.0
"""The least duration of a load. Few messages are sent more slowly, so that faults fall between them."""
BEFORE_THE_LOAD: Final = max(CLIENTS, len(CHANNELS))
"""Messages before the load, over every channel. The ledger does not count them."""
LOAD_ENDS_WITHIN_S: Final = 60.0
SETTLES_WITHIN_S: Final = 150.0
GIVEN_UP_AFTER_S: Final = 10.0
"""The wait for messages before the load."""
_LOOK_EVERY_S: Final = 0.5
_AT_ONCE: Final = 4
_ENDS: Final = frozenset({"SENT", "DELIVERED", "READ", "FAILED"})


def run_scenario(
    scenario: Scenario,
    under_test: CloudUnderTest,
    conversations: Sequence[Conversation],
    messages: int,
    tell: Callable[[str], None],
) -> Outcome:
    began = time.time()
    rate = min(RATE, messages / SHORTEST_LOAD_S) * scenario.rate_factor
    load = Load(under_test.post, script(scenario.name, conversations, messages, rate), CLIENTS)
    run = Run(under_test, load, conversations, tell)
    _warm_up(under_test, scenario.name, conversations)
    with load:
        scenario.act(run)
        ended = load.join(load.duration_s + LOAD_ENDS_WITHIN_S)
    if not ended:
        run.wrongs.append("the API did not accept everything in time")
    run.wrongs += load.refused()
    tell("waiting until every message has its final status")
    fates = _fates(under_test, run.all_posted(), SETTLES_WITHIN_S)
    if scenario.check is not None:
        scenario.check(run)
    return _outcome(scenario, run, began, fates)


def script(scenario: str, conversations: Sequence[Conversation], messages: int, rate: float) -> list[Line]:
    """Plan `messages` lines at `rate` a second: half of them in a tenth of the conversations, the busy ones.

    The channels take turns, so that each channel has traffic during every fault. Each scenario has other busy
    conversations. They are neighbours in the list, so that every channel has some of them. No person gets
    more messages than their channel allows: an excess message would be late even without a fault.
    """
    chance = random.Random(scenario)  # noqa: S311 - the same load every time
    channels = list(dict.fromkeys(conversation.channel for conversation in conversations))
    first = chance.randrange(len(conversations))
    count = max(len(channels), len(conversations) // _BUSY_ONE_IN)
    busy = [*conversations[first:], *conversations[:first]][:count]

    limits = PersonLimits()

    def addressed(number: int) -> Conversation:
        channel, at_s = channels[number % len(channels)], number / rate
        of_channel = [conversation for conversation in conversations if conversation.channel == channel]
        free = [conversation for conversation in of_channel if limits.allow(conversation, at_s)]
        free_and_busy = [conversation for conversation in free if conversation in busy]
        chosen = chance.choice((chance.random() < _BUSY_SHARE and free_and_busy) or free or of_channel)
        limits.count(chosen, at_s)
        return chosen

    return [
        Line(number / rate, addressed(number), f"{scenario} {number} {uuid.uuid4().hex[:6]}")
        for number in range(messages)
    ]


class PersonLimits:
    """The rate limits of each person on their channel, applied to the planned load."""

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, LimitScope], float] = {}

    def allow(self, conversation: Conversation, at_s: float) -> bool:
        return all(taken.allowed for _, taken in self._takes(conversation, at_s))

    def count(self, conversation: Conversation, at_s: float) -> None:
        for bucket, taken in self._takes(conversation, at_s):
            self._full_at[bucket] = taken.full_at

    def _takes(
        self, conversation: Conversation, at_s: float
    ) -> Iterator[tuple[tuple[str, LimitScope], Take]]:
        for limit in manifest_of(conversation.channel).capabilities.limits_for(conversation.address):
            if limit.scope is not LimitScope.ACCOUNT:
                bucket = (conversation.address, limit.scope)
                yield bucket, take(limit, self._full_at.get(bucket, 0.0), at_s, 1)


def _warm_up(under_test: CloudUnderTest, scenario: str, conversations: Sequence[Conversation]) -> None:
    """Let every client post once, over all channels, before the load.

    After a change of setting the functions start cold. Their start must not count as an effect of the fault.
    """
    lines = [
        Line(0.0, conversation, f"before {scenario}") for conversation in conversations[:BEFORE_THE_LOAD]
    ]
    with Load(under_test.post, lines, CLIENTS) as load:
        load.join(LOAD_ENDS_WITHIN_S)
    _fates(under_test, load.posted(), GIVEN_UP_AFTER_S)


def _outcome(scenario: Scenario, run: Run, began: float, fates: dict[str, Fate]) -> Outcome:
    posted, struck = run.all_posted(), scenario.isolated
    observed = arrivals([*posted, *run.uncertain], run.under_test.accepted())
    return Outcome(
        scenario=scenario,
        account=account(posted, observed, fates, run.uncertain),
        first_delivery_s=next_delivery_s(run.strikes, posted, observed.at),
        drained_s=drained_s(run.strikes, observed.at),
        isolation=isolation(struck, run.strikes, posted, observed.at) if struck else None,
        timeline=Timeline(
            began, sorted(message.at for message in posted), sorted(observed.at.values()), tuple(run.strikes)
        ),
        repeats_after=sum(message.tries - 1 for message in posted),
        problems=tuple(run.wrongs),
        late=tuple(run.late),
        notes=tuple(run.notes),
    )


def _fates(under_test: CloudUnderTest, posted: Sequence[Posted], within_s: float) -> dict[str, Fate]:
    """Wait until every message has its final status, and return the last known status of each."""
    fates: dict[str, Fate] = {}

    def all_are_over() -> bool:
        left = [message for message in posted if not _is_over(fates.get(message.message_id))]
        for message, fate in zip(
            left, threads.map(lambda posted_message: _fate(under_test, posted_message), left), strict=True
        ):
            if fate is not None:
                fates[message.message_id] = fate
        return all(_is_over(fates.get(message.message_id)) for message in left)

    with ThreadPoolExecutor(_AT_ONCE) as threads, suppress(TimeoutError):
        wait_until(
            "every message has its final status", all_are_over, within_s=within_s, every_s=_LOOK_EVERY_S
        )
    return fates


def _is_over(fate: Fate | None) -> bool:
    return fate is not None and fate.status in _ENDS


def _fate(under_test: CloudUnderTest, message: Posted) -> Fate | None:
    try:
        status = under_test.api.message_status(message.message_id)
    except (ApiError, ApiUnreachable):
        return None
    errors = [delivery.error.code for delivery in status.deliveries if delivery.error is not None]
    return Fate(status.current_status, next(iter(errors), None))
