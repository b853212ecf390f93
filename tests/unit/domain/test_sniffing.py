"""The type of a file, recognised by its bytes."""

import io
import struct
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chat4all.domain.files.file import FILE_TYPES
from chat4all.domain.files.inspection import TAIL_BYTES, Found, Reading, Refusal, RejectCode
from chat4all.domain.files.sniffing import judge, likely_type
from tests.fakes import samples
from tests.fakes.samples import DOCX, EVERY_TYPE, PDF, PPTX, TEXT, XLSX, office, zipped

PNG = EVERY_TYPE["image/png"]
JPEG = EVERY_TYPE["image/jpeg"]
ARCHIVE = zipped({"evil.class": b"\xca\xfe\xba\xbe"})


def reading(content: bytes, *cuts: int) -> Found:
    edges = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    read = Reading()
    for start, end in pairwise(edges):
        read.feed(content[start:end])
    return read.found()


def judged(declared: str, content: bytes, *cuts: int) -> str | Refusal:
    def read(start: int, length: int) -> bytes:
        assert length > 0
        assert 0 <= start < len(content), "a store answers that with an error"
        return content[start : start + length]

    return judge(declared, reading(content, *cuts), read, lambda head: None)


def code(declared: str, content: bytes) -> str:
    verdict = judged(declared, content)
    assert isinstance(verdict, Refusal), verdict
    assert verdict.reason.endswith(".")
    return verdict.code


def test_there_is_a_sample_of_every_type() -> None:
    assert EVERY_TYPE.keys() == FILE_TYPES.keys()


@pytest.mark.parametrize("content_type", FILE_TYPES)
def test_every_type_is_told_by_its_bytes(content_type: str) -> None:
    assert judged(content_type, EVERY_TYPE[content_type]) == content_type


@pytest.mark.parametrize("content_type", FILE_TYPES)
@pytest.mark.parametrize("declared", FILE_TYPES)
def test_no_type_passes_for_another(content_type: str, declared: str) -> None:
    verdict = judged(declared, EVERY_TYPE[content_type])

    assert (
        isinstance(verdict, Refusal)
        or verdict == content_type
        or {verdict, content_type}
        == {
            "video/mp4",
            "audio/mp4",
        }
    )


@given(st.sampled_from(sorted(FILE_TYPES)), st.lists(st.integers(0, 5_000), max_size=8))
def test_how_the_bytes_were_cut_changes_nothing(content_type: str, cuts: list[int]) -> None:
    content = EVERY_TYPE[content_type]

    assert judged(content_type, content, *cuts) == content_type
    assert reading(content, *cuts) == reading(content)


@given(st.binary(max_size=3_000))
def test_no_bytes_break_it(content: bytes) -> None:
    for declared in ("image/png", "text/plain", DOCX):
        verdict = judged(declared, content)
        assert isinstance(verdict, Refusal) or verdict in FILE_TYPES


@given(st.sampled_from(sorted(FILE_TYPES)), st.data())
def test_no_damage_breaks_it(content_type: str, data: st.DataObject) -> None:
    content = bytearray(EVERY_TYPE[content_type])
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20)):
        content[at] = data.draw(st.integers(0, 255))

    verdict = judged(content_type, bytes(content))

    assert isinstance(verdict, Refusal) or verdict in FILE_TYPES


@pytest.mark.parametrize(
    ("content", "declared", "is_really"),
    [
        (samples.iso_media(b"mp42"), "audio/mp4", "audio/mp4"),
        (samples.iso_media(b"mp42"), "video/quicktime", "video/mp4"),
        (samples.iso_media(b"XXXX", b"isom"), "video/mp4", "video/mp4"),
        (b"\0\0\0\x08wide\0\0\0\x10mdat" + bytes(50), "video/quicktime", "video/quicktime"),
        (b"ID3\x04\0\0\0\0\x0f\x7f" + bytes(100), "audio/mpeg", "audio/mpeg"),
        (samples.mp3(1), "audio/mpeg", "audio/mpeg"),
        (samples.ogg(b"\x01vorbis"), "audio/ogg", "audio/ogg"),
        (b"\xef\xbb\xbfWith a mark", "text/plain", "text/plain"),
        ("UTF-16 ☃".encode("utf-16"), "text/plain", "text/plain"),
        (b"\xfe\xff" + "UTF-16 ☃".encode("utf-16-be"), "text/plain", "text/plain"),
        (b"x", "text/plain", "text/plain"),
        (b"We like <html>, #!/bin/sh and <?php.", "text/plain", "text/plain"),
        (JPEG + b"\0\0\0\x18ftypmp42" + bytes(500), "image/jpeg", "image/jpeg"),
        (JPEG + b"SEFT" + b"PK\x05\x06" + bytes(18), "image/jpeg", "image/jpeg"),
        (office(DOCX, method=zipfile.ZIP_STORED), DOCX, DOCX),
        (office(DOCX, extra={"word/embeddings/sheet.xlsx": office(XLSX)}), DOCX, DOCX),
    ],
)
def test_what_is_taken_as_what(content: bytes, declared: str, is_really: str) -> None:
    assert judged(declared, content) == is_really


