"""The capabilities of Telegram, as data: this module imports neither a connector nor an HTTP library."""

from typing import Final

from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.channels.shared.manifest import DemoCustomer, Manifest, SecretField
from chat4all.channels.shared.media_rules import CAPTION, MB, PICTURES
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
from chat4all.domain.files.file import FILE_TYPES, MediaKind

_PHOTOS: Final = (*PICTURES, "image/webp")
_MUSIC: Final = ("audio/mpeg", "audio/mp4")


def _rule(kind: MediaKind, content_types: tuple[str, ...], megabytes: int, transfer: Transfer) -> MediaRule:
    return MediaRule(kind, content_types, megabytes * MB, transfer, CAPTION)


def _photos(megabytes: int, transfer: Transfer) -> MediaRule:
    """Build the rule for photos. A picture outside of it goes as a document.

    https://core.telegram.org/bots/api#sendphoto
    """
    rule = _rule(MediaKind.IMAGE, _PHOTOS, megabytes, transfer)
    return replace(rule, most_width_and_height=10_000, most_ratio=20)


CAPABILITIES: Final = Capabilities(
    channel="telegram",
    kinds=kind_rules(),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 30, burst=30, lease=3),
        RateLimit(LimitScope.RECIPIENT, interval_s=1.0, burst=3, lease=1),
        # A bucket gives its burst and a minute's refill within one minute: together 20.
        RateLimit(LimitScope.GROUP, interval_s=4.0, burst=5, lease=1),
    ),
    receipts=Receipts(delivered=False, read=False),
    window_h=None,
    media=(
        _photos(5, Transfer.LINK),
        _photos(10, Transfer.UPLOAD),
        _rule(MediaKind.VIDEO, ("video/mp4",), 20, Transfer.LINK),
        _rule(MediaKind.VIDEO, ("video/mp4",), 50, Transfer.UPLOAD),
        _rule(MediaKind.AUDIO, _MUSIC, 20, Transfer.LINK),
        _rule(MediaKind.AUDIO, _MUSIC, 50, Transfer.UPLOAD),
        # By address, a document may be a GIF, a PDF or a ZIP file only.
        _rule(MediaKind.DOCUMENT, ("application/pdf", "image/gif"), 20, Transfer.LINK),
        _rule(MediaKind.DOCUMENT, tuple(FILE_TYPES), 50, Transfer.UPLOAD),
    ),
    other_files=OtherFiles.LINK,
    group_prefix="-",
)
"""Text: https://core.telegram.org/bots/api#sendmessage

Files: https://core.telegram.org/bots/api#sending-files
Videos: https://core.telegram.org/bots/api#sendvideo
Music: https://core.telegram.org/bots/api#sendaudio
A file that Telegram does not show as its kind goes as a document.

A bot may send about 30 messages a second, and 1 a second to a chat. Telegram tolerates short bursts there,
and does not say how short; a burst of 3 is cautious. A group, whose id is negative, takes 20 a minute:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

MANIFEST: Final = Manifest(
    title="Telegram",
    base_url="https://api.telegram.org",
    capabilities=CAPABILITIES,
    secret=(
        SecretField("account_id", "bot id"),
        SecretField("access_token", "bot token"),
        SecretField("webhook_secret", "a word of yours"),
    ),
    webhook_setup=(
        '`curl "https://api.telegram.org/bot<token>/setWebhook" --data-urlencode'
        ' "url=$WEBHOOK_URL/v1/webhooks/telegram" -d "secret_token=<webhook_secret>"`'
    ),
    webhook_proof="X-Telegram-Bot-Api-Secret-Token",
    address_form="70{:08d}",
    answers_name_moves=True,
    # A customer's replies in the group go to the other customers only, and Telegram is slow to take messages.
    demo=DemoCustomer("Rami", "424242", replies_in_group=2),
)
