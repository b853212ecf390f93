"""What each channel can do, as data. Importing it loads neither a connector nor an HTTP library."""

from typing import Final

from chat4all.domain.channel import (
    Capabilities,
    LengthUnit,
    LimitScope,
    MediaRule,
    OtherFiles,
    RateLimit,
    Receipts,
    Transfer,
)
from chat4all.domain.files import FILE_TYPES, MediaKind

_MB: Final = 1_000_000
"""None of the providers says whether theirs has 1,048,576 bytes; a file between the two goes as a link, or uploaded."""
_CAPTION: Final = 1024
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS: Final = (
    "application/pdf",
    "text/plain",
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation",
)
_PICTURES: Final = ("image/jpeg", "image/png")
_TELEGRAM_PHOTOS: Final = (*_PICTURES, "image/webp")
_TELEGRAM_MUSIC: Final = ("audio/mpeg", "audio/mp4")


def _by_link(
    kind: MediaKind, content_types: tuple[str, ...], megabytes: int, caption_length: int = 0
) -> MediaRule:
    return MediaRule(kind, content_types, megabytes * _MB, Transfer.LINK, caption_length)


def _telegram(
    kind: MediaKind, content_types: tuple[str, ...], megabytes: int, transfer: Transfer
) -> MediaRule:
    return MediaRule(kind, content_types, megabytes * _MB, transfer, _CAPTION)


WHATSAPP: Final = Capabilities(
    channel="whatsapp",
    kinds=("text", *MediaKind),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    over_long_text="split",
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 80, burst=80, lease=8),
        # Most people are sent one message at a time: a second leased token would go unused, and
        # each one costs six seconds to refill.
        RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=45, lease=1),
    ),
    receipts=Receipts(delivered=True, read=True),
    window_h=24,
    media=(
        _by_link(MediaKind.IMAGE, _PICTURES, 5, _CAPTION),
        _by_link(MediaKind.VIDEO, ("video/mp4",), 16, _CAPTION),
        _by_link(MediaKind.AUDIO, ("audio/mp4", "audio/mpeg", "audio/ogg"), 16),
        _by_link(MediaKind.DOCUMENT, _DOCUMENTS, 100, _CAPTION),
    ),
    other_files=OtherFiles.LINK,
)
"""Text: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages

Files: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
Captions: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/image-messages

80 messages a second of a number:
https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput

One per six seconds to one person, with bursts of 45:
https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
"""

TELEGRAM: Final = Capabilities(
    channel="telegram",
    kinds=("text", *MediaKind),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    over_long_text="split",
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 30, burst=30, lease=3),
        RateLimit(LimitScope.RECIPIENT, interval_s=1.0, burst=3, lease=1),
        # A bucket gives its burst and a minute's refill within one minute: together 20.
        RateLimit(LimitScope.GROUP, interval_s=4.0, burst=5, lease=1),
    ),
    receipts=Receipts(delivered=False, read=False),
    window_h=None,
    media=(
        _telegram(MediaKind.IMAGE, _TELEGRAM_PHOTOS, 5, Transfer.LINK),
        _telegram(MediaKind.IMAGE, _TELEGRAM_PHOTOS, 10, Transfer.UPLOAD),
        _telegram(MediaKind.VIDEO, ("video/mp4",), 20, Transfer.LINK),
        _telegram(MediaKind.VIDEO, ("video/mp4",), 50, Transfer.UPLOAD),
        _telegram(MediaKind.AUDIO, _TELEGRAM_MUSIC, 20, Transfer.LINK),
        _telegram(MediaKind.AUDIO, _TELEGRAM_MUSIC, 50, Transfer.UPLOAD),
        # By address, a document may be a GIF, a PDF or a ZIP file only.
        _telegram(MediaKind.DOCUMENT, ("application/pdf", "image/gif"), 20, Transfer.LINK),
        _telegram(MediaKind.DOCUMENT, tuple(FILE_TYPES), 50, Transfer.UPLOAD),
    ),
    other_files=OtherFiles.LINK,
    group_prefix="-",
)
"""Text: https://core.telegram.org/bots/api#sendmessage

Files: https://core.telegram.org/bots/api#sending-files
What is a video or music: https://core.telegram.org/bots/api#sendvideo, https://core.telegram.org/bots/api#sendaudio;
whatever is not shown as what it is goes as a document.

About 30 messages a second in all, and one a second in one chat, where short bursts over it are
tolerated; how short is not said, so 3 is cautious. 20 a minute in one group, whose id is negative:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

INSTAGRAM: Final = Capabilities(
    channel="instagram",
    kinds=("text", *MediaKind),
    text_length=1000,
    text_unit=LengthUnit.BYTES,
    over_long_text="split",
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 300, burst=300, lease=15),
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 10, burst=10, kinds=(MediaKind.AUDIO, MediaKind.VIDEO)),
    ),
    receipts=Receipts(delivered=False, read=True),
    window_h=24,
    media=(
        _by_link(MediaKind.IMAGE, ("image/png", "image/jpeg", "image/gif"), 8),
        _by_link(MediaKind.AUDIO, ("audio/mp4", "audio/wav"), 25),
        _by_link(MediaKind.VIDEO, ("video/mp4", "video/quicktime", "video/webm"), 25),
        _by_link(MediaKind.DOCUMENT, ("application/pdf",), 25),
    ),
    other_files=OtherFiles.LINK,
)
"""Text ("must be UTF-8 and be a 1000 bytes or less"):
https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message
Files, which have no caption: the same page.

300 texts a second of an account, 10 with audio or video:
https://developers.facebook.com/docs/messenger-platform/overview/rate-limiting

Receipts: `messaging_seen` tells that a message was read; `message_deliveries` is "only available
for Messenger conversations":
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""
