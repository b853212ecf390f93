"""Which replies a customer would write now."""

from collections.abc import Sequence

import msgspec

from chat4all_local.demo.arrivals import at_provider
from chat4all_local.demo.cast import GROUP
from chat4all_local.demo.said import Said
from chat4all_local.demo.script import Reply
from chat4all_local.demo.seen import Seen


class Due(msgspec.Struct, frozen=True):
    """`quoted` is the provider's id of the message that the reply quotes."""

    reply: Reply
    quoted: str | None


def due(left: Sequence[Reply], said: Said, seen: Seen, channel: str) -> list[Due]:
    """Those of `left` that answer what has arrived whole, in their order.

    A quoting one waits until the API tells SENT as well: by then the provider's id is on record.
    """
    arrived = at_provider(said, seen, channel).whole
    found = []
    for reply in left:
        if reply.to not in arrived:
            continue
        if reply.line.conversation != GROUP:
            found.append(Due(reply, None))
        elif seen.has_come(_message_id(said, reply), channel, "SENT"):
            found.append(Due(reply, seen.provided[channel][arrived[reply.to]].provider_message_id))
    return found


def _message_id(said: Said, reply: Reply) -> str:
    accepted = said.accepted(reply.line.conversation)
    return next(one.message_id for one in accepted if one.line.key == reply.to)
