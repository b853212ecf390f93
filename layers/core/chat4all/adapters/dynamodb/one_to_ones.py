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

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.conversation_rows import (
    CONVERSATION,
    ONE_TO_ONE_PREFIX,
    ConversationRow,
    OneToOneRow,
    PlacesRow,
    holder_places,
    turns_of,
)
from chat4all.adapters.dynamodb.rows import as_read
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.errors import SamePerson


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

    Raises:
        SamePerson: its two customers were merged.
    """
    if len({places.partition for places in customers.values()}) < len(customers):
        raise SamePerson("The two participants are one person by now; a conversation needs two.")
    given = {}
    overtaken = set()
    for user_id, places in customers.items():
        given[user_id] = f"{ONE_TO_ONE_PREFIX}{int(places.version) + 1:020d}"
        change(transaction, places, conversation_id)
        transaction.save(OneToOneRow(places.partition, given[user_id], place=conversation_id))
        if positions.get(user_id):
            transaction.delete(OneToOneRow(places.partition, positions[user_id]))
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
        places = holder_places(user_id)
        latest = places.one_to_one
        change(transaction, places, _next(places, position) if latest == conversation_id else latest)
        transaction.delete(OneToOneRow(places.partition, position))
    return dict.fromkeys(positions, "")


def inherit(
    transaction: TransactWrite,
    conversation_id: str,
    user_id: str,
    heir_id: str,
    positions: Mapping[str, str],
) -> dict[str, str]:
    """Give the user's place in the conversation's order to the heir; return the new positions.

    The heir's turns before this stay later ones: the conversation stands first in the heir's order. The
    caller writes the conversation's own row, as overtaken.
    """
    former, places = holder_places(user_id), holder_places(heir_id)
    position = positions.get(user_id)
    inherited = {place: told for place, told in (former.wrote or {}).items() if told == conversation_id}
    one_to_one = places.one_to_one
    given = {customer: turn for customer, turn in positions.items() if customer != user_id}
    if position is not None:
        given[heir_id] = position and f"{ONE_TO_ONE_PREFIX}{0:020d}#{conversation_id}"
    if position:
        one_to_one = one_to_one or conversation_id
        transaction.save(OneToOneRow(places.partition, given[heir_id], place=conversation_id))
        transaction.delete(OneToOneRow(former.partition, position))
    change(transaction, former, None if former.one_to_one == conversation_id else former.one_to_one)
    change(transaction, places, one_to_one, {**inherited, **(places.wrote or {})} if inherited else None)
    return given


def change(
    transaction: TransactWrite,
    places: PlacesRow,
    one_to_one: str | None,
    wrote: Mapping[str, str] | None = None,
    *more: Action,
) -> None:
    """Add the change of the person's places to the transaction, conditional on the version that was read.

    The change leaves `wrote` as it is, if none is given.
    """
    version = int(places.version)
    unchanged = as_read(PlacesRow.version, version)
    own = PlacesRow.one_to_one.remove() if one_to_one is None else PlacesRow.one_to_one.set(one_to_one)
    actions: list[Action] = [own, PlacesRow.version.set(version + 1), *more]
    if wrote is not None:
        actions.append(PlacesRow.wrote.set(dict(wrote)))
        same = as_read(PlacesRow.wrote, places.wrote)
        unchanged &= same
    key = PlacesRow(places.partition, places.record)
    transaction.update(key, actions=actions, condition=unchanged)


def _next(places: PlacesRow, position: str) -> str | None:
    """Return the conversation with the latest turn, apart from the conversation at `position`."""
    return next((row.place for row in turns_of(places, 2) if row.record != position), None)
