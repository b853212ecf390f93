import hashlib
from pathlib import Path

import pytest
from PIL import Image

from chat4all.channels.registry import capabilities, names
from chat4all.domain.channel import Capabilities
from chat4all.domain.files.file import Attachment
from chat4all_local.demo.files.making import made, make_photo
from chat4all_local.demo.files.props import VIDEO, VIDEO_BYTES
from chat4all_local.traffic.participants import BY_CHANNEL, SHOWN


def test_a_photo_is_one_and_no_two_are_alike(tmp_path: Path) -> None:
    # Given two photos of the same hue
    first, other = tmp_path / "one.jpg", tmp_path / "other.jpg"
    for path in (first, other):
        make_photo(path, 165)
    # Then both are valid images, and differ
    with Image.open(first) as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (1600, 1200))
    assert first.read_bytes() != other.read_bytes()


def test_what_was_made_is_known_by_its_size_and_sha256(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    found = made("photo", path)
    assert (found.size, found.sha256) == (7, hashlib.sha256(b"a photo").hexdigest())


@pytest.mark.parametrize("channel", capabilities().values(), ids=names())
def test_the_video_is_over_every_channels_limit(channel: Capabilities) -> None:
    video = Attachment("file", VIDEO, "video/mp4", VIDEO_BYTES)
    assert channel.media_rule(video, BY_CHANNEL[channel.channel].address) is None


@pytest.mark.parametrize("channel", [capabilities()[name] for name in SHOWN], ids=SHOWN)
def test_a_short_video_would_go_as_media_on_the_channels_that_are_shown(channel: Capabilities) -> None:
    assert channel.media_rule(Attachment("file", VIDEO, "video/mp4", 1_000_000), "1") is not None
