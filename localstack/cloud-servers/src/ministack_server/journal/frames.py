"""The frames of a journal file: a length, a checksum and a payload each.

A write that is interrupted leaves an incomplete frame at the end of the file, and a power cut may leave zeros
there. Reading ends before the first frame that is not whole.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_HEAD: Final = struct.Struct("<II")
"""The length of the payload, and its CRC-32."""


def framed(payload: bytes) -> bytes:
    """Return the frame of a payload that is not empty."""
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def frames(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the payload of each whole frame at the beginning of `data`, and the position of its end."""
    begin = 0
    while len(data) - begin > _HEAD.size:
        length, checksum = _HEAD.unpack_from(data, begin)
        end = begin + _HEAD.size + length
        payload = data[begin + _HEAD.size : end]
        # Zeros look like an empty payload with the right checksum.
        if not length or end > len(data) or zlib.crc32(payload) != checksum:
            return
        yield payload, end
        begin = end
