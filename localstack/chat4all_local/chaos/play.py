"""One scenario from its load to its ledger, in its setting."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.chaos.cast import Talk
from chat4all_local.chaos.ledger import Fate, account
from chat4all_local.chaos.load import CLIENTS, Line, Load, Posted, script
from chat4all_local.chaos.machine_room import MachineRoom
from chat4all_local.chaos.outcome import Outcome
from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.chaos.timeline import Timeline, drained_s, first_arrivals, isolation, next_delivery_s
from chat4all_local.waiting import wait_until

RATE: Final = 12.0
"""Messages a second: about half of what two cores deliver."""
SHORTEST_LOAD_S: Final = 6.0
"""Few messages come more slowly, so that there is time to strike between them."""
BEFORE_THE_LOAD: Final = CLIENTS
"""Messages that go out before it, and that no ledger counts."""
LOAD_ENDS_WITHIN_S: Final = 60.0
SETTLES_WITHIN_S: Final = 150.0
GIVEN_UP_AFTER_S: Final = 10.0
"""How long to ask for messages that a scenario may lose, and for those before the load."""
_LOOK_EVERY_S: Final = 0.5
_AT_ONCE: Final = 4
_ENDS: Final = frozenset({"SENT", "DELIVERED", "READ", "FAILED"})


def play(
    scenario: Scenario,
    room: MachineRoom,
    talks: Sequence[Talk],
    messages: int,
    tell: Callable[[str], None],
) -> Outcome:
    began = time.time()
    rate = min(RATE, messages / SHORTEST_LOAD_S) * scenario.rate_factor
    load = Load(room, script(scenario.name, talks, messages, rate))
    run = Run(room, load, talks, tell)
    _warm_up(room, scenario.name, talks)
    with load:
        scenario.act(run)
        ended = load.join(load.duration_s + LOAD_ENDS_WITHIN_S)
    if not ended:
        run.wrongs.append("the API did not accept everything in time")
    run.wrongs += load.refused()
    tell("waits until everything has come to rest")
    fates = _fates(room, load.posted(), SETTLES_WITHIN_S if scenario.judged else GIVEN_UP_AFTER_S)
    if scenario.check is not None:
        scenario.check(run)
    return _outcome(scenario, run, began, fates)


def _warm_up(room: MachineRoom, scenario: str, talks: Sequence[Talk]) -> None:
    """A message of every client at once, over each channel, since talks are on all channels in turn: after a change the
    functions start anew, which is not to be taken for the fault's doing.
    """
    lines = [Line(0.0, talk, f"before {scenario}") for talk in talks[:BEFORE_THE_LOAD]]
    with Load(room, lines) as load:
        load.join(LOAD_ENDS_WITHIN_S)
    _fates(room, load.posted(), GIVEN_UP_AFTER_S)


def _outcome(scenario: Scenario, run: Run, began: float, fates: dict[str, Fate]) -> Outcome:
    posted, sends = run.load.posted(), run.room.accepted()
    arrivals = first_arrivals(posted, sends)
    struck = scenario.isolated
    return Outcome(
        scenario=scenario,
        account=account(posted, sends, fates),
        first_delivery_s=next_delivery_s(run.strikes, posted, arrivals),
        drained_s=drained_s(run.strikes, arrivals),
        isolation=isolation(struck, run.strikes, posted, arrivals) if struck else None,
        timeline=Timeline(
            began, sorted(one.at for one in posted), sorted(arrivals.values()), tuple(run.strikes)
        ),
        repeats_after=sum(one.tries - 1 for one in posted),
        problems=tuple(run.wrongs),
    )


def _fates(room: MachineRoom, posted: Sequence[Posted], within_s: float) -> dict[str, Fate]:
    """Wait until every message has come to its end, and return what the API says of each by then."""
    fates: dict[str, Fate] = {}

    def all_are_over() -> bool:
        left = [message for message in posted if not _is_over(fates.get(message.message_id))]
        for message, fate in zip(left, threads.map(lambda each: _fate(room, each), left), strict=True):
            if fate is not None:
                fates[message.message_id] = fate
        return all(_is_over(fates.get(message.message_id)) for message in left)

    with ThreadPoolExecutor(_AT_ONCE) as threads, suppress(TimeoutError):
        wait_until(
            "every message has come to its end", all_are_over, within_s=within_s, every_s=_LOOK_EVERY_S
        )
    return fates


def _is_over(fate: Fate | None) -> bool:
    return fate is not None and fate.status in _ENDS


def _fate(room: MachineRoom, one: Posted) -> Fate | None:
    try:
        status = room.api.message_status(one.message_id)
    except (ApiError, ApiUnreachable):
        return None
    errors = [delivery.error.code for delivery in status.deliveries if delivery.error is not None]
    return Fate(status.current_status, next(iter(errors), None))
