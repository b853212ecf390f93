"""Run a command with at most MEMORY bytes: `python starter.py PARENT MEMORY COMMAND...`.

The script replaces itself with COMMAND. MEMORY 0 sets no limit. On Linux, the kernel kills the process when
PARENT dies (PR_SET_PDEATHSIG, https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).
RLIMIT_DATA limits its private memory, used or only reserved for writing; shared libraries do not count. On
other systems, a function ends when it asks for work after the server died. The script uses only the standard
library, because it runs before every function.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, memory: int, command: list[str]) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:
            sys.exit("the server died before the function had started")
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    os.execv(command[0], command)  # noqa: S606 (no shell)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
