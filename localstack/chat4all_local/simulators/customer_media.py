"""The bytes of a file that a customer sends: given, or generated from a seed each time they are read."""

import base64
import hashlib
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from chat4all_local.simulators.control_api import CustomerMedia
from chat4all_local.simulators.shared.file_signs import beginning_of

_PIECE_BYTES: Final = 65_536
# A generated text has only printable ASCII: no NUL, and no part of a longer UTF-8 character.
_AS_TEXT: Final = bytes(32 + byte % 95 for byte in range(256))


def check_media(media: CustomerMedia) -> None:
    """Raise ValueError if `base64` is not valid."""
    if media.base64 is not None:
        base64.b64decode(media.base64, validate=True)


def size_of(media: CustomerMedia) -> int:
    return media.size if media.base64 is None else len(base64.b64decode(media.base64))


def pieces_of(media: CustomerMedia, piece_bytes: int = _PIECE_BYTES) -> Iterator[bytes]:
    """Yield all bytes in order, in pieces of `piece_bytes`; the last piece may be shorter."""
    if media.base64 is not None:
        data = base64.b64decode(media.base64)
        yield from (data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes))
        return
    waiting = bytearray()
    for made in _made(media):
        waiting += made
        while len(waiting) >= piece_bytes:
            yield bytes(waiting[:piece_bytes])
            del waiting[:piece_bytes]
    if waiting:
        yield bytes(waiting)


@lru_cache(maxsize=256)
def sha256_of(media: CustomerMedia) -> str:
    whole = hashlib.sha256()
    for piece in pieces_of(media):
        whole.update(piece)
    return whole.hexdigest()


def _made(media: CustomerMedia) -> Iterator[bytes]:
    """Generate the same bytes each time, in pieces."""
    beginning = beginning_of(media.content_type if media.begins_as is None else media.begins_as)[: media.size]
    yield beginning
    left = media.size - len(beginning)
    noise = random.Random(media.seed)  # noqa: S311 (no secret: a seed always gives the same bytes)
    is_text = media.content_type.startswith("text/")
    while left > 0:
        made = noise.randbytes(_PIECE_BYTES)[:left]
        yield made.translate(_AS_TEXT) if is_text else made
        left -= len(made)
