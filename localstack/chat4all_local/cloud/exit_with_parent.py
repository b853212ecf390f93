"""Run a command that ends with its parent: `python exit_with_parent.py PARENT COMMAND...`.

The script replaces itself with COMMAND. On Linux the kernel ends COMMAND when PARENT dies, for any reason:
https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html

For the kernel, the parent is the thread that started this script. Therefore start a component from a thread
that lives as long as the component. On other systems the components of a killed launcher keep running, and
the next start ends them. This script uses the standard library only, because it runs before every component.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:
            sys.exit("the launcher died before its component had started")
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
