"""API keys, which are found by their hash.

The key of a row has no workspace, because an API key is all that a request presents. The row names the
workspace that the API key opens.
"""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import WORKSPACE
from chat4all.domain.api_key import ApiKey


class KeyRow(Model):
    class Meta(TableSettings):
        pass

    key_hash = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    key_id = UnicodeAttribute()
    name = UnicodeAttribute()
    scopes = UnicodeSetAttribute()
    created_at = UnicodeAttribute()
    disabled = BooleanAttribute(default=False)


class DynamoApiKeys:
    def __init__(self, table_name: str) -> None:
        bind(table_name, KeyRow)

    def probe(self) -> None:
        """Reach the table, or raise."""
        self.get("probe")

    @answering
    def get(self, key_hash: str) -> ApiKey | None:
        try:
            row = KeyRow.get(key_hash)
        except KeyRow.DoesNotExist:
            return None
        scopes = frozenset(row.scopes)
        return ApiKey(row.key_id, row.key_hash, row.name, scopes, row.created_at, row.disabled)

    @answering
    def put(self, key: ApiKey) -> None:
        KeyRow(
            key.key_hash,
            workspace=WORKSPACE,
            key_id=key.key_id,
            name=key.name,
            scopes=set(key.scopes),
            created_at=key.created_at,
            disabled=key.disabled,
        ).save()
