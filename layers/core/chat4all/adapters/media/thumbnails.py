"""Thumbnails by Pillow: small JPEGs of the first picture, upright, on white, and without the camera's data.

An image is decoded only if the decoder's memory is known to fit: an inspection stays under 200 MB, whatever
size the image declares. The decoder reads the image from the store in ranges.
"""

import io
import threading
import warnings
from contextlib import suppress
from typing import BinaryIO, Final

from PIL import Image, JpegImagePlugin, WebPImagePlugin
from PIL.Image import Resampling, Transpose

from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import THUMBNAILS_PX
from chat4all.domain.files.inspection import Picture, ReadRange, Refusal, RejectCode

MOST_DECODED_BYTES: Final = 144 * 1024 * 1024
"""The most bytes that a decoder holds at once: 37 megapixels of colour, or a one-scan JPEG of any camera."""
MOST_PIXELS: Final = 250_000_000
MOST_SCANS: Final = 500
"""The most scans of a JPEG, each of which covers the whole picture again:
https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf"""
MOST_FILE_BYTES: Final = 64 * 1024 * 1024
"""Pillow holds the data beside the picture in memory, at any length."""

_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
_QUALITY: Final = 80
_READ_BYTES: Final = 256 * 1024
_STRIP_BYTES: Final = 4 * 1024 * 1024

_NARROW_MODES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2}
_SIXTEEN_BITS: Final = frozenset(("I", "I;16", "I;16B"))
_COEFFICIENT_BYTES: Final = 2
_WEBP_CANVASES: Final = 2

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

_SIDEWAYS: Final = frozenset(
    (Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90)
)

# Pillow warns and raises by the number of pixels alone. This module measures an image before it decodes the
# image.
Image.MAX_IMAGE_PIXELS = None
_one_at_a_time = threading.Lock()


class _RangeFile(io.RawIOBase):
    """A file whose bytes are read from the store in ranges."""

    def __init__(self, read: ReadRange, size: int) -> None:
        self._read = read
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # io passes a memoryview
        wanted = min(len(buffer), self._size - self._at)
        piece = self._read(self._at, wanted) if wanted > 0 else b""
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def thumbnails(content_type: str, read: ReadRange, size: int) -> Picture | Refusal:
    """Measure the image and make its thumbnails, by their longer side in pixels, each of THUMBNAILS_PX.

    A smaller image is not made larger.
    """
    if size > MOST_FILE_BYTES:
        return Refusal(RejectCode.IMAGE_TOO_LARGE, f"An image may have {MOST_FILE_BYTES} bytes, not {size}.")
    file = io.BufferedReader(_RangeFile(read, size), _READ_BYTES)
    try:
        # The files of a batch are inspected in parallel, but only one image is decoded at a time.
        with (
            _one_at_a_time,
            warnings.catch_warnings(action="ignore"),
            Image.open(file, formats=[_FORMATS[content_type]]) as image,
        ):
            return _decoded(image, file, size)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise anything at all for bytes made to break them
        return Refusal(RejectCode.IMAGE_BROKEN, f"The image cannot be decoded: {type(error).__name__}.")


def _decoded(image: Image.Image, file: BinaryIO, size: int) -> Picture | Refusal:
    width, height = image.size
    needed = _held_bytes(image, file, size)
    if isinstance(image, JpegImagePlugin.JpegImageFile) and needed and _scans(file) > MOST_SCANS:
        return Refusal(RejectCode.IMAGE_TOO_LARGE, f"The JPEG has more than {MOST_SCANS} scans.")
    # The draft has twice the wanted size, so that the last reduction has a good quality.
    largest = 2 * max(THUMBNAILS_PX)
    share = min(1.0, largest / max(width, height))
    image.draft("RGB", (max(1, int(width * share)), max(1, int(height * share))))
    needed += image.width * image.height * _NARROW_MODES.get(image.mode, 4)
    if needed > MOST_DECODED_BYTES or width * height > MOST_PIXELS:
        return Refusal(
            RejectCode.IMAGE_TOO_LARGE, f"The image of {width} x {height} pixels is too large to decode."
        )
    turn = _TURNS.get(_orientation(image))
    if turn in _SIDEWAYS:
        width, height = height, width
    image.load()
    small = _reduced(image, max(1, max(image.size) // largest))
    if turn is not None:
        small = small.transpose(turn)
    return Picture(width, height, {px: _jpeg(small, px) for px in THUMBNAILS_PX})


def _held_bytes(image: Image.Image, file: BinaryIO, size: int) -> int:
    """Return the bytes that the decoder holds beside the picture."""
    pixels = image.width * image.height
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return 0 if _is_one_scan(image, file) else _coefficient_bytes(image, pixels)
    canvases = _WEBP_CANVASES if isinstance(image, WebPImagePlugin.WebPImageFile) else 0
    return size + 4 * pixels * canvases


def _is_one_scan(image: JpegImagePlugin.JpegImageFile, file: BinaryIO) -> bool:
    """Return whether the JPEG has one scan, and so is decoded line by line.

    Otherwise the decoder holds all coefficients until it has read the last scan. Pillow has stopped behind
    the header of the first scan: FF DA, its length, the number of components in it.
    """
    if "progressive" in image.info:
        return False
    components = len(image.layer)
    length = 6 + 2 * components
    after = file.tell()
    file.seek(after - length - 2)
    header = file.read(5)
    file.seek(after)
    return header == b"\xff\xda" + length.to_bytes(2, "big") + bytes([components])


def _scans(file: BinaryIO) -> int:
    """Count the scans, including bytes that only look like a scan, as in a film behind the picture."""
    after = file.tell()
    file.seek(0)
    count = sum(piece.count(b"\xff\xda") for piece in iter(lambda: file.read(_READ_BYTES), b""))
    file.seek(after)
    return count


def _coefficient_bytes(image: JpegImagePlugin.JpegImageFile, pixels: int) -> int:
    most = max(layer[1] for layer in image.layer) * max(layer[2] for layer in image.layer)
    return _COEFFICIENT_BYTES * sum(pixels * layer[1] * layer[2] // most for layer in image.layer)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 if the EXIF data is broken, which does not break the image."""
    with suppress(Exception):  # Pillow raises many errors for broken EXIF data
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Reduce the image by a whole factor, opaque and in RGB, in strips, because each step makes a copy."""
    size = (-(-image.width // factor), -(-image.height // factor))
    small = Image.new("RGB", size)
    height = factor * max(1, _STRIP_BYTES // (4 * image.width * factor))
    for top in range(0, image.height, height):
        strip = image.crop((0, top, image.width, min(top + height, image.height)))
        small.paste(_on_white(strip).reduce(factor), (0, top // factor))
    return small


def _on_white(strip: Image.Image) -> Image.Image:
    if strip.mode in _SIXTEEN_BITS:
        strip = strip.point(lambda value: value / 256).convert("L")
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    white = Image.new("RGBA", strip.size, "white")
    white.alpha_composite(strip.convert("RGBA"))
    return white.convert("RGB")


def _jpeg(image: Image.Image, px: int) -> bytes:
    small = image.copy()
    small.thumbnail((px, px), Resampling.LANCZOS, reducing_gap=None)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
