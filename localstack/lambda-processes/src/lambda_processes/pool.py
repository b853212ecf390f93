"""The execution environments of a machine: reused, limited, and waited for in turn.

A free environment takes the longest waiting invocation of its version. Without a free environment, one is
started if the limits allow it. If functions compete for the machine's limit, the function with the fewest
environments goes first, so that a flooded function does not stop the others.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from lambda_processes.environment import Environment, InitError, Result
from lambda_processes.events import Invocation
from lambda_processes.report import stopped
from lambda_processes.version import Version

LOG: Final = logging.getLogger(__name__)
LOADED_WITHIN_S: Final = 60.0
"""The time to load a function; on Lambda 10 s, but a busy machine is slower."""
_FORK_SERVER_KEPT: Final = 10
"""A version that is not used for this many times the idle time ends its fork server, too."""


@dataclass(frozen=True)
class Limits:
    """The limits of environments by function and by machine, and of starts at a time.

    At most `waiting` invocations of a function wait, for at most `wait_s` seconds. An environment ends after
    `idle_s` seconds without an invocation.
    """

    per_function: int
    machine: int
    cold_starts: int
    waiting: int = 256
    wait_s: float = 29.0
    idle_s: float = 60.0


class Refused(Exception):
    """No environment became free in time, or too many invocations wait already. The caller may retry."""


@dataclass(eq=False)
class _Version:
    """A version with its environments; `key` is its program's identity, `removed` runs when it is closed."""

    function: str
    qualifier: str
    key: object
    version: Version
    removed: Callable[[], None]
    idle: list[tuple[Environment, float]] = field(default_factory=list)
    waiting: deque["Future[Environment]"] = field(default_factory=deque)
    starting: int = 0
    busy: int = 0
    used_at: float = field(default_factory=time.monotonic)
    is_retired: bool = False

    @property
    def active(self) -> int:
        return self.starting + self.busy

    @property
    def count(self) -> int:
        return self.active + len(self.idle)


