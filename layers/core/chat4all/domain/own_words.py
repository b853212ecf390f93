"""What of a message is its sender's own: an export gives it without the words and numbers of other people."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.message import AlbumItem, Edit, Message
from chat4all.domain.received import NOTHING, Context, Received


def own_words(message: Message) -> Message:
    """Return the message without quotes, and without what the provider told beside it.

    The provider's fields name whom the message answers or mentions. The reason of a failure names a
    recipient.
    """
    return replace(
        message,
        received=unquoted(message.received) if message.received is not None else None,
        edits=tuple(map(_own_edit, message.edits)),
        items=tuple(map(_own_item, message.items)),
        error_reason=None,
    )


def own_deliveries(parts: Sequence[DeliveryPart], user_ids: Collection[str]) -> tuple[DeliveryPart, ...]:
    """Return the deliveries; those to other people without the provider's ids and words.

    WhatsApp's ids contain the phone number of the recipient.
    """
    return tuple(part if part.recipient_id in user_ids else _bare(part) for part in parts)


def _bare(part: DeliveryPart) -> DeliveryPart:
    return replace(part, address="", provider_message_id=None, album_ids=(), error_reason=None)


def unquoted(received: Received) -> Received:
    """Return what was received without the words that it quotes, and without the provider's own fields."""
    return replace(received, context=_unquoted(received.context), provider_fields=NOTHING)


def _own_edit(edit: Edit) -> Edit:
    return replace(edit, context=_unquoted(edit.context), provider_fields=NOTHING)


def _own_item(item: AlbumItem) -> AlbumItem:
    return replace(item, received=unquoted(item.received))


def _unquoted(context: Context | None) -> Context | None:
    return replace(context, quote=None) if context is not None else None
