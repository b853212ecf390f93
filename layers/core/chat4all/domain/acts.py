"""Acts: what our side does beside sending. Edit and delete a sent message, mark as read, show that it types.

An edit and a deletion are records like messages, with deliveries of their own, so that they keep their order
among the messages. A signal (read, typing) is worth nothing later: it has no record, and stands in no queue
before a message.
"""

from enum import StrEnum

import msgspec

from chat4all.domain.sending import OutgoingContent


class ActKind(StrEnum):
    EDIT = "EDIT"
    DELETE = "DELETE"


class ActOn(msgspec.Struct, frozen=True):
    """The edit or the deletion of the message `message_id`."""

    kind: ActKind
    message_id: str


class ActTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recipient of the message that an act changes, on the channel that has the message.

    `number` is the participant's number in the conversation, `position` the number of the route, and `step`
    the number of the step of the message's plan.
    """

    user_id: str
    channel: str
    account: str
    address: str
    number: int
    position: int = 0
    step: int = 0


class Act(msgspec.Struct, frozen=True):
    """An act with the deliveries that it changes. Only channels that can do it are among the targets."""

    on: ActOn
    targets: tuple[ActTarget, ...]


class SignalKind(StrEnum):
    READ = "READ"
    TYPING = "TYPING"


class Signal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sign for the person: their message is read, or our side types.

    `provider_message_id` is the person's message; None where the channel needs none. `is_on` is False when
    our side types no more.
    """

    kind: SignalKind
    provider_message_id: str | None = None
    is_on: bool = True


class ActOutcome(StrEnum):
    """What became of an act on a delivery."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    FAILED = "FAILED"
    NOT_SENT = "NOT_SENT"
    """The delivery was never sent, so there was nothing to change."""
    NOT_POSSIBLE = "NOT_POSSIBLE"
    """The channel of the delivery does not have the act."""


class Editing(msgspec.Struct, frozen=True):
    """For a connector: give a provider message that we sent another text, caption or keyboard."""

    account: str
    address: str
    provider_message_id: str
    content: OutgoingContent


class Deleting(msgspec.Struct, frozen=True):
    """For a connector: delete provider messages that we sent, for everybody."""

    account: str
    address: str
    provider_message_ids: tuple[str, ...]


class MarkingRead(msgspec.Struct, frozen=True):
    """For a connector: show the person that their message, and every message before it, was read."""

    account: str
    address: str
    provider_message_id: str


class Typing(msgspec.Struct, frozen=True):
    """For a connector: show the person that our side types, or no longer does."""

    account: str
    address: str
    is_on: bool
    thread: str | None = None
    provider_message_id: str | None = None


ProviderAct = Editing | Deleting | MarkingRead | Typing


class Done(msgspec.Struct, frozen=True):
    """The provider carried out the act, or found it carried out already."""
