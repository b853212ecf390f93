"""The bodies of requests to send, as Instagram messaging accepts them. An unknown field is refused."""

import unicodedata
from typing import Annotated, Final, Literal

import msgspec

from chat4all_local.simulators.instagram.chats import Choice, shown
from chat4all_local.simulators.instagram.media import RULES
from chat4all_local.simulators.shared.media import OutgoingMedia

MOST_QUICK_REPLIES: Final = 13
_LONGEST_EMOJI: Final = 35
_KEYCAP: Final = "\u20e3"
Given = Annotated[str, msgspec.Meta(min_length=1)]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,32}$")]


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]
    is_reusable: bool = False


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file, or the heart, which is the only sticker that can be sent and has no payload."""

    type: Literal["image", "audio", "video", "file", "like_heart"]
    payload: Payload | None = None

    def media(self) -> OutgoingMedia | None:
        if self.payload is None:
            return None
        return OutgoingMedia(self.type, RULES[self.type].most_bytes, self.payload.url)


class QuickReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content_type: Literal["text"]
    title: Given
    payload: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]

    def choice(self) -> Choice:
        return Choice(shown(self.title), self.payload)


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Given | None = None
    attachment: Attachment | None = None
    quick_replies: tuple[QuickReply, ...] = ()
    metadata: Annotated[str, msgspec.Meta(max_length=1000)] | None = None

    @property
    def word(self) -> str:
        """Return the word for a content without a file."""
        if self.quick_replies:
            return "quick_replies"
        return "text" if self.attachment is None else self.attachment.type

    def problem(self) -> str | None:
        """Return the reason for which the content is refused, if it is."""
        if (self.text is None) == (self.attachment is None):
            return "A message has one of text and attachment"
        if self.quick_replies and self.text is None:
            return "Quick replies stand below a text"
        if self.attachment and (self.attachment.payload is None) != (self.attachment.type == "like_heart"):
            return "An attachment has a payload, apart from like_heart"
        return None


class ReplyTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mid: Given


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    recipient: Person
    message: Content
    messaging_type: Literal["RESPONSE", "UPDATE", "MESSAGE_TAG"] = "RESPONSE"
    tag: Literal["HUMAN_AGENT"] | None = None
    reply_to: ReplyTo | None = None


class Reacted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: Given
    reaction: str | None = None


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reaction to a message, or its end."""

    recipient: Person
    sender_action: Literal["react", "unreact"]
    payload: Reacted

    def problem(self) -> str | None:
        """Return the reason for which the action is refused, if it is."""
        reaction = self.payload.reaction
        if self.sender_action == "unreact":
            return None if reaction is None else "The payload of unreact has the message_id only"
        if reaction is None:
            return "The parameter payload[reaction] is required"
        return None if _is_reaction(reaction) else "The parameter payload[reaction] is no emoji"


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sign that the latest message was seen, or that the account types: `sender-actions`."""

    recipient: Person
    sender_action: Literal["mark_seen", "typing_on", "typing_off"]


SIGNS: Final = frozenset({"mark_seen", "typing_on", "typing_off"})


class _Named(msgspec.Struct, frozen=True):
    sender_action: str


def is_sign(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Named).sender_action in SIGNS
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def is_action(body: bytes) -> bool:
    try:
        return "sender_action" in msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _is_reaction(text: str) -> bool:
    """Return whether `text` is `love`, or could be an emoji: a symbol or a keycap, no letter and no space."""
    if text == "love":
        return True
    categories = {unicodedata.category(character) for character in text}
    has_symbol = bool(categories & {"So", "Po", "Sm"}) or _KEYCAP in text
    has_words = any(category[0] in "LZ" for category in categories) or "Cc" in categories
    return has_symbol and not has_words and not text.isascii() and len(text) <= _LONGEST_EMOJI
