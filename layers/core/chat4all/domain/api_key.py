"""API keys."""

import msgspec


class ApiKey(msgspec.Struct, frozen=True):
    """A stored API key: the store holds only the SHA-256 of its text."""

    key_id: str
    key_hash: str
    name: str
    scopes: frozenset[str]
    created_at: str
    disabled: bool = False