HEIC = samples.iso_media(b"heic", b"mif1", b"mp41")


@pytest.mark.parametrize(
    ("content", "declared", "refused"),
    [
        (b"MZ\x90\0\3" + bytes(200), "image/png", RejectCode.TYPE_MISMATCH),
        (b"MZ\x90\0\3" + bytes(200), "application/x-msdownload", RejectCode.TYPE_NOT_ALLOWED),
        (HEIC, "image/jpeg", RejectCode.TYPE_MISMATCH),
        (samples.ebml(b"matroska"), "video/webm", RejectCode.TYPE_MISMATCH),
        (samples.ogg(b"\x80theora"), "audio/ogg", RejectCode.TYPE_MISMATCH),
        (b"\xff\xfb\x90\x00" + bytes(5_000), "audio/mpeg", RejectCode.TYPE_MISMATCH),
        (ARCHIVE, DOCX, RejectCode.TYPE_MISMATCH),
        (samples.ole("WordDocument"), DOCX, RejectCode.TYPE_MISMATCH),
        (samples.ole("EncryptedPackage"), DOCX, RejectCode.ENCRYPTED),
        (samples.ole("EncryptedPackage", directory_sector=0xFFFFFFFE), DOCX, RejectCode.TYPE_MISMATCH),
        (b"NUL\0", "text/plain", RejectCode.NOT_TEXT),
        (b"\x1b[31mred", "text/plain", RejectCode.NOT_TEXT),
        ("Köln".encode("latin-1"), "text/plain", RejectCode.NOT_TEXT),
        ("Köln".encode()[:2], "text/plain", RejectCode.NOT_TEXT),
        ("NUL\0".encode("utf-16"), "text/plain", RejectCode.NOT_TEXT),
        ("odd".encode("utf-16")[:-1], "text/plain", RejectCode.NOT_TEXT),
        (b"\n <!DOCTYPE  html><p>", "text/plain", RejectCode.POLYGLOT),
        ("<script>".encode("utf-16"), "text/plain", RejectCode.POLYGLOT),
        (b"\xef\xbb\xbf#!/bin/sh\n", "text/plain", RejectCode.POLYGLOT),
        (b"{\\rtf1 }", "text/plain", RejectCode.POLYGLOT),
        (TEXT + PDF, "text/plain", RejectCode.POLYGLOT),
        (JPEG[:20] + PDF + JPEG[20:], "image/jpeg", RejectCode.POLYGLOT),
        (JPEG + ARCHIVE, "image/jpeg", RejectCode.POLYGLOT),
        (PNG + ARCHIVE + bytes(1_000), "image/png", RejectCode.POLYGLOT),
        (PDF + ARCHIVE, "application/pdf", RejectCode.POLYGLOT),
        # zipfile finds an empty archive here; a reader that searches further back finds a program.
        (JPEG + ARCHIVE + b"PK\x05\x06" + bytes(18), "image/jpeg", RejectCode.POLYGLOT),
        (office(DOCX, extra={"word/vbaProject.bin": b"x"}), DOCX, RejectCode.MACROS),
        (office(XLSX, extra={"XL\\VBAPROJECT.BIN": b"x"}), XLSX, RejectCode.MACROS),
        (
            zipped({"[Content_Types].xml": samples.content_types("ms-word.document.macroEnabled.main+xml")}),
            DOCX,
            RejectCode.MACROS,
        ),
        (
            zipped(
                {
                    "[Content_Types].xml": samples.content_types(
                        "wordprocessingml.document.main+xml", "spreadsheetml.sheet.main+xml"
                    )
                }
            ),
            DOCX,
            RejectCode.POLYGLOT,
        ),
        (zipped({"[Content_Types].xml": b" " * 2_000_000}), DOCX, RejectCode.DOCUMENT_BROKEN),
        (office(PPTX)[:-30], PPTX, RejectCode.DOCUMENT_BROKEN),
    ],
)
def test_what_is_refused(content: bytes, declared: str, refused: RejectCode) -> None:
    assert code(declared, content) == refused


