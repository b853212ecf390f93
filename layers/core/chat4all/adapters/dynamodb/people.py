"""Merge two users, and undo it: one transaction over the tables `directory`, `conversations` and `audit`.

::

    USER#ana      identities of both, merged: [ben]      IDENTITY#…ben's    user_id: ana
    USER#ben      no identities, merge: into ana         PLACES of ana and ben, with versions
    1:1#… of ben  under ana                              the conversations that move or join
    audit         the entry of the merge

A process that dies before the transaction leaves nothing, and after it everything. Each row has the condition
that it is as it was read, so that a racing link, unlink, move, merge or turn lets the transaction fail.

The transaction has at most 85 items (20 identities, 3 for each of 20 conversations, and 5 others), of the 100
that DynamoDB takes:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.audit import AuditRow
from chat4all.adapters.dynamodb.audit import row_of as audit_row
from chat4all.adapters.dynamodb.conversation_rows import (
    CONVERSATION,
    ONE_TO_ONE_PREFIX,
    ConversationRow,
    OneToOneRow,
    PlacesRow,
    conversation_of,
    desk_actions,
    places_row,
    same_desk,
    turns_of,
)
from chat4all.adapters.dynamodb.directory import IdentityRow, UserRow, key_of, user_key
from chat4all.adapters.dynamodb.one_to_ones import change
from chat4all.adapters.dynamodb.rows import answering, as_read, bind, committed, connection_of
from chat4all.adapters.dynamodb.table_keys import key, name_of
from chat4all.domain.audit import AuditEntry
from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import CannotMerge, Detail
from chat4all.domain.merging import (
    MOST_ONE_TO_ONES,
    desk_of_both,
    joins,
    merge_users,
    unmerge_users,
    with_joined,
)
from chat4all.domain.person import Identity, User

_MOST_LOOKED_AT: Final = 100
"""The most active 1:1 conversations of the kept user that another conversation can join."""


class DynamoPeople:
    def __init__(self, directory_table: str, conversations_table: str, audit_table: str) -> None:
        bind(directory_table, UserRow, IdentityRow)
        bind(conversations_table, ConversationRow, PlacesRow, OneToOneRow)
        bind(audit_table, AuditRow)

    @answering
    def merge(self, kept: User, merged: User, at: str, entry: AuditEntry) -> bool:
        after, gone = merge_users(kept, merged, at)
        places, former = places_row(kept.user_id), places_row(merged.user_id)
        own, theirs = turns_of(places, _MOST_LOOKED_AT), turns_of(former, MOST_ONE_TO_ONES + 1)
        _require_few(len(theirs))
        rows = _conversations(turn.place for turn in (*own, *theirs))
        known = {place: conversation_of(row) for place, row in rows.items()}
        joined = joins(
            merged, [known[turn.place] for turn in theirs], [known[turn.place] for turn in own], _agents(rows)
        )
        transaction = TransactWrite(connection=connection_of(UserRow))
        _save_user(transaction, kept, after)
        _save_user(transaction, merged, with_joined(gone, joined))
        for identity in merged.identities:
            _give(transaction, identity, merged.user_id, kept.user_id)
        moving = {
            turn.place: _turn(places, number, turn.place)
            for number, turn in enumerate(reversed(theirs))
            if turn.place not in joined
        }
        latest = max((*own, *moving.values()), key=lambda turn: turn.record, default=None)
        told = {place: joined.get(known_as, known_as) for place, known_as in (former.wrote or {}).items()}
        wrote = {**told, **(places.wrote or {})} if told else None
        change(transaction, places, latest.place if latest is not None else None, wrote)
        change(transaction, former, None, None, PlacesRow.merged_into.set(kept.user_id))
        for turn in theirs:
            row = rows[turn.place]
            transaction.delete(OneToOneRow(turn.partition, turn.record))
            if turn.place in joined:
                _update(
                    transaction,
                    row,
                    ConversationRow.positions.set(dict.fromkeys(row.positions or {}, "")),
                    ConversationRow.joined_into.set(joined[turn.place]),
                    ConversationRow.state.set(ConversationState.ARCHIVED.value),
                    *desk_actions(replace(known[turn.place], state=ConversationState.ARCHIVED)),
                )
            else:
                _move(transaction, row, merged, moving[turn.place])
        for into in dict.fromkeys(joined.values()):
            more = [rows[place] for place, other in joined.items() if other == into]
            ids = [known_id for row in more for known_id in (name_of(row.partition), *(row.joined or ()))]
            parts = [known[name_of(row.partition)].desk for row in more]
            desk = functools.reduce(desk_of_both, parts, known[into].desk)
            _update(
                transaction,
                rows[into],
                ConversationRow.joined.set((*(rows[into].joined or ()), *ids)),
                *desk_actions(known[into].with_desk(desk)),
            )
        transaction.save(audit_row(entry), condition=AuditRow.entry_id.does_not_exist())
        return committed(transaction)

    @answering
    def unmerge(self, kept: User, merged: User, entry: AuditEntry) -> bool:
        after, back = unmerge_users(kept, merged)
        places, former = places_row(kept.user_id), places_row(merged.user_id)
        turns = turns_of(places, _MOST_LOOKED_AT)
        joined = merged.merge.joined if merged.merge is not None else ()
        rows = _conversations((*(turn.place for turn in turns), *joined))
        into = _conversations(row.joined_into for place in joined if (row := rows[place]).joined_into)
        moving = [turn for turn in turns if _is_of(rows[turn.place], merged, after)]
        staying = [turn.place for turn in turns if turn not in moving]
        _require_few(len(turns) - len(staying) + len(joined), len(turns))
        order = [*joined, *(turn.place for turn in reversed(moving))]
        given = {place: _turn(former, number, place) for number, place in enumerate(order)}
        transaction = TransactWrite(connection=connection_of(UserRow))
        _save_user(transaction, kept, after)
        _save_user(transaction, merged, back)
        for identity in back.identities:
            _give(transaction, identity, kept.user_id, merged.user_id)
        is_theirs = places.one_to_one in given
        change(transaction, places, next(iter(staying), None) if is_theirs else places.one_to_one)
        change(transaction, former, order[-1] if order else None, None, PlacesRow.merged_into.remove())
        for turn in moving:
            transaction.delete(OneToOneRow(turn.partition, turn.record))
            _move(transaction, rows[turn.place], merged, given[turn.place])
        for place in joined:
            row = rows[place]
            transaction.save(given[place])
            _update(
                transaction,
                row,
                ConversationRow.positions.set(dict.fromkeys(row.positions or {}, given[place].record)),
                ConversationRow.joined_into.remove(),
                ConversationRow.state.set(ConversationState.ACTIVE.value),
                ConversationRow.overtaken.set(True),
                *desk_actions(replace(conversation_of(row), state=ConversationState.ACTIVE)),
            )
        for place, row in into.items():
            parts = [rows[other] for other in joined if rows[other].joined_into == place]
            gone = {known for part in parts for known in (name_of(part.partition), *(part.joined or ()))}
            left = tuple(known for known in row.joined or () if known not in gone)
            _update(transaction, row, ConversationRow.joined.set(left))
        transaction.save(audit_row(entry), condition=AuditRow.entry_id.does_not_exist())
        return committed(transaction)


def _require_few(changing: int, looked_at: int = 0) -> None:
    if changing > MOST_ONE_TO_ONES or looked_at >= _MOST_LOOKED_AT:
        raise CannotMerge(
            "Too many 1:1 conversations would change hands; archive some first.",
            Detail("user_id", f"has more than {MOST_ONE_TO_ONES} active 1:1 conversations"),
        )


def _conversations(places: Iterable[str | None]) -> dict[str, ConversationRow]:
    keys = [(key(place), CONVERSATION) for place in dict.fromkeys(places) if place is not None]
    found = ConversationRow.batch_get(keys, consistent_read=True) if keys else ()
    return {name_of(row.partition): row for row in found}


def _agents(rows: Mapping[str, ConversationRow]) -> frozenset[str]:
    """Return the participants of 1:1 conversations who have no places, because they are agents."""
    return frozenset(
        member.user_id
        for row in rows.values()
        for member in row.participants
        if member.user_id not in (row.positions or {})
    )


def _is_of(row: ConversationRow, merged: User, kept: User) -> bool:
    members = {member.user_id for member in row.participants}
    return not members.isdisjoint(merged.ids) and members.isdisjoint(kept.ids)


def _turn(places: PlacesRow, number: int, place: str) -> OneToOneRow:
    """Return the row of a turn before all turns that the person had, or will have, by messages."""
    return OneToOneRow(places.partition, f"{ONE_TO_ONE_PREFIX}{0:020d}#{number:02d}#{place}", place=place)


def _save_user(transaction: TransactWrite, read: User, after: User) -> None:
    """Write what a merge or its undo changes of a user, if the user is as they were read."""
    unchanged: Condition = UserRow.identities == read.identities
    unchanged &= as_read(UserRow.consents, read.consents)
    unchanged &= as_read(UserRow.merge, read.merge)
    unchanged &= as_read(UserRow.merged, read.merged)
    unchanged &= UserRow.erased_at.does_not_exist() & UserRow.erasing_at.does_not_exist()
    actions: list[Action] = [
        UserRow.identities.set(after.identities),
        UserRow.consents.set(after.consents) if after.consents else UserRow.consents.remove(),
        UserRow.merge.set(after.merge) if after.merge else UserRow.merge.remove(),
        UserRow.merged.set(after.merged) if after.merged else UserRow.merged.remove(),
    ]
    transaction.update(UserRow(user_key(read.user_id)), actions=actions, condition=unchanged)


def _give(transaction: TransactWrite, identity: Identity, giver_id: str, taker_id: str) -> None:
    transaction.update(
        IdentityRow(key_of(identity)),
        actions=[IdentityRow.user_id.set(taker_id)],
        condition=IdentityRow.user_id == giver_id,
    )


def _move(transaction: TransactWrite, row: ConversationRow, merged: User, given: OneToOneRow) -> None:
    """Give an active conversation of the merged user another turn. Its participants keep their ids."""
    positions = {
        user_id: given.record if user_id in merged.ids else position
        for user_id, position in (row.positions or {}).items()
    }
    transaction.save(given)
    _update(
        transaction,
        row,
        ConversationRow.positions.set(positions),
        ConversationRow.overtaken.set(True),
    )


def _update(transaction: TransactWrite, row: ConversationRow, *actions: Action) -> None:
    """Update the conversation's row, unless its version, state, desk or positions changed since the read."""
    condition = (ConversationRow.version == row.version) & (ConversationRow.state == row.state)
    condition &= same_desk(conversation_of(row).desk)
    transaction.update(
        row,
        actions=[*actions, ConversationRow.version.add(1)],
        condition=condition & (ConversationRow.positions == row.positions),
    )
