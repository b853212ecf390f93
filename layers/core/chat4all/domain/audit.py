"""The audit trail: records of events that need an account later, stored for seven years."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

KEPT_FOR: Final = timedelta(days=7 * 365 + 2)
"""Seven years with at most two leap days."""

_NAMESPACE: Final = uuid.UUID("6f0c5a52-6c1f-4f3a-9d67-0d1d5a3c7e11")


class AuditAction(StrEnum):
    """The recorded actions. Names of actions that are no longer recorded stay: old entries carry them."""

    FILE_INFECTED = "file.infected"
    FILE_REJECTED = "file.rejected"
    MESSAGE_RETRY = "message.retry"
    DEAD_LETTERS_REDRIVE = "dead-letters.redrive"
    WEBHOOKS_REPLAY = "webhooks.replay"
    WEBHOOK_READ = "webhook.read"
    CONSENT_CHANGED = "consent.changed"
    ACCOUNT_PUT = "account.put"
    ACCOUNT_ENABLE = "account.enable"
    ACCOUNT_DISABLE = "account.disable"
    ACCOUNT_DELETE = "account.delete"
    IDENTITY_LINK = "identity.link"
    IDENTITY_UNLINK = "identity.unlink"
    USER_MERGE = "user.merge"
    USER_UNMERGE = "user.unmerge"
    SUGGESTION_DISMISS = "suggestion.dismiss"
    IDENTITY_VERIFY = "identity.verify"
    IDENTITY_CONFIRM = "identity.confirm"
    USER_ERASE = "user.erase"
    RETENTION_PUT = "retention.put"
    USER_EXPORT = "user.export"


class AuditEntry(msgspec.Struct, frozen=True):
    """An entry of the audit trail.

    `subject` is `<kind>:<id>`, as in `file:5d0c…`. `actor` is the id of an API key, or a function's name.
    `details` describe the subject at that time, so that the entry can be read when the subject is gone.
    """

    entry_id: str
    at: str
    action: AuditAction
    subject: str
    actor: str
    details: dict[str, str]


def audit_entry(
    action: AuditAction,
    subject: str,
    *,
    actor: str,
    at: str,
    details: Mapping[str, str | None],
    occasion: str = "",
) -> AuditEntry:
    """Build the entry of an action that happens once to a subject, or once on each `occasion`.

    A repeated record of the action has the same id, so that the store holds the entry once.
    """
    entry_id = str(uuid.uuid5(_NAMESPACE, f"{action.value} {subject} {occasion}".rstrip()))
    return AuditEntry(entry_id, at, action, subject, actor, known(details))


def known(details: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in details.items() if text is not None}


class AuditQuery(msgspec.Struct, frozen=True):
    """The entries of these actions between two times, both included; ISO 8601 UTC. None: no limit."""

    actions: tuple[AuditAction, ...]
    since: str | None = None
    until: str | None = None
