import io
import struct

import pytest
from PIL import Image

from chat4all_local.simulators.shared.file_signs import beginning_of, format_of, is_opus, may_be, pixels_of
from chat4all_local.simulators.shared.media import ContentReader

SIGNS = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-msvideo": "avi",
    "video/3gpp": "3gp",
    "audio/aac": "aac",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "ole",
}


@pytest.mark.parametrize(("content_type", "name"), SIGNS.items())
def test_a_made_beginning_is_that_of_its_type_and_of_no_other(content_type: str, name: str) -> None:
    head = beginning_of(content_type) + bytes(100)

    assert format_of(head) == name
    assert may_be(content_type, head)
    others = {other for other, sign in SIGNS.items() if sign != name and {sign, name} != {"3gp", "mp4"}}
    assert not any(may_be(other, head) for other in others)


@pytest.mark.parametrize("head", [b"", b"hello", b"<html>", b"RIFF\x00\x00\x00\x00CDDA", b"\x89PNG"])
def test_what_has_no_known_sign_is_nothing(head: bytes) -> None:
    assert format_of(head) is None
    assert not may_be("image/png", head)


def test_a_text_has_no_nul() -> None:
    assert may_be("text/plain", "Olá".encode())
    assert not may_be("text/plain", b"a\x00b")


def test_an_ogg_is_opus_only_with_its_header() -> None:
    assert is_opus(beginning_of("audio/ogg"))
    assert not is_opus(b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis")


def test_the_size_of_an_image_is_in_its_header() -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 3000, 7)

    assert pixels_of(png) == (3000, 7)
    assert pixels_of(b"GIF89a" + struct.pack("<HH", 5, 6)) == (5, 6)
    assert pixels_of(png[:20]) is None
    assert pixels_of(beginning_of("image/jpeg")) is None


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0II*\0"}),
    ],
)
def test_the_sides_of_every_kind_of_picture_are_read(kind: str, options: dict[str, object]) -> None:
    written = io.BytesIO()
    Image.new("RGB", (321, 57)).save(written, kind, **options)

    assert pixels_of(written.getvalue()) == (321, 57)
    for end in range(0, len(written.getvalue()), 7):
        assert pixels_of(written.getvalue()[:end]) in {None, (321, 57)}


def test_the_sides_of_a_photo_stand_behind_the_cameras_data() -> None:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    Image.new("RGB", (10, 20)).save(written, "JPEG", exif=exif)
    reader = ContentReader()
    reader.read(written.getvalue())

    assert reader.content("image/jpeg", None).pixels == (10, 20)
