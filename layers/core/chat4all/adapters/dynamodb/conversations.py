"""Conversations: an item for each, an item for each member for the list by user, and each person's places."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.conversation_rows import (
    ALL,
    CONVERSATION,
    ConversationRow,
    MemberRow,
    OneToOneRow,
    PlacesRow,
    conversation_of,
    member_row,
    places_row,
    places_rows,
    row_of,
)
from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.one_to_ones import give_turn, withdraw
from chat4all.adapters.dynamodb.rows import (
    answering,
    bind,
    committed,
    connection_of,
    saved,
    tries,
    updated,
)
from chat4all.domain.conversation import Conversation, ConversationState, Participant
from chat4all.domain.errors import Unavailable
from chat4all.domain.pages import TimeCursor
from chat4all.domain.places import Places, place_key
from chat4all.services.directory.ports import ConversationChanged, Sequenced

_TRIES: Final = 8


class DynamoConversations:
    def __init__(self, table_name: str) -> None:
        bind(table_name, ConversationRow, MemberRow, PlacesRow, OneToOneRow)

    @answering
    def create(self, conversation: Conversation, customers: Collection[str]) -> None:
        """Save the conversation after its members, or with them, so that no reader misses a member."""
        if customers:
            self._transact(lambda transaction: self._add(transaction, conversation, places_rows(customers)))
            return
        with MemberRow.batch_write() as batch:
            for participant in conversation.participants:
                batch.save(member_row(conversation.conversation_id, participant))
        saved(row_of(conversation), ConversationRow.conversation_id.does_not_exist())

    @answering
    def create_first(self, conversation: Conversation, customer: str, version: int) -> bool:
        is_first = False

        def attempt(transaction: TransactWrite) -> bool:
            nonlocal is_first
            places = places_row(customer)
            is_first = int(places.version) == version
            return is_first and self._add(transaction, conversation, {customer: places})

        self._transact(attempt)
        return is_first

    @answering
    def get(self, conversation_id: str) -> Conversation | None:
        try:
            return conversation_of(ConversationRow.get(conversation_id, CONVERSATION, consistent_read=True))
        except ConversationRow.DoesNotExist:
            return None

    @answering
    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        keys = [(conversation_id, CONVERSATION) for conversation_id in dict.fromkeys(conversation_ids)]
        return [conversation_of(row) for row in ConversationRow.batch_get(keys)] if keys else []

    @answering
    def next_sequence(self, conversation_id: str, version: int, at: str) -> Sequenced | ConversationChanged:
        row = ConversationRow(conversation_id, CONVERSATION)
        counting = [
            ConversationRow.sequence.add(1),
            ConversationRow.message_count.add(1),
            ConversationRow.last_activity_at.set(at),
        ]
        if not updated(row, counting, ConversationRow.version == version):
            return ConversationChanged()
        return Sequenced(int(row.sequence), overtaken=bool(row.overtaken))

    @answering
    def give_turn(self, conversation_id: str) -> None:
        def attempt(transaction: TransactWrite) -> bool:
            row = ConversationRow.get(conversation_id, CONVERSATION, consistent_read=True)
            if not row.overtaken or row.state != ConversationState.ACTIVE.value:
                return False
            customers = places_rows(row.positions)
            _move(transaction, row, give_turn(transaction, conversation_id, customers, row.positions))
            return True

        self._transact(attempt)

    @answering
    def places(self, user_id: str) -> Places:
        row = places_row(user_id)
        return Places(row.one_to_one, row.wrote or {}, int(row.version))

    @answering
    def record_writing(self, user_id: str, channel: str, account: str, conversation_id: str) -> None:
        for _ in tries(_TRIES):
            row = places_row(user_id)
            known = row.wrote or {}
            now = {**known, place_key(channel, account): conversation_id}
            unchanged = PlacesRow.wrote == known if known else PlacesRow.wrote.does_not_exist()
            if updated(PlacesRow(row.conversation_id, row.record), [PlacesRow.wrote.set(now)], unchanged):
                return
        raise _changing()

    @answering
    def uncount(self, conversation_id: str) -> None:
        row = ConversationRow(conversation_id, CONVERSATION)
        updated(row, [ConversationRow.message_count.add(-1)], ConversationRow.conversation_id.exists())

    @answering
    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        participants = (*conversation.participants, participant)
        with_member = member_row(conversation.conversation_id, participant)
        return self._replace_participants(conversation, participants, joining=with_member)

    @answering
    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        left = next(member for member in conversation.participants if member.user_id == user_id)
        participants = tuple(other for other in conversation.participants if other is not left)
        member = member_row(conversation.conversation_id, left)
        return self._replace_participants(conversation, participants, leaving=member)

    @answering
    def set_state(self, conversation: Conversation, state: ConversationState) -> bool:
        changed = False

        def attempt(transaction: TransactWrite) -> bool:
            nonlocal changed
            row = ConversationRow.get(conversation.conversation_id, CONVERSATION, consistent_read=True)
            changed = int(row.version) == conversation.version
            if not changed:
                return False
            positions = row.positions or {}
            if state is ConversationState.ACTIVE:
                customers = places_rows(positions)
                positions = give_turn(transaction, row.conversation_id, customers, positions)
            else:
                positions = withdraw(transaction, row.conversation_id, positions)
            _move(
                transaction,
                row,
                positions,
                ConversationRow.state.set(state.value),
                ConversationRow.version.add(1),
            )
            return True

        self._transact(attempt)
        return changed

    @answering
    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = MemberRow.joined_at <= after.at if after else None
        rows = MemberRow.by_user.query(user_id, upto, scan_index_forward=False, page_size=limit + 1)
        entries = (TimeIndexEntry(row.joined_at, row.conversation_id) for row in rows)
        return page_of(entries, after, limit)

    @answering
    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = ConversationRow.created_at <= after.at if after else None
        rows = ConversationRow.by_creation.query(ALL, upto, scan_index_forward=False, page_size=limit + 1)
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
        transaction = TransactWrite(connection=connection_of(ConversationRow))
        transaction.update(
            ConversationRow(conversation.conversation_id, CONVERSATION),
            actions=[ConversationRow.participants.set(participants), ConversationRow.version.add(1)],
            condition=ConversationRow.version == conversation.version,
        )
        if joining is not None:
            transaction.save(joining)
        if leaving is not None:
            transaction.delete(leaving)
        return committed(transaction)

    def _add(
        self, transaction: TransactWrite, conversation: Conversation, customers: Mapping[str, PlacesRow]
    ) -> bool:
        """Add a 1:1 conversation with its members and its customers' turns; return False if its id exists."""
        if self.get(conversation.conversation_id) is not None:
            return False
        row = row_of(conversation)
        row.positions = give_turn(transaction, conversation.conversation_id, customers, {})
        transaction.save(row, condition=ConversationRow.conversation_id.does_not_exist())
        for participant in conversation.participants:
            transaction.save(member_row(conversation.conversation_id, participant))
        return True

    def _transact(self, attempt: Callable[[TransactWrite], bool]) -> None:
        """Commit the writes that `attempt` adds to a transaction; if `attempt` returns False, write nothing.

        After a conflict with another write, call `attempt` again a moment later.
        """
        for _ in tries(_TRIES):
            transaction = TransactWrite(connection=connection_of(ConversationRow))
            if not attempt(transaction):
                return
            if committed(transaction):
                return
        raise _changing()


def _move(transaction: TransactWrite, row: ConversationRow, positions: dict[str, str], *more: Action) -> None:
    """Update the conversation's row, unless its version, state or positions changed since `row` was read."""
    condition = (ConversationRow.version == row.version) & (ConversationRow.state == row.state)
    if not positions:
        transaction.update(row, actions=list(more), condition=condition)
        return
    actions = [ConversationRow.positions.set(positions), ConversationRow.overtaken.set(False), *more]
    transaction.update(
        row, actions=actions, condition=condition & (ConversationRow.positions == row.positions)
    )


def _changing() -> Unavailable:
    return Unavailable("The conversation is changing too quickly; try again.", retry_after=1)
