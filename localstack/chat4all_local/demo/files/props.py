"""The files of the demo, and the way in which each should reach a customer."""

from collections.abc import Mapping, Sequence
from typing import Final

from chat4all.channels.registry import manifest_of
from chat4all.domain.files.file import Attachment
from chat4all_local.traffic.participants import BY_CHANNEL, Customer

PHOTO: Final = "photo.jpg"
VIDEO: Final = "video.mp4"
VIDEO_BYTES: Final = 200_000_000
"""More than any channel accepts, so that every customer gets a link to the video."""

MEDIA, LINK, RECEIVED = "media", "link", "received"

BACK: Final = "back.jpg"
"""A photo that the demo's first customer sends to the agent."""


def sender_of(channels: Sequence[str]) -> Customer:
    """Return the customer who sends BACK."""
    return BY_CHANNEL[channels[0]]


def title_of(name: str, channel: str) -> str:
    """Return the name that the demo shows for a file to, or from, the customer on `channel`."""
    return f"from {BY_CHANNEL[channel].name}" if name == BACK else name


def ways_wanted(channels: Sequence[str], photo_bytes: int) -> Mapping[tuple[str, str], str]:
    """Return the expected way of each file, by file and channel, from the channels' capabilities."""
    photo = Attachment(PHOTO, PHOTO, "image/jpeg", photo_bytes)
    video = Attachment(VIDEO, VIDEO, "video/mp4", VIDEO_BYTES)
    out = {(file.filename, channel): _way(file, channel) for file in (photo, video) for channel in channels}
    return {**out, (BACK, sender_of(channels).channel): RECEIVED}


def _way(file: Attachment, channel: str) -> str:
    rule = manifest_of(channel).capabilities.media_rule(file, BY_CHANNEL[channel].address)
    return LINK if rule is None else MEDIA
