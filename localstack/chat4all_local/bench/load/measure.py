"""Measures a local cloud under an open load, from cold: requests come at their own rate, step by step."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from random import Random
from threading import Event, Thread
from typing import Final

import httpx
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.bench.load.aftermath import DRAIN_WITHIN_S, Aftermath
from chat4all_local.bench.load.customers import Customers
from chat4all_local.bench.load.figures import (
    POLITE_IN_A_ROW,
    LoadFigures,
    Polite,
    Step,
    aims,
    recovered_s,
    step,
)
from chat4all_local.bench.load.mix import SHARES, Mix, Sources, mixed
from chat4all_local.bench.load.view import draw, table
from chat4all_local.bench.report import Report
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.reconfigured import end_environments
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.traffic.delivered import both
from chat4all_local.traffic.open_load import Answer, OpenLoad, Outcome
from chat4all_local.traffic.open_posts import accepted, uncertain
from chat4all_local.traffic.participants import channels_in_turn, start_conversations
from chat4all_local.traffic.spread import quantile

RPS: Final = (15.0, 40.0, 80.0, 167.0)
SECONDS: Final = 30.0
CONVERSATIONS: Final = 300
RECOVER_WITHIN_S: Final = 60.0
_POLITE_EVERY_S: Final = 0.5
_SIMULATOR_ANSWERS_WITHIN_S: Final = 10.0
_SEED: Final = 15
_NOTES: Final = (
    "The load meets no warm environment: all are ended after the conversations and the baseline are made.",
    "Latency runs from the moment at which a request was due; no request waits for the answer to another.",
    f"A message undelivered {DRAIN_WITHIN_S:g} s after its step counts as lost.",
)


class Plan(msgspec.Struct, frozen=True):
    """The rates of the steps, in requests a second, the seconds of each, and the mix of the requests."""

    rates: tuple[float, ...] = RPS
    seconds: float = SECONDS
    mix: Mix = Mix.ORIGINAL


def load(cloud: Cloud, tell: Tell, plan: Plan | None = None) -> Report:
    """Measure the steps of the plan, by default those of the aims. Raises CloudError."""
    plan = plan or Plan()
    with ExitStack() as stack:
        simulators = {
            channel: stack.enter_context(Simulator(url, _SIMULATOR_ANSWERS_WITHIN_S))
            for channel, url in cloud.simulators.items()
        }
        tell(f"making {CONVERSATIONS} conversations")
        try:
            conversations = start_conversations(
                ApiClient(cloud.api_url, cloud.api_key), simulators, channels_in_turn(CONVERSATIONS)
            )
            aftermath = Aftermath(cloud, simulators, conversations)
            under_load = _UnderLoad(cloud, aftermath, tell)
            baseline = under_load.baseline()
            sources = Sources(conversations, aftermath.accepted_ids[:], Customers(simulators))
            end_environments(cloud)
        except (
            ApiError,
            ApiUnreachable,
            SimulatorError,
            httpx.HTTPError,
            BotoCoreError,
            ClientError,
        ) as error:
            raise CloudError(f"the cloud failed before the load: {error}") from error
        if not sources.message_ids:
            raise CloudError("the idle cloud accepted no message", "see: chat4all logs")
        steps = tuple(under_load.run(rps, plan, sources) for rps in plan.rates)
        after_s = recovered_s(under_load.polite_messages(baseline), baseline)
    drained_s = steps[-1].drained_s
    recovery = None if after_s is None or drained_s is None else drained_s + after_s
    figures = LoadFigures(steps, recovery)
    return Report(
        title="Load: requests that come at their own rate",
        figures=figures,
        aims=aims(figures),
        notes=(described(plan.mix), *_NOTES, under_load.own_cost()),
        table=table(figures),
        draw=lambda figure: draw(figure, under_load.answers),
    )


class _UnderLoad:
    """A cloud under an open load, and the answers of each step by its rate."""

    def __init__(self, cloud: Cloud, aftermath: Aftermath, tell: Tell) -> None:
        self.answers: dict[float, list[Answer]] = {}
        self._url, self._headers = f"{cloud.api_url}/v1", {"X-API-Key": cloud.api_key}
        self._aftermath, self._tell = aftermath, tell
        self._randomness = Random(_SEED)  # noqa: S311 - the same schedule in every run
        self._processor_s = 0.0

    def run(self, rps: float, plan: Plan, sources: Sources) -> Step:
        """Send the requests of a step, then wait until what was accepted is delivered."""
        requests = mixed(plan.mix, sources, rps, plan.seconds, self._randomness)
        sender = OpenLoad(self._url, self._headers)
        before = time.process_time()
        with self._shown(rps, sender):
            answers = self.answers[rps] = sender.run(requests.due)
        self._processor_s += time.process_time() - before
        self._tell(f"{rps:g}/s: waiting for the deliveries")
        outbound, inbound = requests.lines, requests.inbound
        delivered, drained_s = self._aftermath.drain(
            accepted(answers, outbound), uncertain(answers, outbound)
        )
        kept = self._aftermath.judge_inbound(accepted(answers, inbound), uncertain(answers, inbound))
        return step(rps, plan.seconds, answers, both(delivered, kept), drained_s)

    def baseline(self) -> list[Polite]:
        """Post single messages to the idle cloud: first until everything is warm, then those that count."""
        self._tell("posting single messages for the baseline")
        began = time.monotonic()
        posted = [self._aftermath.post_politely(began) for _ in range(2 * POLITE_IN_A_ROW)]
        return posted[POLITE_IN_A_ROW:]

    def polite_messages(self, baseline: Sequence[Polite]) -> list[Polite]:
        """Post single messages, each after the last arrived, until they are fast again or in vain."""
        found: list[Polite] = []
        began = time.monotonic()
        while time.monotonic() - began < RECOVER_WITHIN_S and recovered_s(found, baseline) is None:
            self._tell("waiting until single messages are fast again")
            found.append(self._aftermath.post_politely(began))
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


def described(mix: Mix) -> str:
    """Describe the mix by the shares of its requests."""
    shares = ", ".join(f"{kind} {share}" for kind, share in SHARES[mix].items())
    return (
        f"Requests of the mix {mix} ({shares}), in {CONVERSATIONS} conversations, and the receipts besides."
    )


def progress(answers: Sequence[Answer], in_flight: int) -> str:
    """Describe the step so far: its answers, p95, errors, refusals and the requests in flight."""
    known = list(answers)
    times = [1_000 * answer.seconds for answer in known if answer.outcome is Outcome.ANSWERED]
    p95 = f"p95 {quantile(times, 0.95):.0f} ms, " if times else ""
    errors = sum(answer.outcome is Outcome.FAILED for answer in known)
    refused = sum(answer.outcome is Outcome.REFUSED for answer in known)
    return f"{len(times)} answered, {p95}{errors} errors, {refused} refused, {in_flight} in flight"
