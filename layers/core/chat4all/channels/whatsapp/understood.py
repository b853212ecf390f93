"""What was understood of a message on WhatsApp."""

from msgspec import Struct

from chat4all.domain.content import ReceivedContent


class Understood(Struct, frozen=True):
    """The content of a message, the tapped payload, and the fields of the type's part that they hold."""

    content: ReceivedContent
    payload: str | None = None
    fields: frozenset[str] = frozenset()
