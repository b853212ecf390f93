"""Thumbnails: small, upright and on white, made within the memory that an inspection may use."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chat4all.adapters.media.thumbnails import MOST_FILE_BYTES, thumbnails
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.inspection import Picture, Refusal, RejectCode
from tests.fakes.samples import EVERY_TYPE, image

IMAGES = [content_type for content_type in EVERY_TYPE if content_type.startswith("image/")]
MEMORY_MB = 200
RED, BLUE, WHITE = (254, 0, 0), (0, 0, 254), (255, 255, 255)


def made(content_type: str, content: bytes) -> Picture | Refusal:
    def read(start: int, length: int) -> bytes:
        assert length > 0
        assert 0 <= start < len(content), "a store answers that with an error"
        return content[start : start + length]

    return thumbnails(content_type, read, len(content))


def opened(content_type: str, content: bytes) -> dict[int, Image.Image]:
    found = made(content_type, content)
    assert isinstance(found, Picture), found
    return {px: Image.open(io.BytesIO(jpeg)) for px, jpeg in found.thumbnails.items()}


def code(content_type: str, content: bytes) -> str:
    refusal = made(content_type, content)
    assert isinstance(refusal, Refusal)
    return refusal.code


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(value - other) < 12 for value, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_longer_side_has_the_pixels_that_were_asked_for(kind: str) -> None:
    small = opened(f"image/{kind.lower()}", image(kind, (3_000, 1_500)))

    assert {px: thumbnail.size for px, thumbnail in small.items()} == {200: (200, 100), 500: (500, 250)}
    assert {thumbnail.format for thumbnail in small.values()} == {"JPEG"}


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (60, 20)), (3, (60, 20)), (6, (20, 60)), (8, (20, 60))]
)
def test_an_image_is_measured_as_it_is_shown(orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    found = made("image/jpeg", saved(Image.new("RGB", (60, 20)), "JPEG", exif=exif))

    assert isinstance(found, Picture)
    assert (found.width, found.height) == size


def test_a_small_image_is_not_made_larger() -> None:
    small = opened("image/png", image("PNG", (300, 40)))

    assert {px: thumbnail.size for px, thumbnail in small.items()} == {200: (200, 27), 500: (300, 40)}


@pytest.mark.parametrize("size", [(1, 1), (20_000, 1), (1, 20_000), (1_001, 999)])
def test_any_shape_has_thumbnails(size: tuple[int, int]) -> None:
    for px, thumbnail in opened("image/png", image("PNG", size)).items():
        assert 1 <= min(thumbnail.size) <= max(thumbnail.size) <= px


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_any_mode_has_thumbnails(mode: str) -> None:
    written = io.BytesIO()
    Image.new(mode, (1_200, 900)).save(written, "PNG")

    assert set(opened("image/png", written.getvalue())) == {200, 500}


def test_an_ink_image_has_thumbnails() -> None:
    assert set(opened("image/jpeg", saved(Image.new("CMYK", (1_200, 900)), "JPEG"))) == {200, 500}


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    grey = Image.new("I;16", (600, 600), 0x8000)

    assert near(opened("image/png", saved(grey, "PNG"))[200].getpixel((5, 5)), (128, 128, 128))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int) -> None:
    """The upper left part of the upright picture is red, however the camera was held."""
    upright = Image.new("RGB", (1_200, 600), "blue")
    upright.paste("red", (0, 0, 600, 300))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    small = opened("image/jpeg", saved(stored, "JPEG", exif=exif))[500]

    assert small.size == (500, 250)
    assert near(small.getpixel((20, 20)), RED)
    assert near(small.getpixel((480, 20)), BLUE)
    assert near(small.getpixel((20, 230)), BLUE)


def test_what_the_camera_wrote_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"
    photo = saved(Image.new("RGB", (900, 900)), "JPEG", exif=exif, comment=b"a secret")

    for thumbnail in opened("image/jpeg", photo).values():
        assert len(thumbnail.getexif()) == 0
        assert "comment" not in thumbnail.info


def test_broken_exif_is_no_broken_image() -> None:
    photo = saved(
        Image.new("RGB", (900, 900)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + os.urandom(40)
    )

    assert set(opened("image/jpeg", photo)) == {200, 500}


def test_of_an_animation_it_is_the_first_picture() -> None:
    frames = [Image.new("RGB", (600, 600), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        animation = saved(frames[0], kind, save_all=True, append_images=frames[1:])

        assert near(opened(f"image/{kind.lower()}", animation)[200].getpixel((9, 9)), RED)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_is_white(kind: str) -> None:
    clear = Image.new("RGBA", (600, 600), (0, 0, 255, 0))

    assert near(opened(f"image/{kind.lower()}", saved(clear, kind))[200].getpixel((9, 9)), WHITE)


@pytest.mark.parametrize("content_type", IMAGES)
def test_a_picture_that_is_cut_short_is_broken(content_type: str) -> None:
    kind = content_type.removeprefix("image/").upper()
    noise = Image.frombytes("RGB", (300, 300), os.urandom(270_000))
    content = saved(noise, kind)

    assert code(content_type, content[: len(content) // 2]) == RejectCode.IMAGE_BROKEN


@given(st.sampled_from(IMAGES), st.data())
@settings(max_examples=200)
def test_no_damage_breaks_it(content_type: str, data: st.DataObject) -> None:
    content = bytearray(EVERY_TYPE[content_type])
    for at in data.draw(st.lists(st.integers(12, len(content) - 1), min_size=1, max_size=20)):
        content[at] = data.draw(st.integers(0, 255))

    found = made(content_type, bytes(content))

    assert isinstance(found, Picture) or found.code in {RejectCode.IMAGE_BROKEN, RejectCode.IMAGE_TOO_LARGE}


def test_a_store_that_does_not_answer_is_no_broken_image() -> None:
    def unavailable(start: int, length: int) -> bytes:
        raise Unavailable("The object store did not answer; try again.")

    with pytest.raises(Unavailable):
        thumbnails("image/png", unavailable, 1_000)


def png_that_says(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(9_000)))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def jpeg_of_many_scans(content: bytes) -> bytes:
    """Change the first scan of a JPEG to one component, so that libjpeg holds the whole picture in memory."""
    at = content.index(b"\xff\xda")
    return content[:at] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + content[at + 14 :]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("image/png", png_that_says(60_000, 60_000)),
        ("image/png", png_that_says(7_000, 6_000)),
        (
            "image/gif",
            b"GIF89a"
            + struct.pack("<HHBBB", 65_000, 65_000, 0, 0, 0)
            + b","
            + struct.pack("<4HB", 0, 0, 65_000, 65_000, 0)
            + b"\2\2\x4c\1\0;",
        ),
        ("image/webp", saved(Image.new("RGB", (4_200, 4_200)), "WEBP", lossless=True, method=0)),
        ("image/jpeg", saved(Image.new("RGB", (6_000, 6_000)), "JPEG", progressive=True, subsampling=0)),
        ("image/jpeg", jpeg_of_many_scans(image("JPEG", (9_000, 9_000)))),
    ],
)
def test_a_picture_that_would_not_fit_is_not_decoded(content_type: str, content: bytes) -> None:
    assert code(content_type, content) == RejectCode.IMAGE_TOO_LARGE


def test_a_picture_that_would_be_drawn_without_end_is_not_decoded() -> None:
    progressive = saved(Image.new("RGB", (1_000, 1_000)), "JPEG", progressive=True)
    last = progressive.rindex(b"\xff\xda")
    again = progressive[last:-2]

    assert code("image/jpeg", progressive[:-2] + again * 500 + b"\xff\xd9") == RejectCode.IMAGE_TOO_LARGE
    assert set(opened("image/jpeg", progressive)) == {200, 500}


def test_a_file_that_would_not_fit_is_not_even_opened() -> None:
    def unread(start: int, length: int) -> bytes:
        pytest.fail("it was read")

    refusal = thumbnails("image/webp", unread, MOST_FILE_BYTES + 1)

    assert isinstance(refusal, Refusal)
    assert refusal.code == RejectCode.IMAGE_TOO_LARGE


MEASURE = """
import resource, sys
from pathlib import Path
from chat4all.adapters.media.thumbnails import thumbnails
from chat4all.domain.files.inspection import Picture
content_type, path = sys.argv[1:]
with open(path, "rb") as file:
    def read(start, length):
        file.seek(start)
        return file.read(length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert isinstance(thumbnails(content_type, read, Path(path).stat().st_size), Picture)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [
        ("JPEG", (15_800, 15_800), {}),
        ("JPEG", (4_900, 4_900), {"progressive": True, "subsampling": 0}),
        ("PNG", (6_100, 6_000), {"compress_level": 1}),
        ("WEBP", (4_000, 3_000), {"method": 0}),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_the_largest_that_is_taken_stays_within_memory(
    tmp_path: Path, kind: str, size: tuple[int, int], options: dict[str, object]
) -> None:
    mode = "RGB" if kind == "JPEG" else "RGBA"
    (tmp_path / "picture").write_bytes(saved(Image.new(mode, size, "red"), kind, **options))

    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, f"image/{kind.lower()}", tmp_path / "picture"],
        capture_output=True,
        check=True,
        text=True,
    )

    assert int(measured.stdout) < MEMORY_MB
