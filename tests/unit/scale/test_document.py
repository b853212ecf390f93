"""The numbers of docs/scale.md are those that the code makes now."""

from typing import Final

import pytest

from chat4all.channels.registry import manifests
from chat4all.domain.channel import LimitScope
from tests.unit.scale.document import (
    DOCUMENT,
    SHARED,
    Shared,
    carried,
    filled,
    group_units,
    units_of_a_message,
)

TEXT: Final = DOCUMENT.read_text(encoding="utf-8")
FEWEST: Final = 10_000
"""Messages a second that every key must carry which messages share in everyday traffic."""
LESS: Final = {
    "conversations by their creation": 5_000,
    # Once a minute for each conversation.
    "open conversations by their activity": 5_000,
    "customers": 5_000,
    "the inbox's conversations": 500,
    "an account's count of held deliveries": 500,
}
"""Events that are rarer than messages; docs/scale.md names the two keys without shards."""


def test_its_tables_are_as_the_code_makes_them() -> None:
    assert filled(TEXT) == TEXT, "run: python -m tests.unit.scale.document"


def test_its_text_has_the_numbers_of_the_model() -> None:
    written, read = units_of_a_message()
    assert f"{written:.0f} write units and {read:.0f} read units" in TEXT
    assert f"costs {group_units(100):.0f} write units" in TEXT
    one_sender = next(shared for shared in SHARED if shared.what == "one sender's messages")
    assert f"| one sender | {carried(one_sender).a_second:,.0f} messages a second |" in TEXT


def test_its_text_has_what_the_providers_take_from_an_account() -> None:
    a_second = {
        manifest.title: round(1 / limit.interval_s)
        for manifest in manifests()
        for limit in manifest.capabilities.rate_limits
        if limit.scope is LimitScope.ACCOUNT and not limit.kinds
    }
    for title, rate in a_second.items():
        assert f"{title} {rate}" in TEXT
    assert f"{sum(a_second.values())} messages a second" in TEXT


@pytest.mark.parametrize("shared", SHARED, ids=lambda shared: shared.what)
def test_a_key_that_messages_share_carries_enough(shared: Shared) -> None:
    assert carried(shared).a_second >= LESS.get(shared.what, FEWEST)
