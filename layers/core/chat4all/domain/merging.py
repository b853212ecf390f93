"""Merge two customers who are one person, and undo it: what becomes of users, consents and conversations.

The kept user gets the identities. The merged user's id stays in every message, delivery and membership, and
stands for the kept user from then on: `as_known` is the merged user as senders of messages see them.

A conversation joins another one if both are active 1:1 conversations with the same agent.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from chat4all.domain.consent import Consent, ConsentState, consent_of, having_heard, with_consents
from chat4all.domain.conversation import Conversation
from chat4all.domain.desk import MOST_LABELS, Control, Desk, DeskStatus, Priority
from chat4all.domain.errors import CannotMerge, Detail, Invalid, TooManyIdentities, UserErased, UserMerged
from chat4all.domain.person import INBOX_USER_ID, MOST_IDENTITIES, Merge, User, UserType

MOST_MERGED: Final = 20
"""The most users who are merged into one user."""
MOST_ONE_TO_ONES: Final = 20
"""The most active 1:1 conversations that a merge, or its undo, moves to the other user."""


def merge_users(kept: User, merged: User, at: str) -> tuple[User, User]:
    """Return both users as they are after the merge at `at`, ISO 8601 UTC.

    Raises:
        Invalid: they are one user.
        UserMerged: one of them is merged into another user already.
        UserErased: the erasure of one of them was requested.
        CannotMerge: one of them is no customer, or there would be too many merged users.
        TooManyIdentities: they have too many identities together.
    """
    if kept.user_id == merged.user_id:
        raise Invalid("A user cannot be merged with themselves.", Detail("user_id", "is the same user"))
    for user in (kept, merged):
        require_own(user)
        if user.type is not UserType.CUSTOMER or user.user_id == INBOX_USER_ID:
            raise CannotMerge(
                "Only customers can be merged.", Detail("user_id", f"{user.user_id} is an agent")
            )
    if len(kept.identities) + len(merged.identities) > MOST_IDENTITIES:
        raise TooManyIdentities(f"A user has at most {MOST_IDENTITIES} identities.")
    merged_ids = (*kept.merged, *merged.ids)
    if len(merged_ids) > MOST_MERGED:
        raise CannotMerge(
            f"At most {MOST_MERGED} users are merged into one.",
            Detail("user_id", "has too many merged users"),
        )
    return (
        replace(
            kept,
            identities=(*kept.identities, *merged.identities),
            consents=consents_of_both(kept.consents, merged.consents),
            merged=merged_ids,
        ),
        replace(
            merged,
            identities=(),
            merge=Merge(kept.user_id, at, merged.identities, kept.consents),
        ),
    )


def with_joined(merged: User, joined: Collection[str]) -> User:
    """Return the merged user with the conversations that joined others."""
    assert merged.merge is not None  # noqa: S101 - the user was merged just now
    return replace(merged, merge=replace(merged.merge, joined=tuple(joined)))


def unmerge_users(kept: User, merged: User) -> tuple[User, User]:
    """Return both users as they are after the merge of `merged` into `kept` is undone.

    An identity that left `kept` since the merge stays where it is. An opt-out that came since the merge
    counts for both; an opt-in counts for `kept` alone, and not where it would undo an opt-out from before.

    Raises:
        UserMerged: `kept` is merged into another user.
        UserErased: the erasure of `kept` was requested.
    """
    require_own(kept)
    merge = merged.merge
    assert merge is not None  # noqa: S101 - the caller found `kept` by it
    theirs = {identity.place for identity in merge.identities}
    both = consents_of_both(merge.former_consents, merged.consents)
    news = [told for told in kept.consents if told != consent_of(both, told)]
    opt_outs = [told for told in news if told.state is ConsentState.OPTED_OUT]
    wanted = [told for told in news if _is_new_permission(told, merge.former_consents)]
    return (
        replace(
            kept,
            identities=tuple(known for known in kept.identities if known.place not in theirs),
            consents=having_heard(merge.former_consents, (*opt_outs, *wanted)),
            merged=tuple(user_id for user_id in kept.merged if user_id not in merged.ids),
        ),
        replace(
            merged,
            identities=tuple(known for known in kept.identities if known.place in theirs),
            consents=having_heard(merged.consents, opt_outs),
            merge=None,
        ),
    )


def require_own(user: User) -> None:
    """Raise UserMerged if the user is merged into another user, UserErased if their erasure was requested."""
    if user.erased_at is not None:
        raise UserErased("The person was erased.", Detail("user_id", f"was erased at {user.erased_at}"))
    if user.erasing_at is not None:
        raise UserErased(
            "The person is being erased.", Detail("user_id", f"is being erased since {user.erasing_at}")
        )
    if user.merged_into is not None:
        raise UserMerged(
            "The user is merged into another user.", Detail("user_id", f"is merged into {user.merged_into}")
        )


def as_known(user: User, holder: User) -> User:
    """Return a merged user with what is known of the person, their former identities first."""
    former = {identity.place for identity in user.merge.identities} if user.merge is not None else set()
    identities = sorted(holder.identities, key=lambda identity: identity.place not in former)
    return replace(
        user,
        display_name=holder.display_name,
        identities=tuple(identities),
        consents=holder.consents,
        merged=holder.ids,
    )


def consents_of_both(one: Sequence[Consent], other: Sequence[Consent]) -> tuple[Consent, ...]:
    """Return what holds if both are one person: an opt-out wins, else the later signal."""
    changed = []
    for told in other:
        known = consent_of(one, told)
        if known is None or _weight(told) > _weight(known):
            changed.append(told)
    return with_consents(one, changed)


def joins(
    merged: User, theirs: Sequence[Conversation], own: Sequence[Conversation], agents: frozenset[str]
) -> Mapping[str, str]:
    """Map each conversation of `theirs` that joins to the conversation of `own` that it joins.

    Both are active 1:1 conversations, in the order of their turns, the latest first.

    Raises:
        CannotMerge: the two people have an active conversation with each other.
    """
    by_agent: dict[str, str] = {}
    for conversation in own:
        for member in conversation.participants:
            if member.user_id in merged.ids:
                raise CannotMerge(
                    "The two users have an active conversation with each other; archive it first.",
                    Detail("user_id", f"takes part in conversation {conversation.conversation_id}"),
                )
            if member.user_id in agents:
                by_agent.setdefault(member.user_id, conversation.conversation_id)
    found = (
        (conversation.conversation_id, by_agent[member.user_id])
        for conversation in theirs
        for member in conversation.participants
        if member.user_id in by_agent
    )
    return dict(found)


def desk_of_both(desk: Desk, joined: Desk) -> Desk:
    """Return the desk of the conversation that goes on, after the conversation with the desk `joined` did.

    A person waits since they began to wait in either. Who waited in the joined conversation has the turn: the
    conversation that goes on is open. What the desk does not say, `joined` says: assignee, team, and
    labels as far as there is room. The higher priority and a human's control win.
    """
    waits = [since for since in (desk.waiting_since, joined.waiting_since) if since is not None]
    is_humans = Control.HUMAN in {desk.controlled_by, joined.controlled_by}
    after = replace(
        desk,
        assignee=desk.assignee or joined.assignee,
        team=desk.team or joined.team,
        labels=tuple(dict.fromkeys((*desk.labels, *joined.labels)))[:MOST_LABELS],
        priority=min(desk.priority, joined.priority, key=list(Priority).index),
        controlled_by=Control.HUMAN if is_humans else Control.BOT,
        waiting_since=min(waits, default=None),
        active_at=max(desk.active_at, joined.active_at),
    )
    if joined.waiting_since is not None and after.status is not DeskStatus.OPEN:
        after = replace(after, status=DeskStatus.OPEN, snoozed_until=None)
    is_same = replace(after, waiting_since=desk.waiting_since, active_at=desk.active_at) == desk
    return after if is_same else replace(after, version=desk.version + 1)


def _weight(told: Consent) -> tuple[bool, str]:
    return told.state is ConsentState.OPTED_OUT, told.at


def _is_new_permission(told: Consent, before: Sequence[Consent]) -> bool:
    known = consent_of(before, told)
    is_refused = known is not None and known.state is ConsentState.OPTED_OUT
    return told.state is ConsentState.OPTED_IN and not is_refused
