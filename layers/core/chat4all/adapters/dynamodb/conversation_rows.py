"""The rows of the table `conversations`: conversations, their members, and the places of a person."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import (
    StringsAttribute,
    StructAttribute,
    StructsAttribute,
    TableSettings,
)
from chat4all.adapters.dynamodb.table_keys import (
    ACTIVITY_SHARDS,
    CREATION_SHARDS,
    SNOOZED,
    due_key,
    key,
    name_of,
    shard,
)
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Participant
from chat4all.domain.desk import Desk, DeskStatus
from chat4all.domain.merging import MOST_MERGED

CONVERSATION: Final = "CONVERSATION"
ALL: Final = "conversations"
"""Lists all conversations of the workspace, with a shard."""
_PLACES: Final = "PLACES"
READ: Final = "READ#"
FILE: Final = "FILE#"
ASSIGNEE: Final = "ASSIGNEE"
ONE_TO_ONE_PREFIX: Final = "1:1#"


class _ByUser(GlobalSecondaryIndex["MemberRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-user"
        projection = KeysOnlyProjection()

    user_key = UnicodeAttribute(hash_key=True)
    joined_at = UnicodeAttribute(range_key=True)


class _ByCreation(GlobalSecondaryIndex["ConversationRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-creation"
        projection = KeysOnlyProjection()

    creation_key = UnicodeAttribute(hash_key=True)
    created_at = UnicodeAttribute(range_key=True)


class _ByActivity(GlobalSecondaryIndex["ConversationRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-activity"
        projection = KeysOnlyProjection()

    activity_key = UnicodeAttribute(hash_key=True)
    active_at = UnicodeAttribute(range_key=True)


class _ByAssignee(GlobalSecondaryIndex["ConversationRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-assignee"
        projection = KeysOnlyProjection()

    assignee_key = UnicodeAttribute(hash_key=True)
    active_at = UnicodeAttribute(range_key=True)


class _BySnooze(GlobalSecondaryIndex["ConversationRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-due"
        projection = KeysOnlyProjection()

    due_key = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class ConversationRow(Model):
    """A conversation. `positions`, `overtaken` and joins concern a 1:1 conversation with customers only."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=CONVERSATION)
    type = UnicodeAttribute()
    state = UnicodeAttribute()
    participants = StructsAttribute(Participant)
    primary_channel = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    metadata = StringsAttribute()
    version = NumberAttribute()
    created_at = UnicodeAttribute()
    creation_key = UnicodeAttribute()
    positions = StringsAttribute(null=True)
    """Maps each customer to the range key of their OneToOneRow; to "" in an archived conversation.

    The row of a customer who was merged is in the partition of the user who holds their places.
    """
    overtaken = BooleanAttribute(null=True)
    """True: a customer's latest turn belongs to another 1:1 conversation. It may be true for too long."""
    joined_into = UnicodeAttribute(null=True)
    joined = StructsAttribute(str, null=True)
    erased_at = UnicodeAttribute(null=True)
    desk = StructAttribute(Desk, null=True)
    """The attributes at the desk, which the condition of every change of them compares whole."""
    active_at = UnicodeAttribute(null=True)
    activity_key = UnicodeAttribute(null=True)
    assignee_key = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    by_creation = _ByCreation()
    by_activity = _ByActivity()
    by_assignee = _ByAssignee()
    by_due = _BySnooze()


class MemberRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    user_key = UnicodeAttribute()
    joined_at = UnicodeAttribute()
    by_user = _ByUser()


class ReadRow(Model):
    """The number of a participant's latest message that was marked as read."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    sequence = UnicodeAttribute()


class FileOfRow(Model):
    """A file that was uploaded for the conversation alone."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)


class PlacesRow(Model):
    """The conversations that a person's message may go to.

    Every change of `one_to_one` or of the person's OneToOneRows raises `version`; `wrote` changes by itself.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=_PLACES)
    one_to_one = UnicodeAttribute(null=True)
    wrote = StringsAttribute(null=True)
    latest = UnicodeAttribute(null=True)
    version = NumberAttribute(default=0)
    merged_into = UnicodeAttribute(null=True)
    """The kept user. The places and the OneToOneRows of the kept user count for the person."""


class OneToOneRow(Model):
    """An active 1:1 conversation of a person.

    The range key holds the turn: the highest turn is the latest.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    place = UnicodeAttribute()


def places_row(user_id: str) -> PlacesRow:
    """Read the person's places; return an empty row, which is not stored, for a person without any."""
    try:
        return PlacesRow.get(person_key(user_id), _PLACES, consistent_read=True)
    except PlacesRow.DoesNotExist:
        return PlacesRow(person_key(user_id))


