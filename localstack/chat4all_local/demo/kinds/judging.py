"""The verdict on the kinds: what each customer's app showed, and what came back."""

from collections.abc import Mapping

import msgspec

from chat4all_local.traffic.participants import BY_CHANNEL


class Seen(msgspec.Struct, frozen=True):
    """What came of a kind on a channel; `fault` says what did not come, and is None if all did."""

    how: str
    fault: str | None = None


class KindRow(msgspec.Struct, frozen=True):
    """A kind, and what was seen of it by channel; a channel that does not have it is missing."""

    name: str
    seen: Mapping[str, Seen]


class KindsVerdict(msgspec.Struct, frozen=True):
    rows: tuple[KindRow, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(
            f"{row.name} at {BY_CHANNEL[channel].title}: {seen.fault}"
            for row in self.rows
            for channel, seen in row.seen.items()
            if seen.fault is not None
        )

    @property
    def is_good(self) -> bool:
        return not self.faults


def judge_kinds(seen: Mapping[str, Mapping[str, Seen]]) -> KindsVerdict:
    """Turn what was seen, by channel and kind, into rows; the kinds keep the order of their first sight."""
    names = dict.fromkeys(name for kinds in seen.values() for name in kinds)
    return KindsVerdict(
        tuple(
            KindRow(name, {channel: kinds[name] for channel, kinds in seen.items() if name in kinds})
            for name in names
        )
    )
