"""A version of a function, as its processes run it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_processes.search_paths import search_paths


@dataclass(frozen=True)
class Program:
    """The function's interpreter, code and settings.

    `environment` is the whole environment of its processes. `timeout` is in seconds. `memory_mb` is shown in
    reports, and limits the processes if `limits_memory`. `version` is the version's number or `$LATEST`.
    """

    python: str
    handler: str
    folder: Path
    environment: Mapping[str, str]
    timeout: float
    memory_mb: int
    limits_memory: bool
    version: str

    @property
    def memory_limit(self) -> int:
        """The limit in bytes; 0 for none."""
        return self.memory_mb * 1024 * 1024 if self.limits_memory else 0


def common_variables(layers: Sequence[Path], runtime: str, passed: Iterable[str]) -> dict[str, str]:
    """Return the variables of every function, and the server's own variables that are `passed`."""
    return {
        "LANG": "C.UTF-8",
        **search_paths(layers, runtime),
        **{name: os.environ[name] for name in passed if name in os.environ},
    }
