"""Ten times the requests that the cloud can answer.

The requests come at their own rate, whether or not earlier requests were answered, and find the functions
cold. Meanwhile the clients of the ordinary load repeat what is refused, and get through.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from random import Random
from typing import Final

from chat4all.channels.registry import manifests
from chat4all.domain.channel import LimitScope
from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.cloud.reconfigured import end_environments
from chat4all_local.traffic.load import Line, Load
from chat4all_local.traffic.open_load import Answer, Due, OpenLoad, Outcome
from chat4all_local.traffic.open_posts import accepted, uncertain
from chat4all_local.traffic.participants import Conversation, start_conversations
from chat4all_local.traffic.schedule import due_times
from chat4all_local.traffic.target import body, new_line

TIMES: Final = 10
_AT: Final = 0.25
LASTS: Final = 3.0
"""The duration of the overload, in durations of the ordinary load: a minute for 240 messages."""
_CLIENTS: Final = 12
_PROBES: Final = 10 * _CLIENTS
_PROBED_WITHIN_S: Final = 60.0
NORMAL_WITHIN_S: Final = 10.0
NORMAL_S: Final = 1.0
"""A single POST that is answered normally takes no longer than this."""
IN_A_ROW: Final = 10
_LOOKED_FOR_S: Final = 60.0
_PAUSE_S: Final = 0.1
_LEAST_PER_S: Final = 10.0
_MESSAGES_TO_A_PERSON: Final = 10


def _overload(run: Run) -> None:
    run.load.wait_for_share(_AT)
    capacity, lasts_s = _capacity(run), LASTS * run.load.duration_s
    conversations = _conversations(run, math.ceil(capacity * lasts_s / _MESSAGES_TO_A_PERSON))
    requests = _Requests(run, conversations)
    randomness = Random(_PROBES)  # noqa: S311 - the same schedule in every run
    due = [requests.next(after_s) for after_s in due_times(TIMES * capacity, lasts_s, randomness)]
    end_environments(run.under_test.cloud)
    with ThreadPoolExecutor(1, thread_name_prefix="overload") as threads:
        run.struck(f"{TIMES * capacity:.0f} requests a second")
        sending = threads.submit(requests.sender().run, due)
        time.sleep(lasts_s)
        run.mended("the overload has ended")
        singles = _single_posts(requests)
        answers = sending.result()
    run.posted += accepted([*answers, *singles], requests.lines)
    run.uncertain += uncertain([*answers, *singles], requests.lines)
    judge_answers(run, answers)
    judge_recovery(run, singles)


class _Requests:
    """The POSTs of the scenario, in the conversations in turn, and their messages by id."""

    def __init__(self, run: Run, conversations: Sequence[Conversation]) -> None:
        self.lines: dict[str, Line] = {}
        cloud = run.under_test.cloud
        self._url, self._headers = f"{cloud.api_url}/v1", {"X-API-Key": cloud.api_key}
        self._conversations = cycle(conversations)

    def next(self, after_s: float = 0.0) -> Due:
        line = new_line(next(self._conversations))
        self.lines[line.message_id] = line
        return Due(after_s, "POST", "/messages", 202, body(line), line.message_id)

    def sender(self) -> OpenLoad:
        return OpenLoad(self._url, self._headers)


def roomy_channels() -> list[str]:
    """Return the channels whose providers take many messages of an account.

    A narrow rate limit would delay the messages of this scenario and of the next scenarios.
    """
    return [
        channel.name
        for channel in manifests()
        if all(
            1 / limit.interval_s >= _LEAST_PER_S
            for limit in channel.capabilities.rate_limits
            if limit.scope is LimitScope.ACCOUNT and not limit.kinds
        )
    ]


def _conversations(run: Run, count: int) -> list[Conversation]:
    """Start conversations with so many people that no provider's limit of messages to a person is met."""
    channels = list(islice(cycle(roomy_channels()), count))
    return start_conversations(run.under_test.api, run.under_test.simulators, channels)


def _capacity(run: Run) -> float:
    """Return the POSTs a second that the warm cloud accepts from clients that wait for each answer."""
    known = [conversation for conversation in run.conversations if conversation.channel in roomy_channels()]
    lines = [new_line(conversation) for conversation in islice(cycle(known), _PROBES)]
    began = time.monotonic()
    with Load(run.under_test.post, lines, _CLIENTS) as load:
        load.join(_PROBED_WITHIN_S)
    run.posted += load.posted()
    run.wrongs += load.refused()
    return len(load.posted()) / (time.monotonic() - began)


def _single_posts(requests: _Requests) -> list[Answer]:
    """Post single messages, each after the answer to the last, until ten in a row are answered normally."""
    began, answers = time.monotonic(), list[Answer]()
    while time.monotonic() - began < _LOOKED_FOR_S:
        answers += requests.sender().run([requests.next()])
        if len(answers) >= IN_A_ROW and all(map(is_normal, answers[-IN_A_ROW:])):
            break
        time.sleep(_PAUSE_S)
    return answers


def is_normal(answer: Answer) -> bool:
    return answer.outcome is Outcome.ANSWERED and answer.seconds <= NORMAL_S


def judge_recovery(run: Run, singles: Sequence[Answer]) -> None:
    """Judge the single POSTs after the overload: nothing but refusals, and soon normal answers."""
    _judge_failures(run, singles)
    first, *_ = last = singles[-IN_A_ROW:]
    if not all(map(is_normal, last)):
        run.wrongs.append(f"not normal within {_LOOKED_FOR_S:g} s after the overload")
        return
    after_s = first.sent_at - singles[0].sent_at
    run.notes.append(f"Single requests were answered normally {after_s:.1f} s after the overload.")
    if after_s > NORMAL_WITHIN_S:
        run.late.append(f"normal again {after_s:.1f} s after the overload, aim {NORMAL_WITHIN_S:g} s")


def judge_answers(run: Run, answers: Sequence[Answer]) -> None:
    """Judge the overload: it met refusals, and nothing worse."""
    counts = Counter(answer.outcome for answer in answers)
    run.notes.append(
        f"Of {len(answers)} requests {counts[Outcome.ANSWERED]} were accepted"
        f" and {counts[Outcome.REFUSED]} refused with Retry-After."
    )
    _judge_failures(run, answers)
    if not counts[Outcome.REFUSED]:
        run.wrongs.append("nothing was refused: the load was no overload")


def _judge_failures(run: Run, answers: Sequence[Answer]) -> None:
    failures = Counter(answer.problem for answer in answers if answer.outcome is Outcome.FAILED)
    if failures:
        named = ", ".join(f"{count} with {problem}" for problem, count in failures.most_common())
        run.wrongs.append(f"{failures.total()} requests failed: {named}")


OVERLOAD: Final = (
    Scenario("overload", "Ten times the requests that the cloud can answer, from a cold start.", _overload),
)
