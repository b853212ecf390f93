"""What became of every accepted message: by the providers' transcripts, and by the API.

A message is lost unless the provider has it and the API says so, or the API says FAILED and why.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chat4all_local.chaos.load import Posted
from chat4all_local.simulators.control_api import SendRecord


class Fate(msgspec.Struct, frozen=True):
    """What the API says of a message; `code` of a FAILED one."""

    status: str
    code: str | None = None


class Account(msgspec.Struct, frozen=True):
    """The ledger's sums; `failures` counts the FAILED by their codes, `latencies` are seconds by channel."""

    accepted: int
    delivered: int
    failed: int
    lost: int
    repeated: int
    out_of_order: int
    failures: Mapping[str, int]
    lost_texts: Sequence[str]


def account(posted: Sequence[Posted], sends: Iterable[SendRecord], fates: Mapping[str, Fate]) -> Account:
    """`fates` by message id; `sends` are those that the providers accepted, in their order."""
    ours = {(one.talk.address, one.text): one for one in posted}
    copies: Counter[tuple[str, str]] = Counter()
    arrived: dict[str, list[Posted]] = defaultdict(list)
    for send in sends:
        key = (send.address or "", send.text or "")
        if key in ours:
            copies[key] += 1
            if copies[key] == 1:
                arrived[send.address or ""].append(ours[key])
    # A provider may take a message on, and tell afterwards that it could not deliver it.
    failed = [one for one in posted if _has_failed(fates.get(one.message_id))]
    delivered = [one for one in posted if copies[(one.talk.address, one.text)] and one not in failed]
    settled = [one for one in delivered if _is_settled(fates.get(one.message_id))]
    well = {one.message_id for one in (*settled, *failed)}
    codes = Counter(fate.code or "" for one in failed if (fate := fates.get(one.message_id)))
    return Account(
        accepted=len(posted),
        delivered=len(delivered),
        failed=len(failed),
        lost=len(posted) - len(well),
        repeated=sum(copies.values()) - len(copies),
        out_of_order=out_of_order(posted, arrived),
        failures=dict(codes),
        lost_texts=[one.text for one in posted if one.message_id not in well],
    )


def out_of_order(posted: Sequence[Posted], arrived: Mapping[str, Sequence[Posted]]) -> int:
    """How many arrived after one that had been accepted later, in their conversation."""
    place = {one.message_id: number for number, one in enumerate(posted)}
    wrong = 0
    for messages in arrived.values():
        latest = -1
        for one in messages:
            wrong += place[one.message_id] < latest
            latest = max(latest, place[one.message_id])
    return wrong


def _is_settled(fate: Fate | None) -> bool:
    return fate is not None and fate.status in {"SENT", "DELIVERED", "READ"}


def _has_failed(fate: Fate | None) -> bool:
    return fate is not None and fate.status == "FAILED" and fate.code is not None
