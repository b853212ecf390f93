"""Run as a script: `python starter.py PARENT MEMORY COMMAND...` becomes COMMAND, with at most MEMORY bytes (0: any).

On Linux it is killed with PARENT, whatever PARENT dies of (PR_SET_PDEATHSIG,
https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html), and RLIMIT_DATA holds its private memory, whether used
or only reserved for writing; shared libraries do not count. Elsewhere a function whose LocalStack has died ends when it
next asks for work. Standard library only: it runs before every function.
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
            sys.exit("LocalStack died before its function had started")
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
