"""Measure what each step of a message uses, on a local cloud whose functions are metered."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.cost.estimate import RECEIPTS, Size, Step
from chat4all_local.metering.proxy import metered
from chat4all_local.metering.use import Observed, Observer, Use, shared, use_of
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.participants import Conversation, start_conversations
from chat4all_local.traffic.paused import paused
from chat4all_local.traffic.quiet import WITHIN_S, queues_of, wait_until_empty
from chat4all_local.traffic.quiet_desks import make_quiet
from chat4all_local.traffic.target import Target, new_line
from chat4all_local.waiting import wait_until

CHANNEL: Final = "whatsapp"
"""Its provider sends every receipt, each in a webhook of its own."""
SIZES: Final = (200, 500, 1_000, 2_000, 4_000, 7_000, 10_000)
MESSAGES: Final = 4
"""The messages of each size, one in each conversation."""
BETWEEN_RECEIPTS_MS: Final = 1_500
"""The time in which the message, and each receipt, is handled before the next receipt comes."""
_ROUTING: Final = "message"

Moments = Mapping[str, Observed]
"""What was observed from the POST to the provider, and what for each receipt."""


def measured_sizes(cloud: Cloud, tell: Tell) -> tuple[Size, ...]:
    """Measure every size. Raises CloudError."""
    with metered(cloud) as meter, message_path(cloud, Observer(cloud, meter)) as path:
        tell("warming up")
        path.run(SIZES[0])
        return tuple(_size(path, characters, tell) for characters in SIZES)


def _size(path: "MessagePath", characters: int, tell: Tell) -> Size:
    tell(f"{MESSAGES} texts of {characters:,} characters")
    return Size(characters, steps_of(path.run(characters)))


def steps_of(messages: Sequence[Moments]) -> tuple[Step, ...]:
    """Divide what was observed into steps, in the order of the first message; a step's use is the mean."""
    uses: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for moments in messages:
        for moment, observed in moments.items():
            for function in observed.functions:
                uses[function, moment].append(use_of(function, observed))
    return tuple(
        Step(
            _name(function, moment),
            function,
            "" if moment == _ROUTING else moment,
            shared(step_uses, len(messages)),
        )
        for (function, moment), step_uses in uses.items()
    )


def _name(function: str, moment: str) -> str:
    if moment == _ROUTING:
        return {"api": "POST", CHANNEL: f"channel: {CHANNEL}"}.get(function, function)
    return f"receipt: {moment}" if function == "webhooks" else f"{function}: {moment}"


class MessagePath:
    """Sends messages one at a time, and observes each from its POST to its last receipt.

    Nobody wrote in a conversation for some minutes before, so that each message is recorded at the desk.

    The router starts after the POST is answered. Otherwise the proxy would slow the `api` down so much that
    the router stores the message in its place.
    """

    def __init__(self, cloud: Cloud, observer: Observer, simulator: Simulator) -> None:
        self._sqs, self._queues = cloud.aws.sqs(), queues_of(cloud)
        self._dynamodb, self._conversations_table = cloud.aws.dynamodb(), f"{cloud.stack}-conversations"
        self._functions, self._router = cloud.aws.functions(), f"{cloud.stack}-router"
        self._observer = observer
        self._simulator = simulator
        self._target = Target(f"{cloud.api_url}/v1/messages", {"X-API-Key": cloud.api_key})
        api = ApiClient(cloud.api_url, cloud.api_key)
        self._conversations = start_conversations(api, {CHANNEL: simulator}, [CHANNEL] * MESSAGES)

    def run(self, characters: int) -> list[Moments]:
        """Send a text of so many characters into each conversation. Raises CloudError."""
        return [self._observed(conversation, characters) for conversation in self._conversations]

    def _observed(self, conversation: Conversation, characters: int) -> Moments:
        sends, webhooks = self._simulator.transcript().last, self._simulator.webhooks().last
        make_quiet(self._dynamodb, self._conversations_table, [conversation.conversation_id])
        self._observer.taken()
        with paused(self._functions, self._router):
            self._target.post_all([new_line(conversation, characters)], clients=1)
        moments = {_ROUTING: self._settled()}
        parts = self._simulator.transcript(after=sends).last - sends
        for receipt in RECEIPTS:
            webhooks = self._receipts(webhooks, parts)
            moments[receipt] = self._settled()
        check_moments(moments, parts)
        return moments

    def _receipts(self, after: int, parts: int) -> int:
        """Wait for a receipt for each part; return the number of the last webhook."""

        def answered() -> int | None:
            found = self._simulator.webhooks(after).webhooks
            return found[-1].n if len(found) >= parts else None

        return wait_until("a receipt is answered", answered, within_s=WITHIN_S)

    def _settled(self) -> Observed:
        wait_until_empty(self._sqs, self._queues)
        return self._observer.taken()


def check_moments(moments: Moments, parts: int) -> None:
    """Raise CloudError if a receipt came before the message, or the receipt before it, was handled."""
    runs = {
        moment: sum(run.function == "webhooks" for run in observed.runs)
        for moment, observed in moments.items()
    }
    if runs != {_ROUTING: 0, **dict.fromkeys(RECEIPTS, parts)}:
        raise CloudError(
            "a receipt came before the message, or the receipt before it, was handled",
            "measure again on a machine with nothing else to do",
        )


@contextmanager
def message_path(cloud: Cloud, observer: Observer) -> Iterator[MessagePath]:
    """Let the simulator send each receipt so late that the function is done with the receipt before."""
    with Simulator(cloud.simulators[CHANNEL]) as simulator:
        before_ms = simulator.settings().receipts.delay_ms
        simulator.configure(
            receipts={"sent": True, "delivered": True, "read": True, "delay_ms": BETWEEN_RECEIPTS_MS}
        )
        try:
            yield MessagePath(cloud, observer, simulator)
        finally:
            simulator.configure(receipts={"delay_ms": before_ms})
