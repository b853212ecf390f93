"""Erase the conversations of a person: 1:1 conversations as a whole, and their part in groups.

::

    of each user of the person ── the conversations that they are in, then the groups that they have left;
       │                          from where they wrote in a 1:1 conversation
       │
    close ── archive the 1:1 conversation, or leave the group: `router` drops what it has not routed yet
       │
    messages, notices, scheduled messages ── page by page; before, the addresses to which they went
       │
    notes, files ── of a 1:1 conversation: files that were uploaded for it, and perhaps never sent

Later steps look for the addresses: they may have been unlinked. The cursor names the conversation, since a
group that was left is no longer among the conversations.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.conversation import Conversation, ConversationState, Participant
from chat4all.domain.erasing import Erasure, counted, erased_conversation, is_whole
from chat4all.domain.errors import Unavailable
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.privacy.erase_file import EraseFile
from chat4all.services.privacy.erase_message import EraseMessages
from chat4all.services.privacy.ports import ErasedConversations, ErasedMessages, Listed

_PAGE: Final = 20
"""The messages of a page. Each of them costs some 10 requests."""
_TRIES: Final = 8
_LISTS: Final = tuple(Listed)


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`user` is the number of the user, and `left` tells that the groups are meant that the user has left.

    `after` is the place of the conversation in that list, and `listed` and `past` the place in it. The user
    has the `number` in the conversation.
    """

    user: int = 0
    left: bool = False
    after: TimeCursor | None = None
    conversation_id: str | None = None
    listed: int = 0
    past: str = ""
    number: int | None = None


class EraseConversations:
    def __init__(
        self,
        *,
        conversations: Conversations,
        erased: ErasedConversations,
        messages: ErasedMessages,
        erase: EraseMessages,
        erase_file: EraseFile,
        directory: Directory,
        fingerprint: Fingerprint,
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._erased = erased
        self._messages = messages
        self._erase = erase
        self._erase_file = erase_file
        self._directory = directory
        self._fingerprint = fingerprint
        self._clock = clock

    def __call__(self, erasure: Erasure, cursor: str) -> tuple[Erasure, str | None]:
        at = decode_cursor(cursor, _Cursor) if cursor else _Cursor()
        if at.conversation_id is None:
            erasure, following = self._following(erasure, at)
        else:
            erasure, following = self._in_conversation(erasure, at, at.conversation_id)
        return erasure, encode_cursor(following) if following is not None else None

    def _following(self, erasure: Erasure, at: _Cursor) -> tuple[Erasure, _Cursor | None]:
        """Return the cursor at the next conversation; None after the last one."""
        user_id = erasure.user_ids[at.user]
        listing = self._erased.left_by if at.left else self._conversations.of_user
        for place, conversation_id in listing(user_id, at.after, 1):
            conversation = self._conversations.get(conversation_id)
            member = conversation.participant(user_id) if conversation is not None else None
            origin = member.wrote_from if member is not None else None
            if origin is not None and conversation is not None and is_whole(conversation):
                erasure = self._knowing(erasure, [(origin.channel, origin.address)])
            return erasure, replace(
                at,
                after=place,
                conversation_id=conversation_id,
                listed=0,
                past=_first_seen(conversation, member) if conversation and member else "",
                number=member.number if member is not None else None,
            )
        if not at.left:
            self._erased.forget_places(user_id)
            return erasure, _Cursor(at.user, left=True)
        return erasure, _Cursor(at.user + 1) if at.user + 1 < len(erasure.user_ids) else None

    def _knowing(self, erasure: Erasure, addresses: Iterable[tuple[str, str]]) -> Erasure:
        """Return the erasure with further channels and addresses: perhaps they were unlinked since.

        An address that belongs to somebody else now is left out.
        """
        for channel, address in addresses:
            known_as = self._fingerprint(address)
            is_known = known_as in erasure.known_as and channel in erasure.channels
            if is_known or self._directory.resolve_at_any_account(channel, address) is not None:
                continue
            erasure = replace(
                erasure,
                known_as=tuple(sorted({*erasure.known_as, known_as})),
                channels=tuple(sorted({*erasure.channels, channel})),
            )
        return erasure

    def _in_conversation(
        self, erasure: Erasure, at: _Cursor, conversation_id: str
    ) -> tuple[Erasure, _Cursor]:
        over = replace(at, conversation_id=None, listed=0, past="")
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            return erasure, over
        whole = is_whole(conversation)
        self._close(conversation_id, erasure)
        page = self._messages.page(_LISTS[at.listed], conversation_id, at.past, _PAGE)
        found = [message for _, message in page]
        if whole:
            ids = [message.message_id for message in found]
            knowing = self._knowing(erasure, self._messages.addresses(ids, erasure.user_ids))
            if knowing != erasure:
                return knowing, at  # the addresses are stored before they are erased
        members = {} if at.number is None else {erasure.user_ids[at.user]: at.number}
        erasure = counted(erasure, self._erase(erasure, found, members, is_whole=whole))
        if len(page) == _PAGE:
            return erasure, replace(at, past=page[-1][0])
        if at.listed + 1 < len(_LISTS):
            return erasure, replace(at, listed=at.listed + 1, past="")
        counts = {"conversations": int(not erasure.passes)}
        if whole:
            counts["notes"] = self._erased.delete_notes(conversation_id)
            uploaded = self._erased.files_of(conversation_id)
            counts["files"] = sum(self._erase_file(file_id, conversation_id) for file_id in uploaded)
        return counted(erasure, counts), over

    def _close(self, conversation_id: str, erasure: Erasure) -> None:
        """Erase the conversation's own words. Archive a 1:1 conversation, and leave a group."""
        for _ in range(_TRIES):
            now = self._conversations.get(conversation_id)
            if now is None or self._is_closed(now, erasure):
                return
        raise Unavailable("The conversation is changing too quickly; try again.", retry_after=1)

    def _is_closed(self, now: Conversation, erasure: Erasure) -> bool:
        """Do the next change that closes the conversation; return True if there is none."""
        blanked = erased_conversation(now, erasure.user_ids, iso(self._clock()))
        if blanked != now:
            self._erased.blank(now, blanked)
            return False
        if is_whole(now):
            is_open = now.state is ConversationState.ACTIVE and now.joined_into is None
            if is_open:
                self._conversations.set_state(now, ConversationState.ARCHIVED)
            return not is_open
        member = next((member for member in now.participants if member.user_id in erasure.user_ids), None)
        if member is not None:
            self._conversations.remove_participant(now, member.user_id)
        return member is None


def _first_seen(conversation: Conversation, member: Participant) -> str:
    """Return the number after which the member sees messages; a group has none for them before it."""
    return "" if is_whole(conversation) or member.is_joining else member.joined_after