class Pool:
    """The environments of all functions. `on_free` runs in any thread when an environment is free."""

    def __init__(self, limits: Limits, on_free: Callable[[], None] = lambda: None) -> None:
        self.limits = limits
        self._on_free = on_free
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, str], _Version] = {}
        self._retired: list[_Version] = []
        self._is_closed = threading.Event()
        threading.Thread(target=self._end_idle, name="lambda-process-idle", daemon=True).start()

    def invoke(
        self,
        function: str,
        qualifier: str,
        key: object,
        make: Callable[[], tuple[Version, Callable[[], None]]],
        invocation: Invocation,
    ) -> Result:
        """Invoke a version of a function. If its `key` is new, `make` its Version and how it is removed.

        Environments of another key finish their invocation and end. Raises Refused.
        """
        version = self._current(function, qualifier, key, make)
        try:
            with self._environment(version) as environment:
                return environment.invoke(invocation)
        except InitError as error:
            return error.result(version.version.program, invocation, 0.0)

    def has_room(self, function: str) -> bool:
        """Return whether an invocation of the function would get an environment without waiting in line."""
        with self._lock:
            own = self._current_of(function)
            if any(version.waiting for version in own):
                return False
            return any(version.idle for version in own) or self._has_room_to_start(function)

    def is_full(self, function: str) -> bool:
        """Return whether so many invocations of the function wait that a further one would be refused."""
        with self._lock:
            return any(len(version.waiting) >= self.limits.waiting for version in self._current_of(function))

    def retire(self, is_meant: Callable[[str, str], bool]) -> None:
        """Retire the versions of which function and qualifier are meant: no invocation will come for them."""
        with self._lock:
            ended = [end for key in list(self._versions) if is_meant(*key) for end in self._retire(key)]
        _stop(ended)
        self._close_unused()

    def close(self) -> None:
        """End every environment at once."""
        self._is_closed.set()
        with self._lock:
            versions = self._all
            ended = [end for key in list(self._versions) for end in self._retire(key)]
        _stop(ended)
        for version in versions:
            version.version.close()
            version.removed()

    def _current(
        self,
        function: str,
        qualifier: str,
        key: object,
        make: Callable[[], tuple[Version, Callable[[], None]]],
    ) -> _Version:
        name = (function, qualifier)
        with self._lock:
            version = self._versions.get(name)
            if version is not None and version.key == key:
                return version
        made, removed = make()
        new = _Version(function, qualifier, key, made, removed)
        with self._lock:
            version = self._versions.get(name)
            is_known = version is not None and version.key == key
            ended = [] if is_known else self._retire(name)
            current = self._versions[name] = version if version is not None and is_known else new
        if is_known:
            removed()  # another invocation has made the version meanwhile
        _stop(ended)
        self._close_unused()
        return current

    @contextmanager
    def _environment(self, version: _Version) -> Iterator[Environment]:
        environment = self._take(version)
        try:
            yield environment
        finally:
            self._release(version, environment)

    def _take(self, version: _Version) -> Environment:
        """Wait for an environment. Raises Refused, InitError."""
        turn: Future[Environment] = Future()
        with self._lock:
            if len(version.waiting) >= self.limits.waiting:
                raise Refused(f"{len(version.waiting)} invocations of {version.function} wait already")
            version.waiting.append(turn)
            version.used_at = time.monotonic()
            ended = self._serve()
        _stop(ended)
        try:
            return turn.result(self.limits.wait_s)
        except WaitedTooLong:
            with self._lock:
                if turn in version.waiting:
                    version.waiting.remove(turn)
                    raise Refused(
                        f"no environment of {version.function} became free in {self.limits.wait_s:.0f} s"
                    ) from None
            return turn.result()

    def _release(self, version: _Version, environment: Environment) -> None:
        is_alive = environment.is_alive
        with self._lock:
            version.busy -= 1
            version.used_at = time.monotonic()
            is_kept = (
                is_alive and not self._is_closed.is_set() and (not version.is_retired or version.waiting)
            )
            if is_kept:
                version.idle.append((environment, version.used_at))
            ended = self._serve()
        _stop(ended if is_kept else [*ended, environment])
        self._close_unused()
        self._on_free()

    def _serve(self) -> list[Environment]:
        """Give free environments to waiting invocations, and start more. Return environments to stop."""
        ended: list[Environment] = []
        waiting = [version for version in self._all if version.waiting]
        for version in sorted(waiting, key=lambda version: self._count(version.function)):
            while version.waiting and version.idle:
                environment, _ = version.idle.pop()
                if environment.is_alive:
                    version.busy += 1
                    version.waiting.popleft().set_result(environment)
                else:
                    ended.append(environment)
            while len(version.waiting) > version.starting and self._starting < self.limits.cold_starts:
                if not self._has_room_to_start(version.function):
                    break
                ended += self._make_room(version.function)
                version.starting += 1
                threading.Thread(
                    target=self._start, args=(version,), name="lambda-process-start", daemon=True
                ).start()
        return ended

    def _start(self, version: _Version) -> None:
        environment, failure = None, None
        try:
            environment = version.version.start(LOADED_WITHIN_S)
        except InitError as error:
            failure = error
        except Exception as error:
            LOG.exception("%s could not be started", version.function)
            failure = InitError(stopped(""), f"the function could not be started: {error}")
        with self._lock:
            version.starting -= 1
            if environment is not None:
                version.idle.append((environment, time.monotonic()))
            elif version.waiting and failure is not None:
                version.waiting.popleft().set_exception(failure)
            ended = self._serve()
        _stop(ended)
        self._close_unused()
        self._on_free()

    @property
    def _starting(self) -> int:
        return sum(version.starting for version in self._all)

    @property
    def _all(self) -> list[_Version]:
        return [*self._versions.values(), *self._retired]

    def _current_of(self, function: str) -> list[_Version]:
        """Return the versions of the function that take new invocations."""
        return [version for version in self._versions.values() if version.function == function]

    def _all_of(self, function: str) -> list[_Version]:
        return [version for version in self._all if version.function == function]

    def _count(self, function: str) -> int:
        return sum(version.count for version in self._all_of(function))

    def _has_room_to_start(self, function: str) -> bool:
        """Return whether the limits allow another environment, if an idle one may end for it."""
        active = sum(version.active for version in self._all_of(function))
        all_active = sum(version.active for version in self._all)
        return active < self.limits.per_function and all_active < self.limits.machine

    def _make_room(self, function: str) -> list[Environment]:
        """Take the longest idle environments out, as far as the limits demand it."""
        ended = []
        own = self._all_of(function)
        for versions, limit in ((own, self.limits.per_function), (self._all, self.limits.machine)):
            while sum(version.count for version in versions) >= limit:
                oldest = min(
                    (version for version in versions if version.idle), key=lambda each: each.idle[0][1]
                )
                ended.append(oldest.idle.pop(0)[0])
        return ended

    def _retire(self, name: tuple[str, str]) -> list[Environment]:
        """Retire a version. Return its idle environments; the others end after their invocation."""
        version = self._versions.pop(name, None)
        if version is None:
            return []
        version.is_retired = True
        self._retired.append(version)
        ended = [environment for environment, _ in version.idle]
        version.idle.clear()
        return ended

    def _close_unused(self) -> None:
        """Close the retired versions that have nothing left to do."""
        with self._lock:
            unused = [version for version in self._retired if not version.count and not version.waiting]
            for version in unused:
                self._retired.remove(version)
        for version in unused:
            version.version.close()
            version.removed()

    def _end_idle(self) -> None:
        """End environments, and later fork servers, that had nothing to do for a while."""
        while not self._is_closed.wait(self.limits.idle_s / 4):
            now = time.monotonic()
            ended = []
            with self._lock:
                for name, version in list(self._versions.items()):
                    while version.idle and now - version.idle[0][1] >= self.limits.idle_s:
                        ended.append(version.idle.pop(0)[0])
                    unused_for = now - version.used_at
                    if not version.count and unused_for >= _FORK_SERVER_KEPT * self.limits.idle_s:
                        ended += self._retire(name)
            _stop(ended)
            self._close_unused()


def _stop(environments: list[Environment]) -> None:
    for environment in environments:
        environment.stop()
