"""The channel accounts, in the directory table: one row a channel, each write conditional on its version."""

from collections.abc import Mapping
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StructsAttribute, TableSettings, answering, as_read, bind, updated
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.account import ChannelAccount, KnownAccounts


class AccountsRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    accounts = StructsAttribute(ChannelAccount, null=True)
    version = NumberAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    claimed_until = NumberAttribute(null=True)
    """Epoch seconds."""


class DynamoAccounts:
    def __init__(self, table_name: str) -> None:
        bind(table_name, AccountsRow)

    @answering
    def read(self, channel: str) -> KnownAccounts:
        try:
            row = AccountsRow.get(_key(channel), consistent_read=True)
        except AccountsRow.DoesNotExist:
            return KnownAccounts()
        accounts = {account.account: account for account in row.accounts or ()}
        return KnownAccounts(accounts, int(row.version or 0))

    @answering
    def save(self, channel: str, accounts: Mapping[str, ChannelAccount], version: int) -> bool:
        unchanged = as_read(AccountsRow.version, version)
        actions = [
            AccountsRow.accounts.set(tuple(accounts.values())),
            AccountsRow.version.set(version + 1),
        ]
        return updated(AccountsRow(_key(channel)), actions, unchanged)

    @answering
    def claim(self, channel: str, claim_id: str, now: datetime, until: datetime) -> bool:
        free = AccountsRow.claimed_until.does_not_exist() | (AccountsRow.claimed_until < now.timestamp())
        actions = [
            AccountsRow.claimed_by.set(claim_id),
            AccountsRow.claimed_until.set(until.timestamp()),
        ]
        return updated(AccountsRow(_key(channel)), actions, free)

    @answering
    def release(self, channel: str, claim_id: str) -> None:
        actions = [AccountsRow.claimed_by.remove(), AccountsRow.claimed_until.remove()]
        updated(AccountsRow(_key(channel)), actions, AccountsRow.claimed_by == claim_id)


def _key(channel: str) -> str:
    return key("ACCOUNTS", channel)
