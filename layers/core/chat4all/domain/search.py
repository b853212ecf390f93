"""What is searched, and how a text answers a query."""

import unicodedata
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from chat4all.domain.content import Deleted, Notice, attachments_of
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.message import Message
from chat4all.domain.note import Note
from chat4all.domain.person import User
from chat4all.domain.wording import as_text, worded
from chat4all.domain.words import (
    LONGEST_WORD,
    SHORT_ENDING,
    SHORTEST_BEGINNING,
    Run,
    Script,
    ending_of,
    pairs_of,
    readable,
    runs_of,
    words_of,
)

_PHONE: Final = frozenset("0123456789+-./() ")
_BETWEEN_DIGITS: Final = frozenset({"Zs", "Cf", "Pd"})
"""The categories of characters that stand in copied numbers: spaces, marks of direction, dashes."""
_PHONE_DIGITS: Final = range(7, 16)
_DIALLED_WITHIN: Final = "(0)"
MOST_TERMS: Final = 10
"""Words of a query."""
SHOWN_BEFORE: Final = 60
SHOWN: Final = 240
"""Characters around the first match: before it, and in all."""
_CUT: Final = "…"
_JOINER: Final = "\u200d"
_BETWEEN: Final = "#"


class SearchKind(StrEnum):
    MESSAGE = "message"
    PERSON = "person"
    NOTE = "note"


class Document(msgspec.Struct, frozen=True):
    """A message, a person or a note, as it is searched. `at` is ISO 8601 UTC: results are in its order.

    `item_id` is the id of the message or of the user; of a note it is `<conversation>/<note>`. `user_id` is
    the sender, the author, or the person.
    """

    kind: SearchKind
    item_id: str
    at: str
    text: str
    conversation_id: str = ""
    user_id: str = ""
    channels: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """Return the words by which the document is found."""
        return words_of(self.text)

    @property
    def entry(self) -> str:
        """Return the document's entry in an index: it sorts by time, and has hints for filters."""
        hints = f"{hint(self.conversation_id)}{hint(self.user_id)}"
        return _BETWEEN.join((self.at, self.item_id, hints))


class Change(NamedTuple):
    """What a document was, and what it is; None: there was none, or is none.

    `between` is what it was meanwhile, oldest first. A process that died may have listed any part of that.
    """

    before: Document | None
    after: Document | None
    between: tuple[Document | None, ...] = ()


class Entry(NamedTuple):
    """A document's entry in an index, in its parts; `text` is the whole of it."""

    text: str
    at: str
    item_id: str
    conversation_hint: str
    user_hint: str


