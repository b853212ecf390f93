"""Deliveries: a process claims a delivery, sends it and records the send; statuses move it forward."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chat4all.adapters.dynamodb.message_rows import (
    DELIVERY,
    MESSAGE,
    PARKED,
    DeliveryRow,
    DueRow,
    MessageRow,
    ParkedRow,
    ProviderRow,
    dead_keys,
    delivery_id_of,
    delivery_of,
    delivery_record,
    due_keys,
    history_line,
    provider_row,
)
from chat4all.adapters.dynamodb.rows import answering, as_read, bind, updated
from chat4all.adapters.dynamodb.table_keys import due_key, key, provider_key
from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.clock import parse_iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.parts import latest_provider_id
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import PROOF, Status, predecessors
from chat4all.domain.waiting import ParkedStatus

_PENDING: Final = Status.PENDING.value


class DynamoDeliveries:
    def __init__(self, table_name: str) -> None:
        bind(table_name, DeliveryRow, ParkedRow, DueRow, ProviderRow, MessageRow)

    @answering
    def claim(
        self, requested: DeliveryRequested, claim_id: str, now: float, until: float
    ) -> Claimed | ClaimRefused:
        row = _empty(requested.delivery_id)
        unclaimed = DeliveryRow.claim_id.does_not_exist() | (DeliveryRow.claimed_until < now)
        not_later = DeliveryRow.round.does_not_exist() | (DeliveryRow.round <= requested.round)
        free = DeliveryRow.status.does_not_exist() | (
            (DeliveryRow.status == _PENDING) & unclaimed & not_later
        )
        if not updated(row, _claiming(requested, claim_id, until), free):
            return self._refused(requested)
        return Claimed(
            delivery=delivery_of(row),
            claim_id=claim_id,
            failures=int(row.failures or 0),
            taken_over=int(row.open_claims or 0) > 1,
        )

    @answering
    def recount(self, delivery: DeliveryPart, recipient_count: int) -> DeliveryPart:
        lower = [DeliveryRow.recipient_count.set(recipient_count)]
        updated(_empty(delivery.delivery_id), lower, DeliveryRow.recipient_count > recipient_count)
        return replace(delivery, recipient_count=recipient_count)

    @answering
    def record_sent(
        self, claimed: Claimed, provider_message_id: str, at: str, album_ids: tuple[str, ...] = ()
    ) -> None:
        delivery = claimed.delivery
        provider = provider_key(delivery.channel, delivery.account, provider_message_id)
        known = [
            DeliveryRow.provider_key.set(provider),
            DeliveryRow.provider_message_id.set(provider_message_id),
            *([DeliveryRow.album_ids.set(_listed(album_ids))] if album_ids else []),
            *_SETTLED,
        ]
        row = _empty(delivery.delivery_id)
        mine = DeliveryRow.claim_id == claimed.claim_id
        if not updated(row, [*_forward(Status.SENT, at), *known], mine & (DeliveryRow.status == _PENDING)):
            # A receipt was faster than this record: the delivery is already past SENT.
            updated(row, known, mine)

    @answering
    def record_failed(self, claimed: Claimed, code: str, reason: str, at: str) -> None:
        row = _empty(claimed.delivery.delivery_id)
        failed = [*_forward(Status.FAILED, at), *_error(claimed.delivery, code, reason), *_SETTLED]
        mine = (DeliveryRow.claim_id == claimed.claim_id) & (DeliveryRow.status == _PENDING)
        updated(row, failed, mine)

    @answering
    def end(self, requested: DeliveryRequested, now: float, code: str, reason: str, at: str) -> bool:
        unclaimed = DeliveryRow.claim_id.does_not_exist() | (DeliveryRow.claimed_until < now)
        waiting = (DeliveryRow.status == _PENDING) & unclaimed
        sent = DeliveryRow.status == Status.SENT.value
        actions = [
            *_described(requested),
            *_forward(Status.FAILED, at),
            *(DeliveryRow.error_code.set(code), DeliveryRow.error_reason.set(reason)),
            *_SETTLED,
            DeliveryRow.attempts.add(0),
        ]
        if updated(
            _empty(requested.delivery_id), actions, DeliveryRow.status.does_not_exist() | waiting | sent
        ):
            return True
        row = _find(requested.delivery_id)
        return row is not None and row.status != _PENDING

    @answering
    def release(self, claimed: Claimed, counts: Counts) -> None:
        counted = _COUNTED[counts]
        mine = DeliveryRow.claim_id == claimed.claim_id
        updated(_empty(claimed.delivery.delivery_id), [*counted, *_RELEASED], mine)

    @answering
    def get(self, delivery_id: DeliveryId) -> DeliveryPart | None:
        row = _find(delivery_id)
        return delivery_of(row) if row else None

    @answering
    def provider_id(self, delivery_id: DeliveryId, account: str) -> str | None:
        row = _find(delivery_id)
        if row is not None and not delivery_of(row).replaced:
            return row.provider_message_id if row.account == account else None
        if row is not None:
            return self._latest_provider_id(delivery_id, account)
        try:
            message = MessageRow.get(key(delivery_id.message_id), MESSAGE)
        except MessageRow.DoesNotExist:
            return None
        if len(message.steps or ()) > 1:
            return self._latest_provider_id(delivery_id, account)
        is_theirs = message.sender_id == delivery_id.recipient_id
        is_there = (message.channel, message.account) == (delivery_id.channel, account)
        return message.provider_message_id if is_theirs and is_there else None

    @answering
    def of_message(self, message_id: str) -> list[DeliveryPart]:
        rows = DeliveryRow.query(
            key(message_id), DeliveryRow.record.startswith(DELIVERY), consistent_read=True
        )
        return [delivery_of(row) for row in rows]

    @answering
    def find(self, channel: str, account: str, provider_message_id: str) -> DeliveryId | None:
        found = provider_row(channel, account, provider_message_id)
        if found is None or not found.record.startswith(DELIVERY):
            return None
        return delivery_id_of(found.partition, found.record)

    @answering
    def advance(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        row = _empty(delivery_id)
        actions = _forward(update.status, update.at)
        if update.provider_message_id is not None:
            provider = provider_key(update.channel, update.account, update.provider_message_id)
            actions += [
                DeliveryRow.provider_key.set(DeliveryRow.provider_key | provider),
                DeliveryRow.provider_message_id.set(
                    DeliveryRow.provider_message_id | update.provider_message_id
                ),
            ]
        allowed = DeliveryRow.status.is_in(*(earlier.value for earlier in predecessors(update.status)))
        if update.status is Status.FAILED:
            failing = self.get(delivery_id)
            if failing is None or failing.round > delivery_id.round:
                return failing
            actions += _error(failing, update.error_code or "UNKNOWN", update.error_reason or "")
            allowed &= _in_round(failing.round)
        if update.status in PROOF:
            actions += _NOT_FAILED
        if update.status is not Status.PENDING and updated(row, actions, allowed):
            return delivery_of(row)
        return self.get(delivery_id)

    @answering
    def park(self, parked: ParkedStatus) -> None:
        hash_key, range_key = _parked_keys(parked.update)
        ParkedRow(
            hash_key,
            range_key,
            update_json=msgspec.json.encode(parked.update).decode(),
            due_key=due_key(PARKED, hash_key),
            due_at=parked.due_at,
            gives_up_at=parked.expires_at,
            expires_at=int(parse_iso(parked.expires_at).timestamp()) + 3600,
        ).save()

    @answering
    def parked(self, now: str, limit: int) -> list[ParkedStatus]:
        keys = due_keys(PARKED, now, limit)
        return [_parked(row) for row in ParkedRow.batch_get(keys)] if keys else []

    @answering
    def unpark(self, parked: ParkedStatus) -> None:
        ParkedRow(*_parked_keys(parked.update)).delete()

    def _latest_provider_id(self, delivery_id: DeliveryId, account: str) -> str | None:
        """Return the id of the last step over the channel that did not fail, else of the last that failed."""
        rows = DeliveryRow.query(
            key(delivery_id.message_id),
            DeliveryRow.record.startswith(delivery_record(replace(delivery_id, step=0))),
            consistent_read=True,
        )
        return latest_provider_id(map(delivery_of, rows), account)

    def _refused(self, requested: DeliveryRequested) -> ClaimRefused:
        row = _find(requested.delivery_id)
        if row is None:
            raise Unavailable("The delivery changed while it was claimed; try again.")
        pending = row.status == _PENDING and int(row.round or 0) <= requested.round
        return ClaimRefused(delivery_of(row), float(row.claimed_until or 0) if pending else None)


_COUNTED: Final[dict[Counts, list[Action]]] = {
    Counts.FAILURE: [DeliveryRow.failures.add(1)],
    Counts.ATTEMPT: [],
    Counts.NOTHING: [DeliveryRow.attempts.add(-1)],
}
_UNCLAIMED: Final[list[Action]] = [DeliveryRow.claim_id.remove(), DeliveryRow.claimed_until.remove()]
_SETTLED: Final[list[Action]] = [*_UNCLAIMED, DeliveryRow.open_claims.remove()]
# The claims of dead processes stay open: a later send of the delivery may repeat their send.
_RELEASED: Final[list[Action]] = [*_UNCLAIMED, DeliveryRow.open_claims.add(-1)]


_NOT_FAILED: Final[list[Action]] = [
    DeliveryRow.error_code.remove(),
    DeliveryRow.error_reason.remove(),
    DeliveryRow.dead_key.remove(),
    DeliveryRow.dead_order.remove(),
]


def _claiming(requested: DeliveryRequested, claim_id: str, until: float) -> list[Action]:
    return [
        *_described(requested),
        DeliveryRow.status.set(_PENDING),
        DeliveryRow.claim_id.set(claim_id),
        DeliveryRow.claimed_until.set(until),
        DeliveryRow.attempts.add(1),
        DeliveryRow.open_claims.add(1),
    ]


def _described(requested: DeliveryRequested) -> list[Action]:
    """Set the attributes of a delivery that are known before its first send."""
    return [
        DeliveryRow.conversation_id.set(requested.conversation_id),
        DeliveryRow.message_sequence.set(requested.sequence),
        DeliveryRow.account.set(requested.recipient.account),
        DeliveryRow.address.set(requested.recipient.address),
        DeliveryRow.part_count.set(requested.part_count),
        DeliveryRow.recipient_count.set(requested.recipient_count),
        DeliveryRow.recipient_number.set(requested.recipient.number),
        *([DeliveryRow.route.set(requested.recipient.position)] if requested.recipient.position else []),
        *([DeliveryRow.round.set(DeliveryRow.round | requested.round)] if requested.round else []),
        *([DeliveryRow.fallback.set(True)] if requested.recipient.fallbacks else []),
    ]


def _listed(album_ids: tuple[str, ...]) -> Any:  # noqa: ANN401 - PynamoDB types the items as attributes
    return list(album_ids)


def _forward(status: Status, at: str) -> list[Action]:
    history = (DeliveryRow.status_history | []).append([history_line(status, at)])
    return [DeliveryRow.status.set(status.value), DeliveryRow.status_history.set(history)]


def _error(failing: DeliveryPart, code: str, reason: str) -> list[Action]:
    """Set the reason of the failure, and the delivery's place among the dead letters.

    A part that was not sent because of another part, or whose delivery goes on to another channel, has no
    place there.
    """
    why: list[Action] = [DeliveryRow.error_code.set(code), DeliveryRow.error_reason.set(reason)]
    if code == EARLIER_PART or failing.fallback:
        return why
    listed = dead_keys(failing.conversation_id, failing.sequence, failing.delivery_id)
    return [*why, DeliveryRow.dead_key.set(listed.shard), DeliveryRow.dead_order.set(listed.order)]


def _in_round(round_: int) -> Condition:
    return as_read(DeliveryRow.round, round_)


def _find(delivery_id: DeliveryId) -> DeliveryRow | None:
    try:
        return DeliveryRow.get(
            key(delivery_id.message_id), delivery_record(delivery_id), consistent_read=True
        )
    except DeliveryRow.DoesNotExist:
        return None


def _empty(delivery_id: DeliveryId) -> DeliveryRow:
    return DeliveryRow(key(delivery_id.message_id), delivery_record(delivery_id))


def _parked_keys(update: StatusUpdate) -> tuple[str, str]:
    by_provider = (update.channel, update.account, update.provider_message_id or "")
    subject = (update.delivery_id,) if update.delivery_id else by_provider
    return key(PARKED, *subject), f"{PARKED}#{update.status.value}"


def _parked(row: ParkedRow) -> ParkedStatus:
    update = msgspec.json.decode(row.update_json, type=StatusUpdate)
    return ParkedStatus(update, row.due_at, row.gives_up_at)
