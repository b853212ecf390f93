"""The messages and statuses that have arrived so far."""

from collections.abc import Mapping

import msgspec

from chat4all.entrypoints.http.message_views import MessageView, ProgressView
from chat4all_local.simulators.control_api import SendRecord

ORDER = ("PENDING", "SENT", "DELIVERED", "READ")


class Observed(msgspec.Struct, frozen=True):
    """The observations so far.

    `provided`: the sends that a provider accepted, in order, by channel. `histories`: the messages, oldest
    first, by conversation. `statuses`: the last known statuses, by message id.
    """

    provided: Mapping[str, tuple[SendRecord, ...]] = {}
    histories: Mapping[str, tuple[MessageView, ...]] = {}
    statuses: Mapping[str, ProgressView] = {}

    def has_come(self, message_id: str, channel: str, status: str) -> bool:
        """Return whether the delivery of a message on `channel` has reached `status`."""
        known = self.statuses.get(message_id)
        found = (
            (delivery.status for delivery in known.deliveries if delivery.channel == channel) if known else ()
        )
        return any(reached in ORDER[ORDER.index(status) :] for reached in found)
