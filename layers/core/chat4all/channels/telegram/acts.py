"""The requests with which a bot edits and deletes its messages, reads, and shows that it types.

Edits: https://core.telegram.org/bots/api#editmessagetext, `#editmessagecaption`. The keyboard goes with every
edit: an edit without one takes the keyboard away. A file stays; a sticker and a video note have no caption.
Deletions: https://core.telegram.org/bots/api#deletemessages, which skips messages that are not found, and
`#deletebusinessmessages`. Typing: https://core.telegram.org/bots/api#sendchataction. Reading, in the chats of
a business only: https://core.telegram.org/bots/api#readbusinessmessage
"""

from typing import Final

import msgspec

from chat4all.channels.telegram.address import (
    business_connection,
    direct_number,
    message_number,
    topic_number,
)
from chat4all.channels.telegram.rendering import Keyboard, Request, keyboard_of
from chat4all.domain.acts import Deleting, Editing, MarkingRead, ProviderAct, Typing
from chat4all.domain.content import Text
from chat4all.domain.files.file import Form
from chat4all.domain.kinds import Buttons, Choices
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError

_UNKNOWN: Final = SendError(
    Outcome.PERMANENT, "TARGET_UNKNOWN", "The message of the act has no number on Telegram."
)
_NOT_EDITABLE: Final = SendError(
    Outcome.PERMANENT, "KIND_NOT_POSSIBLE", "Telegram edits texts, captions and keyboards only."
)
_NOT_READABLE: Final = SendError(
    Outcome.PERMANENT, "READ_NOT_POSSIBLE", "A bot marks messages as read only in the chats of a business."
)
_WITHOUT_CAPTION: Final = (Form.STICKER, Form.VIDEO_NOTE)


class _Edit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    chat_id: int
    message_id: int
    business_connection_id: str | None = None
    reply_markup: Keyboard | None = None


class _EditText(_Edit, frozen=True, omit_defaults=True, kw_only=True):
    text: str


class _EditCaption(_Edit, frozen=True, omit_defaults=True, kw_only=True):
    caption: str


class _Delete(msgspec.Struct, frozen=True):
    chat_id: int
    message_ids: tuple[int, ...]


class _DeleteOfBusiness(msgspec.Struct, frozen=True):
    """The ids of a business connection are of one chat, which the request does not name."""

    business_connection_id: str
    message_ids: tuple[int, ...]


class _Read(msgspec.Struct, frozen=True):
    business_connection_id: str
    chat_id: int
    message_id: int


class _Action(msgspec.Struct, frozen=True, omit_defaults=True):
    chat_id: int
    action: str
    business_connection_id: str | None = None
    message_thread_id: int | None = None


def request_of(act: ProviderAct) -> Request | SendError | None:
    """Return the request of an act; None if there is nothing to ask."""
    match act:
        case Editing():
            return _edit(act)
        case Deleting():
            return _delete(act)
        case MarkingRead():
            return _read(act)
        case Typing():
            return _typing(act)


def _edit(act: Editing) -> Request | SendError | None:
    number = message_number(act.provider_message_id, act.address)
    if number is None:
        return _UNKNOWN
    chat_id, connection = int(act.address), business_connection(act.account)
    match act.content:
        case Text(text=text):
            keyboard = None
        case (Buttons(text=text) | Choices(text=text)) as question:
            keyboard = keyboard_of(question)
        case OutgoingMedia(form=form) if form in _WITHOUT_CAPTION:
            return None
        case OutgoingMedia(text=caption):
            body = _EditCaption(
                chat_id=chat_id, message_id=number, business_connection_id=connection, caption=caption
            )
            return Request("editMessageCaption", msgspec.json.encode(body))
        case _:
            return _NOT_EDITABLE
    edit = _EditText(
        chat_id=chat_id,
        message_id=number,
        business_connection_id=connection,
        text=text,
        reply_markup=keyboard,
    )
    return Request("editMessageText", msgspec.json.encode(edit))


def _delete(act: Deleting) -> Request | SendError:
    named = [message_number(name, act.address) for name in act.provider_message_ids]
    numbers = tuple(number for number in named if number is not None)
    if len(numbers) < len(named):
        return _UNKNOWN
    connection = business_connection(act.account)
    if connection is not None:
        business = _DeleteOfBusiness(connection, numbers)
        return Request("deleteBusinessMessages", msgspec.json.encode(business))
    return Request("deleteMessages", msgspec.json.encode(_Delete(int(act.address), numbers)))


def _read(act: MarkingRead) -> Request | SendError:
    connection = business_connection(act.account)
    number = message_number(act.provider_message_id, act.address)
    if connection is None:
        return _NOT_READABLE
    if number is None:
        return _UNKNOWN
    return Request("readBusinessMessage", msgspec.json.encode(_Read(connection, int(act.address), number)))


def _typing(act: Typing) -> Request | None:
    """Return the request; None for the end of typing, which no request tells: it ends after 5 seconds.

    The direct messages of a channel have no field for it.
    """
    if not act.is_on or direct_number(act.thread) is not None:
        return None
    thread, connection = topic_number(act.thread), business_connection(act.account)
    return Request(
        "sendChatAction", msgspec.json.encode(_Action(int(act.address), "typing", connection, thread))
    )
