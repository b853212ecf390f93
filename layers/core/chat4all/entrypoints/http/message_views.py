"""Messages and their deliveries in the shapes of answers: of their own resource, and of a history."""

import msgspec
from msgspec import Raw

from chat4all.domain.acts import ActOn, ActOutcome
from chat4all.domain.content import Content, kind_of
from chat4all.domain.decisions import Decision, StepDecision
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.message import AlbumItem, ChangeNotice, Edit, Message
from chat4all.domain.parts import parts_by_recipient, status_of
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import NOTHING, Author, Context
from chat4all.domain.status import Status, StatusChange
from chat4all.services.messaging.carry_out_act import was_sent
from chat4all.services.messaging.read_messages import ActProgress, MessageProgress


class ErrorView(msgspec.Struct, frozen=True):
    code: str
    message: str


class AlbumItemView(msgspec.Struct, frozen=True):
    """A file of an album that the provider reported as a message of its own."""

    provider_message_id: str
    content: Content
    sent_at: str
    deleted_at: str | None
    context: Context | None
    provider_fields: Raw
    webhook_id: str


class MessageView(msgspec.Struct, frozen=True):
    """A message, with the status of its slowest recipient."""

    message_id: str
    conversation_id: str
    sequence: str
    """The place of the message in its conversation: a text that sorts in the order of acceptance."""
    sender_id: str
    content: Content
    channel: str | None
    reply_to: str | None
    metadata: dict[str, str]
    status: str
    error: ErrorView | None
    accepted_at: str
    """When the message was accepted; until then, when it was scheduled."""
    send_at: str | None
    """The time for which the message was scheduled."""
    edits: tuple[Edit, ...]
    deleted_at: str | None
    """When the author deleted the message for everybody; their words are removed then, or kept by policy."""
    sent_at: str | None
    """The provider's time of a message that came over a channel."""
    account: str | None
    """The channel account that received the message: our number, bot or page."""
    thread: str | None
    """The topic of a group's chat in which the message stands."""
    author: Author | None
    """Who wrote the message, where that is not the sender: a member of a group, or our side in the app."""
    context: Context | None
    """What the message refers to: a forwarded message, an advertisement, a story, a product, a button."""
    provider_fields: Raw
    """The fields of the provider that are in neither `content` nor `context`."""
    webhook_id: str | None
    """The webhook that brought the message."""
    notice: ChangeNotice | None
    """The change of which this message tells the other participants, if it is such a notice."""
    purpose: Purpose
    act: ActOn | None
    """The message that this record of an act changes, if it is such a record."""
    items: tuple[AlbumItemView, ...]
    """What the provider told of each file of an album, in the order of arrival, if it came file by file."""


class MessagePage(msgspec.Struct, frozen=True):
    """A page of messages."""

    messages: tuple[MessageView, ...]
    next_cursor: str | None


class DeliveryView(msgspec.Struct, frozen=True):
    """The delivery to a recipient on a channel; `parts` is the number of provider messages that it takes.

    `step` is the number of the step of the message's plan; 0 is the message's own content.
    """

    recipient_id: str
    channel: str
    step: int
    status: str
    parts: int
    provider_message_id: str | None
    provider_message_ids: tuple[str, ...]
    attempts: int
    error: ErrorView | None
    edit: "ActOutcomeView | None"
    """What became of the latest edit of the message here."""
    deletion: "ActOutcomeView | None"


class ActOutcomeView(msgspec.Struct, frozen=True):
    """What became of an act on a delivery. `act_id` is its record, whose status and history can be read."""

    act_id: str
    status: ActOutcome
    error: ErrorView | None


class StepView(msgspec.Struct, frozen=True):
    """The decision on a step of the message's plan for a recipient; `step` 0 is the message's own content.

    `code` and `reason` say why the step was skipped: an error of this API, or REPEATED for a step that says
    the same on the same channel as an earlier step.
    """

    recipient_id: str
    step: int
    channel: str | None
    kind: str
    decision: Decision
    code: str | None
    reason: str | None


class ProgressView(msgspec.Struct, frozen=True):
    """The status of a message, its history, and the deliveries by recipient and channel.

    `plan` has the decisions on the steps of a message with `fallback` or `channels`, once it is routed.
    """

    message_id: str
    current_status: str
    status_history: tuple[StatusChange, ...]
    retry_count: int
    deliveries: tuple[DeliveryView, ...]
    plan: tuple[StepView, ...]


