"""The aims of a benchmark. An aim is shown beside its figure; a missed aim does not fail the benchmark."""

from enum import StrEnum

import msgspec


class Bound(StrEnum):
    AT_LEAST = "at least"
    AT_MOST = "at most"


class Aim(msgspec.Struct, frozen=True):
    """A measured `value` and the `limit` aimed at, both in `unit` ("" for a ratio)."""

    name: str
    value: float
    bound: Bound
    limit: float
    unit: str
    met: bool


def at_least(name: str, value: float, limit: float, unit: str = "") -> Aim:
    return Aim(name, value, Bound.AT_LEAST, limit, unit, met=value >= limit)


def at_most(name: str, value: float, limit: float, unit: str = "") -> Aim:
    return Aim(name, value, Bound.AT_MOST, limit, unit, met=value <= limit)
