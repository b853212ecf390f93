"""The ports of the use cases of privacy. Adapters implement them; tests use fakes of them.

Every method that calls AWS raises `Unavailable` if AWS does not answer. Erasing again changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from chat4all.domain.batches import BatchRecipient
from chat4all.domain.conversation import Conversation
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.erasing import Erasure
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.files.file import StoredFile
from chat4all.domain.message import Message
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import Identity, User
from chat4all.domain.privacy_work import PrivacyWork
from chat4all.domain.webhooks import WebhookId


class PrivacyQueue(Protocol):
    def send(self, work: PrivacyWork) -> None:
        """Put the work at the end of its group. The same work within 5 minutes is there once."""
        ...


class Erasures(Protocol):
    """The records of the erasures. `relay` looks at each at its `due_at`."""

    def get(self, erasure_id: str) -> Erasure | None: ...

    def save(self, erasure: Erasure, expected: int, due_at: str | None) -> bool:
        """Replace the erasure if it has the version `expected`; else return False."""
        ...

    def due(self, now: str, limit: int) -> list[Erasure]: ...

    def postpone(self, erasure: Erasure, due_at: str) -> bool:
        """Let `relay` look at the erasure later; return False if it has changed."""
        ...


class ErasureRequests(Protocol):
    def begin(self, user: User, erasure: Erasure, due_at: str) -> bool:
        """Store the erasure in the place of its last version, and let nobody be merged or unmerged.

        Return False if the user was merged or unmerged since they were read, or the erasure has changed.
        """
        ...


class ErasedPeople(Protocol):
    def former_addresses(self, identity: Identity) -> list[str]:
        """Return the addresses from which the person moved to the identity, directly or through another."""
        ...

    def forget_traces(self, people: Collection[User]) -> None:
        """Delete what is stored under the names and addresses of the users, who are one person.

        These are the hints, the moves of their addresses, and the buckets of their rate limits.
        """
        ...

    def erase(self, people: Sequence[User], at: str) -> bool:
        """Erase the users with their identities; return False if one of them changed since they were read."""
        ...


class Listed(Enum):
    """The lists of the messages of a conversation."""

    HISTORY = auto()
    NOTICES = auto()
    """Notices of changes, and acts on messages."""
    SCHEDULED = auto()
    """Messages that wait for their time, or that were cancelled before it."""


class Aim(msgspec.Struct, frozen=True):
    """A message, and the users of the person who may be recipients of it.

    Deliveries to them lose their addresses. `numbers` has the numbers of those who take part in the
    conversation. No delivery to them begins any more, on the message's channel, or on one of the `channels`
    if it has none. What waits ends at `at`, ISO 8601 UTC.
    """

    message: Message
    user_ids: Collection[str]
    numbers: Mapping[str, int]
    channels: Sequence[str]
    at: str


class ErasedMessages(Protocol):
    def page(self, listed: Listed, conversation_id: str, after: str, limit: int) -> list[tuple[str, Message]]:
        """Return the messages of the list after a place, each with its place, in order."""
        ...

    def addresses(self, message_ids: Collection[str], user_ids: Collection[str]) -> set[tuple[str, str]]:
        """Return (channel, address) of the deliveries of the messages to the users."""
        ...

    def erase(self, aim: Aim, erased: Message, item_ids: Collection[str]) -> None:
        """Replace the message by `erased`, with everything that is stored with it.

        What was not sent yet fails. `item_ids` are the ids of the items of an album.
        """
        ...

    def erase_recipient(self, aim: Aim) -> list[DeliveryPart]:
        """Erase the deliveries of another person's message to the users; return those that were waiting."""
        ...

    def without_quote(self, message: Message, bare: Message) -> None:
        """Replace what was received with the message by that of `bare`, unless it has changed."""
        ...

    def senders(self, message_ids: Collection[str]) -> dict[str, str]:
        """Return the senders of the messages that are stored, by their ids."""
        ...

    def left_over(self, message_ids: Collection[str]) -> set[str]:
        """Return those of the messages that are erased."""
        ...


SHARES: Final = 16
"""The waiting rows of each kind are divided into so many shares."""


class WaitingKind(Enum):
    """The rows that wait for their time, and that nothing lists by their person."""

    HELD = auto()
    ECHO = auto()
    STATUS = auto()
    DEAD_RECORD = auto()


class Waiting(msgspec.Struct, frozen=True):
    """A waiting row: its key, the JSON that it holds, and the delivery of a held one."""

    row: tuple[str, str]
    text: bytes
    held: DeliveryRequested | None = None


class WaitingRows(Protocol):
    def of(self, kind: WaitingKind, share: int) -> list[Waiting]:
        """Return every waiting row of a kind in one of SHARES shares, which are numbered from 0."""
        ...

    def delete(self, waiting: Waiting) -> None: ...


class ErasedConversations(Protocol):
    def blank(self, conversation: Conversation, blanked: Conversation) -> bool:
        """Replace what the conversation holds of a person; return False if it has changed."""
        ...

    def delete_notes(self, conversation_id: str) -> int: ...

    def files_of(self, conversation_id: str) -> list[str]:
        """Return the files that were uploaded for the conversation alone."""
        ...

    def forget_places(self, user_id: str) -> None:
        """Erase from where the person wrote."""
        ...

    def left_by(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, conversation_id) of the groups that the user has left, the latest joined first."""
        ...


class BatchRecipients(Protocol):
    def replace_recipients(
        self, batch_id: str, number: int, recipients: tuple[BatchRecipient, ...]
    ) -> None: ...


class ErasedFiles(Protocol):
    """The bytes of files, with all their versions."""

    def erase(self, file: StoredFile) -> None:
        """Delete every version of the file, of its thumbnails and of its copy in quarantine."""
        ...


class StoredWebhooks(Protocol):
    def remove(self, webhook_id: WebhookId) -> None:
        """Delete the webhook with its bytes; deleting it again changes nothing."""
        ...
