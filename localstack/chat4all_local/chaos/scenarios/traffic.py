"""Unusual traffic: repeated webhooks, messages that can never be delivered, and a burst."""

import uuid
from collections import Counter
from contextlib import suppress
from typing import Final

from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.waiting import wait_until

_STORM_FROM: Final = 0.2
_WRITTEN: Final = 12
_REPEATS: Final = 8
_RECEIPTS: Final = ("sent", "delivered", "read")
_SEEN_WITHIN_S: Final = 60.0


def _storm(run: Run) -> None:
    """Send every receipt five times and shuffled, every text eight times at once, and invalid webhooks."""
    run.load.wait_for_share(_STORM_FROM)
    for simulator in run.under_test.simulators.values():
        simulator.configure(receipts={"repeat": 5, "shuffle": True}, webhooks_in_flight=4)
    run.struck("webhooks repeated, in parallel, shuffled, with invalid webhooks between")
    conversations = run.conversations[:_WRITTEN]
    for number, conversation in enumerate(conversations):
        simulator = run.under_test.simulators[conversation.channel]
        text = f"storm {number} {uuid.uuid4().hex[:6]}"
        simulator.write(conversation.address, text, wait=False, repeat=_REPEATS, parallel=True)
        run.written.append((conversation, text))
        for body in ("{", '{"object": 1}', "a=b", "\x00", "[" * 500):
            simulator.call_webhook(body)
        if simulator.call_webhook('{"entry": []}', sign="wrong").status != 401:
            run.wrongs.append("a webhook with a wrong signature was not refused")
    run.mended("the storm is over")
    for simulator in run.under_test.simulators.values():
        simulator.configure(receipts={"repeat": 1, "shuffle": False}, webhooks_in_flight=1)


def read_once(run: Run) -> None:
    """Check that each text that a customer wrote is in the history once."""
    texts = [text for _, text in run.written]
    counts: Counter[str] = Counter()

    def all_are_read() -> bool:
        counts.clear()
        for conversation_id in {conversation.conversation_id for conversation, _ in run.written}:
            counts.update(
                message.content.text for message in run.under_test.api.history_page(conversation_id).messages
            )
        return all(counts[text] for text in texts)

    with suppress(TimeoutError):
        wait_until("every customer's text is in the history", all_are_read, within_s=_SEEN_WITHIN_S)
    if doubled := [text for text in texts if counts[text] > 1]:
        run.wrongs.append(f"received twice: {', '.join(doubled)}")
    if missing := [text for text in texts if not counts[text]]:
        run.wrongs.append(f"never received: {', '.join(missing)}")


def _poison(run: Run) -> None:
    """Let every message to one person on each channel fail with an error that looks temporary."""
    poisoned = {conversation.channel: conversation.address for conversation in run.load.conversations}
    for channel, address in poisoned.items():
        run.under_test.simulators[channel].add_fault(FaultKind.ERROR, for_address=address)
    run.struck(f"every message to {len(poisoned)} people fails")


def _check_poison(run: Run) -> None:
    began = run.strikes[0].at
    for channel, simulator in run.under_test.simulators.items():
        poisoned = {fault.request.for_address for fault in simulator.faults()}
        if not any(send.address in poisoned and send.at >= began for send in simulator.transcript().requests):
            run.wrongs.append(f"nothing was sent on {channel} to the person whose messages fail")
        simulator.clear_faults()


def _check_storm(run: Run) -> None:
    """Check that accepted receipts were repeated, and that each text is in the history once."""
    began = run.strikes[0].at
    taken = Counter(
        (webhook.kind, webhook.provider_message_id)
        for simulator in run.under_test.simulators.values()
        for webhook in simulator.webhooks().webhooks
        if webhook.at >= began and webhook.status == 200 and webhook.kind in _RECEIPTS
    )
    if not any(times > 1 for times in taken.values()):
        run.wrongs.append("no receipt was repeated")
    read_once(run)


def _burst(run: Run) -> None:
    run.struck("ten times the normal rate")


TRAFFIC: Final = (
    Scenario(
        "webhook-storm",
        "Webhooks arrive repeated, in parallel and shuffled, with invalid webhooks between.",
        _storm,
        check=_check_storm,
    ),
    Scenario("poison", "Every message to one person on each channel fails.", _poison, check=_check_poison),
    Scenario("burst", "Ten times the normal rate.", _burst, rate_factor=10.0),
)
