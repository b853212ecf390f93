"""Find the users who stand for a person after a merge: the user who holds the identities, and the others."""

from collections.abc import Iterable

from chat4all.domain.merging import MOST_MERGED, as_known
from chat4all.domain.person import User
from chat4all.services.directory.ports import Directory


def holder_of(directory: Directory, user_id: str) -> User | None:
    """Return the user who holds the person's identities and consents; None if there is no such user."""
    user = directory.get(user_id)
    for _ in range(MOST_MERGED):
        if user is None or user.merged_into is None:
            break
        user = directory.get(user.merged_into)
    return user


def known_users(directory: Directory, user_ids: Iterable[str]) -> dict[str, User]:
    """Return the users by id, each merged user with what is known of the person.

    A user who is not merged costs no further read.
    """
    users = directory.get_many(user_ids)
    holders = {user_id: user for user_id, user in users.items() if user.merged_into is not None}
    for _ in range(MOST_MERGED):
        further = {user.merged_into for user in holders.values() if user.merged_into is not None}
        if not further:
            break
        found = directory.get_many(further)
        holders = {user_id: found.get(user.merged_into or "", user) for user_id, user in holders.items()}
    return {**users, **{user_id: as_known(users[user_id], holder) for user_id, holder in holders.items()}}


def known_user(directory: Directory, user_id: str) -> User | None:
    """Return the user, a merged user with what is known of the person."""
    return known_users(directory, [user_id]).get(user_id)
