"""What is wrong, if anything: everything said held against everything seen."""

from collections.abc import Iterator, Mapping

import msgspec

from chat4all_local.demo.arrivals import at_provider, deliveries, in_history
from chat4all_local.demo.cast import BY_CHANNEL, CHANNELS, CONVERSATIONS, GROUP
from chat4all_local.demo.counting import Row, rows
from chat4all_local.demo.ledger import Findings
from chat4all_local.demo.said import Said
from chat4all_local.demo.script import AGENT_LINES, REPLIES
from chat4all_local.demo.seen import Seen


class Verdict(msgspec.Struct, frozen=True):
    """Each finding says which message, and where. `late`: a status that has not come. `unsaid`: not even begun.

    `latencies_ms`: by channel, from the start of a message's first POST to the arrival of its last part.
    """

    rows: tuple[Row, ...]
    latencies_ms: Mapping[str, tuple[float, ...]]
    unsaid: tuple[str, ...]
    lost: tuple[str, ...]
    late: tuple[str, ...]
    duplicates: tuple[str, ...]
    out_of_order: tuple[str, ...]
    strange: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return not (self.unsaid or self.lost or self.late)

    @property
    def is_good(self) -> bool:
        return self.is_complete and not (self.duplicates or self.out_of_order or self.strange)


def judge(said: Said, seen: Seen) -> Verdict:
    places = _places(said, seen)
    return Verdict(
        rows=rows(said, seen),
        latencies_ms={channel: tuple(_latencies_ms(said, seen, channel)) for channel in CHANNELS},
        unsaid=tuple(_unsaid(said)),
        lost=tuple(f"{key} {place}" for place, found in places.items() for key in found.lost),
        late=tuple(_late(said, seen)),
        duplicates=tuple(f"{key} {place}" for place, found in places.items() for key in found.duplicates),
        out_of_order=tuple(f"{key} {place}" for place, found in places.items() for key in found.out_of_order),
        strange=tuple(f"{text!r} {place}" for place, found in places.items() for text in found.strange),
    )


def _places(said: Said, seen: Seen) -> dict[str, Findings]:
    """Everywhere that texts arrive."""
    providers = {f"at {BY_CHANNEL[one].title}": at_provider(said, seen, one) for one in CHANNELS}
    histories = {f"in the history of {one}": in_history(said, seen, one) for one in CONVERSATIONS}
    return providers | histories


def _latencies_ms(said: Said, seen: Seen, channel: str) -> Iterator[float]:
    arrived = at_provider(said, seen, channel).whole
    for accepted in (*said.accepted(channel), *said.accepted(GROUP)):
        if accepted.line.key in arrived:
            record = seen.provided[channel][arrived[accepted.line.key]]
            yield (record.at - accepted.posted_at) * 1000


def _unsaid(said: Said) -> Iterator[str]:
    accepted = {one.line.key for conversation in CONVERSATIONS for one in said.accepted(conversation)}
    written = {line.key for channel in CHANNELS for line in said.written(channel)}
    lines = [line for some in AGENT_LINES.values() for line in some]
    lines += [reply.line for some in REPLIES.values() for reply in some]
    return (line.key for line in lines if line.key not in accepted | written)


def _late(said: Said, seen: Seen) -> Iterator[str]:
    for one in deliveries(said, seen):
        wanted = BY_CHANNEL[one.channel].final_status
        if not seen.has_come(one.message_id, one.channel, wanted):
            yield f"{one.line.key} on {BY_CHANNEL[one.channel].title}: not yet {wanted}"
