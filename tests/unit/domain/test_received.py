"""The true type of the files that people send: unknown is not dangerous, and a label is only a label.

The inputs are of our own making, after public reports: chatwoot#12713 (AMR, AAC), #3270 and #3701 (DOC, XLS),
#14667 (HEIC), #3692 (archives), #5289 (CSV), alaveteli#8703 (JSON, XML), dust#27143 (Windows-1252).
"""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.files.file import FILE_TYPES
from chat4all.domain.files.inspection import UNKNOWN_TYPE, Reading
from chat4all.domain.files.known_types import UNKNOWN, canonical_type, served_type
from chat4all.domain.files.received import Received, received
from tests.fakes.samples import AMR, DOCX, EVERY_TYPE, PDF, TEXT, XLSX, box, iso_media, office, ole, zipped

DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
ODT = "application/vnd.oasis.opendocument.text"
ZIP = zipped({"a.txt": b"hello"})
UMLAUTS = "Größe aus Köln\r\n"


def taken(declared: str, content: bytes) -> Received:
    def read(start: int, length: int) -> bytes:
        assert length > 0
        assert 0 <= start < len(content), "a store answers that with an error"
        return content[start : start + length]

    reading = Reading()
    reading.feed(content[:7])
    reading.feed(content[7:])
    return received(declared, reading.found(), read)