def message_view(message: Message) -> MessageView:
    received = message.received
    return MessageView(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        sender_id=message.sender_id,
        content=message.content,
        channel=message.channel,
        reply_to=message.reply_to,
        metadata=message.metadata,
        status=message.status.value,
        error=_error(message.error_code, message.error_reason),
        accepted_at=message.accepted_at,
        send_at=message.send_at,
        edits=message.edits,
        deleted_at=message.deleted_at,
        sent_at=received.sent_at if received else None,
        account=message.account,
        thread=received.thread if received else None,
        author=received.author if received else None,
        context=received.context if received else None,
        provider_fields=received.provider_fields if received else NOTHING,
        webhook_id=received.webhook_id if received else None,
        notice=message.notice,
        purpose=message.purpose,
        act=message.act.on if message.act is not None else None,
        items=tuple(map(_item_view, message.items)),
    )


def _item_view(item: AlbumItem) -> AlbumItemView:
    return AlbumItemView(
        provider_message_id=item.name,
        content=item.content,
        sent_at=item.received.sent_at,
        deleted_at=item.deleted_at,
        context=item.received.context,
        provider_fields=item.received.provider_fields,
        webhook_id=item.received.webhook_id,
    )


def progress_view(progress: MessageProgress) -> ProgressView:
    parts = parts_by_recipient(progress.deliveries)
    attempts = [delivery.attempts for delivery in progress.deliveries]
    return ProgressView(
        message_id=progress.message.message_id,
        current_status=progress.message.status.value,
        status_history=progress.message.status_history,
        retry_count=sum(max(0, count - 1) for count in attempts),
        deliveries=tuple(_delivery_view(found, progress) for found in parts.values()),
        plan=tuple(_step_view(progress.message, decided) for decided in progress.plan),
    )


def _step_view(message: Message, decided: StepDecision) -> StepView:
    own = message.steps[decided.step].content
    return StepView(
        recipient_id=decided.recipient_id,
        step=decided.step,
        channel=decided.channel,
        kind=kind_of(message.content if own is None else own),
        decision=decided.decision,
        code=decided.code,
        reason=decided.reason,
    )


def _delivery_view(parts: list[DeliveryPart], progress: MessageProgress) -> DeliveryView:
    first = parts[0]
    failed = next((part for part in parts if part.status is Status.FAILED), first)
    ids = tuple(part.provider_message_id for part in parts if part.provider_message_id is not None)
    return DeliveryView(
        recipient_id=first.recipient_id,
        channel=first.channel,
        step=first.step,
        status=status_of(parts).value,
        parts=first.part_count,
        provider_message_id=ids[0] if ids else None,
        provider_message_ids=ids,
        attempts=max(part.attempts for part in parts),
        error=_error(failed.error_code, failed.error_reason),
        edit=_act_view(progress.edit, first),
        deletion=_act_view(progress.deletion, first),
    )


def _act_view(act: ActProgress | None, on: DeliveryPart) -> ActOutcomeView | None:
    """Return what became of an act on a delivery; None without an act."""
    if act is None or act.record.act is None:
        return None
    place = (on.recipient_id, on.channel, on.step)
    act_id = act.record.message_id
    if place not in {(target.user_id, target.channel, target.step) for target in act.record.act.targets}:
        return ActOutcomeView(act_id, ActOutcome.NOT_POSSIBLE, None)
    parts = parts_by_recipient(act.deliveries).get(place)
    if parts is None and act.record.status is Status.FAILED:
        error = _error(act.record.error_code, act.record.error_reason)
        return ActOutcomeView(act_id, ActOutcome.FAILED, error)
    status = status_of(parts) if parts is not None else Status.PENDING
    if parts is None or status is Status.PENDING:
        return ActOutcomeView(act_id, ActOutcome.PENDING, None)
    if status is Status.FAILED:
        failed = next(part for part in parts if part.status is Status.FAILED)
        return ActOutcomeView(act_id, ActOutcome.FAILED, _error(failed.error_code, failed.error_reason))
    is_applied = all(was_sent(part.provider_message_id) for part in parts)
    return ActOutcomeView(act_id, ActOutcome.APPLIED if is_applied else ActOutcome.NOT_SENT, None)


def _error(code: str | None, reason: str | None) -> ErrorView | None:
    return ErrorView(code, reason or "") if code is not None else None
