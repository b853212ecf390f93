"""Conversations: an item for each, an item for each member for the list by user, and each person's places."""

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.conversation_rows import (
    ALL,
    CONVERSATION,
    FILE,
    READ,
    ConversationRow,
    FileOfRow,
    MemberRow,
    OneToOneRow,
    PlacesRow,
    ReadRow,
    conversation_of,
    desk_actions,
    holder_places,
    left_row,
    member_row,
    places_row,
    places_rows,
    row_of,
    same_desk,
    turns_of,
)
from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.one_to_ones import give_turn, inherit, withdraw
from chat4all.adapters.dynamodb.rows import (
    answering,
    as_read,
    bind,
    committed,
    connection_of,
    saved,
    tries,
    updated,
)
from chat4all.adapters.dynamodb.table_keys import CREATION_SHARDS, key, name_of, shards_of
from chat4all.domain.conversation import Conversation, ConversationState, Origin, Participant
from chat4all.domain.desk import Desk
from chat4all.domain.errors import ConversationJoined, Unavailable
from chat4all.domain.pages import TimeCursor
from chat4all.domain.places import Places, place_key, writing

_TRIES: Final = 8


class DynamoConversations:
    def __init__(self, table_name: str) -> None:
        bind(table_name, ConversationRow, MemberRow, PlacesRow, OneToOneRow, ReadRow, FileOfRow)

    @answering
    def read_up_to(self, conversation_id: str, user_id: str) -> str | None:
        try:
            return ReadRow.get(key(conversation_id), f"{READ}{user_id}", consistent_read=True).sequence
        except ReadRow.DoesNotExist:
            return None

    @answering
    def record_read(self, conversation_id: str, user_id: str, sequence: str) -> None:
        row = ReadRow(key(conversation_id), f"{READ}{user_id}")
        earlier = ReadRow.sequence.does_not_exist() | (ReadRow.sequence < sequence)
        updated(row, [ReadRow.sequence.set(sequence)], earlier)

    @answering
    def record_file(self, conversation_id: str, file_id: str) -> None:
        FileOfRow(key(conversation_id), f"{FILE}{file_id}").save()

    @answering
    def create(self, conversation: Conversation, customers: Collection[str]) -> None:
        """Save the conversation after its members, or with them, so that no reader misses a member."""
        if customers:
            self._transact(lambda transaction: self._add(transaction, conversation, places_rows(customers)))
            return
        with MemberRow.batch_write() as batch:
            for participant in conversation.participants:
                batch.save(member_row(conversation.conversation_id, participant))
        saved(row_of(conversation), ConversationRow.partition.does_not_exist())

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
            return conversation_of(
                ConversationRow.get(key(conversation_id), CONVERSATION, consistent_read=True)
            )
        except ConversationRow.DoesNotExist:
            return None

    @answering
    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        keys = [(key(conversation_id), CONVERSATION) for conversation_id in dict.fromkeys(conversation_ids)]
        return [conversation_of(row) for row in ConversationRow.batch_get(keys)] if keys else []

    @answering
    def give_turn(self, conversation_id: str) -> None:
        def attempt(transaction: TransactWrite) -> bool:
            row = ConversationRow.get(key(conversation_id), CONVERSATION, consistent_read=True)
            if not row.overtaken or row.state != ConversationState.ACTIVE.value:
                return False
            customers = places_rows(row.positions)
            _move(transaction, row, give_turn(transaction, conversation_id, customers, row.positions))
            return True

        self._transact(attempt)

    @answering
    def places(self, user_id: str) -> Places:
        row = places_row(user_id)
        return Places(row.one_to_one, row.wrote or {}, int(row.version), row.latest, row.merged_into)

    @answering
    def record_origin(self, conversation_id: str, user_id: str, origin: Origin) -> None:
        for _ in tries(_TRIES):
            conversation = self.get(conversation_id)
            writer = conversation.participant(user_id) if conversation else None
            if conversation is None or writer is None or writer.wrote_from == origin:
                return
            participants = _replaced(conversation, writer, replace(writer, wrote_from=origin))
            if self._replace_participants(conversation, participants):
                return
        raise _changing()

    @answering
    def record_writing(self, user_id: str, origin: Origin, conversation_id: str) -> None:
        for _ in tries(_TRIES):
            row = places_row(user_id)
            known = row.wrote or {}
            actions = [
                PlacesRow.wrote.set({**known, place_key(origin): conversation_id}),
                PlacesRow.latest.set(writing(origin, conversation_id)),
            ]
            unchanged = as_read(PlacesRow.wrote, known)
            if updated(PlacesRow(row.partition, row.record), actions, unchanged):
                return
        raise _changing()

    @answering
    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        participants = (*conversation.participants, participant)
        with_member = member_row(conversation.conversation_id, participant)
        return self._replace_participants(conversation, participants, joining=with_member)

    @answering
    def place_participant(
        self, conversation_id: str, user_id: str, joined_at: str, joined_after: str
    ) -> None:
        for _ in tries(_TRIES):
            conversation = self.get(conversation_id)
            joining = conversation.participant(user_id) if conversation else None
            if (
                conversation is None
                or joining is None
                or not joining.is_joining
                or joining.joined_at != joined_at
            ):
                return
            participants = _replaced(conversation, joining, replace(joining, joined_after=joined_after))
            if self._replace_participants(conversation, participants):
                return
        raise _changing()

    @answering
    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        left = next(member for member in conversation.participants if member.user_id == user_id)
        participants = tuple(other for other in conversation.participants if other is not left)
        return self._replace_participants(conversation, participants, leaving=left)

    @answering
    def hand_over(self, conversation_id: str, user_id: str, heir_id: str) -> None:
        def attempt(transaction: TransactWrite) -> bool:
            row = ConversationRow.get(key(conversation_id), CONVERSATION, consistent_read=True)
            conversation = conversation_of(row)
            member = conversation.participant(user_id)
            if member is None or conversation.has(heir_id):
                return False
            heir = replace(member, user_id=heir_id)
            transaction.delete(member_row(conversation_id, member))
            transaction.save(member_row(conversation_id, heir))
            positions = inherit(transaction, conversation_id, user_id, heir_id, row.positions or {})
            actions: list[Action] = [
                ConversationRow.participants.set(_replaced(conversation, member, heir)),
                ConversationRow.version.add(1),
            ]
            if positions:
                actions += [ConversationRow.positions.set(positions), ConversationRow.overtaken.set(True)]
            transaction.update(row, actions=actions, condition=ConversationRow.version == row.version)
            return True

        self._transact(attempt)

    @answering
    def set_state(
        self, conversation: Conversation, state: ConversationState, desk: Desk | None = None
    ) -> bool:
        changed = False

        def attempt(transaction: TransactWrite) -> bool:
            nonlocal changed
            row = ConversationRow.get(key(conversation.conversation_id), CONVERSATION, consistent_read=True)
            now = conversation_of(row)
            changed = now.version == conversation.version and (desk is None or now.desk == conversation.desk)
            if not changed:
                return False
            if row.joined_into:
                raise ConversationJoined("The conversation goes on in another conversation.")
            positions = row.positions or {}
            if now.state is state:
                positions = {}
            elif state is ConversationState.ACTIVE:
                customers = places_rows(positions)
                positions = give_turn(transaction, conversation.conversation_id, customers, positions)
            else:
                positions = withdraw(transaction, conversation.conversation_id, positions)
            _move(
                transaction,
                row,
                positions,
                ConversationRow.state.set(state.value),
                ConversationRow.version.add(1),
                *desk_actions(replace(now, state=state, desk=desk or now.desk)),
                unchanged=same_desk(now.desk),
            )
            return True

        self._transact(attempt)
        return changed

    @answering
    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = MemberRow.joined_at <= after.at if after else None
        rows = MemberRow.by_user.query(key(user_id), upto, scan_index_forward=False, page_size=limit + 1)
        entries = (TimeIndexEntry(row.joined_at, name_of(row.partition)) for row in rows)
        return page_of(entries, after, limit)

    @answering
    def one_to_ones(self, user_id: str, limit: int) -> list[str]:
        return [row.place for row in turns_of(holder_places(user_id), limit)]

    @answering
    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = ConversationRow.created_at <= after.at if after else None
        entries = heapq.merge(
            *(_created(shard, upto, limit) for shard in shards_of(ALL, CREATION_SHARDS)), reverse=True
        )
        return page_of(entries, after, limit)

    def _replace_participants(
        self,
        conversation: Conversation,
        participants: tuple[Participant, ...],
        *,
        joining: MemberRow | None = None,
        leaving: Participant | None = None,
    ) -> bool:
        transaction = TransactWrite(connection=connection_of(ConversationRow))
        transaction.update(
            ConversationRow(key(conversation.conversation_id), CONVERSATION),
            actions=[ConversationRow.participants.set(participants), ConversationRow.version.add(1)],
            condition=ConversationRow.version == conversation.version,
        )
        if joining is not None:
            transaction.save(joining)
        if leaving is not None:
            transaction.delete(member_row(conversation.conversation_id, leaving))
            transaction.save(left_row(conversation.conversation_id, leaving))
        return committed(transaction)

    def _add(
        self, transaction: TransactWrite, conversation: Conversation, customers: Mapping[str, PlacesRow]
    ) -> bool:
        """Add a 1:1 conversation with its members and its customers' turns; return False if its id exists."""
        if self.get(conversation.conversation_id) is not None:
            return False
        row = row_of(conversation)
        row.positions = give_turn(transaction, conversation.conversation_id, customers, {})
        transaction.save(row, condition=ConversationRow.partition.does_not_exist())
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


