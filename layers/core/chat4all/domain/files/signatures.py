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
_CODECS: Final = {b"\x01vorbis": "vorbis", b"OpusHead": "opus", b"Speex   ": "speex", b"\x7fFLAC": "flac"}
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


def other_type_by_head(head: bytes) -> str | None:
    """Return the type of a file that may not be uploaded but is often received; None if no signature fits."""
    if head[4:8] == b"ftyp":
        return _other_iso_media(head)
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if head.startswith(b"BM") and head[6:10] == bytes(4) and head[14:18] in _BITMAP_HEADERS:
        return "image/bmp"
    return next((content_type for begins, content_type in _OTHER if head.startswith(begins)), None)


def _other_iso_media(head: bytes) -> str | None:
    """Return the type by the first brand that is known: `mif1`, any picture, often stands before `heic`."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[at : at + 4] for at in (8, *range(16, end, 4))]
    known = [_OTHER_BRANDS[brand] for brand in brands if brand in _OTHER_BRANDS]
    if known:
        return next((content_type for content_type in known if content_type != _ANY_PICTURE), _ANY_PICTURE)
    return "video/3gpp" if brands[0].startswith(b"3g") else None


_OTHER: Final = (
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR\n", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    ((b"II*\0", b"MM\0*"), "image/tiff"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
)
"""AMR: https://www.rfc-editor.org/rfc/rfc4867#section-5. The others: the specifications of the formats."""
_ANY_PICTURE: Final = "image/heif"
_OTHER_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), _ANY_PICTURE),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
}
_BITMAP_HEADERS: Final = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
OTHER_TYPES: Final = frozenset(
    (
        "video/3gpp",
        "video/x-msvideo",
        "audio/aac",
        "image/bmp",
        *_OTHER_BRANDS.values(),
        *(content_type for _, content_type in _OTHER),
    )
)
"""The types that `other_type_by_head` finds."""


def codec_of(head: bytes) -> str | None:
    """Return the codec of the sound in an Ogg file; None for any other file.

    https://www.rfc-editor.org/rfc/rfc7845#section-5.1
    """
    packet = head[_OGG_PACKET:] if head.startswith(b"OggS\0") else b""
    return next((codec for begins, codec in _CODECS.items() if packet.startswith(begins)), None)


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
    return (OGG,) if head.startswith(b"OggS\0") and head[_OGG_PACKET:].startswith(tuple(_CODECS)) else ()


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
