"""Create the files: two photos of a sky with random noise, and a video without pictures."""

import hashlib
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageChops

from chat4all_local.demo.files.props import BACK, PHOTO, VIDEO, VIDEO_BYTES
from chat4all_local.traffic.film import make_film

_SIZE: Final = (1600, 1200)
_BLUE_HOUR: Final = 165
_SUNSET: Final = 240
_GRAIN: Final = 10
_MIDDLE: Final = 128


class Made(msgspec.Struct, frozen=True):
    """A created file; `name` is its name in the demo."""

    name: str
    path: Path
    size: int
    sha256: str


def make_files(folder: Path) -> dict[str, Made]:
    """Create the files in a new folder, and return them by name."""
    folder.mkdir()
    photo, video, back = folder / PHOTO, folder / VIDEO, folder / BACK
    make_photo(photo, _BLUE_HOUR)
    make_film(video, VIDEO_BYTES)
    make_photo(back, _SUNSET)
    return {name: made(name, path) for name, path in ((PHOTO, photo), (VIDEO, video), (BACK, back))}


def make_photo(path: Path, hue: int) -> None:
    """Create a photo of a sky in shades of `hue` (0 to 255). Its random noise makes each photo unique."""
    down = Image.linear_gradient("L").resize(_SIZE)
    from_sun = Image.radial_gradient("L").resize(_SIZE)
    grain = Image.effect_noise(_SIZE, _GRAIN)
    hues = down.point([(hue + value // 3) % 256 for value in range(256)])
    saturation = from_sun.point([min(255, value + 40) for value in range(256)])
    light = ImageChops.add(from_sun.point([255 - value // 2 for value in range(256)]), grain, offset=-_MIDDLE)
    Image.merge("HSV", (hues, saturation, light)).convert("RGB").save(path, "JPEG", quality=85)


def made(name: str, path: Path) -> Made:
    with path.open("rb") as file:
        return Made(name, path, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
