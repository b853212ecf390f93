"""The output of a process: a pipe, which the thread that waits for the process's answer empties.

Everything that a process printed before it answered is in the pipe when the answer is. Between invocations
nobody empties the pipe, as Lambda freezes an environment between invocations: a thread of the function that
then prints more than a pipe holds waits for the next invocation.
"""

import os
from typing import Final

KEPT: Final = 6 * 1024 * 1024  # bytes of an invocation's output
_READ: Final = 64 * 1024
_READS: Final = 32  # without a pause; a pipe holds what 1 or 2 of them read
_CUT: Final = b"\n(the rest of the output was dropped)\n"


class Output:
    """The reading end of a pipe."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._kept = bytearray()
        self._is_open = True

    def fileno(self) -> int:
        return self._reading

    def close_writing(self) -> None:
        """Close this process's copy of the writing end, once the function's process has its own."""
        os.close(self.writing)

    def drain(self) -> bool:
        """Read what is in the pipe; return whether more may follow."""
        for _ in range(_READS if self._is_open else 0):
            try:
                read = os.read(self._reading, _READ)
            except BlockingIOError:
                return True
            if not read:
                return False
            if len(self._kept) < KEPT:
                self._kept += read
                if len(self._kept) >= KEPT:
                    self._kept += _CUT
        return self._is_open

    def new(self) -> str:
        """Return the output since the last call."""
        self.drain()
        text = self._kept.decode(errors="replace")
        self._kept.clear()
        return text

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._reading)
