"""Erase the profile of a person: one transaction over their users and identities, after their traces.

::

    HINT#…#ana, MOVED#…, VERIFY#…, buckets     deleted one by one; doing so again changes nothing
    OPTED-OUT#…                                 the opt-outs under the fingerprints of the addresses
    USER#ana, USER#ben, IDENTITY#…              one transaction, if all are as they were read

The transaction has at most 41 items: the user, 20 merged users, and 20 identities.
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.directory import (
    IdentityRow,
    MovedRow,
    UserRow,
    key_of,
    moved_key,
    moves_key,
    user_key,
)
from chat4all.adapters.dynamodb.hints import HintRow, hint_rows
from chat4all.adapters.dynamodb.limits import BucketRow, bucket_keys
from chat4all.adapters.dynamodb.rows import (
    answering,
    as_read,
    bind,
    committed,
    connection_of,
)
from chat4all.adapters.dynamodb.table_keys import name_of
from chat4all.adapters.dynamodb.verifications import VerificationRow, code_key
from chat4all.domain.erasing import erased_user, identities_of
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.hints import hints_of
from chat4all.domain.person import Identity, User
from chat4all.domain.verification import subject_of

_MOST_MOVES: Final = 100


class DynamoErasedPeople:
    def __init__(self, directory_table: str, limits_table: str, fingerprint: Fingerprint) -> None:
        self._fingerprint = fingerprint
        bind(directory_table, UserRow, IdentityRow, HintRow, MovedRow, VerificationRow)
        bind(limits_table, BucketRow)

    @answering
    def former_addresses(self, identity: Identity) -> list[str]:
        return [*dict.fromkeys(map(name_of, _moves_to(identity)))]

    @answering
    def forget_traces(self, people: Collection[User]) -> None:
        identities = identities_of(people)
        for user in people:
            for hint in hint_rows(hints_of(replace(user, identities=identities)), user.user_id):
                hint.delete()
        for identity in identities:
            _forget_moves(identity)
            VerificationRow(code_key(subject_of(self._fingerprint, identity.place))).delete()
            for bucket in bucket_keys(*identity.place):
                BucketRow(bucket).delete()

    @answering
    def erase(self, people: Sequence[User], at: str) -> bool:
        transaction = TransactWrite(connection=connection_of(UserRow))
        for user in people:
            _erase(transaction, user, at)
            for identity in user.identities:
                transaction.delete(
                    IdentityRow(key_of(identity)), condition=IdentityRow.user_id == user.user_id
                )
        return committed(transaction)


def _erase(transaction: TransactWrite, read: User, at: str) -> None:
    after = erased_user(read, at)
    unchanged: Condition = UserRow.identities == read.identities
    unchanged &= UserRow.display_name == read.display_name
    unchanged &= as_read(UserRow.consents, read.consents)
    unchanged &= as_read(UserRow.merge, read.merge)
    unchanged &= as_read(UserRow.merged, read.merged)
    transaction.update(
        UserRow(user_key(read.user_id)),
        actions=[
            UserRow.display_name.set(after.display_name),
            UserRow.identities.set(after.identities),
            UserRow.metadata.set(after.metadata),
            UserRow.consents.remove(),
            UserRow.merge.set(after.merge) if after.merge is not None else UserRow.merge.remove(),
            UserRow.erased_at.set(at),
        ],
        condition=unchanged,
    )


def _moves_to(identity: Identity) -> list[str]:
    """Return the keys of all moves that led to the address, the later ones first."""
    moves: list[str] = []
    towards, known = [identity.address], {identity.address}
    while towards and len(known) < _MOST_MOVES:
        address = towards.pop(0)
        for found in IdentityRow.by_address.query(moves_key(identity.channel, address)):
            moves.append(found.entry_id)
            former = name_of(found.entry_id)
            if former not in known:
                known.add(former)
                towards.append(former)
    return moves


def _forget_moves(identity: Identity) -> None:
    """Delete the record of a move from the address, and of every move that led there.

    The earlier moves go first: a process that died has left the moves by which they are found.
    """
    for entry_id in (*reversed(_moves_to(identity)), moved_key(*identity.place)):
        MovedRow(entry_id).delete()
