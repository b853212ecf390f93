"""Authentication by API key, and the scopes that a request needs (G8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Forbidden, Unauthenticated
from chat4all.services.access.authenticate import KEEP_S, SCOPES, Authenticate, hash_key, new_key
from tests.fakes.clock import FakeClock
from tests.fakes.people import NOW
from tests.fakes.small_stores import MemoryApiKeys

KEY, STORED = new_key("console", frozenset({"messages:read"}), NOW)


def test_a_key_of_the_scope_is_let_in() -> None:
    authenticate = Authenticate(MemoryApiKeys(STORED))

    assert authenticate(KEY, "messages:read") == STORED


def test_a_key_without_the_scope_is_forbidden() -> None:
    authenticate = Authenticate(MemoryApiKeys(STORED))

    with pytest.raises(Forbidden) as refused:
        authenticate(KEY, "messages:write")

    assert refused.value.code == "MISSING_SCOPE"


@pytest.mark.parametrize(
    "presented",
    [None, "", "c4a", "c4a_00000000_x", KEY[:-1], KEY + "x", KEY.upper()],
    ids=["none", "empty", "prefix", "unknown", "shortened", "lengthened", "upper-case"],
)
def test_any_other_key_is_unauthenticated(presented: str | None) -> None:
    authenticate = Authenticate(MemoryApiKeys(STORED))

    with pytest.raises(Unauthenticated):
        authenticate(presented, "messages:read")


@given(st.text())
def test_no_text_makes_it_fail_otherwise(presented: str) -> None:
    authenticate = Authenticate(MemoryApiKeys(STORED))

    with pytest.raises(Unauthenticated):
        authenticate(presented, "messages:read")


def test_what_is_no_key_is_not_looked_up() -> None:
    keys = MemoryApiKeys()

    with pytest.raises(Unauthenticated):
        Authenticate(keys)("c4a_\u00e4", "messages:read")

    assert keys.lookups == 0


def test_a_disabled_key_is_unauthenticated() -> None:
    key, stored = new_key("old", frozenset(SCOPES), NOW)
    disabled = type(stored)(stored.key_id, stored.key_hash, "old", stored.scopes, NOW, disabled=True)

    with pytest.raises(Unauthenticated):
        Authenticate(MemoryApiKeys(disabled))(key, "messages:read")


def test_a_key_is_looked_up_once_in_a_while() -> None:
    clock, keys = FakeClock(), MemoryApiKeys(STORED)
    authenticate = Authenticate(keys, clock.monotonic)

    authenticate(KEY, "messages:read")
    clock.advance(KEEP_S - 1)
    authenticate(KEY, "messages:read")
    assert keys.lookups == 1

    clock.advance(1)
    authenticate(KEY, "messages:read")
    assert keys.lookups == 2


def test_a_revoked_key_works_no_longer_than_it_is_kept() -> None:
    clock, keys = FakeClock(), MemoryApiKeys(STORED)
    authenticate = Authenticate(keys, clock.monotonic)
    authenticate(KEY, "messages:read")

    keys.put(type(STORED)(STORED.key_id, STORED.key_hash, "x", STORED.scopes, NOW, disabled=True))
    clock.advance(KEEP_S)

    with pytest.raises(Unauthenticated):
        authenticate(KEY, "messages:read")


def test_of_a_new_key_only_the_hash_is_kept() -> None:
    key, stored = new_key("console", frozenset(SCOPES), NOW)

    assert stored.key_hash == hash_key(key)
    assert key.split("_", 2)[2] not in repr(stored)
    assert key != new_key("console", frozenset(SCOPES), NOW)[0]


def test_a_scope_that_does_not_exist_cannot_be_given() -> None:
    with pytest.raises(ValueError, match="everything"):
        new_key("console", frozenset({"everything"}), NOW)
