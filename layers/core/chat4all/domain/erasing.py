"""Erase a person: what stays of a user, a message, a conversation and a batch, and the record of the erasure.

::

    request ─► ERASING ── first pass ──► ERASED ── second pass ── last pass ──► FINAL

The passes after the first one erase what was on its way while the earlier pass ran: in a queue, in the memory
of a function, or at a provider that delivers a webhook again.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.acts import Act
from chat4all.domain.batches import BatchRecipient
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.content import Content, Deleted, attachments_of
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.errors import Detail, UserErased
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.own_words import unquoted
from chat4all.domain.person import Identity, User
from chat4all.domain.received import Received

ERASED: Final = "[erased]"
"""What is read in the place of what was erased."""
ERASED_CODE: Final = "ERASED"
"""The error code of a delivery or a message that was waiting when its person was erased."""
SOON: Final = timedelta(minutes=15)
"""The second pass comes so long after the first one: a function keeps users in memory for 60 seconds."""
LASTING: Final = timedelta(days=15)
"""The last pass comes so long after the request: a queue of SQS keeps a record for 14 days."""
BACKUPS: Final = timedelta(days=35)
"""Point-in-time recovery can bring a table back as it was at any time of the last 35 days."""
PASSES: Final = 3
_NAMESPACE: Final = uuid.UUID("7d3c2f0e-8f57-4c52-9a0c-5e6f4d1b2a90")
_CONTENT: Final = Deleted(ERASED)


class ErasureState(StrEnum):
    ERASING = "ERASING"
    ERASED = "ERASED"
    """What was stored at the request is erased; later passes erase what was on its way."""
    FINAL = "FINAL"


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a pass goes on: the number of the step, and the step's own text."""

    step: int = 0
    cursor: str = ""


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """The erasure of a person: of `user_id`, and of every user who was merged into it.

    Times are ISO 8601 UTC.

    `known_as` has the fingerprints of the person's addresses, which later passes look for. `place` is None
    between the passes. `counts` has the numbers of erased rows and files by their kind.
    """

    erasure_id: str
    user_id: str
    requested_at: str
    final_at: str
    reason: str | None = None
    state: ErasureState = ErasureState.ERASING
    user_ids: tuple[str, ...] = ()
    known_as: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    is_person: bool = True
    """False for an agent or a bot, of whom only the profile and the exports are erased."""
    counts: dict[str, int] = {}
    passes: int = 0
    """The number of passes that have ended."""
    place: Place | None = Place()
    next_pass_at: str | None = None
    erased_at: str | None = None
    version: int = 0


def new_erasure(user: User, reason: str | None, at: str, *, is_person: bool) -> Erasure:
    """Return the erasure of the user, always with the same id for the same user."""
    return Erasure(
        erasure_id=str(uuid.uuid5(_NAMESPACE, user.user_id)),
        user_id=user.user_id,
        requested_at=at,
        final_at=iso(parse_iso(at) + LASTING),
        reason=reason,
        user_ids=user.ids,
        is_person=is_person,
    )


def is_of(erasure: Erasure, user: User) -> bool:
    """Return whether the first pass runs, and the user is as this pass left them: nobody restored them."""
    if erasure.state is not ErasureState.ERASING:
        return False
    is_at_profile = erasure.place is not None and erasure.place.step == 0
    return user.erased_at is not None or (user.erasing_at is not None and is_at_profile)


def begun_again(erasure: Erasure, new: Erasure) -> Erasure:
    """Return the new erasure, which replaces the stored erasure and knows the same addresses."""
    return replace(
        new,
        reason=new.reason or erasure.reason,
        known_as=erasure.known_as,
        channels=erasure.channels,
        version=erasure.version + 1,
    )


def counted(erasure: Erasure, counts: Mapping[str, int]) -> Erasure:
    """Return the erasure with further counts."""
    names = {**erasure.counts, **counts}
    total = {name: erasure.counts.get(name, 0) + counts.get(name, 0) for name in names}
    return replace(erasure, counts={name: number for name, number in total.items() if number})


def ended(erasure: Erasure, now: str) -> Erasure:
    """Return the erasure after a pass that ended at `now`. The last pass leaves no trace of the addresses."""
    passes = erasure.passes + 1
    if passes >= PASSES:
        return replace(
            erasure, state=ErasureState.FINAL, passes=passes, place=None, next_pass_at=None, known_as=()
        )
    soon = iso(parse_iso(now) + SOON)
    return replace(
        erasure,
        state=ErasureState.ERASED,
        passes=passes,
        place=None,
        next_pass_at=soon if passes == 1 else max(soon, erasure.final_at),
        erased_at=erasure.erased_at or now,
    )


