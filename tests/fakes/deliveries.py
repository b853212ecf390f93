"""Deliveries in memory."""

from msgspec.structs import replace

from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.parts import latest_provider_id
from chat4all.domain.provider_names import is_named
from chat4all.domain.status import PROOF, Status, StatusChange, may_become
from chat4all.domain.waiting import ParkedStatus
from tests.fakes.message_table import DeliveryState, MessageTable


class MemoryDeliveries:
    def __init__(self, table: MessageTable) -> None:
        self._table = table

    def claim(
        self, requested: DeliveryRequested, claim_id: str, now: float, until: float
    ) -> Claimed | ClaimRefused:
        with self._table.lock:
            state = self._table.deliveries.get(_key(requested.delivery_id))
            if state is not None and state.delivery.status is not Status.PENDING:
                return ClaimRefused(state.delivery, None)
            if state is not None and state.delivery.round > requested.round:
                return ClaimRefused(state.delivery, None)
            if state is not None and state.claim_id is not None and state.claimed_until >= now:
                return ClaimRefused(state.delivery, state.claimed_until)
            claimed = _claimed(requested, state, claim_id, until)
            self._table.deliveries[_key(requested.delivery_id)] = claimed
            return Claimed(claimed.delivery, claim_id, claimed.failures, claimed.open_claims > 1)

    def recount(self, delivery: DeliveryPart, recipient_count: int) -> DeliveryPart:
        with self._table.lock:
            state = self._table.deliveries.get(_key(delivery.delivery_id))
            if state is not None and state.delivery.recipient_count > recipient_count:
                self._put(replace(state, delivery=replace(state.delivery, recipient_count=recipient_count)))
            return replace(delivery, recipient_count=recipient_count)

    def record_sent(
        self, claimed: Claimed, provider_message_id: str, at: str, album_ids: tuple[str, ...] = ()
    ) -> None:
        with self._table.lock:
            state = self._mine(claimed)
            if state is not None:
                sent = _forward(state.delivery, Status.SENT, at)
                self._put(
                    _unclaimed(
                        state, replace(sent, provider_message_id=provider_message_id, album_ids=album_ids)
                    )
                )

    def record_failed(self, claimed: Claimed, code: str, reason: str, at: str) -> None:
        with self._table.lock:
            state = self._mine(claimed)
            if state is not None and state.delivery.status is Status.PENDING:
                failed = _forward(state.delivery, Status.FAILED, at)
                self._put(_unclaimed(state, replace(failed, error_code=code, error_reason=reason)))

    def end(self, requested: DeliveryRequested, now: float, code: str, reason: str, at: str) -> bool:
        with self._table.lock:
            state = self._table.deliveries.get(_key(requested.delivery_id))
            if state is None:
                state = _unclaimed(
                    _claimed(requested, None, "", 0.0), _claimed(requested, None, "", 0.0).delivery
                )
                state = replace(state, delivery=replace(state.delivery, attempts=0))
            delivery = state.delivery
            if (
                delivery.status is Status.PENDING
                and state.claim_id is not None
                and state.claimed_until >= now
            ):
                return False
            if delivery.status in {Status.PENDING, Status.SENT}:
                failed = _forward(delivery, Status.FAILED, at)
                self._put(_unclaimed(state, replace(failed, error_code=code, error_reason=reason)))
            return True

    def release(self, claimed: Claimed, counts: Counts) -> None:
        with self._table.lock:
            state = self._mine(claimed)
            if state is None:
                return
            attempts = state.delivery.attempts - (1 if counts is Counts.NOTHING else 0)
            free = _unclaimed(state, replace(state.delivery, attempts=attempts))
            failures = state.failures + (1 if counts is Counts.FAILURE else 0)
            self._put(replace(free, failures=failures, open_claims=state.open_claims - 1))

    def get(self, delivery_id: DeliveryId) -> DeliveryPart | None:
        state = self._table.deliveries.get(_key(delivery_id))
        return state.delivery if state else None

    def provider_id(self, delivery_id: DeliveryId, account: str) -> str | None:
        delivery = self.get(delivery_id)
        if delivery is not None and not delivery.replaced:
            return delivery.provider_message_id if delivery.account == account else None
        named = (delivery_id.recipient_id, delivery_id.channel, delivery_id.part)
        steps = [
            part
            for part in self.of_message(delivery_id.message_id)
            if (part.recipient_id, part.channel, part.part) == named
        ]
        if steps:
            return latest_provider_id(steps, account)
        message = self._table.messages.get(delivery_id.message_id)
        if message is None or message.sender_id != delivery_id.recipient_id:
            return None
        is_there = (message.channel, message.account) == (delivery_id.channel, account)
        return message.provider_message_id if is_there else None

    def of_message(self, message_id: str) -> list[DeliveryPart]:
        with self._table.lock:
            states = self._table.deliveries.values()
            return [state.delivery for state in states if state.delivery.message_id == message_id]

    def find(self, channel: str, account: str, provider_message_id: str) -> DeliveryId | None:
        with self._table.lock:
            found = [
                state.delivery
                for state in self._table.deliveries.values()
                if (state.delivery.channel, state.delivery.account) == (channel, account)
                and is_named(state.delivery.provider_message_id, provider_message_id)
            ]
        latest = max(found, key=lambda delivery: delivery.provider_message_id or "", default=None)
        return _key(latest.delivery_id) if latest else None

    def advance(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        with self._table.lock:
            state = self._table.deliveries.get(_key(delivery_id))
            if state is None:
                return None
            if not may_become(state.delivery.status, update.status):
                return state.delivery
            if update.status is Status.FAILED and state.delivery.round > delivery_id.round:
                return state.delivery
            moved = _forward(state.delivery, update.status, update.at)
            if moved.provider_message_id is None:
                moved = replace(moved, provider_message_id=update.provider_message_id)
            if update.status in PROOF:
                moved = replace(moved, error_code=None, error_reason=None)
            if update.status is Status.FAILED:
                code, reason = update.error_code or "UNKNOWN", update.error_reason or ""
                moved = replace(moved, error_code=code, error_reason=reason)
            self._put(replace(state, delivery=moved))
            return moved

    def park(self, parked: ParkedStatus) -> None:
        with self._table.lock:
            self._table.parked[_parked_key(parked)] = parked

    def parked(self, now: str, limit: int) -> list[ParkedStatus]:
        with self._table.lock:
            due = [parked for parked in self._table.parked.values() if parked.due_at <= now]
        return sorted(due, key=lambda parked: parked.due_at)[:limit]

    def unpark(self, parked: ParkedStatus) -> None:
        with self._table.lock:
            self._table.parked.pop(_parked_key(parked), None)

    def _mine(self, claimed: Claimed) -> DeliveryState | None:
        state = self._table.deliveries[_key(claimed.delivery.delivery_id)]
        return state if state.claim_id == claimed.claim_id else None

    def _put(self, state: DeliveryState) -> None:
        self._table.deliveries[_key(state.delivery.delivery_id)] = state


def _key(delivery_id: DeliveryId) -> DeliveryId:
    return replace(delivery_id, round=0)


def _claimed(
    requested: DeliveryRequested, before: DeliveryState | None, claim_id: str, until: float
) -> DeliveryState:
    to = requested.recipient
    delivery = DeliveryPart(
        message_id=requested.message_id,
        recipient_id=to.user_id,
        channel=to.channel,
        account=to.account,
        address=to.address,
        part=requested.part,
        part_count=requested.part_count,
        recipient_count=requested.recipient_count,
        status=Status.PENDING,
        attempts=(before.delivery.attempts if before else 0) + 1,
        conversation_id=requested.conversation_id,
        sequence=requested.sequence,
        recipient_number=to.number,
        route=to.position,
        step=to.step,
        round=before.delivery.round if before else requested.round,
        fallback=bool(requested.recipient.fallbacks),
        status_history=before.delivery.status_history if before else (),
    )
    open_claims = (before.open_claims if before else 0) + 1
    return DeliveryState(delivery, claim_id, until, open_claims, before.failures if before else 0)


def _unclaimed(state: DeliveryState, delivery: DeliveryPart) -> DeliveryState:
    return DeliveryState(delivery, None, 0.0, 0, state.failures)


def _forward(delivery: DeliveryPart, status: Status, at: str) -> DeliveryPart:
    if not may_become(delivery.status, status):
        return delivery
    return replace(
        delivery, status=status, status_history=(*delivery.status_history, StatusChange(status, at))
    )


def _parked_key(parked: ParkedStatus) -> tuple[str, str]:
    update = parked.update
    by_provider = f"{update.channel}#{update.account}#{update.provider_message_id}"
    return update.delivery_id or by_provider, update.status.value