def _replaced(
    conversation: Conversation, former: Participant, changed: Participant
) -> tuple[Participant, ...]:
    return tuple(
        changed if participant is former else participant for participant in conversation.participants
    )


def _created(shard: str, upto: Condition | None, limit: int) -> Iterator[TimeIndexEntry]:
    rows = ConversationRow.by_creation.query(shard, upto, scan_index_forward=False, page_size=limit + 1)
    return (TimeIndexEntry(row.created_at, name_of(row.partition)) for row in rows)


def _move(
    transaction: TransactWrite,
    row: ConversationRow,
    positions: dict[str, str],
    *more: Action,
    unchanged: Condition | None = None,
) -> None:
    """Update the conversation's row, unless its version, state or positions changed since `row` was read.

    `unchanged` is a further condition.
    """
    condition = (ConversationRow.version == row.version) & (ConversationRow.state == row.state)
    if unchanged is not None:
        condition &= unchanged
    if not positions:
        transaction.update(row, actions=list(more), condition=condition)
        return
    actions = [ConversationRow.positions.set(positions), ConversationRow.overtaken.set(False), *more]
    transaction.update(
        row, actions=actions, condition=condition & (ConversationRow.positions == row.positions)
    )


def _changing() -> Unavailable:
    return Unavailable("The conversation is changing too quickly; try again.", retry_after=1)
