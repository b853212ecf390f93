"""Collect everything about a person, page by page. Each page follows from its place alone."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.audit import AuditAction, AuditEntry, AuditQuery
from chat4all.domain.conversation import FROM_THE_START, Conversation, ConversationType
from chat4all.domain.erasing import files_in
from chat4all.domain.exports import Export, ExportCounts, ExportPlace, Section, safe_name
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.note import Note
from chat4all.domain.own_words import own_deliveries, own_words
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor, merged_entries
from chat4all.domain.person import User, UserType
from chat4all.services.access.ports import AuditLog
from chat4all.services.directory.ports import Conversations, Directory, Notes
from chat4all.services.messaging.ports import Deliveries, Fallbacks, MessageQuery, Messages
from chat4all.services.messaging.read_messages import ActProgress, MessageProgress, ReadMessages

MESSAGES: Final = 50
"""The messages of a page. A message has at most 400 KB, so that a page has at most 20 MB."""
_BEHIND: Final = "~"
"""Makes of a number, or an id, a text that sorts right behind it."""
_NOTES: Final = 100
_ENTRIES: Final = 200
"""The entries of the audit trail that are looked at for a page."""


class ExportPage(msgspec.Struct, frozen=True):
    """A page: one list is not empty, or `users` for the page of the person.

    `name` is its path in a zip, without an extension. `place` leads to this very page, also when messages
    have come since it was read first.
    """

    name: str
    title: str
    place: ExportPlace
    counts: ExportCounts
    users: Sequence[User] = ()
    conversation: Conversation | None = None
    messages: Sequence[MessageProgress] = ()
    notes: Sequence[Note] = ()
    entries: Sequence[AuditEntry] = ()

    @property
    def files(self) -> list[Attachment]:
        """Return the files of the messages, of their former versions and of their other steps, each once."""
        found = (file for progress in self.messages for file in files_in(progress.message))
        return list({file.file_id: file for file in found}.values())


class CollectPages:
    def __init__(
        self,
        *,
        directory: Directory,
        conversations: Conversations,
        messages: Messages,
        deliveries: Deliveries,
        fallbacks: Fallbacks,
        notes: Notes,
        audit: AuditLog,
    ) -> None:
        self._directory = directory
        self._conversations = conversations
        self._messages = messages
        self._notes = notes
        self._audit = audit
        self._read = ReadMessages(messages, deliveries, conversations, fallbacks, directory)

    def __call__(self, export: Export, place: ExportPlace) -> tuple[ExportPage | None, ExportPlace]:
        """Return the page at the place, or None if nothing of the person is there; and the next place."""
        following = replace(place, page=place.page + 1)
        match place.section:
            case Section.PERSON:
                return self._person(export, place), ExportPlace(Section.CONVERSATIONS, following.page)
            case Section.CONVERSATIONS if place.conversation_id is None:
                return self._conversation(export, place, following)
            case Section.CONVERSATIONS if place.in_notes:
                return self._notes_of(place, following)
            case Section.CONVERSATIONS:
                return self._history(export, place, following)
            case Section.OWN_MESSAGES:
                return self._own(export, place, following)
            case _:
                return self._audited(export, place, following)

    def _person(self, export: Export, place: ExportPlace) -> ExportPage:
        users = self._users(export)
        return ExportPage("person", "The person", place, ExportCounts(), users=users)

    def _users(self, export: Export) -> list[User]:
        found = self._directory.get_many(export.user_ids)
        return [found[user_id] for user_id in export.user_ids if user_id in found]

    def _conversation(
        self, export: Export, place: ExportPlace, following: ExportPlace
    ) -> tuple[ExportPage | None, ExportPlace]:
        """Return the next conversation in which the person takes part, under one of their ids."""
        if place.user == len(export.user_ids):
            return None, ExportPlace(Section.OWN_MESSAGES, place.page)
        after = decode_cursor(place.after, TimeCursor) if place.after is not None else None
        found = self._conversations.of_user(export.user_ids[place.user], after, 1)
        if not found:
            return None, replace(place, user=place.user + 1, after=None)
        cursor, conversation_id = found[0]
        behind = encode_cursor(cursor)
        conversation = self._conversations.get(conversation_id)
        if conversation is None or any(map(conversation.has, export.user_ids[: place.user])):
            return None, replace(place, after=behind)
        is_whole = self._is_whole(export, conversation)
        name = f"conversations/{safe_name(conversation_id)}/conversation"
        page = ExportPage(
            name, "A conversation", place, ExportCounts(conversations=1), conversation=conversation
        )
        inside = conversation_id if is_whole else None
        return page, replace(following, after=behind, conversation_id=inside)

    def _is_whole(self, export: Export, conversation: Conversation) -> bool:
        """Return whether all messages belong to the export: those of a customer's 1:1 conversation."""
        is_theirs = any(map(conversation.has, export.user_ids))
        return (
            conversation.type is ConversationType.ONE_TO_ONE
            and is_theirs
            and any(user.type is UserType.CUSTOMER for user in self._users(export))
        )

    def _history(
        self, export: Export, place: ExportPlace, following: ExportPlace
    ) -> tuple[ExportPage | None, ExportPlace]:
        conversation_id = place.conversation_id or ""
        messages = self._messages.history(conversation_id, FROM_THE_START, place.cursor, MESSAGES)
        if not messages:
            return None, replace(place, in_notes=True, cursor=None)
        pinned = replace(place, cursor=messages[0].sequence + _BEHIND)
        page = self._of_messages(export, f"conversations/{safe_name(conversation_id)}", pinned, messages)
        return page, replace(following, cursor=messages[-1].sequence)

    def _notes_of(self, place: ExportPlace, following: ExportPlace) -> tuple[ExportPage | None, ExportPlace]:
        conversation_id = place.conversation_id or ""
        notes = self._notes.latest(conversation_id, place.cursor, _NOTES)
        if not notes:
            return None, replace(place, conversation_id=None, in_notes=False, cursor=None)
        name = f"conversations/{safe_name(conversation_id)}/notes-{place.page:06d}"
        page = ExportPage(name, "Notes of the desk", place, ExportCounts(notes=len(notes)), notes=notes)
        return page, replace(following, cursor=notes[-1].note_id)

    def _own(
        self, export: Export, place: ExportPlace, following: ExportPlace
    ) -> tuple[ExportPage | None, ExportPlace]:
        """Return the person's own messages in conversations that are not in the export as a whole."""
        after = decode_cursor(place.cursor, TimeCursor) if place.cursor is not None else None
        lists = (
            self._messages.search(MessageQuery(sender_id=user_id), after, MESSAGES)
            for user_id in export.user_ids
        )
        entries = merged_entries(lists, MESSAGES)
        if not entries:
            return None, ExportPlace(Section.AUDIT, place.page)
        behind = encode_cursor(entries[-1][0])
        known = {
            message.message_id: message
            for message in self._messages.get_many([message_id for _, message_id in entries])
        }
        ordered = [known[message_id] for _, message_id in entries if message_id in known]
        own = [own_words(message) for message in self._outside(export, ordered)]
        if not own:
            return None, replace(place, cursor=behind)
        first = entries[0][0]
        pinned = replace(place, cursor=encode_cursor(TimeCursor(first.at, first.item_id + _BEHIND)))
        return self._of_messages(export, "own-messages", pinned, own), replace(following, cursor=behind)

    def _outside(self, export: Export, messages: Sequence[Message]) -> list[Message]:
        ids = dict.fromkeys(message.conversation_id for message in messages)
        conversations = self._conversations.get_many([*ids])
        whole = {
            conversation.conversation_id
            for conversation in conversations
            if self._is_whole(export, conversation)
        }
        return [message for message in messages if message.conversation_id not in whole]

    def _of_messages(
        self, export: Export, folder: str, place: ExportPlace, messages: Sequence[Message]
    ) -> ExportPage:
        found = [_own_progress(export, self._read.progress_of(message)) for message in messages]
        counts = ExportCounts(messages=len(messages))
        return ExportPage(f"{folder}/messages-{place.page:06d}", "Messages", place, counts, messages=found)

    def _audited(
        self, export: Export, place: ExportPlace, following: ExportPlace
    ) -> tuple[ExportPage | None, ExportPlace]:
        after = decode_cursor(place.cursor, TimeCursor) if place.cursor is not None else None
        entries = self._audit.listing(AuditQuery(tuple(AuditAction)), after, _ENTRIES)
        if not entries:
            return None, ExportPlace(Section.END, place.page)
        behind = encode_cursor(TimeCursor(entries[-1].at, entries[-1].entry_id))
        about = {*export.user_ids, *(f"user:{user_id}" for user_id in export.user_ids)}
        found = [entry for entry in entries if _names(entry, about)]
        if not found:
            return None, replace(place, cursor=behind)
        name = f"audit/entries-{place.page:06d}"
        page = ExportPage(name, "Audit entries", place, ExportCounts(audit_entries=len(found)), entries=found)
        return page, replace(following, cursor=behind)


def _own_progress(export: Export, progress: MessageProgress) -> MessageProgress:
    """Return the progress without what it tells of other people's addresses."""
    return replace(
        progress,
        deliveries=own_deliveries(progress.deliveries, export.user_ids),
        edit=_own_act(progress.edit),
        deletion=_own_act(progress.deletion),
    )


def _own_act(act: ActProgress | None) -> ActProgress | None:
    """Return an act without the reasons of failures. Its ids are not shown."""
    if act is None:
        return None
    deliveries = tuple(replace(part, error_reason=None) for part in act.deliveries)
    return ActProgress(replace(act.record, error_reason=None), deliveries)


def _names(entry: AuditEntry, about: set[str]) -> bool:
    return entry.subject in about or not about.isdisjoint(entry.details.values())
