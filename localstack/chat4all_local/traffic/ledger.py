"""The ledger: the sent texts against the observed texts.

A text may arrive in parts. They are found by where they stand in it, and each is accounted for once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.transcripts import is_taken


class Expected(msgspec.Struct, frozen=True):
    """A text that should arrive exactly once, after those before it of the same `stream`."""

    key: str
    stream: str
    text: str


class Findings(msgspec.Struct, frozen=True):
    """The keys of texts, an entry for each occurrence.

    `whole` gives, for every text that arrived, the place of the arrival that completed it. `strange` are
    arrivals that are no part of any expected text.
    """

    whole: Mapping[str, int]
    lost: tuple[str, ...]
    duplicates: tuple[str, ...]
    out_of_order: tuple[str, ...]
    strange: tuple[str, ...]


def compare(expected: Sequence[Expected], arrived: Iterable[str]) -> Findings:
    """`arrived` in the order of arrival. A text of which a part is missing is lost."""
    pages = [_Page(place, text) for place, text in enumerate(expected)]
    furthest: dict[str, tuple[int, int]] = {}
    duplicates, out_of_order, strange = [], [], []
    for place, text in enumerate(arrived):
        found = _find(pages, text)
        if found is None:
            strange.append(text)
            continue
        page, start = found
        if not page.enter(start, text, place):
            duplicates.append(page.expected.key)
            continue
        position, stream = (page.place, start), page.expected.stream
        if position < furthest.get(stream, (0, 0)):
            out_of_order.append(page.expected.key)
        furthest[stream] = max(position, furthest.get(stream, (0, 0)))
    whole = {page.expected.key: page.completed_at for page in pages if page.completed_at is not None}
    lost = tuple(text.key for text in expected if text.key not in whole)
    return Findings(whole, lost, tuple(duplicates), tuple(out_of_order), tuple(strange))


class Arrivals(msgspec.Struct, frozen=True):
    """`at` is when each message first was whole at its provider, in epoch seconds, by message id.

    `refused` counts the sends that a provider did not take on.
    """

    at: Mapping[str, float]
    repeated: int = 0
    out_of_order: int = 0
    refused: int = 0


def arrivals(posted: Sequence[Posted], sends: Iterable[SendRecord]) -> Arrivals:
    """Find the posted messages among `sends`; the order is looked at in each conversation."""
    taken: dict[str, list[SendRecord]] = defaultdict(list)
    refused = 0
    for send in sends:
        if is_taken(send):
            taken[send.address or ""].append(send)
        else:
            refused += 1
    expected: dict[str, list[Expected]] = defaultdict(list)
    for message in posted:
        address = message.conversation.address
        expected[address].append(Expected(message.message_id, address, message.text))
    at: dict[str, float] = {}
    repeated, out_of_order = 0, 0
    for address, messages in expected.items():
        found = compare(messages, (send.text or "" for send in taken[address]))
        at |= {message_id: taken[address][place].at for message_id, place in found.whole.items()}
        repeated += len(found.duplicates)
        out_of_order += len(found.out_of_order)
    return Arrivals(at, repeated, out_of_order, refused)


class _Page:
    """An expected text, and its arrived spans."""

    def __init__(self, place: int, expected: Expected) -> None:
        self.place = place
        self.expected = expected
        self.completed_at: int | None = None
        self._spans: dict[int, int] = {}

    def is_free(self, start: int, end: int) -> bool:
        return all(end <= begun or ended <= start for begun, ended in self._spans.items())

    def enter(self, start: int, text: str, place: int) -> bool:
        """Take the span if it is free, and tell whether it was."""
        end = start + len(text)
        if not self.is_free(start, end):
            return False
        self._spans[start] = end
        if sum(ended - begun for begun, ended in self._spans.items()) == len(self.expected.text):
            self.completed_at = place
        return True


def _find(pages: Sequence[_Page], text: str) -> tuple[_Page, int] | None:
    """Find the place of `text`: a free place, else a taken place, which makes the text a duplicate."""
    places = [(page, start) for page in pages for start in _occurrences(text, page.expected.text)]
    free = (found for found in places if found[0].is_free(found[1], found[1] + len(text)))
    return next(free, places[0] if places else None)


def _occurrences(part: str, text: str) -> Iterator[int]:
    start = text.find(part) if part else -1
    while start != -1:
        yield start
        start = text.find(part, start + 1)
