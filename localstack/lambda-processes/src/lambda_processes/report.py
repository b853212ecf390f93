"""The log lines that Lambda adds to a function's output, and the errors that Lambda reports itself."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lambda_processes.events import Exited


@dataclass(frozen=True)
class Report:
    """Figures of an invocation: durations in ms, the memory limit, and the peak memory if it is known."""

    request_id: str
    version: str
    duration: float
    init_duration: float | None
    memory_mb: int
    used_mb: int | None
    failure: str = ""
    """Lambda's line about an invocation that the function did not answer."""

    def around(self, printed: str) -> str:
        used = f"\tMax Memory Used: {self.used_mb} MB" if self.used_mb is not None else ""
        init = f"\tInit Duration: {self.init_duration:.2f} ms" if self.init_duration is not None else ""
        lines = [
            f"START RequestId: {self.request_id} Version: {self.version}",
            printed.rstrip("\n"),
            self.failure,
            f"END RequestId: {self.request_id}",
            (
                f"REPORT RequestId: {self.request_id}\tDuration: {self.duration:.2f} ms"
                f"\tBilled Duration: {math.ceil(self.duration)} ms"
                f"\tMemory Size: {self.memory_mb} MB{used}{init}"
            ),
        ]
        return "\n".join(line for line in lines if line) + "\n"


def most_memory_mb(pid: int) -> int | None:
    """Return the peak of resident memory in MB; None except on Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return None


def timed_out(request_id: str, seconds: float) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return _error("Sandbox.Timedout", f"{now}Z {request_id} Task timed out after {seconds:.2f} seconds")


def exited(request_id: str, end: Exited) -> bytes:
    return _error(
        "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {end.reason}"
    )


def stopped(request_id: str) -> bytes:
    return _error("Runtime.Shutdown", f"RequestId: {request_id} Error: the environment was stopped")


def message_of(error: bytes) -> str:
    """Return the message of an error that Lambda reports itself."""
    return str(json.loads(error)["errorMessage"])


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
