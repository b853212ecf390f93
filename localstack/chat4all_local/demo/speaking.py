"""The speakers: the agent posts in every conversation, and each customer replies as the messages arrive."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Final

from chat4all_local.api_client import ApiClient
from chat4all_local.demo.answering import Due, due
from chat4all_local.demo.arrivals import in_history
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.posting import post_line
from chat4all_local.demo.script import Line
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.load import Cancelled
from chat4all_local.traffic.participants import BY_CHANNEL

AT_ONCE: Final = 2
"""Conversations that the agent posts in concurrently. More would be no faster: for each, the cloud starts
another process of the `api` function, which costs more than the messages."""
_LOOK_EVERY_S: Final = 0.05

Look = Callable[[], Observed]


class Speakers:
    """The agent and the customers. `look` returns the latest observations of the watcher."""

    def __init__(
        self, api: ApiClient, simulators: Mapping[str, Simulator], stage: Stage, sent: Sent, look: Look
    ) -> None:
        self._api = api
        self._simulators = simulators
        self._stage = stage
        self._sent = sent
        self._look = look
        self._over = Event()
        self._at_work: list[Future[None]] = []

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Let the speakers speak during the block.

        At its end all speakers have stopped. After a failure, the last calls may still be in progress; they
        end with the cloud.
        """
        script = self._sent.script
        agent = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="agent")
        customers = ThreadPoolExecutor(len(script.channels), thread_name_prefix="customer")
        is_well = False
        try:
            self._at_work = [
                agent.submit(self._send_all, conversation) for conversation in script.conversations
            ]
            self._at_work += [customers.submit(self._reply_to_all, channel) for channel in script.channels]
            yield
            is_well = True
        finally:
            self._over.set()
            for pool in (agent, customers):
                pool.shutdown(wait=is_well, cancel_futures=True)

    def check(self) -> None:
        """Raise the error of a speaker that failed."""
        for work in self._at_work:
            if work.done():
                work.result()

    def _send_all(self, conversation: str) -> None:
        """Post the lines one after the other, so that the order of the 202s is the order of the script."""
        for line in self._sent.script.agent_lines[conversation]:
            try:
                self._sent.accept(post_line(self._api, self._stage, line, self._over))
            except Cancelled:
                return

    def _reply_to_all(self, channel: str) -> None:
        """Write each reply as soon as the message that it answers has arrived."""
        left, before = list(self._sent.script.replies[channel]), None
        while left and not self._over.wait(_LOOK_EVERY_S):
            observed = self._look()
            if observed is before:
                continue
            before = observed
            for answer in due(left, self._sent, observed, channel):
                self._write(answer, channel)
                left.remove(answer.reply)

    def _write(self, answer: Due, channel: str) -> None:
        line = answer.reply.line
        self._sent.write(line)
        written = self._simulators[channel].write(
            BY_CHANNEL[channel].address, line.text, quoted=answer.quoted
        )
        if written.webhook_statuses != [200]:
            self._wait_until_kept(line)

    def _wait_until_kept(self, line: Line) -> None:
        """Wait for the line in the history: a later webhook may overtake a webhook that is repeated."""
        while line.key not in in_history(self._sent, self._look(), line.conversation).whole:
            if self._over.wait(_LOOK_EVERY_S):
                return
