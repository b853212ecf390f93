"""Conversations: one item each, and one per participant for the list by user."""

from collections.abc import Sequence
from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import (
    StringsAttribute,
    StructsAttribute,
    TableSettings,
    answering,
    bind,
    code_of,
    connection_of,
    saved,
    updated,
)
from chat4all.domain.pages import TimeCursor
from chat4all.domain.records import Conversation, ConversationState, ConversationType, Participant
from chat4all.services.ports import ConversationChanged, Sequenced

_CONVERSATION: Final = "CONVERSATION"
_ALL: Final = "all"


class _ByUser(GlobalSecondaryIndex["MemberRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-user"
        projection = KeysOnlyProjection()

    user_id = UnicodeAttribute(hash_key=True)
    joined_at = UnicodeAttribute(range_key=True)


class _ByCreation(GlobalSecondaryIndex["ConversationRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-creation"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class ConversationRow(Model):
    class Meta(TableSettings):
        pass

    conversation_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=_CONVERSATION)
    type = UnicodeAttribute()
    state = UnicodeAttribute()
    participants = StructsAttribute(Participant)
    primary_channel = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    metadata = StringsAttribute()
    version = NumberAttribute()
    sequence = NumberAttribute()
    message_count = NumberAttribute()
    last_activity_at = UnicodeAttribute()
    created_at = UnicodeAttribute()
    listing = UnicodeAttribute(default=_ALL)
    by_creation = _ByCreation()


class MemberRow(Model):
    class Meta(TableSettings):
        pass

    conversation_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    user_id = UnicodeAttribute()
    joined_at = UnicodeAttribute()
    by_user = _ByUser()


class DynamoConversations:
    def __init__(self, table_name: str) -> None:
        bind(table_name, ConversationRow, MemberRow)

    @answering
    def create(self, conversation: Conversation) -> None:
        """Members first: a conversation that can be read has all of its members."""
        with MemberRow.batch_write() as batch:
            for participant in conversation.participants:
                batch.save(_member(conversation.conversation_id, participant))
        saved(_row(conversation), ConversationRow.conversation_id.does_not_exist())

    @answering
    def get(self, conversation_id: str) -> Conversation | None:
        try:
            return _conversation(ConversationRow.get(conversation_id, _CONVERSATION, consistent_read=True))
        except ConversationRow.DoesNotExist:
            return None

    @answering
    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        keys = [(conversation_id, _CONVERSATION) for conversation_id in dict.fromkeys(conversation_ids)]
        return [_conversation(row) for row in ConversationRow.batch_get(keys)] if keys else []

    @answering
    def next_sequence(self, conversation_id: str, version: int, at: str) -> Sequenced | ConversationChanged:
        row = ConversationRow(conversation_id, _CONVERSATION)
        counting = [
            ConversationRow.sequence.add(1),
            ConversationRow.message_count.add(1),
            ConversationRow.last_activity_at.set(at),
        ]
        if not updated(row, counting, ConversationRow.version == version):
            return ConversationChanged()
        return Sequenced(int(row.sequence))

    @answering
    def uncount(self, conversation_id: str) -> None:
        ConversationRow(conversation_id, _CONVERSATION).update([ConversationRow.message_count.add(-1)])

    @answering
    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        participants = (*conversation.participants, participant)
        with_member = _member(conversation.conversation_id, participant)
        return self._replace_participants(conversation, participants, joining=with_member)

    @answering
    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        left = next(one for one in conversation.participants if one.user_id == user_id)
        participants = tuple(one for one in conversation.participants if one is not left)
        member = _member(conversation.conversation_id, left)
        return self._replace_participants(conversation, participants, leaving=member)

    @answering
    def set_state(self, conversation: Conversation, state: ConversationState) -> bool:
        return updated(
            ConversationRow(conversation.conversation_id, _CONVERSATION),
            [ConversationRow.state.set(state.value), ConversationRow.version.add(1)],
            ConversationRow.version == conversation.version,
        )

    @answering
    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = MemberRow.joined_at <= after.at if after else None
        rows = MemberRow.by_user.query(user_id, upto, scan_index_forward=False, page_size=limit + 1)
        entries = (TimeIndexEntry(row.joined_at, row.conversation_id) for row in rows)
        return page_of(entries, after, limit)

    @answering
    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = ConversationRow.created_at <= after.at if after else None
        rows = ConversationRow.by_creation.query(_ALL, upto, scan_index_forward=False, page_size=limit + 1)
        entries = (TimeIndexEntry(row.created_at, row.conversation_id) for row in rows)
        return page_of(entries, after, limit)

    def _replace_participants(
        self,
        conversation: Conversation,
        participants: tuple[Participant, ...],
        *,
        joining: MemberRow | None = None,
        leaving: MemberRow | None = None,
    ) -> bool:
        try:
            with TransactWrite(connection=connection_of(ConversationRow)) as transaction:
                transaction.update(
                    ConversationRow(conversation.conversation_id, _CONVERSATION),
                    actions=[ConversationRow.participants.set(participants), ConversationRow.version.add(1)],
                    condition=ConversationRow.version == conversation.version,
                )
                if joining is not None:
                    transaction.save(joining)
                if leaving is not None:
                    transaction.delete(leaving)
        except TransactWriteError as error:
            if code_of(error) == "TransactionCanceledException":
                return False
            raise
        return True


def _member(conversation_id: str, participant: Participant) -> MemberRow:
    return MemberRow(
        conversation_id,
        f"MEMBER#{participant.user_id}",
        user_id=participant.user_id,
        joined_at=participant.joined_at,
    )


def _row(one: Conversation) -> ConversationRow:
    return ConversationRow(
        one.conversation_id,
        _CONVERSATION,
        type=one.type.value,
        state=one.state.value,
        participants=one.participants,
        primary_channel=one.primary_channel,
        title=one.title,
        metadata=one.metadata,
        version=one.version,
        sequence=one.sequence,
        message_count=one.message_count,
        last_activity_at=one.last_activity_at,
        created_at=one.created_at,
    )


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(
        conversation_id=row.conversation_id,
        type=ConversationType(row.type),
        state=ConversationState(row.state),
        participants=row.participants,
        primary_channel=row.primary_channel,
        title=row.title,
        metadata=row.metadata,
        version=int(row.version),
        sequence=int(row.sequence),
        message_count=int(row.message_count),
        last_activity_at=row.last_activity_at,
        created_at=row.created_at,
    )
