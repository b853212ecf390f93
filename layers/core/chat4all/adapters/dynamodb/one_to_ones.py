"""A person's active 1:1 conversations, in the order of their turns.

::

    USER#ana  PLACES              one_to_one: B, version: 7, wrote: {"whatsapp#main": B}
    USER#ana  1:1#…0005           place: A       an active 1:1 conversation, overtaken since
    USER#ana  1:1#…0007           place: B       had its turn last
    A         CONVERSATION        positions: {"ana": "1:1#…0005"}, overtaken: true
    B         CONVERSATION        positions: {"ana": "1:1#…0007"}

A conversation has its turn when it begins, when it is reactivated, and when it gets a message. All
rows change in one transaction, conditional on the version of PLACES, which every change raises. A message in
the conversation with the latest turn costs nothing: `router` reads the conversation, with `overtaken`,
in any case.

A counter orders the turns, because two machines with different clocks would order their messages wrongly by
time.
"""

from collections.abc import Mapping

from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.conversation_rows import (
    CONVERSATION,
    ONE_TO_ONE_PREFIX,
    ConversationRow,
    OneToOneRow,
    PlacesRow,
    person_key,
    places_row,
)
from chat4all.adapters.dynamodb.table_keys import key


def give_turn(
    transaction: TransactWrite,
    conversation_id: str,
    customers: Mapping[str, PlacesRow],
    positions: Mapping[str, str],
) -> dict[str, str]:
    """Make the conversation the latest of each customer; return the customers' new positions, for its row.

    `customers` maps each customer to the places that the caller has read: the transaction holds only while
    they stay so. `positions` are the conversation's positions so far. The caller writes the conversation's
    own row.
    """
    given = {}
    overtaken = set()
    for user_id, places in customers.items():
        given[user_id] = f"{ONE_TO_ONE_PREFIX}{int(places.version) + 1:020d}"
        _change(transaction, places, conversation_id)
        transaction.save(OneToOneRow(person_key(user_id), given[user_id], place=conversation_id))
        if positions.get(user_id):
            transaction.delete(OneToOneRow(person_key(user_id), positions[user_id]))
        if places.one_to_one not in (None, conversation_id):
            overtaken.add(places.one_to_one)
    for other in overtaken:
        transaction.update(
            ConversationRow(key(other), CONVERSATION),
            actions=[ConversationRow.overtaken.set(True)],
            condition=ConversationRow.partition.exists(),
        )
    return given


def withdraw(
    transaction: TransactWrite, conversation_id: str, positions: Mapping[str, str]
) -> dict[str, str]:
    """Remove the conversation from each customer's order; return an empty position for each customer.

    The conversation with the next latest turn takes over. It stays marked as overtaken, since it may be that
    for its other customer. Its next message gives it a turn.
    """
    for user_id, position in positions.items():
        places = places_row(user_id)
        latest = places.one_to_one
        _change(transaction, places, _next(user_id, position) if latest == conversation_id else latest)
        transaction.delete(OneToOneRow(person_key(user_id), position))
    return dict.fromkeys(positions, "")


def _change(transaction: TransactWrite, places: PlacesRow, one_to_one: str | None) -> None:
    """Add the change of the person's places to the transaction, conditional on the version that was read.

    The change leaves `wrote` as it is.
    """
    version = int(places.version)
    unchanged = PlacesRow.version == version if version else PlacesRow.version.does_not_exist()
    own = PlacesRow.one_to_one.remove() if one_to_one is None else PlacesRow.one_to_one.set(one_to_one)
    key = PlacesRow(places.partition, places.record)
    transaction.update(key, actions=[own, PlacesRow.version.set(version + 1)], condition=unchanged)


def _next(user_id: str, position: str) -> str | None:
    """Return the conversation with the latest turn, apart from the conversation at `position`."""
    rows = OneToOneRow.query(
        person_key(user_id),
        OneToOneRow.record.startswith(ONE_TO_ONE_PREFIX),
        consistent_read=True,
        scan_index_forward=False,
        limit=2,
    )
    return next((row.place for row in rows if row.record != position), None)
