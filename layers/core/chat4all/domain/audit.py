"""What is kept of events that somebody may have to account for, for seven years."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

KEPT_FOR: Final = timedelta(days=7 * 365 + 2)
"""Seven years, whichever of them are leap years."""

_NAMESPACE: Final = uuid.UUID("6f0c5a52-6c1f-4f3a-9d67-0d1d5a3c7e11")


class AuditAction(StrEnum):
    """One that is recorded no more stays here: entries of it are listed for seven years."""

    FILE_INFECTED = "file.infected"
    FILE_REJECTED = "file.rejected"
    MESSAGE_RETRY = "message.retry"
    DEAD_LETTERS_REDRIVE = "dead-letters.redrive"
    WEBHOOKS_REPLAY = "webhooks.replay"


class AuditEntry(msgspec.Struct, frozen=True):
    """`subject` is `<kind>:<id>`, as in `file:5d0c…`; `actor` the id of an API key, or a function's name.

    `details` say what was known of it at the time, so that the entry can be read when the subject is gone.
    """

    entry_id: str
    at: str
    action: AuditAction
    subject: str
    actor: str
    details: dict[str, str]


def audit_entry(
    action: AuditAction, subject: str, *, actor: str, at: str, details: Mapping[str, str | None]
) -> AuditEntry:
    """Told again, what happens once to a subject has the same id, and is kept once."""
    entry_id = str(uuid.uuid5(_NAMESPACE, f"{action.value} {subject}"))
    return AuditEntry(entry_id, at, action, subject, actor, known(details))


def known(details: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in details.items() if text is not None}


class AuditQuery(msgspec.Struct, frozen=True):
    """Entries of these actions within a time, both ends included; ISO 8601 UTC. None: no limit."""

    actions: tuple[AuditAction, ...]
    since: str | None = None
    until: str | None = None
