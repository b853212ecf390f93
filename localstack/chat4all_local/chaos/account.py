"""The account of all accepted messages: the findings of the ledger, and the statuses of the API.

A message is lost unless it is at the provider and its status says so, or its status is FAILED with a code.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.traffic.delivered import overtaken
from chat4all_local.traffic.ledger import Arrivals
from chat4all_local.traffic.load import Posted


class Fate(msgspec.Struct, frozen=True):
    """The final status of a message in the API; `code` is the error of a FAILED message."""

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


def account(
    posted: Sequence[Posted],
    observed: Arrivals,
    fates: Mapping[str, Fate],
    uncertain: Sequence[Posted] = (),
) -> Account:
    """Sum up the results of the posted messages; `fates` are by message id.

    The cloud may have taken the `uncertain` messages, although their POSTs got no 202. `observed` contains
    their arrivals, too. Such a message may be missing, but must be neither repeated nor out of order.
    """
    # A provider may accept a message, and later report that it could not deliver it.
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
        out_of_order=overtaken((*posted, *uncertain), observed.at),
        failures=dict(codes),
        lost_texts=[message.text for message in posted if message.message_id not in well],
    )


def _is_settled(fate: Fate | None) -> bool:
    return fate is not None and fate.status in {"SENT", "DELIVERED", "READ"}


def _has_failed(fate: Fate | None) -> bool:
    return fate is not None and fate.status == "FAILED" and fate.code is not None