def entry_of(text: str) -> Entry:
    at, rest = text.split(_BETWEEN, 1)
    item_id, hints = rest.rsplit(_BETWEEN, 1)
    return Entry(text, at, item_id, hints[: len(hints) // 2], hints[len(hints) // 2 :])


def hint(known_id: str) -> str:
    """Return 24 bits of a hash of an id, as 4 characters: most other ids have another hint."""
    return urlsafe_b64encode(zlib.crc32(known_id.encode()).to_bytes(4, "big")[1:]).decode()


def message_document(message: Message) -> Document | None:
    """Return the message as it is searched; None if nobody reads words in it."""
    content = message.content
    is_gone = message.deleted_at is not None or isinstance(content, Deleted)
    if is_gone or not message.was_accepted or message.notice or message.act or isinstance(content, Notice):
        return None
    names = (file.filename for file in attachments_of(content) if file.filename)
    text = "\n".join(part for part in (as_text(worded(content)), *names) if part.strip())
    return Document(
        SearchKind.MESSAGE,
        message.message_id,
        message.accepted_at,
        text,
        message.conversation_id,
        message.sender_id,
        (message.channel,) if message.channel else (),
    )


def person_document(user: User) -> Document | None:
    """Return the user as they are searched; None while they are merged into another user."""
    if user.merge is not None:
        return None
    identities = (
        part
        for identity in user.identities
        for part in (identity.handle, identity.phone, identity.address)
        if part
    )
    parts = dict.fromkeys((user.display_name, *identities, *user.metadata.values()))
    channels = tuple(dict.fromkeys(identity.channel for identity in user.identities))
    return Document(
        SearchKind.PERSON,
        user.user_id,
        user.created_at,
        "\n".join(parts),
        user_id=user.user_id,
        channels=channels,
    )


def note_document(note: Note) -> Document:
    return Document(
        SearchKind.NOTE,
        f"{note.conversation_id}/{note.note_id}",
        note.created_at,
        note.text,
        note.conversation_id,
        note.author_id,
    )


class Term(NamedTuple):
    """A word of a query. With `is_beginning`, words that begin with it answer, too."""

    run: Run
    is_beginning: bool

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of an index that a text must have which answers the term; none: any text may."""
        if self.run.script is Script.UNSPACED:
            return tuple(dict.fromkeys(pairs_of(self.run.letters)))
        if self.run.is_number:
            return (ending_of(self.run.letters),)
        return (self.run.letters[:LONGEST_WORD],) if len(self.run.letters) > 1 else ()

    def match(self, run: Run) -> "Span | None":
        """Return where a run of a text answers the term, by characters of the text."""
        wanted = self.run.letters
        if run.script is not self.run.script:
            return None
        if run.script is Script.UNSPACED:
            at = run.letters.find(wanted)
            return None if at < 0 else Span(run.places[at], run.places[at + len(wanted) - 1] + 1)
        if self.run.is_number:
            is_same = run.letters.endswith(wanted) if len(wanted) >= SHORT_ENDING else run.letters == wanted
            is_same &= run.is_number
        else:
            wanted = wanted[:LONGEST_WORD]
            letters = run.letters[:LONGEST_WORD]
            is_same = letters.startswith(wanted) if self.is_beginning else letters == wanted
        return Span(run.places[0], run.end) if is_same else None


class Span(NamedTuple):
    start: int
    end: int


def terms_of(query: str) -> tuple[Term, ...]:
    """Return the words of a query, all of which a text must have.

    Raises Invalid: there are too many, or none by which anything is found.
    """
    runs = {run.letters: run for run in runs_of(readable(query))}
    last = next(reversed(runs.values()), None)
    terms = tuple(Term(run, (run is last and _may_begin(run)) or _is_a_letter(run)) for run in runs.values())
    if len(terms) > MOST_TERMS:
        raise Invalid("q has too many words.", Detail("q", f"may have {MOST_TERMS} different words"))
    if not any(term.words for term in terms):
        raise Invalid("q has no word to look for.", Detail("q", "needs a word of two letters, or a number"))
    return terms


def as_address(query: str) -> str:
    """Return a phone number as the last digits that its address has, however it is written; else the query.

    Zeros before it are dialled, and stand in no address: `00` before the country's code, and `0` before the
    number within a country, which is also written `+49 (0)170`. There the country's code is left out, because
    Italy's addresses keep the zero. https://www.itu.int/rec/T-REC-E.123 (7.1 and 7.2)
    """
    if not all(map(_is_of_phone, query)):
        return query
    whole, _, within = query.partition(_DIALLED_WITHIN)
    digits = _digits_of(within) or _digits_of(whole)
    return digits if len(digits) in _PHONE_DIGITS else query


def _is_of_phone(character: str) -> bool:
    return character in _PHONE or unicodedata.category(character) in _BETWEEN_DIGITS


def _digits_of(phone: str) -> str:
    return "".join(character for character in phone if character in "0123456789").lstrip("0")


def _is_a_letter(run: Run) -> bool:
    """Return whether the run is a letter of a script without spaces, which begins pairs of letters."""
    return run.script is Script.UNSPACED and len(run.letters) == 1


def _may_begin(run: Run) -> bool:
    is_word = run.script is Script.SPACED and not run.is_number
    return is_word and len(run.letters) >= SHORTEST_BEGINNING


def matches(text: str, terms: Sequence[Term]) -> list[Span]:
    """Return where the terms stand in a `readable` text, in their order; empty: a term is missing."""
    missing, found = set(range(len(terms))), set()
    for run in runs_of(text):
        for number, term in enumerate(terms):
            span = term.match(run)
            if span is not None:
                missing.discard(number)
                found.add(span)
    return [] if missing else [*_apart(sorted(found))]


def _apart(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans, those that overlap as one."""
    current: Span | None = None
    for span in spans:
        if current is not None and span.start < current.end:
            current = Span(current.start, max(current.end, span.end))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


class Excerpt(msgspec.Struct, frozen=True):
    """The words around the first match, and the matches in them: places in UTF-16 code units."""

    text: str
    matches: tuple[tuple[int, int], ...]


def excerpt(text: str, spans: Sequence[Span]) -> Excerpt:
    """Return the characters around the first span of a `readable` text; an ellipsis stands for a cut."""
    first = _apart_from_marks(text, max(0, spans[0].start - SHOWN_BEFORE))
    last = _apart_from_marks(text, min(len(text), max(first + SHOWN, spans[0].end)))
    before, after = _CUT if first else "", _CUT if last < len(text) else ""
    places = tuple(
        (_units(before + text[first : span.start]), _units(before + text[first : span.end]))
        for span in spans
        if span.end <= last
    )
    return Excerpt(f"{before}{text[first:last]}{after}", places)


def _apart_from_marks(text: str, place: int) -> int:
    """Return the place, or an earlier one, at which no letter is divided from its marks."""
    while 0 < place < len(text) and (
        unicodedata.category(text[place])[0] == "M" or text[place] == _JOINER or text[place - 1] == _JOINER
    ):
        place -= 1
    return place


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
