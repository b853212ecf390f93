"""The figures of the rounds on each local cloud."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.traffic.spread import Spread, quantile, spread

MB = 1_000_000


class Visit(msgspec.Struct, frozen=True):
    """A start of a local cloud, and the measurements on it.

    `idle_mb` is the memory after the start, `greatest_mb` the most under load. Both count all processes of
    the
    cloud, the simulators included.
    """

    start_s: float
    idle_mb: float
    greatest_mb: float
    accepted_per_s: float
    arrival_ms: Sequence[float]
    upload_mb_per_s: float


class BackendFigures(msgspec.Struct, frozen=True):
    """Figures of a backend. The arrival times run from POST to provider, over the messages of all rounds."""

    start_s: Spread
    idle_mb: Spread
    greatest_mb: Spread
    accepted_per_s: Spread
    arrival_p50_ms: float
    arrival_p95_ms: float
    upload_mb_per_s: Spread


class BackendsFigures(msgspec.Struct, frozen=True):
    """The figures of each backend, by its name."""

    rounds: int
    messages: int
    upload_mb: float
    backends: Mapping[str, BackendFigures]


def backend_figures(visits: Sequence[Visit]) -> BackendFigures:
    arrivals = [ms for visit in visits for ms in visit.arrival_ms]
    return BackendFigures(
        start_s=spread([visit.start_s for visit in visits]),
        idle_mb=spread([visit.idle_mb for visit in visits]),
        greatest_mb=spread([visit.greatest_mb for visit in visits]),
        accepted_per_s=spread([visit.accepted_per_s for visit in visits]),
        arrival_p50_ms=quantile(arrivals, 0.5),
        arrival_p95_ms=quantile(arrivals, 0.95),
        upload_mb_per_s=spread([visit.upload_mb_per_s for visit in visits]),
    )
