"""The ledger: compare the sent texts with the observed texts.

A text may arrive in parts. The ledger finds each part by its position in the text, and counts it once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.transcripts import is_taken


class Expected(msgspec.Struct, frozen=True):
    """A text that should arrive exactly once, after the earlier texts of its `stream`."""

    key: str
    stream: str
    text: str


class Findings(msgspec.Struct, frozen=True):
    """The keys of texts, an entry for each occurrence.

    `whole` maps every completed text to the place of the arrival that completed it. `strange` are arrivals
    that are not part of any expected text.
    """

    whole: Mapping[str, int]
    lost: tuple[str, ...]
    duplicates: tuple[str, ...]
    out_of_order: tuple[str, ...]
    strange: tuple[str, ...]


def compare(expected: Sequence[Expected], arrived: Iterable[str]) -> Findings:
    """Compare the texts with `arrived`, in the order of arrival. A text with a missing part is lost."""
    reassemblies = [_Reassembly(place, text) for place, text in enumerate(expected)]
    furthest: dict[str, tuple[int, int]] = {}
    duplicates, out_of_order, strange = [], [], []
    for place, text in enumerate(arrived):
        found = _find(reassemblies, text)
        if found is None:
            strange.append(text)
            continue
        reassembly, start = found
        if not reassembly.add(start, text, place):
            duplicates.append(reassembly.expected.key)
            continue
        position, stream = (reassembly.place, start), reassembly.expected.stream
        if position < furthest.get(stream, (0, 0)):
            out_of_order.append(reassembly.expected.key)
        furthest[stream] = max(position, furthest.get(stream, (0, 0)))
    whole = {
        reassembly.expected.key: reassembly.completed_at
        for reassembly in reassemblies
        if reassembly.completed_at is not None
    }
    lost = tuple(text.key for text in expected if text.key not in whole)
    return Findings(whole, lost, tuple(duplicates), tuple(out_of_order), tuple(strange))


class Arrivals(msgspec.Struct, frozen=True):
    """The arrivals of messages.

    `at` maps a message id to the epoch seconds at which the message was first complete at its provider.
    `refused` counts the sends that a provider did not accept.
    """

    at: Mapping[str, float]
    repeated: int = 0
    refused: int = 0


def arrivals(posted: Sequence[Posted], sends: Iterable[SendRecord]) -> Arrivals:
    """Find the posted messages among `sends`."""
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
    repeated = 0
    for address, messages in expected.items():
        found = compare(messages, (send.text or "" for send in taken[address]))
        at |= {message_id: taken[address][place].at for message_id, place in found.whole.items()}
        repeated += len(found.duplicates)
    return Arrivals(at, repeated, refused)


class _Reassembly:
    """An expected text, and the spans of it that have arrived."""

    def __init__(self, place: int, expected: Expected) -> None:
        self.place = place
        self.expected = expected
        self.completed_at: int | None = None
        self._spans: dict[int, int] = {}

    def is_free(self, start: int, end: int) -> bool:
        return all(end <= begun or ended <= start for begun, ended in self._spans.items())

    def add(self, start: int, text: str, place: int) -> bool:
        """Add the span of an arrived part if it is free, and return whether it was."""
        end = start + len(text)
        if not self.is_free(start, end):
            return False
        self._spans[start] = end
        if sum(ended - begun for begun, ended in self._spans.items()) == len(self.expected.text):
            self.completed_at = place
        return True


def _find(reassemblies: Sequence[_Reassembly], text: str) -> tuple[_Reassembly, int] | None:
    """Find the place of `text`: a free place, or else a taken place, which makes it a duplicate."""
    places = [
        (reassembly, start)
        for reassembly in reassemblies
        for start in _occurrences(text, reassembly.expected.text)
    ]
    free = (found for found in places if found[0].is_free(found[1], found[1] + len(text)))
    return next(free, places[0] if places else None)


def _occurrences(part: str, text: str) -> Iterator[int]:
    start = text.find(part) if part else -1
    while start != -1:
        yield start
        start = text.find(part, start + 1)
