"""A large video file: the header of an MP4, then random bytes."""

import os
import struct
from pathlib import Path
from typing import Final

_HEAD: Final = struct.pack(">I", 24) + b"ftypisom" + struct.pack(">I", 512) + b"isomavc1"
_BOX: Final = 16
_NOISE_BYTES: Final = 8 * 1024 * 1024


def make_film(path: Path, size: int) -> None:
    """Write a file of `size` bytes that can be neither compressed nor deduplicated."""
    noise = os.urandom(_NOISE_BYTES)
    with path.open("wb") as file:
        # A box with a length of 64 bits: https://www.iso.org/standard/83102.html (ISO/IEC 14496-12, 4.2)
        file.write(_HEAD + struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", size - len(_HEAD)))
        left = size - len(_HEAD) - _BOX
        number = 0
        while left > 0:
            block = struct.pack(">Q", number) + noise[8:]
            file.write(block[: min(left, len(block))])
            left -= len(block)
            number += 1