def places_rows(user_ids: Iterable[str]) -> dict[str, PlacesRow]:
    """Read the places that count for each person."""
    return {user_id: holder_places(user_id) for user_id in user_ids}


def holder_places(user_id: str) -> PlacesRow:
    """Read the places that count for the person: those of the user into whom they were merged, if any."""
    row = places_row(user_id)
    for _ in range(MOST_MERGED):
        if not row.merged_into:
            break
        row = places_row(row.merged_into)
    return row


def turns_of(places: PlacesRow, limit: int) -> Sequence["OneToOneRow"]:
    """Read the person's active 1:1 conversations, the latest turn first."""
    return list(
        OneToOneRow.query(
            places.partition,
            OneToOneRow.record.startswith(ONE_TO_ONE_PREFIX),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
        )
    )


def person_key(user_id: str) -> str:
    return key("USER", user_id)


def member_row(conversation_id: str, participant: Participant) -> MemberRow:
    return MemberRow(
        key(conversation_id),
        f"MEMBER#{participant.user_id}",
        user_key=key(participant.user_id),
        joined_at=participant.joined_at,
    )


def left_row(conversation_id: str, participant: Participant) -> MemberRow:
    """Return the entry of a group in the list of the groups that a user has left."""
    return MemberRow(
        key(conversation_id),
        f"LEFT#{participant.user_id}",
        user_key=left_key(participant.user_id),
        joined_at=participant.joined_at,
    )


def left_key(user_id: str) -> str:
    """Return the key of the groups that the user has left in the index `by-user`."""
    return key("LEFT", user_id)


def row_of(conversation: Conversation) -> ConversationRow:
    row = ConversationRow(
        key(conversation.conversation_id),
        CONVERSATION,
        type=conversation.type.value,
        state=conversation.state.value,
        participants=conversation.participants,
        primary_channel=conversation.primary_channel,
        title=conversation.title,
        metadata=conversation.metadata,
        version=conversation.version,
        created_at=conversation.created_at,
        creation_key=key(ALL, str(shard(conversation.conversation_id, CREATION_SHARDS))),
        desk=conversation.desk,
        active_at=conversation.active_at,
    )
    for name, listed_under in _desk_keys(conversation).items():
        setattr(row, name, listed_under)
    return row


def desk_actions(conversation: Conversation) -> Iterator[Action]:
    """Yield the actions that write the desk of the conversation, and list the conversation by it."""
    yield ConversationRow.desk.set(conversation.desk)
    yield ConversationRow.active_at.set(conversation.active_at)
    for name, listed_under in _desk_keys(conversation).items():
        attribute = getattr(ConversationRow, name)
        yield attribute.set(listed_under) if listed_under is not None else attribute.remove()


def same_desk(desk: Desk) -> Condition:
    """Return the condition that the desk is as it was read."""
    condition: Condition = (ConversationRow.desk == desk) | ConversationRow.desk.does_not_exist()
    return condition


def activity_name(status: DeskStatus) -> str:
    """Return the name, without its shard, under which `by-activity` lists a status."""
    return f"ACTIVITY#{status.value}"


def _desk_keys(conversation: Conversation) -> dict[str, str | None]:
    """Return the keys of the indexes of the desk; None where an index leaves the conversation out.

    An archived conversation is in none of them.
    """
    desk, conversation_id = conversation.desk, conversation.conversation_id
    is_active = conversation.state is ConversationState.ACTIVE
    activity = key(activity_name(desk.status), str(shard(conversation_id, ACTIVITY_SHARDS)))
    sleeps_until = desk.snoozed_until if is_active else None
    return {
        "activity_key": activity if is_active else None,
        "assignee_key": key(ASSIGNEE, desk.assignee) if is_active and desk.assignee else None,
        "due_key": due_key(SNOOZED, conversation_id) if sleeps_until else None,
        "due_at": sleeps_until,
    }


def _desk_of(row: ConversationRow) -> Desk:
    """Return the desk. A row without a desk has an empty desk."""
    known: Desk | None = row.desk
    return known if known is not None else Desk()


def conversation_of(row: ConversationRow) -> Conversation:
    return Conversation(
        conversation_id=name_of(row.partition),
        type=ConversationType(row.type),
        state=ConversationState(row.state),
        participants=row.participants,
        primary_channel=row.primary_channel,
        title=row.title,
        metadata=row.metadata,
        version=int(row.version),
        created_at=row.created_at,
        overtaken=bool(row.overtaken),
        joined_into=row.joined_into,
        joined=row.joined or (),
        erased_at=row.erased_at,
        desk=_desk_of(row),
    )
