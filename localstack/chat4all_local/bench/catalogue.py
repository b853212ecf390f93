"""The benchmarks by name, in the order in which they run. The quiet benchmarks come first."""

from typing import Final

from chat4all_local.bench.backends.measure import backends
from chat4all_local.bench.coldstart.measure import measure as coldstart
from chat4all_local.bench.history.measure import measure as history
from chat4all_local.bench.load.measure import load
from chat4all_local.bench.message.measure import measure as message
from chat4all_local.bench.overhead.measure import measure as overhead
from chat4all_local.bench.pipeline.measure import measure as pipeline
from chat4all_local.bench.report import Benchmarks
from chat4all_local.bench.upload.measure import resume, upload

LOAD: Final = "load"
"""Runs only by name: it takes the cloud to its limits, for minutes."""
BENCHMARKS: Final[Benchmarks] = {
    "coldstart": coldstart,
    "overhead": overhead,
    "upload": upload,
    "resume": resume,
    "message": message,
    "history": history,
    "pipeline": pipeline,
    "backends": backends,
    LOAD: load,
}
