"""Turn termination signals into an exception, which stops all components."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Raised in the main thread, once. Further signals are ignored, and do not interrupt the stop."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.exit_code = 128 + number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Stopped in the main thread at a signal. A signal that was ignored (nohup) stays ignored."""
    handled = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(number: int, _: FrameType | None) -> None:
        for handled_number in handled:
            signal.signal(handled_number, signal.SIG_IGN)
        raise Stopped(number)

    previous = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
