"""An execution environment that is started again after it has ended."""

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lambda_processes.environment import Environment, InitError, Result
from lambda_processes.events import Invocation
from lambda_processes.report import stopped
from lambda_processes.version import Version

RELOADED_WITHIN_S: Final = 60.0


class Sandbox:
    """An execution environment for a server that manages environments itself.

    `variables` are its own, besides the program's. `reload_within` limits each start but the first, in
    seconds. Call `start` first, then `invoke` from a single thread at a time. Any thread may call `stop`.
    """

    def __init__(
        self,
        version: Version,
        variables: Mapping[str, str] = MappingProxyType({}),
        *,
        reload_within: float = RELOADED_WITHIN_S,
    ) -> None:
        self._version = version
        self._variables = variables
        self._reload_within = reload_within
        self._environment: Environment | None = None
        self._is_stopped = False
        self._lock = threading.Lock()

    def start(self, within: float | None = None) -> Environment:
        """Start an environment, and wait until the function is loaded.

        Raises InitError, also after `within` seconds.
        """
        environment = self._version.start(within, self._variables)
        with self._lock:
            is_stopped = self._is_stopped
            self._environment = environment
        if is_stopped:
            environment.stop()
            raise InitError(stopped(""), "")
        return environment

    def invoke(self, invocation: Invocation) -> Result:
        """Invoke the function. If its environment has ended, a new one is started first."""
        began = time.monotonic()
        try:
            environment = self._living()
        except InitError as error:
            return error.result(self._version.program, invocation, (time.monotonic() - began) * 1000)
        return environment.invoke(invocation)

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            environment = self._environment
        if environment is not None:
            environment.stop()

    def printed(self) -> str:
        """Return the output since the last call."""
        return self._environment.printed() if self._environment is not None else ""

    def _living(self) -> Environment:
        environment = self._environment
        if environment is not None and environment.is_alive:
            return environment
        if environment is not None:
            environment.stop()
        return self.start(self._reload_within)
