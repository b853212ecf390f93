"""Erase what the rows of a conversation hold of a person, beside its messages."""

from pynamodb.expressions.update import Action

from chat4all.adapters.dynamodb.conversation_rows import (
    CONVERSATION,
    FILE,
    ConversationRow,
    FileOfRow,
    MemberRow,
    PlacesRow,
    desk_actions,
    left_key,
    places_row,
    same_desk,
)
from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.notes import NOTE, NoteRow
from chat4all.adapters.dynamodb.rows import answering, bind, updated
from chat4all.adapters.dynamodb.table_keys import key, name_of
from chat4all.domain.conversation import Conversation
from chat4all.domain.pages import TimeCursor


class DynamoErasedConversations:
    def __init__(self, conversations_table: str) -> None:
        bind(conversations_table, ConversationRow, MemberRow, NoteRow, PlacesRow, FileOfRow)

    @answering
    def blank(self, conversation: Conversation, blanked: Conversation) -> bool:
        row = ConversationRow(key(conversation.conversation_id), CONVERSATION)
        actions: list[Action] = [
            ConversationRow.participants.set(blanked.participants),
            ConversationRow.metadata.set(blanked.metadata),
            ConversationRow.version.add(1),
            *desk_actions(blanked),
        ]
        title = ConversationRow.title
        actions.append(title.remove() if blanked.title is None else title.set(blanked.title))
        if blanked.erased_at is not None:
            actions.append(ConversationRow.erased_at.set(blanked.erased_at))
        unchanged = (ConversationRow.version == conversation.version) & same_desk(conversation.desk)
        return updated(row, actions, unchanged)

    @answering
    def delete_notes(self, conversation_id: str) -> int:
        deleted = 0
        for row in NoteRow.query(key(conversation_id), NoteRow.record.startswith(NOTE), consistent_read=True):
            row.delete()
            deleted += 1
        return deleted

    @answering
    def files_of(self, conversation_id: str) -> list[str]:
        rows = FileOfRow.query(key(conversation_id), FileOfRow.record.startswith(FILE), consistent_read=True)
        return [name_of(row.record) for row in rows]

    @answering
    def forget_places(self, user_id: str) -> None:
        row = places_row(user_id)
        if row.wrote or row.latest:
            actions = [PlacesRow.wrote.remove(), PlacesRow.latest.remove()]
            updated(row, actions, PlacesRow.partition.exists())

    @answering
    def left_by(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = MemberRow.joined_at <= after.at if after else None
        rows = MemberRow.by_user.query(left_key(user_id), upto, scan_index_forward=False, page_size=limit + 1)
        return page_of((TimeIndexEntry(row.joined_at, name_of(row.partition)) for row in rows), after, limit)
