"""Real processes for tests; each process ends with its test."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from chat4all_local.cloud.folder import StateFolder

Start = Callable[..., "subprocess.Popen[bytes]"]

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "a cloud")
    made.create()
    return made


@pytest.fixture
def python() -> Iterator[Start]:
    """Start a Python that runs `code`, which sleeps by default, in an environment of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str = SLEEP, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", code],
            env=dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()
