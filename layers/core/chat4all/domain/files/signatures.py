"""The format of a file by its first bytes, whatever its name and declared type.

Several types may share a format.
"""

import re
from collections.abc import Callable
from typing import Final

from chat4all.domain.files.office import OFFICE_TYPES, OLE_MARK

ZIP_MARK: Final = b"PK\x03\x04"

MP4: Final = "video/mp4"
MOV: Final = "video/quicktime"
M4A: Final = "audio/mp4"
WEBM: Final = "video/webm"
MP3: Final = "audio/mpeg"
OGG: Final = "audio/ogg"

_MP4_BRANDS: Final = frozenset(
    [
        *(f"iso{version}" for version in "m23456789"),
        "mp41",
        "mp42",
        "mp71",
        "mmp4",
        "avc1",
        "M4V ",
        "f4v ",
        "dash",
    ]
)
_M4A_BRANDS: Final = frozenset(("M4A ", "M4B ", "F4A "))
_STILL_BRANDS: Final = frozenset(
    ("heic", "heix", "hevc", "heim", "heis", "mif1", "msf1", "avif", "avis", "crx ")
)
"""The brands of images in the same container, which may name an mp4 brand as compatible."""
_OLD_QUICKTIME: Final = frozenset((b"moov", b"mdat", b"wide", b"pnot"))
"""QuickTime files had no `ftyp` before 2001: https://developer.apple.com/documentation/quicktime-file-format"""

_WEBM_HEADER: Final = re.compile(
    rb"\x1a\x45\xdf\xa3.{1,60}?\x42\x82(?:[\x84-\x88]|\x40\x04|\x01\x00{6}\x04)webm", re.DOTALL
)
"""DocType, 0x4282, whose length may be encoded in three ways: https://www.rfc-editor.org/rfc/rfc8794#section-11.2.6"""
_OGG_AUDIO: Final = (b"\x01vorbis", b"OpusHead", b"Speex   ", b"\x7fFLAC")
_OGG_PACKET: Final = 28
_ID3: Final = re.compile(rb"ID3[\x02-\x04][\x00-\xfe].[\x00-\x7f]{4}", re.DOTALL)

_MPEG_1: Final = 3
_LAYER_III: Final = 1
_KBITS_MPEG_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_MPEG_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ: Final = (44_100, 48_000, 32_000)


def types_by_head(head: bytes) -> tuple[str, ...]:
    """Return the content types that fit the bytes, the likeliest first; none for an unknown type or text."""
    return next((types for types in (detect(head) for detect in _DETECTORS) if types), ())


def is_ole(head: bytes) -> bool:
    return head.startswith(OLE_MARK)


def _plain(head: bytes) -> tuple[str, ...]:
    return next((types for begins, types in _PLAIN if head.startswith(begins)), ())


_PLAIN: Final = (
    (b"\xff\xd8\xff", ("image/jpeg",)),
    (b"\x89PNG\r\n\x1a\n", ("image/png",)),
    ((b"GIF87a", b"GIF89a"), ("image/gif",)),
    (b"%PDF-", ("application/pdf",)),
    (ZIP_MARK, tuple(OFFICE_TYPES.values())),
)


def _riff(head: bytes) -> tuple[str, ...]:
    if not head.startswith(b"RIFF"):
        return ()
    return {b"WEBP": ("image/webp",), b"WAVE": ("audio/wav",)}.get(head[8:12], ())


def _iso_media(head: bytes) -> tuple[str, ...]:
    if head[4:8] in _OLD_QUICKTIME:
        return (MOV,)
    if head[4:8] != b"ftyp":
        return ()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[at : at + 4].decode("latin-1") for at in (8, *range(16, end, 4))]
    if _STILL_BRANDS & set(brands):
        return ()
    if brands[0] == "qt  ":
        return (MOV,)
    if brands[0] in _M4A_BRANDS:
        return (M4A,)
    # Recorders use the brands of films for sound alone, too; the declared type decides between the two.
    return (MP4, M4A) if _MP4_BRANDS & set(brands) else ()


def _webm(head: bytes) -> tuple[str, ...]:
    return (WEBM,) if _WEBM_HEADER.match(head) else ()


def _ogg(head: bytes) -> tuple[str, ...]:
    return (OGG,) if head.startswith(b"OggS\0") and head[_OGG_PACKET:].startswith(_OGG_AUDIO) else ()


def _mp3(head: bytes) -> tuple[str, ...]:
    if _ID3.match(head):
        return (MP3,)
    length = _frame_bytes(head)
    # Two bytes look like a frame by chance: a next frame must follow, unless the bytes end here.
    follows = bool(length) and (len(head) <= length or _frame_bytes(head[length:]) > 0)
    return (MP3,) if follows else ()


def _frame_bytes(head: bytes) -> int:
    """Return the length of the MPEG layer III frame that begins here; 0 if no frame begins here.

    http://www.mp3-tech.org/programmer/frame_header.html
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, frequency, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != _LAYER_III or bitrate in {0, 15} or frequency == 3:
        return 0
    if version == _MPEG_1:
        return 144_000 * _KBITS_MPEG_1[bitrate] // _HERTZ[frequency] + padding
    hertz = _HERTZ[frequency] // (2 if version == 2 else 4)
    return 72_000 * _KBITS_MPEG_2[bitrate] // hertz + padding


_DETECTORS: Final[tuple[Callable[[bytes], tuple[str, ...]], ...]] = (
    _plain,
    _riff,
    _iso_media,
    _webm,
    _ogg,
    _mp3,
)
