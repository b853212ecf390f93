"""Messages in memory."""

from collections.abc import Sequence

from msgspec.structs import replace

from chat4all.domain.dead_letters import MOST_REDRIVEN
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import Message
from chat4all.domain.pages import SentCursor, TimeCursor, TimeOrder
from chat4all.domain.parts import PartStatus, is_alone, part_status
from chat4all.domain.provider_names import is_named
from chat4all.domain.sent_order import sent_place
from chat4all.domain.status import PROOF, Status, StatusChange, may_become
from chat4all.domain.versions import Deletion
from chat4all.domain.waiting import DueMessage
from chat4all.services.messaging.ports import Arriving, MessageQuery
from tests.fakes.conversations import newest_first
from tests.fakes.message_table import DeliveryState, MessageTable


class MemoryMessages:
    def __init__(self, table: MessageTable) -> None:
        self._table = table

    def add(self, message: Message) -> Message | None:
        with self._table.lock:
            stored = self._table.messages.get(message.message_id)
            is_its_time = (
                stored is not None
                and stored.status is Status.SCHEDULED
                and stored.fingerprint == message.fingerprint
            )
            if stored is None or is_its_time:
                self._table.messages[message.message_id] = message
                return None
            return stored

    def schedule(self, message: Message) -> Message | None:
        with self._table.lock:
            stored = self._table.messages.get(message.message_id)
            if stored is None:
                self._table.messages[message.message_id] = message
            return stored

    def scheduled(self, now: str, limit: int) -> list[Message]:
        with self._table.lock:
            due = [
                message
                for message in tuple(self._table.messages.values())
                if message.status is Status.SCHEDULED and (message.send_at or "") < now
            ]
        return sorted(due, key=lambda message: (message.send_at or "", message.message_id))[:limit]

    def end_scheduled(
        self, message_id: str, status: Status, at: str, code: str | None = None, reason: str | None = None
    ) -> bool:
        with self._table.lock:
            now = self._table.messages.get(message_id)
            if now is None or now.status is not Status.SCHEDULED:
                return False
            self._move(now, status, at, code, reason)
            return True

    def renumber(self, message: Message, sequence: str) -> Message:
        with self._table.lock:
            now = self._table.messages[message.message_id]
            if now.sequence == message.sequence:
                self._table.messages[message.message_id] = replace(now, sequence=sequence, late=True)
            return replace(message, sequence=sequence, late=True)

    def get(self, message_id: str) -> Message | None:
        return self._table.messages.get(message_id)

    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        found = (self._table.messages.get(message_id) for message_id in dict.fromkeys(message_ids))
        return [message for message in found if message is not None]

    def begin(self, message_id: str, look_at: str) -> None:
        with self._table.lock:
            message = self._table.messages[message_id]
            if not message.routed:
                self._table.messages[message_id] = replace(message, routed=True)
                self._table.due_at[message_id] = look_at

    def due(self, now: str, limit: int) -> list[DueMessage]:
        with self._table.lock:
            due = sorted((at, message_id) for message_id, at in self._table.due_at.items() if at <= now)
            found = [DueMessage(self._table.messages[message_id], at) for at, message_id in due[:limit]]
        return sorted(
            found, key=lambda due_message: (due_message.message.conversation_id, due_message.message.sequence)
        )

    def postpone(self, due: DueMessage, look_at: str) -> bool:
        with self._table.lock:
            if self._table.due_at.get(due.message.message_id) != due.due_at:
                return False
            self._table.due_at[due.message.message_id] = look_at
            return True

    def settle(self, due: DueMessage) -> None:
        with self._table.lock:
            if self._table.due_at.get(due.message.message_id) == due.due_at:
                del self._table.due_at[due.message.message_id]

    def record_part(self, delivery: DeliveryPart) -> list[PartStatus]:
        assert delivery.status is not Status.PENDING, "DynamoDB refuses a condition without a value"
        part = part_status(delivery)
        with self._table.lock:
            message = self._table.messages.get(delivery.message_id)
            if message is None or not message.routed:
                return []
            parts = self._table.parts.setdefault(delivery.message_id, {})
            before = parts.get(part.key)
            first = before is None and part.round <= message.round
            if first or (before and before.round == part.round and may_become(before.status, part.status)):
                parts[part.key] = part
            return list(parts.values())

    def advance(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        settled: bool,
        code: str | None = None,
        reason: str | None = None,
    ) -> bool:
        with self._table.lock:
            message = self._table.messages.get(message_id)
            if message is None or not message.routed:
                return False
            if not may_become(message.status, status) or message.round != round_:
                return False
            self._move(message, status, at, code, reason)
            if settled or status is Status.FAILED:
                self._table.due_at.pop(message_id, None)
            return True

    def lift(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        parts: Sequence[PartStatus],
        look_at: str,
    ) -> bool:
        with self._table.lock:
            message = self._table.messages.get(message_id)
            known = self._table.parts.get(message_id, {})
            if message is None or (message.status, message.round) != (Status.FAILED, round_):
                return False
            if known != {part.key: part for part in parts}:
                return False
            self._move(replace(message, error_code=None, error_reason=None), status, at, None, None)
            if status is Status.PENDING:
                self._table.due_at[message_id] = look_at
            return True

    def reported(self, message: Message, status: Status, at: str) -> bool:
        with self._table.lock:
            now = self._table.messages[message.message_id]
            if not may_become(now.status, status):
                return False
            self._move(replace(now, routed=True), status, at, None, None)
            return True

    def give_up(self, message: Message, at: str, code: str, reason: str) -> bool:
        with self._table.lock:
            now = self._table.messages[message.message_id]
            if not may_become(now.status, Status.FAILED):
                return False
            self._move(replace(now, routed=True), Status.FAILED, at, code, reason)
            self._table.due_at.pop(message.message_id, None)
            self._table.given_up.add(message.message_id)
            return True

    def redrive(self, message: Message, parts: Sequence[DeliveryPart], at: str, look_at: str) -> int | None:
        assert len(parts) <= MOST_REDRIVEN
        with self._table.lock:
            now = self._table.messages[message.message_id]
            states = [self._table.deliveries[replace(part.delivery_id, round=0)] for part in parts]
            failed = all(state.delivery.status is Status.FAILED for state in states)
            if not failed or (now.status, now.round) != (message.status, message.round):
                return None
            round_ = message.round + 1 if parts else message.round
            if now.status is Status.FAILED:
                history = (*now.status_history, StatusChange(Status.PENDING, at))
                now = replace(
                    now, status=Status.PENDING, status_history=history, error_code=None, error_reason=None
                )
            self._table.messages[message.message_id] = replace(now, round=round_)
            self._table.due_at[message.message_id] = look_at
            self._table.given_up.discard(message.message_id)
            for state in states:
                again = _again(state.delivery, at, round_)
                key = replace(state.delivery.delivery_id, round=0)
                self._table.deliveries[key] = DeliveryState(again, None, 0.0, 0, 0)
                if not is_alone(again):
                    part = part_status(again)
                    self._table.parts.setdefault(message.message_id, {})[part.key] = part
            return round_

    def _move(self, message: Message, status: Status, at: str, code: str | None, reason: str | None) -> None:
        if status in PROOF:
            message = replace(message, error_code=None, error_reason=None)
            self._table.given_up.discard(message.message_id)
        self._table.messages[message.message_id] = replace(
            message,
            status=status,
            status_history=(*message.status_history, StatusChange(status, at)),
            error_code=code if code is not None else message.error_code,
            error_reason=(reason or "") if code is not None else message.error_reason,
        )

    def arriving(self, message_id: str) -> Arriving:
        album_id, _ = self._table.albums.get(message_id, (None, ""))
        deletion = self._table.parked_deletions.get(message_id)
        return Arriving(self._table.messages.get(message_id), deletion, album_id)

    def join_album(self, message_id: str, album: Message, name: str) -> None:
        self._table.albums[message_id] = (album.message_id, name)

    def rewrite(self, message: Message, changed: Message) -> bool:
        with self._table.lock:
            now = self._table.messages[message.message_id]
            if now.deleted_at is not None or (now.content, now.received, now.items) != (
                message.content,
                message.received,
                message.items,
            ):
                return False
            self._table.messages[message.message_id] = replace(
                now,
                content=changed.content,
                received=changed.received,
                edits=changed.edits,
                items=changed.items,
                deleted_at=changed.deleted_at,
                edit_id=changed.edit_id,
                deletion_id=changed.deletion_id,
                late=changed.late,
            )
            return True

    def park_deletion(self, message_id: str, deletion: Deletion, expires_at: int) -> None:
        self._table.parked_deletions[message_id] = deletion

    def history(self, conversation_id: str, after: str, before: str | None, limit: int) -> list[Message]:
        assert limit > 0
        numbered = [
            message
            for message in tuple(self._table.messages.values())
            if message.conversation_id == conversation_id
            and message.notice is None
            and message.act is None
            and message.was_accepted
            and message.sequence > after
            and (before is None or message.sequence < before)
        ]
        return sorted(numbered, key=lambda message: message.sequence, reverse=True)[:limit]

    def senders(self, conversation_id: str, after: str, limit: int) -> list[str | None]:
        found = self.history(conversation_id, after, None, limit)
        return [None if isinstance(message.content, Reaction) else message.sender_id for message in found]

    def history_by_sent(
        self, conversation_id: str, after: str, past: SentCursor | None, limit: int
    ) -> list[Message]:
        numbered = [
            message
            for message in tuple(self._table.messages.values())
            if message.conversation_id == conversation_id
            and message.notice is None
            and message.act is None
            and message.was_accepted
            and message.sequence > after
            and (past is None or sent_place(message) < (past.sent_at, past.sequence))
        ]
        return sorted(numbered, key=sent_place, reverse=True)[:limit]

    def search(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        found = [
            (at, message.message_id)
            for message in tuple(self._table.messages.values())
            if (at := self._listed_at(message, query)) is not None
        ]
        if query.order is TimeOrder.NEWEST_FIRST:
            return newest_first(found, after, limit)
        past = [entry for entry in sorted(found) if after is None or entry > (after.at, after.item_id)]
        return [(TimeCursor(at, item_id), item_id) for at, item_id in past[:limit]]

    def _listed_at(self, message: Message, query: MessageQuery) -> str | None:
        """Of the statuses, PENDING and FAILED are listed, by the time of the next look and of the failure."""
        if query.status is None:
            is_listed = (
                message.sender_id == query.sender_id
                and not (message.notice or message.act)
                and message.was_accepted
            )
            return message.accepted_at if is_listed else None
        if message.status is not query.status:
            return None
        if message.status is Status.FAILED:
            return message.status_history[-1].at
        if message.status is Status.SCHEDULED:
            return message.send_at
        return self._table.due_at.get(message.message_id) if message.status is Status.PENDING else None

    def latest_from(self, user_id: str, channel: str, account: str, since: str) -> str | None:
        there = (
            message.written_at
            for message in tuple(self._table.messages.values())
            if (message.sender_id, message.channel, message.account) == (user_id, channel, account)
            if message.accepted_at >= since
        )
        return max((at for at in there if at is not None and at > since), default=None)

    def find(self, channel: str, account: str, provider_message_id: str) -> Message | None:
        known: list[DeliveryPart | Message] = [
            state.delivery for state in tuple(self._table.deliveries.values())
        ]
        known += self._table.messages.values()
        found = [
            item
            for item in known
            if (item.channel, item.account) == (channel, account)
            and is_named(item.provider_message_id, provider_message_id)
        ]
        items = [
            album
            for album_id, name in self._table.albums.values()
            if (album := self._table.messages[album_id]).channel == channel
            and album.account == account
            and is_named(name, provider_message_id)
        ]
        if items:
            return items[0]
        latest = max(found, key=lambda item: item.provider_message_id or "", default=None)
        return self._table.messages.get(latest.message_id) if latest else None


def _again(delivery: DeliveryPart, at: str, round_: int) -> DeliveryPart:
    return replace(
        delivery,
        status=Status.PENDING,
        round=round_,
        attempts=0,
        provider_message_id=None,
        error_code=None,
        error_reason=None,
        status_history=(*delivery.status_history, StatusChange(Status.PENDING, at)),
    )
