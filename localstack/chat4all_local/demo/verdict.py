"""The verdict: all that was sent compared with all that was observed."""

from collections.abc import Iterator, Mapping

import msgspec

from chat4all_local.demo.arrivals import at_provider, deliveries, in_history
from chat4all_local.demo.counting import Row, rows
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.ledger import Findings
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP


class Verdict(msgspec.Struct, frozen=True):
    """Findings, each with its message and its place.

    `late`: a status that was not reached. `unsent`: a line of the script that was never sent.

    `latencies_ms`: by channel, from the start of a message's first POST to the arrival of its last part.
    """

    rows: tuple[Row, ...]
    latencies_ms: Mapping[str, tuple[float, ...]]
    unsent: tuple[str, ...]
    lost: tuple[str, ...]
    late: tuple[str, ...]
    duplicates: tuple[str, ...]
    out_of_order: tuple[str, ...]
    strange: tuple[str, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self.latencies_ms)

    @property
    def is_complete(self) -> bool:
        return not (self.unsent or self.lost or self.late)

    @property
    def is_good(self) -> bool:
        return self.is_complete and not (self.duplicates or self.out_of_order or self.strange)


def judge(sent: Sent, observed: Observed) -> Verdict:
    places = _places(sent, observed)
    return Verdict(
        rows=rows(sent, observed),
        latencies_ms={
            channel: tuple(_latencies_ms(sent, observed, channel)) for channel in sent.script.channels
        },
        unsent=tuple(_unsent(sent)),
        lost=tuple(f"{key} {place}" for place, found in places.items() for key in found.lost),
        late=tuple(_late(sent, observed)),
        duplicates=tuple(f"{key} {place}" for place, found in places.items() for key in found.duplicates),
        out_of_order=tuple(f"{key} {place}" for place, found in places.items() for key in found.out_of_order),
        strange=tuple(f"{text!r} {place}" for place, found in places.items() for text in found.strange),
    )


def _places(sent: Sent, observed: Observed) -> dict[str, Findings]:
    """Return the findings of every place where texts arrive."""
    providers = {
        f"at {BY_CHANNEL[channel].title}": at_provider(sent, observed, channel)
        for channel in sent.script.channels
    }
    histories = {
        f"in the history of {conversation}": in_history(sent, observed, conversation)
        for conversation in sent.script.conversations
    }
    return providers | histories


def _latencies_ms(sent: Sent, observed: Observed, channel: str) -> Iterator[float]:
    arrived = at_provider(sent, observed, channel).whole
    for accepted in (*sent.accepted(channel), *sent.accepted(GROUP)):
        if accepted.line.key in arrived:
            record = observed.provided[channel][arrived[accepted.line.key]]
            yield (record.at - accepted.posted_at) * 1000


def _unsent(sent: Sent) -> Iterator[str]:
    script = sent.script
    accepted = {message.line.key for name in script.conversations for message in sent.accepted(name)}
    written = {line.key for channel in script.channels for line in sent.written(channel)}
    lines = [line for conversation in script.agent_lines.values() for line in conversation]
    lines += [reply.line for replies in script.replies.values() for reply in replies]
    return (line.key for line in lines if line.key not in accepted | written)


def _late(sent: Sent, observed: Observed) -> Iterator[str]:
    for delivery in deliveries(sent, observed):
        wanted = BY_CHANNEL[delivery.channel].final_status
        if not observed.has_come(delivery.message_id, delivery.channel, wanted):
            yield f"{delivery.line.key} on {BY_CHANNEL[delivery.channel].title}: not yet {wanted}"
