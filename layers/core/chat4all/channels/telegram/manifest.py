"""The capabilities of Telegram, as data: this module imports neither a connector nor an HTTP library."""

from typing import Final

from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.channels.shared.manifest import DemoCustomer, Manifest, SecretField
from chat4all.channels.shared.media_rules import CAPTION, MB, PICTURES
from chat4all.channels.telegram.address import BUSINESS
from chat4all.domain.act_rules import Acts, DeleteRule, EditRule, ReadRule, TypingRule
from chat4all.domain.channel import (
    AlbumRule,
    Capabilities,
    KindRule,
    LengthUnit,
    LimitScope,
    MediaRule,
    OtherFiles,
    RateLimit,
    Receipts,
    Transfer,
    Treatment,
)
from chat4all.domain.files.file import FILE_TYPES, Form, MediaKind

_PHOTOS: Final = (*PICTURES, "image/webp")
_MUSIC: Final = ("audio/mpeg", "audio/mp4")
_REACTIONS: Final = (
    "\u2764 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 \u2764\u200d🔥 🌚 🌭"
    " 💯 🤣 \u26a1 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 \u270d 🤗 🫡"
    " 🎅 🎄 \u2603 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d\u2642 🤷 🤷\u200d\u2640 😡"
)
"""The emoji that a bot may react with, with spaces between: https://core.telegram.org/bots/api#reactiontypeemoji"""

_UPDATES: Final = (
    '["message","edited_message","channel_post","edited_channel_post","business_message",'
    '"edited_business_message","deleted_business_messages","callback_query","message_reaction",'
    '"my_chat_member"]'
)
"""Telegram leaves out reactions unless asked: https://core.telegram.org/bots/api#setwebhook

In a group, a bot gets them only as an administrator.
"""


def _rule(kind: MediaKind, content_types: tuple[str, ...], megabytes: int, transfer: Transfer) -> MediaRule:
    return MediaRule(kind, content_types, megabytes * MB, transfer, CAPTION)


def _photos(megabytes: int, transfer: Transfer) -> MediaRule:
    """Build the rule for photos. A picture outside of it goes as a document.

    https://core.telegram.org/bots/api#sendphoto
    """
    rule = _rule(MediaKind.IMAGE, _PHOTOS, megabytes, transfer)
    return replace(rule, most_width_and_height=10_000, most_ratio=20)


def _form(
    form: Form, kind: MediaKind, content_types: tuple[str, ...], most_bytes: int, transfer: Transfer
) -> MediaRule:
    return MediaRule(kind, content_types, most_bytes, transfer, form=form)


_VOICE_NOTES: Final = tuple(
    replace(
        _form(Form.VOICE, MediaKind.AUDIO, content_types, megabytes * MB, transfer),
        caption_length=CAPTION,
        ogg_codecs=("opus",),
    )
    for content_types, megabytes, transfer in (
        # By address, a larger note, and a note of another type, would be shown as a file.
        (("audio/ogg",), 1, Transfer.LINK),
        (("audio/ogg", *_MUSIC), 50, Transfer.UPLOAD),
    )
)
"""https://core.telegram.org/bots/api#sendvoice"""
_STICKERS: Final = (
    replace(
        _form(Form.STICKER, MediaKind.IMAGE, ("image/webp",), 512_000, Transfer.LINK),
        most_width_and_height=1_024,
    ),
    _form(Form.STICKER, MediaKind.VIDEO, ("video/webm",), 256_000, Transfer.UPLOAD),
)
"""https://core.telegram.org/bots/api#sendsticker, https://core.telegram.org/stickers"""

_ANSWERS_BYTES: Final = 8_000
"""Telegram refuses a keyboard of over 10 kB as JSON, where 50 buttons have 2 kB beside their texts:
https://github.com/tginfo/Telegram-Limits/issues/187"""