def begun(erasure: Erasure, now: str) -> Erasure:
    """Return the erasure at the first step of its next pass, if the time of the pass has come."""
    is_due = erasure.next_pass_at is not None and erasure.next_pass_at <= now
    return replace(erasure, place=Place(), next_pass_at=None) if is_due else erasure


def erased_user(user: User, at: str) -> User:
    """Return what stays of the user: their id, type and times, and which users were one person."""
    merge = user.merge
    return replace(
        user,
        display_name=ERASED,
        identities=(),
        metadata={},
        consents=(),
        merge=replace(merge, identities=(), former_consents=()) if merge is not None else None,
        erased_at=at,
    )


def identities_of(people: Collection[User]) -> tuple[Identity, ...]:
    """Return every identity of the users, also those that a merged user had before."""
    own = (identity for user in people for identity in user.identities)
    former = (identity for user in people if user.merge is not None for identity in user.merge.identities)
    return tuple({identity.place: identity for identity in (*former, *own)}.values())


def names_of(identity: Identity) -> tuple[str, ...]:
    """Return the texts by which a provider names the person."""
    return tuple(text for text in (identity.address, identity.phone, identity.handle) if text)


def contents_of(message: Message) -> Iterator[Content]:
    """Yield the content of the message and of all its versions, items and steps."""
    yield message.content
    yield from (edit.content for edit in message.edits)
    yield from (item.content for item in message.items)
    yield from (step.content for step in message.steps if step.content is not None)


def files_in(message: Message) -> tuple[Attachment, ...]:
    """Return every file of the message, each once."""
    found = {file.file_id: file for content in contents_of(message) for file in attachments_of(content)}
    return tuple(found.values())


def erased_message(message: Message, at: str) -> Message:
    """Return what stays of the message: ids, times, statuses, and that it is erased."""
    received, act, notice = message.received, message.act, message.notice
    return replace(
        message,
        content=_CONTENT if act is None and notice is None else message.content,
        fingerprint=ERASED,
        metadata={},
        provider_message_id=None,
        received=Received(received.sent_at, "", is_own=received.is_own) if received is not None else None,
        edits=(),
        items=(),
        deleted_at=message.deleted_at or at,
        steps=tuple(replace(step, content=None) for step in message.steps),
        act=_without_addresses(act) if act is not None else None,
        notice=replace(notice, author=None, item=None) if notice is not None else None,
        error_reason=None,
    )


def is_erased(message: Message) -> bool:
    return message.fingerprint == ERASED


def without_quote(message: Message) -> Message | None:
    """Return another person's message without the words that it quotes; None if it quotes none."""
    bare = unquoted(message.received) if message.received is not None else None
    return replace(message, received=bare) if bare != message.received else None


def quotes_somebody(message: Message) -> bool:
    context = message.received.context if message.received is not None else None
    return message.reply_to is not None or (context is not None and context.quote is not None)


def erased_conversation(conversation: Conversation, user_ids: Collection[str], at: str) -> Conversation:
    """Return what stays of a conversation that is erased at `at`, ISO 8601 UTC.

    A 1:1 conversation is the person's own as a whole.
    """
    members = tuple(
        replace(member, wrote_from=None) if member.user_id in user_ids else member
        for member in conversation.participants
    )
    if not is_whole(conversation):
        return replace(conversation, participants=members)
    desk = replace(conversation.desk, labels=(), is_put_away=False, is_idle=False)
    return replace(
        conversation,
        participants=members,
        title=None,
        metadata={},
        desk=desk,
        erased_at=conversation.erased_at or at,
    )


def require_kept(conversation: Conversation) -> None:
    """Raise UserErased if the conversation was erased with its person."""
    if conversation.erased_at is not None:
        raise UserErased(
            "The person of the conversation was erased.",
            Detail("conversation_id", f"was erased at {conversation.erased_at}"),
        )


def is_whole(conversation: Conversation) -> bool:
    """Return whether everything in the conversation goes with its person."""
    return conversation.type is ConversationType.ONE_TO_ONE


def without_variables(
    recipients: tuple[BatchRecipient, ...], is_theirs: Collection[str]
) -> tuple[BatchRecipient, ...]:
    """Return the recipients, without the variables of those whose user or conversation is in `is_theirs`."""
    return tuple(
        replace(recipient, variables={})
        if recipient.user_id in is_theirs or recipient.conversation_id in is_theirs
        else recipient
        for recipient in recipients
    )


def _without_addresses(act: Act) -> Act:
    return replace(act, targets=tuple(replace(target, address=ERASED) for target in act.targets))
