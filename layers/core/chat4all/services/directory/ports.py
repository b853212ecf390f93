"""The ports of the use cases of users and conversations."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from chat4all.domain.audit import AuditEntry
from chat4all.domain.consent import Consent
from chat4all.domain.conversation import Conversation, ConversationState, Origin, Participant
from chat4all.domain.desk import Desk, DeskStatus
from chat4all.domain.hints import Hint
from chat4all.domain.note import Note
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import Identity, Moved, User, UserType
from chat4all.domain.places import Places
from chat4all.domain.verification import Verification


class Conversations(Protocol):
    def create(self, conversation: Conversation, customers: Collection[str]) -> None:
        """Create the conversation, unless its id is taken.

        It becomes the 1:1 conversation of each of `customers`: the customers who take part in a 1:1
        conversation. `customers` is empty for a group.
        """
        ...

    def create_first(self, conversation: Conversation, customer: str, version: int) -> bool:
        """Create the customer's 1:1 conversation if their places are still at `version`.

        Returns False if their places have changed.
        """
        ...

    def get(self, conversation_id: str) -> Conversation | None: ...

    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Return the known conversations among `conversation_ids`, in no order."""
        ...

    def give_turn(self, conversation_id: str) -> None:
        """Give an overtaken, active 1:1 conversation the latest turn: its customers' messages go there."""
        ...

    def places(self, user_id: str) -> Places:
        """Read the person's places. The answer contains every write that has returned."""
        ...

    def record_origin(self, conversation_id: str, user_id: str, origin: Origin) -> None:
        """Record from where the participant wrote in the conversation last; nobody else changes nothing."""
        ...

    def record_writing(self, user_id: str, origin: Origin, conversation_id: str) -> None:
        """Record that the person wrote in the conversation last, from there."""
        ...

    def read_up_to(self, conversation_id: str, user_id: str) -> str | None:
        """Return the number of the person's latest message that was marked as read; None if none was."""
        ...

    def record_read(self, conversation_id: str, user_id: str, sequence: str) -> None:
        """Keep that the person's messages were marked as read up to this number, unless later ones were."""
        ...

    def record_file(self, conversation_id: str, file_id: str) -> None:
        """Keep that the file was uploaded for the conversation alone."""
        ...

    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        """Add the participant; return False if the conversation has changed since `conversation` was read."""
        ...

    def place_participant(
        self, conversation_id: str, user_id: str, joined_at: str, joined_after: str
    ) -> None:
        """Let a joining participant see the messages after `joined_after`.

        Nothing changes if the participant has a place already, has left, or joined at another time than
        `joined_at`.
        """
        ...

    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        """Remove the user; return False if the conversation has changed since `conversation` was read."""
        ...

    def hand_over(self, conversation_id: str, user_id: str, heir_id: str) -> None:
        """Let the heir take part in the place of the user; nothing changes if the user takes no part.

        Nothing changes either if the heir takes part already. The heir's conversation with the latest turn
        keeps it, and the conversations that the heir last wrote in stay.
        """
        ...

    def set_state(
        self, conversation: Conversation, state: ConversationState, desk: Desk | None = None
    ) -> bool:
        """Archive or reactivate the conversation. A reactivated 1:1 conversation takes the latest turn.

        With `desk`, save the desk with it. Returns False if the conversation has changed since `conversation`
        was read, or, with `desk`, if its desk has changed.
        """
        ...

    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, conversation_id) of the user's conversations, the latest joined first."""
        ...

    def one_to_ones(self, user_id: str, limit: int) -> list[str]:
        """Return the ids of the customer's active 1:1 conversations, the latest turn first."""
        ...

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, conversation_id) of all conversations, the latest created first."""
        ...


class Desks(Protocol):
    """The attributes of the conversations at the desk. The lists hold active conversations."""

    def save(self, conversation: Conversation, desk: Desk) -> bool:
        """Save the desk; return False if desk or state changed since `conversation` was read."""
        ...

    def by_activity(
        self, statuses: Collection[DeskStatus], after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, conversation_id) of the conversations in a status, the latest active first."""
        ...

    def of_assignee(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, conversation_id) of the user's assigned conversations, the latest active first."""
        ...

    def idle(self, before: str, turn: int, limit: int) -> list[str]:
        """Return conversations that do not sleep and were not active since `before`, the oldest first.

        Each turn looks at another share of the conversations; 16 turns after each other look at all.
        """
        ...

    def sleeping_until(self, at: str, limit: int) -> list[str]:
        """Return conversations whose snooze ended at `at` or earlier."""
        ...


class Notes(Protocol):
    """The notes of the desk on conversations."""

    def add(self, note: Note) -> None: ...

    def get(self, conversation_id: str, note_id: str) -> Note | None: ...

    def latest(self, conversation_id: str, before: str | None, limit: int) -> list[Note]:
        """Return the notes on a conversation before this note_id, the newest first."""
        ...

    def replace(self, note: Note) -> bool:
        """Save a changed note; return False if it was deleted meanwhile."""
        ...

    def delete(self, note: Note) -> bool:
        """Delete the note; return False if it was deleted before."""
        ...


class IdentityTaken(msgspec.Struct, frozen=True):
    """The identity belongs to `user_id` already."""

    user_id: str


class NoMove(msgspec.Struct, frozen=True):
    """The condition that nobody moved away from an address, through any of `accounts`, at `since` or later.

    `since` is ISO 8601 UTC; None stands for any time.
    """

    accounts: tuple[str, ...]
    since: str | None


