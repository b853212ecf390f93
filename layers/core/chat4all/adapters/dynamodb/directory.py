"""Users and identities in one table. The key of an identity ensures that it belongs to one user only."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.hints import HintRow, hint_rows
from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import (
    StringsAttribute,
    StructAttribute,
    StructsAttribute,
    TableSettings,
    answering,
    as_read,
    bind,
    committed,
    connection_of,
    saved,
    updated,
)
from chat4all.adapters.dynamodb.table_keys import CREATION_SHARDS, key, name_of, shard, shards_of
from chat4all.domain.consent import Consent, having_heard
from chat4all.domain.errors import Unavailable
from chat4all.domain.hints import hints_of, hints_of_identity, hints_of_name
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import Identity, Merge, Moved, User, UserType, with_writing
from chat4all.services.directory.ports import IdentityTaken, NoMove

_TRIES: Final = 5
_TIMES: Final = frozenset({"wrote_at", "verified_at"})


class _ByType(GlobalSecondaryIndex["UserRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-type"
        projection = KeysOnlyProjection()

    type_key = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class ByAddress(GlobalSecondaryIndex["IdentityRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-address"
        projection = KeysOnlyProjection()

    address_key = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)


class _IdentitiesAttribute(StructsAttribute[Identity]):
    """The identities. A time that is not known is left out, as in rows that are older than its field.

    Writes compare the whole text with the stored text.
    """

    def serialize(self, value: tuple[Identity, ...]) -> str:
        fields = [msgspec.to_builtins(identity) for identity in value]
        known = [
            {name: text for name, text in identity.items() if name not in _TIMES or text is not None}
            for identity in fields
        ]
        return msgspec.json.encode(known).decode()


class UserRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    type_key = UnicodeAttribute()
    user_type = UnicodeAttribute()
    display_name = UnicodeAttribute()
    identities = _IdentitiesAttribute(Identity)
    metadata = StringsAttribute()
    created_at = UnicodeAttribute()
    consents = StructsAttribute(Consent, null=True)
    merge = StructAttribute(Merge, null=True)
    merged = StructsAttribute(str, null=True)
    erased_at = UnicodeAttribute(null=True)
    erasing_at = UnicodeAttribute(null=True)
    by_type = _ByType()


class IdentityRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    address_key = UnicodeAttribute()
    by_address = ByAddress()


class MovedRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    address = UnicodeAttribute()
    address_key = UnicodeAttribute()
    """Lists the moves to an address in `by-address`."""
    moved_at = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class DynamoDirectory:
    def __init__(self, table_name: str) -> None:
        bind(table_name, UserRow, IdentityRow, MovedRow, HintRow)

    @answering
    def create(self, user: User, no_move: NoMove | None = None) -> IdentityTaken | None:
        hints = hint_rows(hints_of(user), user.user_id) if user.type is UserType.CUSTOMER else []
        if not user.identities and not hints:
            saved(_row(user), UserRow.entry_id.does_not_exist())
            return None
        transaction = self._transaction()
        transaction.save(_row(user), condition=UserRow.entry_id.does_not_exist())
        for identity in user.identities:
            transaction.save(_identity_row(identity, user.user_id), condition=_FREE)
            _check_moves(transaction, identity, no_move)
        for hint in hints:
            transaction.save(hint)
        if committed(transaction):
            return None
        taken = self._taken(user.identities)
        if taken is None:
            raise Unavailable("Another request is writing the user or an identity; try again.", retry_after=1)
        return taken

    @answering
    def get(self, user_id: str) -> User | None:
        try:
            return user_of(UserRow.get(user_key(user_id), consistent_read=True))
        except UserRow.DoesNotExist:
            return None

    @answering
    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        keys = [user_key(user_id) for user_id in dict.fromkeys(user_ids)]
        users = [user_of(row) for row in UserRow.batch_get(keys, consistent_read=True)] if keys else []
        return {user.user_id: user for user in users}

    @answering
    def link(
        self,
        user_id: str,
        identity: Identity,
        no_move: NoMove | None = None,
        told: Sequence[Consent] = (),
    ) -> IdentityTaken | None:
        for _ in range(_TRIES):
            row = UserRow.get(user_key(user_id), consistent_read=True)
            known = user_of(row)
            if known.merged_into is not None or known.erased_at is not None:
                raise Unavailable("The user was merged or erased a moment ago; try again.", retry_after=1)
            transaction = self._transaction()
            transaction.save(_identity_row(identity, user_id), condition=_FREE)
            _check_moves(transaction, identity, no_move)
            actions: list[Action] = [UserRow.identities.set((*row.identities, identity))]
            same = (UserRow.identities == row.identities) & _IS_OWN
            if told:
                actions.append(UserRow.consents.set(having_heard(known.consents, told)))
                same &= as_read(UserRow.consents, known.consents)
            transaction.update(UserRow(row.entry_id), actions=actions, condition=same)
            for hint in hint_rows(hints_of_identity(identity), user_id):
                transaction.save(hint)
            if committed(transaction):
                return None
            taken = self._taken((identity,))
            if taken is not None:
                return None if taken.user_id == user_id else taken
        raise Unavailable("The user is changing too quickly; try again.", retry_after=1)

    @answering
    def unlink(self, user: User, identity: Identity) -> None:
        remaining = tuple(known for known in user.identities if known != identity)
        transaction = self._transaction()
        transaction.delete(
            IdentityRow(key_of(identity)),
            condition=IdentityRow.user_id == user.user_id,
        )
        transaction.update(
            UserRow(user_key(user.user_id)),
            actions=[UserRow.identities.set(remaining)],
            condition=UserRow.identities == user.identities,
        )
        _forget_hints(transaction, user, replace(user, identities=remaining))
        if not committed(transaction):
            raise Unavailable("Another request changed the user; try again.", retry_after=1)

    @answering
    def move(
        self, user: User, former: Identity, present: Identity, moved: Moved, expires_at: int
    ) -> IdentityTaken | None:
        is_theirs = any(key_of(known) == key_of(present) for known in user.identities)
        replaced = (present if known == former and not is_theirs else known for known in user.identities)
        remaining = tuple(known for known in replaced if known != former)
        transaction = self._transaction()
        if not is_theirs:
            transaction.save(_identity_row(present, user.user_id), condition=_FREE)
        transaction.delete(IdentityRow(key_of(former)), condition=IdentityRow.user_id == user.user_id)
        transaction.update(
            UserRow(user_key(user.user_id)),
            actions=[UserRow.identities.set(remaining)],
            condition=UserRow.identities == user.identities,
        )
        transaction.save(_moved_row(former.channel, former.account, former.address, moved, expires_at))
        for hint in hint_rows(hints_of_identity(present), user.user_id):
            transaction.save(hint)
        _forget_hints(transaction, user, replace(user, identities=(*remaining, present)))
        if committed(transaction):
            return None
        taken = self._taken((present,))
        if taken is None or taken.user_id == user.user_id:
            raise Unavailable("Another request changed the user; try again.", retry_after=1)
        return taken

    @answering
    def record_move(self, formers: Sequence[Identity], moved: Moved, expires_at: int) -> bool:
        is_latest = MovedRow.entry_id.does_not_exist() | (MovedRow.moved_at <= moved.at)
        for _ in range(_TRIES):
            transaction = self._transaction()
            for former in formers:
                transaction.save(_moved_row(*former.place, moved, expires_at), condition=is_latest)
                transaction.condition_check(IdentityRow, key_of(former), condition=_FREE)
            if committed(transaction):
                return True
            if self._taken(formers) is not None:
                return False
            known = (self.moved(*former.place) for former in formers)
            if any(move is not None and move.at > moved.at for move in known):
                return True
        raise Unavailable("The former address is changing too quickly; try again.", retry_after=1)

    @answering
    def moved(self, channel: str, account: str, address: str) -> Moved | None:
        try:
            row = MovedRow.get(moved_key(channel, account, address), consistent_read=True)
        except MovedRow.DoesNotExist:
            return None
        return Moved(row.address, row.moved_at, row.phone)

    @answering
    def wrote(
        self, user: User, places: Collection[tuple[str, str, str]], at: str, newer_by: timedelta
    ) -> User:
        for _ in range(_TRIES):
            identities = with_writing(user.identities, places, at, newer_by)
            if identities is None:
                return user
            row, unchanged = UserRow(user_key(user.user_id)), UserRow.identities == user.identities
            if updated(row, [UserRow.identities.set(identities)], unchanged):
                return replace(user, identities=identities)
            user = self.get(user.user_id) or user
        raise Unavailable("The user is changing too quickly; try again.", retry_after=1)

    @answering
    def rename(self, user_id: str, name: str, new_name: str) -> None:
        transaction = self._transaction()
        transaction.update(
            UserRow(user_key(user_id)),
            actions=[UserRow.display_name.set(new_name)],
            condition=UserRow.display_name == name,
        )
        former, present = hints_of_name(name), hints_of_name(new_name)
        for hint in hint_rows(present - former, user_id):
            transaction.save(hint)
        for hint in hint_rows(former - present, user_id):
            transaction.delete(hint)
        committed(transaction)

    @answering
    def save_consents(self, user: User, consents: tuple[Consent, ...]) -> bool:
        row = UserRow(user_key(user.user_id))
        same = UserRow.entry_id.exists() & as_read(UserRow.consents, user.consents) & _IS_OWN
        return updated(row, [UserRow.consents.set(consents)], same)

    @answering
    def resolve(self, channel: str, account: str, address: str) -> str | None:
        try:
            return IdentityRow.get(_identity_key(channel, account, address), consistent_read=True).user_id
        except IdentityRow.DoesNotExist:
            return None

    @answering
    def resolve_at_any_account(self, channel: str, address: str) -> str | None:
        for found in IdentityRow.by_address.query(key(channel, address), limit=1):
            try:
                return IdentityRow.get(found.entry_id, consistent_read=True).user_id
            except IdentityRow.DoesNotExist:
                return None
        return None

    @answering
    def listing(
        self, user_type: UserType, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        upto = UserRow.created_at <= after.at if after else None
        shards = shards_of(user_type.value, CREATION_SHARDS)
        entries = heapq.merge(*(_created(shard, upto, limit) for shard in shards), reverse=True)
        return page_of(entries, after, limit)

    def _taken(self, identities: Iterable[Identity]) -> IdentityTaken | None:
        """Return the user who owns the first taken identity; None if every identity is free."""
        for identity in identities:
            owner = self.resolve(identity.channel, identity.account, identity.address)
            if owner is not None:
                return IdentityTaken(owner)
        return None

    def _transaction(self) -> TransactWrite:
        return TransactWrite(connection=connection_of(UserRow))


_FREE: Final = IdentityRow.entry_id.does_not_exist()
_IS_OWN: Final = UserRow.merge.does_not_exist() & UserRow.erased_at.does_not_exist()
"""The condition that the user is nobody else, and was not erased."""


def _check_moves(transaction: TransactWrite, identity: Identity, no_move: NoMove | None) -> None:
    """Let the transaction fail if somebody moved away from the address, against the condition."""
    if no_move is None:
        return
    none = MovedRow.entry_id.does_not_exist()
    condition = none if no_move.since is None else none | (MovedRow.moved_at < no_move.since)
    for account in no_move.accounts:
        former = moved_key(identity.channel, account, identity.address)
        transaction.condition_check(MovedRow, former, condition=condition)


def _forget_hints(transaction: TransactWrite, before: User, after: User) -> None:
    """Delete the hints under which the user is not found any more."""
    for hint in hint_rows(hints_of(before) - hints_of(after), before.user_id):
        transaction.delete(hint)


def user_key(user_id: str) -> str:
    return key("USER", user_id)


def _created(shard: str, upto: Condition | None, limit: int) -> Iterator[TimeIndexEntry]:
    rows = UserRow.by_type.query(shard, upto, scan_index_forward=False, page_size=limit + 1)
    return (TimeIndexEntry(row.created_at, name_of(row.entry_id)) for row in rows)


def _identity_key(channel: str, account: str, address: str) -> str:
    return key("IDENTITY", channel, account, address)


def key_of(identity: Identity) -> str:
    return _identity_key(identity.channel, identity.account, identity.address)


def moved_key(channel: str, account: str, address: str) -> str:
    return key("MOVED", channel, account, address)


def moves_key(channel: str, address: str) -> str:
    """Return the key of the moves to an address in `by-address`."""
    return key("MOVED", channel, address)


def _moved_row(channel: str, account: str, address: str, moved: Moved, expires_at: int) -> MovedRow:
    return MovedRow(
        moved_key(channel, account, address),
        address=moved.address,
        address_key=moves_key(channel, moved.address),
        moved_at=moved.at,
        phone=moved.phone,
        expires_at=expires_at,
    )


def _identity_row(identity: Identity, user_id: str) -> IdentityRow:
    address_key = key(identity.channel, identity.address)
    return IdentityRow(key_of(identity), user_id=user_id, address_key=address_key)


def _row(user: User) -> UserRow:
    return UserRow(
        user_key(user.user_id),
        type_key=key(user.type.value, str(shard(user.user_id, CREATION_SHARDS))),
        user_type=user.type.value,
        display_name=user.display_name,
        identities=user.identities,
        metadata=user.metadata,
        created_at=user.created_at,
        consents=user.consents or None,
    )


def user_of(row: UserRow) -> User:
    return User(
        user_id=name_of(row.entry_id),
        type=UserType(row.user_type),
        display_name=row.display_name,
        identities=row.identities,
        metadata=row.metadata,
        created_at=row.created_at,
        consents=row.consents or (),
        merge=row.merge,
        merged=row.merged or (),
        erased_at=row.erased_at,
        erasing_at=row.erasing_at,
    )
