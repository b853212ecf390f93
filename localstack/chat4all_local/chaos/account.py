"""The account of every accepted message: what the ledger found, and what the API says of it.

A message is lost unless the provider has it and the API says so, or the API says FAILED and why.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.traffic.ledger import Arrivals
from chat4all_local.traffic.load import Posted


class Fate(msgspec.Struct, frozen=True):
    """The status of a message by the API; `code` of a FAILED message."""

    status: str
    code: str | None = None


class Sums(msgspec.Struct, frozen=True):
    """The numbers of messages by their result."""

    accepted: int
    delivered: int
    failed: int
    lost: int
    repeated: int
    out_of_order: int


class Account(Sums, frozen=True):
    """The sums, the FAILED messages by code, and the lost messages."""

    failures: Mapping[str, int]
    lost_texts: Sequence[str]


def account(posted: Sequence[Posted], observed: Arrivals, fates: Mapping[str, Fate]) -> Account:
    """Sum up what became of the posted messages; `fates` by message id."""
    # A provider may take a message on, and tell afterwards that it could not deliver it.
    failed = [message for message in posted if _has_failed(fates.get(message.message_id))]
    delivered = [message for message in posted if message.message_id in observed.at and message not in failed]
    settled = [message for message in delivered if _is_settled(fates.get(message.message_id))]
    well = {message.message_id for message in (*settled, *failed)}
    codes = Counter(fate.code or "" for message in failed if (fate := fates.get(message.message_id)))
    return Account(
        accepted=len(posted),
        delivered=len(delivered),
        failed=len(failed),
        lost=len(posted) - len(well),
        repeated=observed.repeated,
        out_of_order=observed.out_of_order,
        failures=dict(codes),
        lost_texts=[message.text for message in posted if message.message_id not in well],
    )


def _is_settled(fate: Fate | None) -> bool:
    return fate is not None and fate.status in {"SENT", "DELIVERED", "READ"}


def _has_failed(fate: Fate | None) -> bool:
    return fate is not None and fate.status == "FAILED" and fate.code is not None
