"""The settings, read from environment variables. The README lists them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lambda_processes.pool import Limits

_ON = ("", "1", "true")


@dataclass(frozen=True)
class Settings:
    """The interpreter of the functions, their limits, and the server's variables that are passed to them."""

    python: str
    limits_memory: bool
    passed: tuple[str, ...]
    limits: Limits


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises ValueError for a limit that is not a number."""
    cores = os.cpu_count() or 1

    def number(name: str, default: float) -> float:
        return float(environment.get(f"LAMBDA_PROCESS_{name}") or default)

    return Settings(
        python=environment.get("LAMBDA_PROCESS_PYTHON") or sys.executable,
        limits_memory=environment.get("LAMBDA_PROCESS_LIMIT_MEMORY", "").lower() in _ON,
        passed=tuple(environment.get("LAMBDA_PROCESS_PASS", "").replace(",", " ").split()),
        limits=Limits(
            per_function=int(number("PER_FUNCTION", 2 + cores)),
            machine=int(number("MACHINE", 8 + 8 * cores)),
            cold_starts=int(number("COLD_STARTS", cores)),
            waiting=int(number("WAITING", 256)),
            wait_s=number("WAIT_SECONDS", 29),
        ),
    )


@cache
def runtime_of(python: str) -> str:
    """Return the Lambda runtime that an interpreter provides, such as `python3.11`.

    Raises OSError, CalledProcessError.
    """
    code = "import awslambdaric, sys; print('python%d.%d' % sys.version_info[:2])"
    return subprocess.run(  # noqa: S603 (the interpreter comes from the settings)
        [python, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()
