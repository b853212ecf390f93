"""Messages, and the edits of a person's message."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all.domain.content import Content
from chat4all.domain.status import Status, StatusChange


class Edit(msgspec.Struct, frozen=True):
    """The content of a message as it stood before the person changed it at `at`."""

    content: Content
    at: str


MOST_EDITS_BYTES: Final = 100_000
"""The size of the edits as JSON. A row of DynamoDB holds 400 KB, and a person may edit a long text often."""


def is_latest(edits: Sequence[Edit], content: Content, changed: Content, at: str) -> bool:
    """Return whether the change to `changed` at `at` is later than the `edits` that led to `content`.

    Providers give the time to the second. Of several changes in one second the last to arrive counts, unless
    the message already had this content in that second.
    """
    if any(edit.at > at for edit in edits):
        return False
    results = [*(edit.content for edit in edits[1:]), content]
    return (at, changed) not in {(edit.at, result) for edit, result in zip(edits, results, strict=False)}


def with_edit(edits: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """Return `edits` with `edit` added, cut to MOST_EDITS_BYTES.

    The first edit, which holds the message as it was sent, stays. Of the others the latest stay, as many as
    fit.
    """
    first, *later = (*edits, edit)
    left = MOST_EDITS_BYTES - len(msgspec.json.encode(first))
    kept: list[Edit] = []
    for later_edit in reversed(later):
        left -= len(msgspec.json.encode(later_edit))
        if kept and left < 0:
            break
        kept.append(later_edit)
    return (first, *reversed(kept))


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of a conversation.

    `sequence` is the message's number in its conversation: a text that sorts in the order of acceptance,
    which is the order of delivery, too. It is the number that the queue `chat-events` gave to the message;
    until then it is empty.

    `fingerprint` distinguishes a repeated POST from another body under the same id. `channel` brought an
    inbound message, or is the first channel for all recipients; it is None if there are several such
    channels. `account` is the channel account that received an inbound message. The sender named
    `asked_channels`, if any: deliveries try them in their order, `delivery_timeout_s` seconds each. `round`
    counts the redrives.
    """

    message_id: str
    conversation_id: str
    sequence: str
    sender_id: str
    content: Content
    status: Status
    status_history: tuple[StatusChange, ...]
    accepted_at: str
    fingerprint: str
    attempt: str = ""
    """A random text of the request that the message comes from: repeats of a POST have others."""
    channel: str | None = None
    account: str | None = None
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    provider_message_id: str | None = None
    edits: tuple[Edit, ...] = ()
    error_code: str | None = None
    error_reason: str | None = None
    round: int = 0
    asked_channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    routed: bool = False
    """The message has a state: its deliveries were requested, or are being requested."""
