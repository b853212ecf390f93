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


Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]


class ElementButton(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["web_url", "postback"]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    url: Url | None = None
    payload: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None

    def problem(self) -> str | None:
        has_its_field = (self.url if self.type == "web_url" else self.payload) is not None
        if not has_its_field or None not in (self.url, self.payload):
            return "A button has a url if it is a web_url, and a payload if it is a postback"
        return None


class DefaultAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["web_url"]
    url: Url


class Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card: "at least one property must be set in addition to title"."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    subtitle: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    image_url: Url | None = None
    default_action: DefaultAction | None = None
    buttons: Annotated[tuple[ElementButton, ...], msgspec.Meta(max_length=3)] = ()

    def problem(self) -> str | None:
        if not (self.subtitle or self.image_url or self.default_action or self.buttons):
            return "An element has a property in addition to its title"
        return next((found for button in self.buttons if (found := button.problem())), None)


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a file lies, or the cards of a generic template."""

    url: Url | None = None
    is_reusable: bool = False
    template_type: Literal["generic"] | None = None
    elements: Annotated[tuple[Element, ...], msgspec.Meta(max_length=10)] = ()


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file, a template, or the heart, which is the only sticker that can be sent and has no payload."""

    type: Literal["image", "audio", "video", "file", "like_heart", "template"]
    payload: Payload | None = None

    def media(self) -> OutgoingMedia | None:
        if self.payload is None or self.payload.url is None:
            return None
        return OutgoingMedia(self.type, RULES[self.type].most_bytes, self.payload.url)

    def postbacks(self) -> list[Choice]:
        """Return the buttons that come back."""
        buttons = (button for element in self.elements for button in element.buttons)
        return [
            Choice(button.title, button.payload, is_postback=True)
            for button in buttons
            if button.payload is not None
        ]

    @property
    def elements(self) -> tuple[Element, ...]:
        return self.payload.elements if self.payload else ()

    def problem(self) -> str | None:
        if (self.payload is None) != (self.type == "like_heart"):
            return "An attachment has a payload, apart from like_heart"
        if self.payload is None:
            return None
        if self.type != "template":
            is_file = self.payload.url is not None and self.payload.template_type is None
            return None if is_file and not self.elements else "The payload of a file has its url"
        if self.payload.template_type is None or not self.elements or self.payload.url is not None:
            return "The payload of a template has template_type and elements"
        return next((found for element in self.elements if (found := element.problem())), None)


class QuickReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    content_type: Literal["text"]
    title: Given
    payload: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]

    def choice(self) -> Choice:
        return Choice(shown(self.title), self.payload)


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Given | None = None
    attachment: Attachment | None = None
    attachments: Annotated[tuple[Attachment, ...], msgspec.Meta(min_length=1, max_length=10)] | None = None
    """Up to ten images."""
    quick_replies: tuple[QuickReply, ...] = ()
    metadata: Annotated[str, msgspec.Meta(max_length=1000)] | None = None

    @property
    def word(self) -> str:
        """Return the word for a content without a file."""
        if self.quick_replies:
            return "quick_replies"
        return self.every[0].type if self.every else "text"

    @property
    def every(self) -> tuple[Attachment, ...]:
        """Return all attachments."""
        return self.attachments or ((self.attachment,) if self.attachment is not None else ())

    @property
    def media(self) -> list[OutgoingMedia]:
        """Return the files."""
        return [media for attachment in self.every if (media := attachment.media()) is not None]

    def problem(self) -> str | None:
        """Return the reason for which the content is refused, if it is."""
        given = (self.text, self.attachment, self.attachments)
        if sum(part is not None for part in given) != 1:
            return "A message has one of text, attachment and attachments"
        if self.quick_replies and self.text is None:
            return "Quick replies stand below a text"
        if self.attachments is not None and any(each.type != "image" for each in self.attachments):
            return "The attachments of a message are images"
        return next((found for attachment in self.every if (found := attachment.problem())), None)

    def choices(self) -> list[Choice]:
        """Return what the person can tap."""
        postbacks = self.attachment.postbacks() if self.attachment else []
        return [reply.choice() for reply in self.quick_replies] + postbacks


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