class Hints(Protocol):
    """The users under each hint that two users are one person, and the pairs that are two people."""

    def users_of(self, hint: Hint) -> list[str]:
        """Return some users who had the hint at some time, at most 56.

        A user who got the hint a moment ago may be missing.
        """
        ...

    def dismissed(self, user_id: str, others: Collection[str]) -> set[str]:
        """Return those of `others` who were dismissed for the user, or the user for them."""
        ...

    def dismiss(self, user_id: str, other_id: str, at: str) -> None:
        """Keep that the two users are two people, since `at`."""
        ...


class OptOuts(Protocol):
    """What erased people opted out of, under the fingerprints of their addresses."""

    def keep(self, channel: str, fingerprint: str, consents: tuple[Consent, ...]) -> None: ...

    def of(self, channel: str, fingerprint: str) -> tuple[Consent, ...]: ...


class People(Protocol):
    """The merges of users. Each call is one transaction over users, conversations and the audit trail."""

    def merge(self, kept: User, merged: User, at: str, entry: AuditEntry) -> bool:
        """Merge `merged` into `kept` as `domain.merging` says, with their active 1:1 conversations.

        Returns False if nothing was written, since one of them has changed since they were read.

        Raises:
            CannotMerge: the users cannot be merged, or have too many active 1:1 conversations.
            Conflict: the other errors of `merge_users` and `joins`.
        """
        ...

    def unmerge(self, kept: User, merged: User, entry: AuditEntry) -> bool:
        """Undo the merge of `merged` into `kept`. Messages that came since the merge stay where they are.

        Returns False if nothing was written, since one of them has changed since they were read.

        Raises:
            UserMerged: `kept` is merged into another user.
            CannotMerge: too many active 1:1 conversations would change hands.
        """
        ...


class Verifications(Protocol):
    """The latest code for each identity, by the subject of its id."""

    def get(self, subject: str) -> Verification | None: ...

    def begin(self, subject: str, new: Verification, before: Verification | None) -> bool:
        """Save a new code, which ends the code `before`; return False if another code was saved since."""
        ...

    def end(self, subject: str, failed: Verification) -> None:
        """Save that a code was not sent, unless another code was saved since."""
        ...

    def count_try(self, subject: str, name: str) -> Verification | None:
        """Count a try of the code; None: it has no tries left, or another code was saved since."""
        ...

    def confirm(
        self, subject: str, code: Verification, user: User, identity: Identity, entry: AuditEntry
    ) -> bool:
        """Save in one transaction that the code was confirmed, the user's identity, and the audit entry.

        The identity is verified at the time of the entry. Returns False if nothing was written, since the
        code or the user has changed since they were read.
        """
        ...

    def count_of_account(self, channel: str, account: str, at: datetime) -> bool:
        """Count a code that leaves from the account; return False if it had the most codes of the hour."""
        ...


class Directory(Protocol):
    """Users and the identities by which channels know them.

    A new user, identity, address or name is listed under its hints, too.
    """

    def create(self, user: User, no_move: NoMove | None = None) -> IdentityTaken | None:
        """Create the user with all their identities; create nothing if an identity is taken.

        Raises:
            Unavailable: somebody moved away from an identity, against the condition; or AWS did not answer.
        """
        ...

    def get(self, user_id: str) -> User | None: ...

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]: ...

    def link(
        self,
        user_id: str,
        identity: Identity,
        no_move: NoMove | None = None,
        told: Sequence[Consent] = (),
    ) -> IdentityTaken | None:
        """Give the user the identity, unless it is taken, and the wishes that were `told` from it before.

        Raises:
            Unavailable: as `create` does; or the user is merged into another user.
        """
        ...

    def unlink(self, user: User, identity: Identity) -> None: ...

    def move(
        self, user: User, former: Identity, present: Identity, moved: Moved, expires_at: int
    ) -> IdentityTaken | None:
        """Replace an identity of the user by another, in the same place, and record the move until then.

        If `present` belongs to the user already, only `former` goes.

        Raises:
            Unavailable: another request changed the user, or AWS did not answer.
        """
        ...

    def record_move(self, formers: Sequence[Identity], moved: Moved, expires_at: int) -> bool:
        """Record the move from an address that nobody has, until `expires_at` (epoch seconds).

        `formers` are the address through each account of ours. A later move stays. Returns False if somebody
        has one of them.
        """
        ...

    def moved(self, channel: str, account: str, address: str) -> Moved | None:
        """Return the recorded move from the address."""
        ...

    def wrote(
        self, user: User, places: Collection[tuple[str, str, str]], at: str, newer_by: timedelta
    ) -> User:
        """Record that the user wrote from `places` at `at`, ISO 8601 UTC; return the user as they are now.

        A recorded time that is not older by `newer_by` stays, and costs no write.

        Raises:
            Unavailable: the user is changing too quickly, or AWS did not answer.
        """
        ...

    def rename(self, user_id: str, name: str, new_name: str) -> None:
        """Replace the user's display name, unless it is another name than `name` by now."""
        ...

    def save_consents(self, user: User, consents: tuple[Consent, ...]) -> bool:
        """Save the consents of the user.

        Returns False if they changed since `user` was read, or the user was merged into another user.
        """
        ...

    def resolve(self, channel: str, account: str, address: str) -> str | None:
        """Return the user_id behind an identity."""
        ...

    def resolve_at_any_account(self, channel: str, address: str) -> str | None:
        """Return the user_id behind an address; of several accounts of ours the first by its id counts.

        An identity that was linked or unlinked a moment ago may be unknown to the answer.
        """
        ...

    def listing(
        self, user_type: UserType, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, user_id) of the users of a type, the latest created first."""
        ...