CAPABILITIES: Final = Capabilities(
    channel="telegram",
    kinds=kind_rules(
        KindRule("location", longest_live_s=86_400),
        KindRule("contacts", most=1, needs_phone=True),
        KindRule("reaction", otherwise=Treatment.REJECTED, emoji=tuple(_REACTIONS.split())),
        KindRule(
            "buttons", otherwise=Treatment.NUMBERED_TEXT, text_length=4096, answers_bytes=_ANSWERS_BYTES
        ),
        KindRule(
            "list",
            otherwise=Treatment.NUMBERED_TEXT,
            text_length=4096,
            description_length=0,
            answers_bytes=_ANSWERS_BYTES,
        ),
    ),
    text_length=4096,
    text_unit=LengthUnit.CHARACTERS,
    rate_limits=(
        RateLimit(LimitScope.ACCOUNT, interval_s=1 / 30, burst=15, lease=3),
        RateLimit(LimitScope.RECIPIENT, interval_s=1.0, burst=3, lease=1),
        # A bucket gives its burst and a minute's refill within one minute: together 20.
        RateLimit(LimitScope.GROUP, interval_s=4.0, burst=5, lease=1),
    ),
    receipts=Receipts(delivered=False, read=False),
    window_h=None,
    media=(
        *_VOICE_NOTES,
        *_STICKERS,
        # Telegram fetches no video note by its address.
        _form(Form.VIDEO_NOTE, MediaKind.VIDEO, ("video/mp4",), 50 * MB, Transfer.UPLOAD),
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
    albums=(
        AlbumRule((MediaKind.IMAGE, MediaKind.VIDEO), most=10),
        AlbumRule((MediaKind.AUDIO,), most=10),
        # A GIF file becomes an animation, which no album takes.
        AlbumRule((MediaKind.DOCUMENT,), most=10, alone=("image/gif",)),
    ),
    other_files=OtherFiles.LINK,
    group_prefix="-",
    acts=Acts(
        edit=EditRule(kinds=("text", "media", "album", "buttons", "list", "carousel")),
        delete=DeleteRule(hours=48),
        read=ReadRule(account_prefix=BUSINESS),
        typing=TypingRule(seconds=5),
    ),
)
"""Text: https://core.telegram.org/bots/api#sendmessage

Files: https://core.telegram.org/bots/api#sending-files
Videos: https://core.telegram.org/bots/api#sendvideo
Music: https://core.telegram.org/bots/api#sendaudio
Video notes: https://core.telegram.org/bots/api#sendvideonote
A file that Telegram does not show as its kind goes as a document.
Albums ("Documents and audio files can be only grouped in an album with messages of the same type"):
https://core.telegram.org/bots/api#sendmediagroup

Places: https://core.telegram.org/bots/api#sendlocation
Contacts: https://core.telegram.org/bots/api#sendcontact, a phone number each
Reactions: https://core.telegram.org/bots/api#setmessagereaction
Buttons and lists: https://core.telegram.org/bots/api#inlinekeyboardbutton
Edits: https://core.telegram.org/bots/api#editmessagetext. The limit of 48 hours is for messages of a business
that the bot did not send.
Deletions ("A message can only be deleted if it was sent less than 48 hours ago"):
https://core.telegram.org/bots/api#deletemessage
Reading, in the chats of a business only: https://core.telegram.org/bots/api#readbusinessmessage
Typing ("The status is set for 5 seconds or less"): https://core.telegram.org/bots/api#sendchataction
A keyboard has no room for the descriptions of a list, so such a list goes as numbered text.

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
        ' "url=$WEBHOOK_URL/v1/webhooks/telegram" -d "secret_token=<webhook_secret>"'
        f" --data-urlencode 'allowed_updates={_UPDATES}'`"
    ),
    webhook_proof="X-Telegram-Bot-Api-Secret-Token",
    address_form="70{:08d}",
    answers_tell_of_people=True,
    dependent_accounts=BUSINESS,
    # A customer's replies in the group go to the other customers only, and Telegram is slow to take messages.
    demo=DemoCustomer("Rami", "424242", replies_in_group=2),
)
