"""What the rounds on each local cloud say."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.traffic.spread import Spread, quantile, spread

MB = 1_000_000


class Visit(msgspec.Struct, frozen=True):
    """One start of a local cloud and what was done on it.

    `idle_mb` after the start, `greatest_mb` under load: of all its processes, the simulators included.
    """

    start_s: float
    idle_mb: float
    greatest_mb: float
    accepted_per_s: float
    arrival_ms: Sequence[float]
    upload_mb_per_s: float


class BackendFigures(msgspec.Struct, frozen=True):
    """`arrival_p50_ms` and `arrival_p95_ms`: from POST to provider, over the messages of all rounds."""

    start_s: Spread
    idle_mb: Spread
    greatest_mb: Spread
    accepted_per_s: Spread
    arrival_p50_ms: float
    arrival_p95_ms: float
    upload_mb_per_s: Spread


class BackendsFigures(msgspec.Struct, frozen=True):
    """By the backend's name."""

    rounds: int
    messages: int
    upload_mb: float
    backends: Mapping[str, BackendFigures]


def backend_figures(visits: Sequence[Visit]) -> BackendFigures:
    arrivals = [ms for one in visits for ms in one.arrival_ms]
    return BackendFigures(
        start_s=spread([one.start_s for one in visits]),
        idle_mb=spread([one.idle_mb for one in visits]),
        greatest_mb=spread([one.greatest_mb for one in visits]),
        accepted_per_s=spread([one.accepted_per_s for one in visits]),
        arrival_p50_ms=quantile(arrivals, 0.5),
        arrival_p95_ms=quantile(arrivals, 0.95),
        upload_mb_per_s=spread([one.upload_mb_per_s for one in visits]),
    )
