"""Measures a local cloud under an open load, from cold: requests come at their own rate, step by step."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from random import Random
from threading import Event, Thread
from typing import Final

from chat4all_local.api_client import ApiClient
from chat4all_local.bench.load.figures import (
    LoadFigures,
    Polite,
    Step,
    aims,
    has_settled,
    recovered_s,
    step,
)
from chat4all_local.bench.load.mix import health, mixed
from chat4all_local.bench.load.view import draw, table
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import Tell
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.delivered import Verdict, verdict
from chat4all_local.traffic.load import Line, Posted
from chat4all_local.traffic.open_load import Answer, OpenLoad, Outcome
from chat4all_local.traffic.participants import Conversation, channels_in_turn, start_conversations
from chat4all_local.traffic.spread import quantile
from chat4all_local.traffic.transcripts import Transcripts

RPS: Final = (15.0, 40.0, 80.0, 167.0)
SECONDS: Final = 30.0
CONVERSATIONS: Final = 300
DRAIN_WITHIN_S: Final = 60.0
RECOVER_WITHIN_S: Final = 60.0
_POLITE_EVERY_S: Final = 0.5
_LOOK_EVERY_S: Final = 0.5
_SEED: Final = 15
_NOTES: Final = (
    f"Half POST /messages, 3 of 10 history, 2 of 10 health, in {CONVERSATIONS} conversations, and receipts.",
    "Nothing is warmed up, but making the conversations starts a few environments of the API.",
    "Latency runs from the moment at which a request was due; no request waits for the answer to another.",
    f"A message undelivered {DRAIN_WITHIN_S:g} s after its step counts as lost.",
)


def load(_: Cloud, tell: Tell) -> Report:
    """Measure the steps of the aims. Raises CloudError."""
    return measure(RPS, SECONDS, tell)


def measure(rates: Sequence[float], seconds: float, tell: Tell) -> Report:
    """Measure each rate for so many seconds on a cloud of its own. Raises CloudError."""
    tell("starting a cloud for the load")
    with started() as cloud, ExitStack() as stack:
        simulators = {
            channel: stack.enter_context(Simulator(url)) for channel, url in cloud.simulators.items()
        }
        tell(f"making {CONVERSATIONS} conversations")
        conversations = start_conversations(
            ApiClient(cloud.api_url, cloud.api_key), simulators, channels_in_turn(CONVERSATIONS)
        )
        under_load = _UnderLoad(cloud, conversations, Transcripts(simulators), tell)
        steps = tuple(under_load.run(rps, seconds) for rps in rates)
        polite = under_load.polite_requests()
    figures = LoadFigures(steps, recovered_s(polite))
    return Report(
        title="Load: requests that come at their own rate",
        figures=figures,
        aims=aims(figures),
        notes=(*_NOTES, under_load.own_cost()),
        table=table(figures),
        draw=lambda figure: draw(figure, under_load.answers),
    )


class _UnderLoad:
    """A cloud under an open load, and the answers of each step by its rate."""

    def __init__(
        self, cloud: Cloud, conversations: Sequence[Conversation], transcripts: Transcripts, tell: Tell
    ) -> None:
        self.answers: dict[float, list[Answer]] = {}
        self._url, self._headers = f"{cloud.api_url}/v1", {"X-API-Key": cloud.api_key}
        self._conversations, self._transcripts, self._tell = conversations, transcripts, tell
        self._randomness = Random(_SEED)  # noqa: S311 - the same schedule in every run
        self._sends: list[SendRecord] = []
        self._processor_s = 0.0

    def run(self, rps: float, seconds: float) -> Step:
        """Send the requests of a step, then wait until what was accepted is delivered."""
        requests, lines = mixed(self._conversations, rps, seconds, self._randomness)
        sender = OpenLoad(self._url, self._headers)
        before = time.process_time()
        with self._shown(rps, sender):
            answers = self.answers[rps] = sender.run(requests)
        self._processor_s += time.process_time() - before
        self._tell(f"{rps:g}/s: waiting for the deliveries")
        found, drained_s = self._drain(accepted(answers, lines))
        return step(rps, seconds, answers, found, drained_s)

    def polite_requests(self) -> list[Polite]:
        """Send single requests, each after the answer to the last, until they are fast again or in vain."""
        found: list[Polite] = []
        began = time.monotonic()
        while time.monotonic() - began < RECOVER_WITHIN_S and not has_settled(found):
            self._tell("waiting until single requests are fast again")
            (answer,) = OpenLoad(self._url, self._headers).run([health()])
            is_answered = answer.outcome is Outcome.ANSWERED
            found.append(Polite(time.monotonic() - began, 1_000 * answer.seconds, is_answered))
            time.sleep(_POLITE_EVERY_S)
        return found

    def own_cost(self) -> str:
        """Describe the processor time and the lateness of the generator itself."""
        all_answers = list(chain.from_iterable(self.answers.values()))
        late_ms = 1_000 * quantile([answer.late_s for answer in all_answers], 0.99) if all_answers else 0.0
        cost_ms = 1_000 * self._processor_s / max(1, len(all_answers))
        return (
            f"The generator took {cost_ms:.2f} ms of processor time a request; late by p99 {late_ms:.0f} ms."
        )

    def _drain(self, posted: Sequence[Posted]) -> tuple[Verdict, float | None]:
        began = time.monotonic()
        while True:
            self._sends.extend(chain.from_iterable(self._transcripts.read().values()))
            found, waited_s = verdict(posted, self._sends), time.monotonic() - began
            if not found.lost:
                return found, waited_s
            if waited_s > DRAIN_WITHIN_S:
                return found, None
            time.sleep(_LOOK_EVERY_S)

    @contextmanager
    def _shown(self, rps: float, sender: OpenLoad) -> Iterator[None]:
        over = Event()

        def show() -> None:
            while not over.wait(1.0):
                self._tell(f"{rps:g}/s: {progress(sender.answers, sender.in_flight)}")

        shower = Thread(target=show)
        shower.start()
        try:
            yield
        finally:
            over.set()
            shower.join()


def accepted(answers: Sequence[Answer], lines: dict[str, Line]) -> list[Posted]:
    """Return the messages that got their 202, in the order of their answers."""
    posts = (answer for answer in answers if answer.request.key and answer.outcome is Outcome.ANSWERED)
    return [
        Posted(line.message_id, line.conversation, line.text, answer.sent_at, answer.at, tries=1)
        for answer in posts
        for line in (lines[answer.request.key],)
    ]


def progress(answers: Sequence[Answer], in_flight: int) -> str:
    """Describe the step so far: its answers, p95, errors, refusals and the requests in flight."""
    known = list(answers)
    times = [1_000 * answer.seconds for answer in known if answer.outcome is Outcome.ANSWERED]
    p95 = f"p95 {quantile(times, 0.95):.0f} ms, " if times else ""
    errors = sum(answer.outcome is Outcome.FAILED for answer in known)
    refused = sum(answer.outcome is Outcome.REFUSED for answer in known)
    return f"{len(times)} answered, {p95}{errors} errors, {refused} refused, {in_flight} in flight"
