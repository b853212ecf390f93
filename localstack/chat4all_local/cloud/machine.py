"""The machine of a measurement: a figure has no meaning without it."""

import os
import platform
from datetime import UTC, datetime

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """The machine of a benchmark. `load`: the load average of the minute before the measurement."""

    measured_at: str
    system: str
    python: str
    processors: int
    load: float


def this_machine() -> Machine:
    return Machine(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        processors=os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2),
    )
