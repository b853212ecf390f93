"""The machine that was measured on: without it no figure means anything."""

import os
import platform
from datetime import UTC, datetime

import msgspec


class Machine(msgspec.Struct, frozen=True):
    """The machine of a benchmark. `load`: the processes that wanted to run in the minute before it."""

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
