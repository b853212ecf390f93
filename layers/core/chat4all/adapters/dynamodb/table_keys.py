"""The keys of the tables and their indexes. Each key begins with the workspace of its item.

The exceptions are the hash of an API key and the hash of a link's token: a request presents nothing else, so
the row names the workspace.

An index whose key all items of a workspace would share is divided into shards, because a partition of
DynamoDB takes 1,000 write units a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
An entry of an index costs one write when it is added, one when it is removed, and two when its key changes.
The numbers of shards are for a workspace with 10,000 messages a second.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from chat4all.domain.provider_names import undated

WORKSPACE: Final = "default"
"""The only workspace."""
SENDER_SHARDS: Final = 16
"""A message costs one write, and one sender may write all messages: 10,000 writes a second."""
LISTING_SHARDS: Final = 32
"""A message is listed as PENDING and is removed when it is sent: 20,000 writes a second."""
FALLBACK: Final = "FALLBACK"
"""The kind of the fallbacks in `by-due`: a message with several channels has one for each recipient."""
SCHEDULED: Final = "SCHEDULED"
"""The kind of the scheduled messages in `by-due`: a message costs one write, and one when it is accepted."""
ENDED: Final = "ENDED"
"""The kind of the scheduled messages in `by-due` that ended before their time: no history has them."""
BATCH: Final = "BATCH"
"""The kind of the batches in `by-due`, and lists all batches in `by-status`."""
BATCH_SHARDS: Final = 4
"""A batch costs one write when it is created."""
DEAD_SHARDS: Final = 16
"""While a channel refuses every message, a message costs one write: 10,000 writes a second."""
CREATION_SHARDS: Final = 16
"""The creation of a conversation or a user costs one write; a message creates neither as a rule."""
ACTIVITY_SHARDS: Final = 16
"""A message after a minute's silence costs an entry two writes: 8,000 such messages a second."""
SNOOZED: Final = "SNOOZED"
"""The kind of the snoozed conversations in `by-due` of the table `conversations`."""
REDRIVEN: Final = "REDRIVEN"
"""Lists a redriven message that did not fail as a whole: its failed deliveries are tried again."""
_NOTICES: Final = "NOTICES"
NO_CHANNEL: Final = "message"
"""Stands for the channel of a dead letter without a channel."""


def key(*names: str) -> str:
    """Return the key of an item of the workspace."""
    return "#".join((WORKSPACE, *names))


def name_of(item_key: str) -> str:
    """Return the last name in a key."""
    return item_key.rpartition("#")[2]


def shard(item_id: str, shards: int) -> int:
    """Return the shard of an item, always the same for the same id."""
    return zlib.crc32(item_id.encode()) % shards


def shards_of(name: str, shards: int) -> Iterable[str]:
    """Return the keys of all shards of an index key."""
    return (key(name, str(number)) for number in range(shards))


def notices_key(conversation_id: str) -> str:
    """Return the key of the notices of a conversation in the index of the histories."""
    return key(_NOTICES, conversation_id)


def scheduled_key(conversation_id: str) -> str:
    """Return the key of the scheduled messages of a conversation in the index `by-sent`."""
    return key(SCHEDULED, conversation_id)


def sender_key(sender_id: str, message_id: str) -> str:
    return key(sender_id, str(shard(message_id, SENDER_SHARDS)))


def listing_key(listed_as: str, message_id: str) -> str:
    """Return the key under which `by-status` lists a state: PENDING, REDRIVEN or FAILED."""
    return key(listed_as, str(shard(message_id, LISTING_SHARDS)))


def due_key(kind: str, item_id: str) -> str:
    return key(kind, str(shard(item_id, due_shards(kind))))


def due_shards(kind: str) -> int:
    """Return the number of shards of a kind.

    A fallback costs four writes from its begin to its confirmation, and each message may have one: 40,000
    writes a second. The other kinds are exceptions.
    """
    return 64 if kind == FALLBACK else 16


def dead_key(channel: str, conversation_id: str) -> str:
    """Return the key of a shard of dead letters; a conversation's dead letters of a channel share it.

    The key has no account: operators ask for the letters of a channel, and the dead letters of an account
    that is no longer listed must stay visible.
    """
    return key(channel, str(shard(conversation_id, DEAD_SHARDS)))


def provider_key(channel: str, account: str, provider_message_id: str) -> str:
    """Return the key of a provider's message, which several messages may share: see provider_names.py."""
    return key(channel, account, undated(provider_message_id))