def heic(brand: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", brand + bytes(4) + b"".join(compatible)) + bytes(64)


UNKNOWN_TYPES = {
    # Sound: case 38, and five of its kind.
    "AMR": ("audio/amr", AMR),
    "AMR of ASCII bytes only": ("audio/amr", b"#!AMR\n" + b"<" * 64),
    "AMR-WB": ("audio/amr-wb", b"#!AMR-WB\n\x04" + bytes(64)),
    "AAC": ("audio/aac", b"\xff\xf1\x50\x80\x43\xff\xfc" + bytes(300)),
    "AAC of MPEG-2": ("audio/aac", b"\xff\xf9\x50\x80\x43\xff\xfc" + bytes(300)),
    "FLAC": ("audio/flac", b"fLaC\x00\x00\x00\x22" + bytes(64)),
    "3GP": ("video/3gpp", box(b"ftyp", b"3gp4\x00\x00\x02\x003gp4") + bytes(64)),
    # Old documents: case 39, and five of its kind.
    "DOC without a directory": (DOC, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
    "DOC": (DOC, ole("WordDocument")),
    "XLS": (XLS, ole("Workbook")),
    "PPT": (PPT, ole("PowerPoint Document")),
    "Outlook": ("application/vnd.ms-outlook", ole("__properties_version1.0")),
    "RTF": ("application/rtf", b"{\\rtf1\\ansi hello}"),
    # Archives: case 40, and five of its kind.
    "ZIP": ("application/zip", ZIP),
    "ZIP without files": ("application/zip", b"PK\x05\x06" + bytes(18)),
    "RAR": ("application/vnd.rar", b"Rar!\x1a\x07\x01\x00" + bytes(64)),
    "7z": ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(64)),
    "GZIP": ("application/gzip", b"\x1f\x8b\x08\x00" + bytes(64)),
    "ODT": (ODT, zipped({"mimetype": ODT.encode(), "content.xml": b"<x/>"})),
    "APK": ("application/vnd.android.package-archive", zipped({"classes.dex": b"dex"})),
    # Texts of other kinds: case 41, and five of its kind.
    "JSON": ("application/json", b'{"a":1}'),
    "XML": ("application/xml", b'<?xml version="1.0"?><a/>'),
    "CSV": ("text/csv", b"a;b\r\n1;2\r\n"),
    "HTML": ("text/html", b"<!DOCTYPE html><script>alert(1)</script>"),
    "SVG": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "JavaScript": ("text/javascript", b"alert(1)"),
    "calendar": ("text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
    # Texts in other encodings: case 42, and five of its kind.
    "Windows-1252": ("text/plain", b"Gr\xf6\xdfe\n"),
    "Windows-1251": ("text/plain", "Привет, мир".encode("cp1251")),
    "Shift JIS": ("text/plain", "こんにちは".encode("shift_jis")),
    "GBK": ("text/plain", "你好世界".encode("gbk")),
    "UTF-16 LE without a mark": ("text/plain", UMLAUTS.encode("utf-16-le")),
    "UTF-16 BE without a mark": ("text/plain", UMLAUTS.encode("utf-16-be")),
    "CSV of Excel in Windows-1252": ("text/csv", "Größe;7\r\n".encode("cp1252")),
    # Pictures: chatwoot#14667, and five of its kind.
    "HEIC": ("image/heic", heic(b"heic", b"mif1", b"heic")),
    "HEIC of a newer phone": ("image/heic", heic(b"mif1", b"mif1", b"heic")),
    "HEIF": ("image/heif", heic(b"mif1", b"mif1")),
    "AVIF": ("image/avif", heic(b"avif", b"mif1", b"miaf")),
    "TIFF": ("image/tiff", b"II*\x00\x08\x00\x00\x00" + bytes(64)),
    "BMP": ("image/bmp", b"BM" + struct.pack("<IHHII", 100, 0, 0, 54, 40) + bytes(60)),
    "a type that nobody knows": ("application/vnd.acme.plan", b"\x91\x03\x7f\xaa" * 20),
}


@pytest.mark.parametrize("name", UNKNOWN_TYPES)
def test_what_may_not_be_uploaded_is_kept_as_what_it_is(name: str) -> None:
    content_type, content = UNKNOWN_TYPES[name]

    assert taken(content_type, content) == Received(content_type, UNKNOWN_TYPE)


@pytest.mark.parametrize("content_type", FILE_TYPES)
def test_what_may_be_uploaded_has_nothing_to_note(content_type: str) -> None:
    assert taken(content_type, EVERY_TYPE[content_type]) == Received(content_type)


@pytest.mark.parametrize("content", [TEXT, TEXT.decode().encode("utf-16")])
def test_a_text_that_names_its_encoding_has_nothing_to_note(content: bytes) -> None:
    assert taken("text/plain", content) == Received("text/plain")


@pytest.mark.parametrize(
    ("declared", "content", "truth"),
    [
        ("application/pdf", AMR, "audio/amr"),
        ("audio/mpeg", b"#!AMR\n" + b"a" * 40, "audio/amr"),
        ("image/jpeg", UNKNOWN_TYPES["HEIC"][1], "image/heic"),
        ("application/octet-stream", ole("WordDocument"), DOC),
        (DOC, ole("Workbook"), XLS),
        (DOCX, ZIP, "application/zip"),
        ("image/png", ZIP, "application/zip"),
        ("text/plain", ZIP, "application/zip"),
        ("text/plain", b"<!DOCTYPE html><p>hi", "text/html"),
        ("text/plain", b"\xef\xbb\xbf<svg onload=alert(1)>", "image/svg+xml"),
        ("image/jpeg", b"<html>404</html>", "text/html"),
        ("application/pdf", b"Gr\xf6\xdfe\n", "text/plain"),
        ("image/png", b"\x91\x03\x7f\xaa" * 20, UNKNOWN),
        ("text/plain", b"\x91\x03\x00\xaa" * 20, UNKNOWN),
        ("application/json", b"\x91\x03\x00\xaa" * 20, UNKNOWN),
        ("audio/amr", b"\x00\x01" * 40, UNKNOWN),
        (UNKNOWN, b"\x91\x03\x7f\xaa" * 20, UNKNOWN),
    ],
)
def test_the_bytes_overrule_the_label(declared: str, content: bytes, truth: str) -> None:
    assert taken(declared, content) == Received(truth, UNKNOWN_TYPE)


@pytest.mark.parametrize(
    ("declared", "content", "content_type", "inspection"),
    [
        ("image/png", EVERY_TYPE["image/jpeg"], "image/jpeg", None),
        ("application/pdf", office(DOCX), DOCX, None),
        (XLSX, office(DOCX), DOCX, None),
        (DOCX, office(DOCX, extra={"word/vbaProject.bin": b"x"}), DOCX, "MACROS"),
        (DOCX, ole("EncryptedPackage"), DOCX, "ENCRYPTED"),
        (DOCX, office(DOCX)[:-40], DOCX, "DOCUMENT_BROKEN"),
        ("image/png", EVERY_TYPE["image/png"] + ZIP, "image/png", "POLYGLOT"),
        ("video/mp4", iso_media(b"isom") + b"%PDF-1.4", "video/mp4", "POLYGLOT"),
        ("application/pdf", PDF + ZIP, "application/pdf", "POLYGLOT"),
    ],
)
def test_a_check_that_fails_is_noted(
    declared: str, content: bytes, content_type: str, inspection: str | None
) -> None:
    assert taken(declared, content) == Received(content_type, inspection)


@given(st.sampled_from([*FILE_TYPES, UNKNOWN, *(kind for kind, _ in UNKNOWN_TYPES.values())]), st.binary())
def test_any_bytes_have_a_type(declared: str, content: bytes) -> None:
    found = taken(declared, content)

    assert canonical_type(found.content_type) == found.content_type
    assert found.inspection is not None or found.content_type in FILE_TYPES


@pytest.mark.parametrize(
    "active",
    [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "application/xml",
        "text/javascript",
        "multipart/related",
        "message/rfc822",
        "application/x-shockwave-flash",
        "text/xsl",
        "application/vnd.acme.plan",
    ],
)
def test_nothing_that_a_browser_may_run_is_served_under_its_type(active: str) -> None:
    assert served_type(active) == UNKNOWN


@pytest.mark.parametrize("content_type", [*FILE_TYPES, "audio/amr", DOC, "application/json", "text/csv"])
def test_what_is_inert_is_served_under_its_type(content_type: str) -> None:
    assert served_type(content_type) == content_type
