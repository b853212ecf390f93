"""sendMediaGroup: 2 to 10 files as one album.

Photos and videos may be mixed; documents and audio files go with their own kind only. An animation, a voice
note, a sticker and a video note are in no album. Every file has a caption of its own, and no keyboard.
Source: https://core.telegram.org/bots/api#sendmediagroup
"""

from typing import Final

import msgspec

from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.shared.media import OutgoingMedia
from chat4all_local.simulators.telegram.media import TelegramMedia
from chat4all_local.simulators.telegram.parameters import ParameterError

LEAST, MOST = 2, 10
_KINDS: Final = {"photo": "visual", "video": "visual", "audio": "audio", "document": "document"}
"""The group of each kind that an album may have."""


class AlbumItem(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#inputmedia"""

    type: str
    media: str = ""
    caption: str = ""


def read_album(
    parameters: dict[str, str], files: TelegramMedia, form: Form | None
) -> list[tuple[OutgoingMedia, str | None]]:
    """Return each file of an album with its caption. Raises ParameterError."""
    try:
        items = msgspec.json.decode(parameters.get("media", ""), type=list[AlbumItem])
    except msgspec.DecodeError:
        raise ParameterError("can't parse media JSON object") from None
    if not LEAST <= len(items) <= MOST:
        few = "There are no messages to send as an album"
        raise ParameterError(few if len(items) < LEAST else "Too many messages to send as an album")
    unknown = next((item.type for item in items if item.type not in _KINDS), None)
    if unknown is not None:
        raise ParameterError(f"type {unknown!r} can't be sent in an album")
    if len({_KINDS[item.type] for item in items}) > 1:
        raise ParameterError("documents and audio files can't be mixed with other media types")
    return [(_file(item, files, form), item.caption or None) for item in items]


def _file(item: AlbumItem, files: TelegramMedia, form: Form | None) -> OutgoingMedia:
    return files.outgoing(item.type, {item.type: item.media}, form)
