"""Threads that are used again for the next invocation of a function.

MiniStack starts a thread for every invocation and every batch of a queue, and its event loop waits until that
thread runs. Here a thread that has finished takes the next work. There is still no limit of threads, because
work may wait for other work.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Final

from ministack.core import concurrency

KEPT_S: Final = 10.0
"""The time for which a thread waits for more work."""

Work = Callable[[], None]


def install() -> None:
    """Replace the threads of MiniStack's module of concurrency."""
    concurrency.threading = SimpleNamespace(Thread=_Thread, Lock=threading.Lock, Event=threading.Event)


class _Workers:
    """Threads, and the mailboxes of those that have no work. The last idle thread is used first."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Work]] = []

    def run(self, work: Work) -> None:
        """Run the work in an idle thread, or else in a new thread. Raises RuntimeError if none can start."""
        try:
            mailbox = self._idle.pop()
        except IndexError:
            threading.Thread(target=self._serve, args=(work,), name="ministack-worker", daemon=True).start()
        else:
            mailbox.put(work)

    def _serve(self, work: Work) -> None:
        mailbox: SimpleQueue[Work] = SimpleQueue()
        while True:
            work()
            self._idle.append(mailbox)
            try:
                work = mailbox.get(timeout=KEPT_S)
            except Empty:
                try:
                    self._idle.remove(mailbox)
                except ValueError:  # it was given work meanwhile
                    work = mailbox.get()
                else:
                    return


_workers: Final = _Workers()


class _Thread:
    """What MiniStack uses of a thread. `daemon` and `name` are not needed."""

    def __init__(self, *, target: Work, daemon: bool, name: str) -> None:
        self._target = target
        self._running = threading.Lock()

    def start(self) -> None:
        self._running.acquire()
        _workers.run(self._run)

    def is_alive(self) -> bool:
        return self._running.locked()

    def join(self, timeout: float) -> None:
        """Wait until the work is done, or for `timeout` seconds."""
        if self._running.acquire(timeout=timeout):
            self._running.release()

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._running.release()
