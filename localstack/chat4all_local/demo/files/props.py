"""The files of the demo, and how each should reach a customer."""

from typing import Final

from chat4all_local.traffic.participants import CUSTOMERS, SHOWN

PHOTO: Final = "photo.jpg"
VIDEO: Final = "video.mp4"
VIDEO_BYTES: Final = 200_000_000
"""More than any channel takes, so that it goes as a link everywhere."""

MEDIA, LINK, RECEIVED = "media", "link", "received"

SENDER: Final = CUSTOMERS[0]
"""Who sends a photo back."""
SENDERS_KIND: Final = "image"
"""What the provider of SENDER calls a photo."""
BACK: Final = f"from {SENDER.name}"

HOW: Final = {
    **{(PHOTO, channel): MEDIA for channel in SHOWN},
    **{(VIDEO, channel): LINK for channel in SHOWN},
    (BACK, SENDER.channel): RECEIVED,
}
"""By file and channel."""
