"""No partition of a table or an index takes more than DynamoDB allows, at 10,000 messages a second.

Each test draws some of the messages of one second, and scales up the units of the keys that several messages
share. The hash value of one message is not scaled up: ten times as many messages have ten times as many.
"""

from collections import Counter
from typing import Final

import pytest

from chat4all.adapters.dynamodb import conversation_rows, directory, table_keys, webhooks
from tests.integration.template import Template
from tests.unit.scale.ledger import MOST_READ, MOST_WRITTEN, Key, Ledger, by_place
from tests.unit.scale.traffic import Mix, counted

RATE: Final = 10_000
DRAWN: Final = 1_500
"""So many messages that chance alone loads no shard of 32 up to the limit."""
MORE: Final = 2_500
"""The same for 64 shards."""
FEW: Final = 200
"""Messages that show a key without shards, which takes thousands of units a second."""
ONE_BOT: Final = Mix(bot=1, groups=0)
FALLBACKS: Final = Mix(fallbacks=1, groups=0, inbound=0)
REFUSED: Final = Mix(failing=1, groups=0)
OPENING: Final = Mix(opening=0.3, groups=0)
RARE: Final = {
    "api-keys",
    "audit",
    "audit by-time",
    "search",  # written only with SearchIndex=table; docs/scale.md has its numbers
    "conversations by-assignee",
    "conversations by-due",
    "files",
    "files by-due",
}
"""Tables and indexes to which a text without a file writes nothing, while nobody is assigned."""


def _over(ledger: Ledger, messages: int) -> dict[Key, float]:
    """Return the keys with more units a second than a partition takes."""
    return _above(ledger.written, MOST_WRITTEN, messages) | _above(ledger.read, MOST_READ, messages)


def _above(units: Counter[Key], most: float, messages: int) -> dict[Key, float]:
    a_second = {
        key: count * (1 if key.is_of_one_message else RATE / messages) for key, count in units.items()
    }
    return {key: count for key, count in a_second.items() if count > most}


@pytest.mark.parametrize(
    ("mix", "messages"),
    [
        pytest.param(Mix(), DRAWN, id="mix"),
        pytest.param(ONE_BOT, DRAWN, id="one-bot-sends-everything"),
        pytest.param(FALLBACKS, MORE, id="each-delivery-has-a-next-channel"),
        pytest.param(REFUSED, DRAWN, id="the-provider-refuses-everything"),
        pytest.param(OPENING, DRAWN, id="three-of-ten-messages-begin-a-conversation"),
    ],
)
def test_no_partition_takes_more_than_dynamodb_allows(mix: Mix, messages: int) -> None:
    assert _over(counted(mix, messages, RATE), messages) == {}


def test_the_model_forgets_no_table_and_no_index() -> None:
    there = {
        Key(table["TableName"], index, "").place
        for table in Template().resources("AWS::DynamoDB::Table").values()
        for index in ("", *(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])))
    }

    assert set(by_place(counted(Mix(), FEW, RATE).written)) == there - RARE


@pytest.mark.parametrize(
    ("module", "shards", "mix", "place"),
    [
        (table_keys, "SENDER_SHARDS", ONE_BOT, "messages by-sender"),
        (table_keys, "LISTING_SHARDS", Mix(), "messages by-status"),
        (table_keys, "DEAD_SHARDS", REFUSED, "messages by-dead-letter"),
        (conversation_rows, "CREATION_SHARDS", OPENING, "conversations by-creation"),
        (conversation_rows, "ACTIVITY_SHARDS", Mix(), "conversations by-activity"),
        (directory, "CREATION_SHARDS", OPENING, "directory by-type"),
        (webhooks, "ARRIVAL_SHARDS", Mix(), "webhooks"),
    ],
)
def test_a_key_without_shards_is_found(
    module: object, shards: str, mix: Mix, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, shards, 1)

    assert _hottest(mix) == place


def test_a_due_key_without_shards_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_keys, "due_shards", lambda _kind: 1)

    assert _hottest(FALLBACKS) == "messages by-due"


def _hottest(mix: Mix) -> str:
    """Return where the hottest of the keys is that take more than a partition does."""
    over = _over(counted(mix, FEW, RATE), FEW)
    return max(over, key=lambda key: over[key]).place
