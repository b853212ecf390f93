"""The ports of the export of a person. Methods that call AWS raise `Unavailable` if AWS does not answer."""

from typing import Protocol

import msgspec

from chat4all.domain.audit import AuditEntry
from chat4all.domain.conversation import Conversation
from chat4all.domain.exports import Export
from chat4all.domain.note import Note
from chat4all.domain.person import User
from chat4all.services.messaging.read_messages import MessageProgress


class Exports(Protocol):
    def add(self, export: Export, due_at: str) -> None:
        """Store a new export; `relay` asks it to go on at `due_at`."""
        ...

    def get(self, export_id: str) -> Export | None: ...

    def of_user(self, user_id: str) -> list[Export]:
        """Return the exports of the user that are known, the latest first."""
        ...

    def save(self, export: Export, zips: int, due_at: str | None) -> bool:
        """Store the export if the stored one has so many zips and is not finished; else return False."""
        ...

    def stop(self, export: Export, at: str) -> None:
        """End the export at `at`: no process stores a further zip of it."""
        ...

    def claim_file(self, export: Export, file_id: str) -> bool:
        """Return whether the zip that is being written is the one that has the file.

        The first zip that asks has it. A zip that is written again gets the same answer.
        """
        ...

    def due(self, now: str, limit: int) -> list[Export]: ...

    def postpone(self, export: Export, due_at: str) -> None: ...


class Shapes(Protocol):
    """The shapes of the API, which a zip has as JSON."""

    def user(self, user: User) -> msgspec.Struct: ...

    def conversation(self, conversation: Conversation) -> msgspec.Struct: ...

    def message(self, progress: MessageProgress) -> msgspec.Struct:
        """Return the message and its progress."""
        ...

    def note(self, note: Note) -> msgspec.Struct: ...

    def audit_entry(self, entry: AuditEntry) -> msgspec.Struct: ...
