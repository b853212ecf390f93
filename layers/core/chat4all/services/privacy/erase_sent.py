"""Erase the messages that the person sent, wherever they stand."""

from typing import Final

import msgspec

from chat4all.domain.erasing import Erasure, counted, is_erased
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.services.messaging.ports import MessageQuery, Messages
from chat4all.services.privacy.erase_message import EraseMessages

_PAGE: Final = 50


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    user: int = 0
    after: TimeCursor | None = None


class EraseSent:
    def __init__(self, messages: Messages, erase: EraseMessages) -> None:
        self._messages = messages
        self._erase = erase

    def __call__(self, erasure: Erasure, cursor: str) -> tuple[Erasure, str | None]:
        at = decode_cursor(cursor, _Cursor) if cursor else _Cursor()
        query = MessageQuery(sender_id=erasure.user_ids[at.user])
        page = self._messages.search(query, at.after, _PAGE)
        found = self._messages.get_many([message_id for _, message_id in page])
        left = [message for message in found if not is_erased(message)]
        erasure = counted(erasure, self._erase(erasure, left, {}, is_whole=False))
        if page:
            at = _Cursor(at.user, page[-1][0])
        elif at.user + 1 < len(erasure.user_ids):
            at = _Cursor(at.user + 1)
        else:
            return erasure, None
        return erasure, encode_cursor(at)
