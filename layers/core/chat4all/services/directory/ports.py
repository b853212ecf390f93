"""The ports of the use cases of users and conversations."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

import msgspec

from chat4all.domain.conversation import Conversation, ConversationState, Origin, Participant
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import Identity, Moved, User, UserType
from chat4all.domain.places import Places


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

    def set_state(self, conversation: Conversation, state: ConversationState) -> bool:
        """Archive or reactivate the conversation. A reactivated 1:1 conversation takes the latest turn.

        Returns False if the conversation has changed since `conversation` was read.
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


class IdentityTaken(msgspec.Struct, frozen=True):
    """The identity belongs to `user_id` already."""

    user_id: str


class Directory(Protocol):
    """Users and the identities by which channels know them."""

    def create(self, user: User) -> IdentityTaken | None:
        """Create the user with all their identities; create nothing if an identity is taken."""
        ...

    def get(self, user_id: str) -> User | None: ...

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]: ...

    def link(self, user_id: str, identity: Identity) -> IdentityTaken | None: ...

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

    def record_move(self, channel: str, account: str, address: str, moved: Moved, expires_at: int) -> None:
        """Record a move of somebody unknown until `expires_at` (epoch seconds); a later move stays."""
        ...

    def moved(self, channel: str, account: str, address: str) -> Moved | None:
        """Return the recorded move from the address."""
        ...

    def rename(self, user_id: str, name: str, new_name: str) -> None:
        """Replace the user's display name, unless it is another name than `name` by now."""
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
