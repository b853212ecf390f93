"""Recognizing a file's format by its first bytes, as providers do whatever type is declared.

The names come from https://www.iana.org/assignments/media-types. The signatures come from the specifications
of the formats (PNG, JFIF, ISO 14496-12 and others).
"""

import struct
from typing import Final

_PREFIXES: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"#!AMR", "amr"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"\xff\xfb", "mp3"),
    (b"\xff\xf3", "mp3"),
    (b"\xff\xf2", "mp3"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_RIFF: Final = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_FORMATS: Final[dict[str, frozenset[str]]] = {
    "image/jpeg": frozenset({"jpeg"}),
    "image/png": frozenset({"png"}),
    "image/gif": frozenset({"gif"}),
    "image/webp": frozenset({"webp"}),
    "video/mp4": frozenset({"mp4"}),
    "video/3gpp": frozenset({"3gp", "mp4"}),
    "video/3gp": frozenset({"3gp", "mp4"}),
    "video/quicktime": frozenset({"mov"}),
    "video/webm": frozenset({"webm"}),
    "video/ogg": frozenset({"ogg"}),
    "video/x-msvideo": frozenset({"avi"}),
    "video/avi": frozenset({"avi"}),
    "audio/aac": frozenset({"aac"}),
    "audio/mp4": frozenset({"mp4"}),
    "audio/x-m4a": frozenset({"mp4"}),
    "audio/m4a": frozenset({"mp4"}),
    "audio/mpeg": frozenset({"mp3"}),
    "audio/amr": frozenset({"amr"}),
    "audio/ogg": frozenset({"ogg"}),
    "audio/wav": frozenset({"wav"}),
    "audio/x-wav": frozenset({"wav"}),
    "application/pdf": frozenset({"pdf"}),
    "application/zip": frozenset({"zip"}),
    "application/msword": frozenset({"ole"}),
    "application/vnd.ms-excel": frozenset({"ole"}),
    "application/vnd.ms-powerpoint": frozenset({"ole"}),
    f"{_OFFICE}.wordprocessingml.document": frozenset({"zip"}),
    f"{_OFFICE}.spreadsheetml.sheet": frozenset({"zip"}),
    f"{_OFFICE}.presentationml.presentation": frozenset({"zip"}),
}
_BEGINNINGS: Final = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\x00\x00\x00",
    "gif": b"GIF89a" + struct.pack("<HH", 640, 480),
    "webp": b"RIFF\x00\x10\x00\x00WEBPVP8 ",
    "mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42",
    "3gp": b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x02\x00isom3gp4",
    "mov": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01",
    "avi": b"RIFF\x00\x10\x00\x00AVI LIST",
    "wav": b"RIFF\x00\x10\x00\x00WAVEfmt ",
    "ogg": b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "aac": b"\xff\xf1\x50\x80",
    "amr": b"#!AMR\n",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04\x14\x00\x06\x00",
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}


def format_of(head: bytes) -> str | None:
    """Return the format by its signature, such as `png`; None for an unknown signature."""
    if head[4:8] == b"ftyp":
        return _base_media_format(head[8:12])
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    return next((name for prefix, name in _PREFIXES if head.startswith(prefix)), None)


def may_be(content_type: str, head: bytes) -> bool:
    """Return whether the bytes can be of the declared type. Bytes without NUL can be a text."""
    if content_type == "text/plain":
        return b"\x00" not in head
    return format_of(head) in _FORMATS.get(content_type, frozenset())


def is_opus(head: bytes) -> bool:
    """Return whether the first page of an Ogg file is of the Opus codec.

    https://www.rfc-editor.org/rfc/rfc7845#section-5.1
    """
    return format_of(head) == "ogg" and b"OpusHead" in head[:128]


def pixels_of(head: bytes) -> tuple[int, int] | None:
    """Return the width and height of a JPEG, PNG, GIF or WebP; None for other formats."""
    if format_of(head) == "jpeg":
        return _jpeg_pixels(head)
    if format_of(head) == "webp":
        return _webp_pixels(head)
    if format_of(head) == "png" and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if format_of(head) == "gif" and len(head) >= 10:
        width, height = struct.unpack("<HH", head[6:10])
        return width, height
    return None


def _jpeg_pixels(head: bytes) -> tuple[int, int] | None:
    """Walk over the segments to the header of the frame: ITU-T T.81, B.2.2."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big") if marker != 0xFF else 1
    return None


def _webp_pixels(head: bytes) -> tuple[int, int] | None:
    """Read the sides from the first chunk: https://developers.google.com/speed/webp/docs/riff_container"""
    kind, chunk = head[12:16], head[20:30]
    if len(chunk) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(chunk[4:7], "little"), 1 + int.from_bytes(chunk[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(chunk[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and chunk[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", chunk[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def beginning_of(content_type: str) -> bytes:
    """Return the first bytes of a file of `content_type`; empty for a type without a signature."""
    names = _FORMATS.get(content_type.partition(";")[0].strip().lower(), frozenset())
    return next((_BEGINNINGS[name] for name in sorted(names)), b"")


def _base_media_format(brand: bytes) -> str:
    if brand == b"qt  ":
        return "mov"
    return "3gp" if brand.startswith(b"3g") else "mp4"
