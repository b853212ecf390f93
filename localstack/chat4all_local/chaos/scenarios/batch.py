"""A batch, while the processes that work on it are killed, and the local cloud is stopped and started.

The batch has five recipients for each message of the load: 1,200 by default. `chat4all chaos batch
--messages 2000` sends it to 10,000. Most recipients are on the channel that takes many messages of an account
and no window closes, and a few on SMS, whose numbers send one message a second.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Final

from chat4all.channels.registry import manifest_of
from chat4all.entrypoints.http.batches import BatchView, PostedRecipient
from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.chaos.scenario import AFTER_A_RESTART_S, Run, Scenario
from chat4all_local.chaos.scenarios.whole_cloud import end_and_start
from chat4all_local.chaos.workers import kill, workers
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation, register_customer
from chat4all_local.waiting import wait_until

RECIPIENTS_PER_MESSAGE: Final = 5
_FAST, _SLOW = "telegram", "sms"
_SLOW_ONE_IN: Final = 50
_AT_ONCE: Final = 8
_KILLS: Final = ((0.1, "batches"), (0.3, "router"), (0.4, "batches"))
"""The functions whose processes are killed, each when so much of the batch is accepted."""
_RESTART_AT: Final = 0.5
_LOOKS_FOR_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.05
_LEAST_S: Final = 180.0
_TOO_MANY: Final = 429
_FIRST: Final = count(10**7)


def _batch(run: Run) -> None:
    before = {channel: it.transcript().last for channel, it in run.under_test.simulators.items()}
    agent_id = run.under_test.api.create_user("AGENT", "Ada").user_id
    recipients = _recipients(run, agent_id)
    batch_id, began = str(uuid.uuid4()), time.time()
    named = [
        PostedRecipient(user_id=user_id, variables={"text": _text(batch_id, place)})
        for place, (user_id, _) in enumerate(recipients)
    ]
    run.under_test.api.create_batch(batch_id, agent_id, "{{text}}", named)
    within_s = _LEAST_S + len(recipients) / 10
    for share, function in _KILLS:
        _wait_for(run, batch_id, share, within_s)
        _kill(run, function)
    _wait_for(run, batch_id, _RESTART_AT, within_s)
    end_and_start(run, kill=False)
    _wait_for(run, batch_id, 1.0, within_s)
    _judge_rates(run, before)
    _note(run, batch_id, [conversation for _, conversation in recipients], began)


def _recipients(run: Run, agent_id: str) -> list[tuple[str, Conversation]]:
    """Create the recipients; return the user id of each, with the conversation that the batch begins."""

    def create(number: int) -> tuple[str, Conversation]:
        channel = _SLOW if number % _SLOW_ONE_IN == 0 else _FAST
        address = manifest_of(channel).address_form.format(next(_FIRST))
        simulator = run.under_test.simulators[channel]
        user_id = register_customer(run.under_test.api, simulator, channel, address, f"Recipient {number}")
        return user_id, Conversation(user_id, agent_id, channel, address)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(create, range(RECIPIENTS_PER_MESSAGE * run.load.size)))


def _wait_for(run: Run, batch_id: str, share: float, within_s: float) -> None:
    """Wait until so much of the batch is accepted or refused."""

    def is_reached() -> bool:
        shown = _shown(run, batch_id)
        if shown is None:
            return False
        return shown.pending == 0 if share == 1.0 else shown.accepted + shown.refused >= share * shown.total

    with suppress(TimeoutError):
        wait_until(f"{share:.0%} of the batch is accepted", is_reached, within_s=within_s)
        return
    run.wrongs.append(f"{share:.0%} of the batch was not accepted within {within_s:.0f} s")


def _shown(run: Run, batch_id: str) -> BatchView | None:
    with suppress(ApiError, ApiUnreachable):
        return run.under_test.api.batch(batch_id)
    return None


def _kill(run: Run, function: str) -> None:
    look: Callable[[], int] = lambda: kill(workers(run.under_test.cloud, function))  # noqa: E731
    with suppress(TimeoutError):
        killed = wait_until(
            f"a process of {function} is killed", look, within_s=_LOOKS_FOR_S, every_s=_LOOK_EVERY_S
        )
        run.struck(f"kill -9 {function}", kills=killed)
        return
    run.wrongs.append(f"no process of {function} was running to be killed")


def _judge_rates(run: Run, before: Mapping[str, int]) -> None:
    """Report the sends after those of `before` that a provider refused because there were too many.

    An earlier scenario on the same cloud may have let a provider throttle.
    """
    for channel, simulator in run.under_test.simulators.items():
        sent = simulator.transcript(after=before[channel]).requests
        refused = sum(send.status == _TOO_MANY for send in sent)
        if refused:
            run.wrongs.append(f"{refused} sends were over the rate limits of {channel}")


def _note(run: Run, batch_id: str, conversations: Sequence[Conversation], began: float) -> None:
    """Add the accepted messages of the batch to those that the ledger expects."""
    ended = time.time()
    for shown in run.under_test.api.batch_recipients(batch_id):
        if shown.outcome != "accepted":
            run.wrongs.append(f"recipient {shown.index} is {shown.outcome} {shown.code or ''}")
            continue
        text = _text(batch_id, shown.index)
        run.posted.append(Posted(shown.message_id, conversations[shown.index], text, began, ended, 1))
    run.notes.append(f"A batch of {len(conversations)} was accepted in {ended - began:.0f} s.")


def _text(batch_id: str, place: int) -> str:
    return f"batch {batch_id[:8]} {place}"


BATCH: Final = (
    Scenario(
        "batch",
        "A batch, while functions are killed, and the local cloud is stopped and started.",
        _batch,
        next_delivery_s=AFTER_A_RESTART_S,
    ),
)
