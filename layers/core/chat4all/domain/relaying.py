"""What a customer says, as the other participants of the conversation read it.

::

    Ana: hello                                               a text, or the title of a tapped button
    Ana: 📎                                                  a file without a caption
    Ana (location): Café                                     a card, a place or a reaction, as its text
    Ana sent something that cannot be shown here (sticker)   such content without a text
    Ana (edited): hello, all
    Ana deleted a message

A name has no colon and no parentheses here, so it can not pass for a mark or end early.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from chat4all.domain.content import (
    Album,
    AlbumFile,
    C,
    Content,
    Deleted,
    Media,
    Notice,
    Plain,
    Text,
    Unsupported,
    file_of,
    kind_of,
    reworded,
)
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.kinds import Contacts, Location, Reaction, Template
from chat4all.domain.message import Change, Message
from chat4all.domain.names import one_line
from chat4all.domain.person import User, UserType
from chat4all.domain.received import Author
from chat4all.domain.text import is_blank
from chat4all.domain.wording import as_text

LONGEST_NAME: Final = 100
"""Characters of a name before words that are passed on."""
_LONGEST_KIND: Final = 40
_FILE: Final = "📎"
_MARKS: Final = frozenset(":()")
_LOOK_LIKE_MARKS: Final = frozenset(
    "\u02d0\u02f8\u0589\u05c3\u2236\ua789\u2768\u2769\u276a\u276b\u2985\u2986"
)
"""Characters that look like a colon or a parenthesis, and that Unicode does not decompose to one."""


W = TypeVar("W", Text, Media)
Relayed = Plain | Media | Album


class Speaker(msgspec.Struct, frozen=True):
    """The person who speaks, as the others know them. `is_named`: the name stands before plain words, too."""

    name: str
    is_named: bool


def speaker_of(
    conversation: Conversation, users: Mapping[str, User], sender: User, author: Author | None = None
) -> Speaker:
    """Return the speaker. The words of a customer in a group come with their name.

    `author` is the author of a message in a chat of several people, where `sender` is the chat.
    """
    others = (user.display_name for user in users.values() if user.user_id != sender.user_id)
    in_group = conversation.type is ConversationType.GROUP
    return Speaker(_name(sender, author, others), in_group and sender.type is UserType.CUSTOMER)


def spoken(content: C, speaker: Speaker) -> C:
    """Return `content` for the recipients, with the speaker's name before its text."""
    if not speaker.is_named:
        return content
    text = _FILE if is_blank(content.text) and file_of(content) is not None else content.text
    return reworded(content, f"{speaker.name}: {text}")


def posted(content: Content, speaker: Speaker) -> Content | None:
    """Return what the other participants receive of a client's message; None if it shows nothing.

    A place, a card, a reaction and a template of a named speaker go out as a text: the app would show them
    without the name.
    """
    if speaker.is_named and isinstance(content, Location | Contacts | Reaction | Template):
        return relayed(content, speaker)
    return spoken(content, speaker)


def relayed(content: Content, speaker: Speaker, change: Change | None = None) -> Relayed | None:  # noqa: PLR0911 - a case for each kind
    """Return what the other participants receive of a person's message; None if it shows nothing.

    They do not hear a notice: nobody said it, and it may name the number of a person whom they do not know.

    With `change`, the message was changed, and `content` is what is new of it.
    """
    if change is Change.DELETED:
        return Text(f"{speaker.name} deleted a message")
    marks = ("edited",) if change is Change.EDITED else ()
    match content:
        case Deleted() | Notice():
            return None
        case Text(text):
            return None if is_blank(text) else _marked(content, speaker, marks)
        case Media():
            return _marked(content, speaker, marks)
        case Album():
            return _album(content, speaker, marks)
        case Unsupported() as unsupported:
            return _unknown(unsupported, speaker, marks)
        case other:
            words = as_text(other)
            return None if is_blank(words) else _marked(Text(words), speaker, (*marks, kind_of(other)))


def _album(album: Album, speaker: Speaker, marks: Sequence[str]) -> Album | Text | None:
    """Return the album with the speaker's name at its first file, and at each file with a caption."""
    if not album.files:
        return None if is_blank(album.text) else _marked(Text(album.text), speaker, marks)
    singles = album.singles
    named = (
        _marked(single, speaker, marks) if number == 0 or not is_blank(single.text) else single
        for number, single in enumerate(singles)
    )
    return Album(tuple(AlbumFile(single.file, single.text) for single in named))


def _unknown(content: Unsupported, speaker: Speaker, marks: Sequence[str]) -> Text | Media:
    kind = _without_marks(one_line(content.provider_kind.replace("_", " "), _LONGEST_KIND)) or "?"
    if not is_blank(content.text):
        return _marked(Text(content.text), speaker, (*marks, kind))
    of_kind = ", ".join((*marks, kind))
    return Text(f"{speaker.name} sent something that cannot be shown here ({of_kind})")


def news(before: Message, after: Message) -> Change | None:
    """Return the change that the others are told of; None if they see no difference.

    Only the first place of a live location is told: its moves would flood them.
    """
    if after.deleted_at is not None:
        was_shown = before.deleted_at is None and not isinstance(before.content, Deleted | Notice)
        return Change.DELETED if was_shown else None
    if after.content == before.content or _moves(before.content, after.content):
        return None
    if isinstance(before.content, Unsupported):
        return None if isinstance(after.content, Unsupported) else Change.SHOWN
    return Change.EDITED


def _moves(before: Content, after: Content) -> bool:
    return isinstance(before, Location) and isinstance(after, Location)


def new_content(message: Message, change: Change) -> Content:
    """Return what is new of the message after the change: of a file with another caption, the caption."""
    content = message.content
    if change is not Change.EDITED or not message.edits or not isinstance(content, Media):
        return content
    if file_of(message.edits[-1].content) != content.file:
        return content
    return Text(f"{_FILE} {content.file.filename}" if is_blank(content.text) else content.text)


def _marked(content: W, speaker: Speaker, marks: Iterable[str]) -> W:
    listed = ", ".join(marks)
    return spoken(content, Speaker(f"{speaker.name} ({listed})", is_named=True) if listed else speaker)


def _name(sender: User, author: Author | None, others: Iterable[str]) -> str:
    """Return the name as the other participants read it; it can not pass for the name of another."""
    given = (author.display_name or author.handle if author else None) or sender.display_name
    name = _without_marks(one_line(given, LONGEST_NAME)) or "?"
    if _compared(name) in {_compared(_without_marks(other)) for other in others}:
        return f"{name} (…{sender.user_id[-4:]})"
    return name


def _without_marks(name: str | None) -> str:
    characters = (" " if _is_mark(character) else character for character in name or "")
    return " ".join("".join(characters).split())


def _is_mark(character: str) -> bool:
    return character in _LOOK_LIKE_MARKS or not _MARKS.isdisjoint(unicodedata.normalize("NFKC", character))


def _compared(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