def test_an_encrypted_part_is_refused() -> None:
    document = bytearray(office(DOCX))
    entry = document.index(b"PK\x01\x02")
    document[entry + 8] |= 1

    assert code(DOCX, bytes(document)) == RejectCode.ENCRYPTED


def test_a_part_that_lies_behind_the_end_breaks_the_document() -> None:
    document = bytearray(office(DOCX))
    entry = document.index(b"PK\x01\x02")
    document[entry + 42 : entry + 46] = b"\xff\xff\xff\x7f"

    assert code(DOCX, bytes(document)) == RejectCode.DOCUMENT_BROKEN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (6, b"\xff"),  # an unknown version
        (9, b"\x08"),  # the flag for a name in UTF-8
        (10, b"\x0c"),  # BZIP2
        (16, b"\0\0\0\0"),  # the checksum
        (24, b"\1\0\0\0"),  # the length
    ],
)
def test_an_entry_that_does_not_fit_its_part_breaks_the_document(field: int, value: bytes) -> None:
    document = bytearray(office(DOCX))
    entry = document.index(b"PK\x01\x02")
    document[entry + 46] = 0xFF if field == 9 else document[entry + 46]
    document[entry + field : entry + field + len(value)] = value

    assert code(DOCX, bytes(document)) == RejectCode.DOCUMENT_BROKEN


def test_more_entries_than_the_end_tells_of_break_the_document() -> None:
    document = bytearray(office(DOCX))
    end = document.rindex(b"PK\x05\x06")
    for field in (end + 8, end + 10):
        document[field] -= 1

    assert code(DOCX, bytes(document)) == RejectCode.DOCUMENT_BROKEN


def test_of_an_ordinary_document_one_mark_is_read_beside_its_head_and_tail() -> None:
    document = office(DOCX, extra={"word/media/film.bin": samples.iso_media(b"mp42") * 10_000})
    found = reading(document)
    lengths = []

    def read(start: int, length: int) -> bytes:
        lengths.append(length)
        return document[start : start + length]

    assert judge(DOCX, found, read, lambda head: None) == DOCX
    assert lengths == [4]


def test_two_listings_of_its_parts_are_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in ("[Content_Types].xml", "[content_types].XML"):
            archive.writestr(name, samples.content_types("wordprocessingml.document.main+xml"))

    assert code(DOCX, written.getvalue()) == RejectCode.POLYGLOT


def test_a_directory_that_says_it_is_huge_is_not_read() -> None:
    """The directory is the largest read, since a zip of gigabytes may consist of the directory alone."""
    size = 3_000_000_000
    directory = 2_000_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60_000, 60_000, directory, size - directory - 22, 0)
    tail = bytes(TAIL_BYTES - len(end)) + end
    found = Found(size=size, sha256="", head=b"PK\x03\x04", tail=tail, is_text=False, is_legacy_text=False)
    lengths = []

    def read(start: int, length: int) -> bytes:
        lengths.append(length)
        return b"PK\x01\x02"[:length]

    verdict = judge(DOCX, found, read, lambda head: None)

    assert isinstance(verdict, Refusal)
    assert verdict.code == RejectCode.DOCUMENT_BROKEN
    assert not lengths


def test_an_ordinary_photo_with_what_cameras_add_is_taken() -> None:
    written = io.BytesIO()
    picture = Image.new("RGB", (64, 48), "green")
    exif = picture.getexif()
    exif[0x010F] = "PK Cameras, %PDF- and more"
    picture.save(written, "JPEG", exif=exif, comment=b"<script> in a comment is nobody's script")

    assert judged("image/jpeg", written.getvalue() + bytes(70_000)) == "image/jpeg"


@pytest.mark.parametrize(
    ("declared", "head", "likely"),
    [
        ("image/png", JPEG[:40], "image/jpeg"),
        (XLSX, b"PK\x03\x04", XLSX),
        ("application/zip", b"PK\x03\x04", "application/zip"),
        ("text/plain", b"#!AMR\n", "audio/amr"),
        ("audio/mp4", samples.iso_media(b"isom")[:40], "audio/mp4"),
        ("text/plain", b"hello", "text/plain"),
        ("application/x-unknown", b"hello", "application/x-unknown"),
    ],
)
def test_what_is_likely_by_the_first_bytes(declared: str, head: bytes, likely: str) -> None:
    assert likely_type(declared, head) == likely


def test_a_text_is_checked_to_its_very_end() -> None:
    text = "ä".encode() * 2_000_000

    assert judged("text/plain", text, 1, 3, 70_001) == "text/plain"
    assert code("text/plain", text + b"\0") == RejectCode.NOT_TEXT
    assert code("text/plain", text + b"\xc3") == RejectCode.NOT_TEXT
