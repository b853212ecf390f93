"""The smallest valid file of every type."""

import io
import struct
import zipfile
from collections.abc import Mapping

from PIL import Image

from chat4all.domain.files.file import OFFICE

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

DOCX = f"{OFFICE}.wordprocessingml.document"
XLSX = f"{OFFICE}.spreadsheetml.sheet"
PPTX = f"{OFFICE}.presentationml.presentation"
_MAIN_PARTS = {
    DOCX: ("word/document.xml", "wordprocessingml.document.main+xml"),
    XLSX: ("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
    PPTX: ("ppt/presentation.xml", "presentationml.presentation.main+xml"),
}


def image(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, 1 if mode == "P" else "red").save(written, kind)
    return written.getvalue()


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


def content_types(*main: str) -> bytes:
    overrides = "".join(
        f'<Override PartName="/x" ContentType="application/vnd.x.{content_type}"/>' for content_type in main
    )
    return f'<?xml version="1.0"?><Types>{overrides}</Types>'.encode()


def office(
    content_type: str, *, method: int = zipfile.ZIP_DEFLATED, extra: Mapping[str, bytes] | None = None
) -> bytes:
    part, main = _MAIN_PARTS[content_type]
    parts = {"[Content_Types].xml": content_types(main), part: b"<document/>"}
    return zipped(parts | dict(extra or {}), method)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def iso_media(brand: bytes, *compatible: bytes) -> bytes:
    """Build a file with a major brand, compatible brands, and boxes without a track."""
    brands = brand + b"\0\0\2\0" + b"".join(compatible or (brand,))
    return box(b"ftyp", brands) + box(b"mdat", bytes(64)) + box(b"moov", box(b"mvhd", bytes(100)))


def ebml(doc_type: bytes) -> bytes:
    header = b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82" + bytes([0x80 | len(doc_type)]) + doc_type
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(header)]) + header + bytes(80)


def mp3(frames: int = 3) -> bytes:
    """Build silence at 128 kbit/s and 44.1 kHz, in frames of 417 bytes."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def ogg(codec: bytes = b"OpusHead") -> bytes:
    page = b"OggS\0\2" + bytes(20) + bytes([1, len(codec) + 11])
    return page + codec + bytes(11)


def wav() -> bytes:
    sound = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8, b"data", 100) + bytes(100)
    return b"RIFF" + struct.pack("<I", 4 + len(sound)) + b"WAVE" + sound


AMR = b"#!AMR\n" + bytes(range(1, 200))
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TEXT = "Grüße aus Köln,\tund bis bald\r\n".encode()

EVERY_TYPE: dict[str, bytes] = {
    "image/jpeg": image("JPEG"),
    "image/png": image("PNG"),
    "image/gif": image("GIF"),
    "image/webp": image("WEBP"),
    "application/pdf": PDF,
    DOCX: office(DOCX),
    XLSX: office(XLSX),
    PPTX: office(PPTX),
    "text/plain": TEXT,
    "video/mp4": iso_media(b"isom", b"isom", b"avc1"),
    "video/quicktime": iso_media(b"qt  "),
    "video/webm": ebml(b"webm"),
    "audio/mpeg": mp3(),
    "audio/ogg": ogg(),
    "audio/wav": wav(),
    "audio/mp4": iso_media(b"M4A ", b"M4A ", b"mp42"),
}


def ole(*streams: str, directory_sector: int = 1) -> bytes:
    """Build the header and the directory of an OLE file."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = directory_sector.to_bytes(4, "little")
    directory = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return bytes(header) + bytes(512) + directory.ljust(512, b"\0")
