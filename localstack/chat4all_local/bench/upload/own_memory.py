"""The peak memory of this process."""

import re
import resource
import sys
from pathlib import Path
from typing import Final

_MOST: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def most_memory() -> int:
    """Return the peak of resident bytes.

    On Linux, getrusage would also count the peak of the parent process.
    """
    if sys.platform == "linux":
        match = _MOST.search(Path("/proc/self/status").read_text())
        if match:
            return int(match[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
