"""The executor's settings, read from environment variables. The README lists them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_ON = ("", "1", "true")


@dataclass(frozen=True)
class Settings:
    """The interpreter of the functions, their memory limit, and the LocalStack variables passed to them."""

    python: str
    limits_memory: bool
    passed: tuple[str, ...]


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    return Settings(
        python=environment.get("LAMBDA_PROCESS_PYTHON") or sys.executable,
        limits_memory=environment.get("LAMBDA_PROCESS_LIMIT_MEMORY", "").lower() in _ON,
        passed=tuple(environment.get("LAMBDA_PROCESS_PASS", "").replace(",", " ").split()),
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
