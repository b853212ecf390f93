"""What a provider tells of a message beside its content: who wrote it, when, where, and about what.

A chat, its threads, the author of a message and the channel account of ours that received it are four
things. A chat is an address that can be answered: a person's, or a group's as a whole. A thread is a part of
a group's chat with messages of its own: a topic of a forum. In a person's chat the author is the person,
unless our own side wrote the message in the provider's app.
"""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.bounded_json import bounded_json

MOST_CONTEXT_BYTES: Final = 20_000
NOTHING: Final = Raw(b"null")
"""The JSON of no fields."""


class AuthorKind(StrEnum):
    PERSON = "PERSON"
    CHAT = "CHAT"
    """A channel, or a group whose administrator writes in the name of the group."""
    OWN = "OWN"
    """Our own side, in the provider's app: a colleague on the phone, or another tool of the company."""


class Author(msgspec.Struct, frozen=True):
    """The author of a message, where the author is not the person of the chat.

    `address` is the author's id at the provider.
    """

    kind: AuthorKind = AuthorKind.PERSON
    address: str | None = None
    display_name: str | None = None
    handle: str | None = None


class Forward(msgspec.Struct, frozen=True):
    """The message repeats the words of somebody else, who is named if the provider names them."""

    author: str | None = None
    many_times: bool = False


class Referral(msgspec.Struct, frozen=True):
    """The advertisement, post or link that led the person to us."""

    source: str | None = None
    """The provider's name for the kind of the source, such as `ad`."""
    source_id: str | None = None
    url: str | None = None
    headline: str | None = None
    body: str | None = None
    ref: str | None = None
    """The text that we gave to the link, or the provider's id of the click."""


class Story(msgspec.Struct, frozen=True):
    """The story that the message answers, or in which the person mentions us."""

    kind: str
    """`reply` or `mention`."""
    story_id: str | None = None
    url: str | None = None
    """The address of the story's picture, which the provider ends after a day."""


class Product(msgspec.Struct, frozen=True):
    """The product of our catalog that the message is about."""

    product_id: str
    catalog_id: str | None = None


class Link(msgspec.Struct, frozen=True):
    """An address behind words of the text, which the text does not show."""

    text: str
    url: str


class Context(msgspec.Struct, frozen=True):
    """What a message refers to."""

    forward: Forward | None = None
    referral: Referral | None = None
    story: Story | None = None
    product: Product | None = None
    payload: str | None = None
    """The payload of the button or quick reply that the person tapped."""
    quote: str | None = None
    """The words of the quoted message, where the provider gives them."""
    links: tuple[Link, ...] = ()
    title: str | None = None
    """The title of the choice whose number the person wrote; `payload` is its id."""


def bounded_context(context: Context | None, most_bytes: int) -> Context | None:
    """Return the context within `most_bytes` as JSON: with fewer links, then with shorter texts."""
    while context is not None and context.links and len(msgspec.json.encode(context)) > most_bytes:
        context = replace(context, links=context.links[: len(context.links) // 2])
    if context is None:
        return None
    return msgspec.json.decode(bounded_json(Raw(msgspec.json.encode(context)), most_bytes), type=Context)


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider told of a message that came over a channel.

    `sent_at` is the provider's time of the message, ISO 8601 UTC. `provider_fields` is the JSON of everything
    that became neither content nor context; it is bounded, and `webhook_id` names the webhook with the whole.
    """

    sent_at: str
    webhook_id: str
    author: Author | None = None
    thread: str | None = None
    context: Context | None = None
    provider_fields: Raw = NOTHING
    latest_at: str | None = None
    """The provider's time of the latest edit."""
    known_by_edit_at: str | None = None
    """The time of the edit by which the message is known, as long as its first version has not come."""
    file: str | None = None
    """The provider's name for the file of the content: an edit with another name brings another file."""
    is_own: bool = False
    """Our own side wrote the message in the provider's app."""
