"""Try a delivery again whose failure the provider reported after it had taken the message.

A reason means the same here as in the answer to a send. If the provider refuses our account, the account's
circuit opens, and what follows waits. If the reason passes, the delivery is redriven: `relay` requests it
again after a while. The message is FAILED in the end if the provider reports a failure MAX_FAILURES times.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.dead_letters import MOST_REDRIVEN
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import StatusUpdate
from chat4all.domain.retry import MAX_FAILURES, Jitter, backoff_s
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.messaging.circuit import Attempt, ChannelCircuits
from chat4all.services.messaging.ports import Deliveries, Messages

PASSING: Final = frozenset({Outcome.RETRY, Outcome.THROTTLED, Outcome.CHANNEL_PAUSED})
"""The outcomes after which the same message may reach the same person later."""
_OF_THE_ACCOUNT: Final = frozenset({Outcome.RETRY, Outcome.CHANNEL_PAUSED})
_FIRST_WAIT_S: Final = 60.0
_LONGEST_WAIT_S: Final = 3600.0
_TRIES: Final = 3


class TryAgain:
    def __init__(
        self,
        messages: Messages,
        deliveries: Deliveries,
        circuits: Mapping[str, ChannelCircuits],
        clock: Clock,
        jitter: Jitter,
    ) -> None:
        """`circuits`: the breakers of each channel's accounts."""
        self._messages = messages
        self._deliveries = deliveries
        self._circuits = circuits
        self._clock = clock
        self._jitter = jitter

    def __call__(self, delivery: DeliveryPart, update: StatusUpdate) -> None:
        """Do what follows if `update` made the delivery FAILED for a reason that passes.

        A recipient with a next channel is reached there, and not on this channel again.
        """
        if update.outcome not in PASSING or delivery.status is not Status.FAILED:
            return
        reported = [change.at for change in delivery.status_history if change.status is Status.FAILED]
        if reported[-1] == update.at:
            self._report(delivery, update, update.outcome)
        if not delivery.fallback and len(reported) < MAX_FAILURES:
            self._redrive(delivery, len(reported))

    def _report(self, delivery: DeliveryPart, update: StatusUpdate, outcome: Outcome) -> None:
        if outcome in _OF_THE_ACCOUNT:
            error = SendError(outcome, update.error_code or "UNKNOWN", update.error_reason or "")
            circuit = self._circuits[delivery.channel].of(delivery.account)
            circuit.report(Attempt.FREELY, delivery.address, error)

    def _redrive(self, delivery: DeliveryPart, failures: int) -> None:
        """Make the failed parts of the delivery PENDING again; `relay` requests them after a while.

        Parts that were not sent because this part had failed are among them.
        """
        wait_s = backoff_s(failures, self._jitter(), base_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S)
        for _ in range(_TRIES):
            message = self._messages.get(delivery.message_id)
            parts = [
                part for part in self._deliveries.of_message(delivery.message_id) if _goes(part, delivery)
            ]
            if message is None or not parts:
                return
            now = self._clock()
            look_at = iso(now + timedelta(seconds=wait_s))
            if self._messages.redrive(message, parts[:MOST_REDRIVEN], iso(now), look_at) is not None:
                return


def _goes(part: DeliveryPart, failed: DeliveryPart) -> bool:
    """Return whether the part goes again together with the failed part."""
    same = (part.recipient_id, part.channel, part.step) == (
        failed.recipient_id,
        failed.channel,
        failed.step,
    )
    return same and part.status is Status.FAILED
