"""The one-time codes that verify identities: a row for the latest code of each identity, and counts.

The key follows from the identity, and the random name of the code is the condition of every write. So a new
code ends the former, a try counts for one code only, and of two confirmations one writes.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.audit import AuditRow
from chat4all.adapters.dynamodb.audit import row_of as audit_row
from chat4all.adapters.dynamodb.directory import UserRow, user_key
from chat4all.adapters.dynamodb.rows import (
    StructAttribute,
    TableSettings,
    answering,
    bind,
    committed,
    connection_of,
    saved,
    updated,
)
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.audit import AuditEntry
from chat4all.domain.clock import parse_iso
from chat4all.domain.person import Identity, User
from chat4all.domain.verification import MOST_OF_ACCOUNT, MOST_TRIES, WITHIN, Verification, verified

_KEPT: Final = WITHIN + timedelta(minutes=10)


class VerificationRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    code_name = UnicodeAttribute()
    code = StructAttribute(Verification)
    """Without `tries` and `confirmed_at`."""
    tries = NumberAttribute()
    confirmed_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class _CountRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    codes = NumberAttribute()
    expires_at = NumberAttribute()


class DynamoVerifications:
    def __init__(self, directory_table: str, audit_table: str) -> None:
        bind(directory_table, VerificationRow, _CountRow, UserRow)
        bind(audit_table, AuditRow)

    @answering
    def get(self, subject: str) -> Verification | None:
        try:
            return _verification(VerificationRow.get(code_key(subject), consistent_read=True))
        except VerificationRow.DoesNotExist:
            return None

    @answering
    def begin(self, subject: str, new: Verification, before: Verification | None) -> bool:
        unchanged = (
            VerificationRow.entry_id.does_not_exist()
            if before is None
            else VerificationRow.code_name == before.name
        )
        return saved(_row(subject, new), unchanged)

    @answering
    def end(self, subject: str, failed: Verification) -> None:
        row = VerificationRow(code_key(subject))
        updated(row, [VerificationRow.code.set(failed)], VerificationRow.code_name == failed.name)

    @answering
    def count_try(self, subject: str, name: str) -> Verification | None:
        row = VerificationRow(code_key(subject))
        has_tries = (VerificationRow.code_name == name) & (VerificationRow.tries < MOST_TRIES)
        return _verification(row) if updated(row, [VerificationRow.tries.add(1)], has_tries) else None

    @answering
    def confirm(
        self, subject: str, code: Verification, user: User, identity: Identity, entry: AuditEntry
    ) -> bool:
        transaction = TransactWrite(connection=connection_of(UserRow))
        transaction.update(
            VerificationRow(code_key(subject)),
            actions=[VerificationRow.confirmed_at.set(entry.at)],
            condition=(VerificationRow.code_name == code.name)
            & VerificationRow.confirmed_at.does_not_exist(),
        )
        transaction.update(
            UserRow(user_key(user.user_id)),
            actions=[UserRow.identities.set(verified(user.identities, identity.place, entry.at))],
            condition=(UserRow.identities == user.identities) & UserRow.merge.does_not_exist(),
        )
        transaction.save(audit_row(entry), condition=AuditRow.entry_id.does_not_exist())
        return committed(transaction)

    @answering
    def count_of_account(self, channel: str, account: str, at: datetime) -> bool:
        row = _CountRow(key("CODES", channel, account, f"{at:%Y-%m-%dT%H}"))
        counted = [_CountRow.codes.add(1), _CountRow.expires_at.set(int((at + _KEPT).timestamp()))]
        return updated(row, counted, _CountRow.codes.does_not_exist() | (_CountRow.codes < MOST_OF_ACCOUNT))


def code_key(subject: str) -> str:
    return key("VERIFY", subject)


def _row(subject: str, new: Verification) -> VerificationRow:
    return VerificationRow(
        code_key(subject),
        code_name=new.name,
        code=replace(new, tries=0, confirmed_at=None),
        tries=0,
        expires_at=int((parse_iso(new.codes[-1].at) + _KEPT).timestamp()),
    )


def _verification(row: VerificationRow) -> Verification:
    return replace(row.code, tries=int(row.tries), confirmed_at=row.confirmed_at)
