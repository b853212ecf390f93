"""The replies that a customer can write now."""

from collections.abc import Sequence

import msgspec

from chat4all_local.demo.arrivals import at_provider
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Reply
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.participants import GROUP


class Due(msgspec.Struct, frozen=True):
    """A reply that is due; `quoted` is the provider's id of the message that it quotes."""

    reply: Reply
    quoted: str | None


def due(left: Sequence[Reply], sent: Sent, observed: Observed, channel: str) -> list[Due]:
    """Return the replies of `left`, in their order, whose message has arrived completely.

    A reply that quotes its message also waits for the status SENT: then the provider's id is stored.
    """
    arrived = at_provider(sent, observed, channel).whole
    found = []
    for reply in left:
        if reply.to not in arrived:
            continue
        if reply.line.conversation != GROUP:
            found.append(Due(reply, None))
        elif observed.has_come(_message_id(sent, reply), channel, "SENT"):
            found.append(Due(reply, observed.provided[channel][arrived[reply.to]].provider_message_id))
    return found


def _message_id(sent: Sent, reply: Reply) -> str:
    accepted = sent.accepted(reply.line.conversation)
    return next(message.message_id for message in accepted if message.line.key == reply.to)
