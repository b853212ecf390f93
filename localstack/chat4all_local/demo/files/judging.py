"""The verdict on the files: the sent files compared with the observed files."""

from collections.abc import Iterator, Mapping

import msgspec

from chat4all.domain.content import file_of
from chat4all_local.demo.files.arrivals import Arrival, arrivals, file_name_in, received_files
from chat4all_local.demo.files.making import Made
from chat4all_local.demo.files.observed import FilesObserved
from chat4all_local.demo.files.props import BACK, title_of
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP


class Way(msgspec.Struct, frozen=True):
    """A file's transfer to, or from, a channel.

    The values are those of the first arrival with bytes; `times` counts all arrivals.
    """

    wanted: str
    times: int
    how: str | None
    bytes: int
    sha256_ok: bool

    @property
    def is_right(self) -> bool:
        return self.how == self.wanted and self.sha256_ok

    @property
    def is_good(self) -> bool:
        return self.is_right and self.times == 1


class FileRow(msgspec.Struct, frozen=True):
    """A file and its `ways` by channel; `uploaded_s` is None for a file that a customer sends."""

    name: str
    size: int
    uploaded_s: float | None
    ways: Mapping[str, Way]


class FilesVerdict(msgspec.Struct, frozen=True):
    """Findings, each with its file and its place.

    `late`: a status that was not reached. `strange`: an arrival that is no file of the demo.
    """

    rows: tuple[FileRow, ...]
    repeats: int
    lost: tuple[str, ...]
    late: tuple[str, ...]
    wrong: tuple[str, ...]
    duplicates: tuple[str, ...]
    strange: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return not (self.lost or self.late)

    @property
    def is_good(self) -> bool:
        return self.is_complete and not (self.wrong or self.duplicates or self.strange)


def judge_files(sent: FilesSent, observed: FilesObserved) -> FilesVerdict:
    came = tuple(arrivals(sent, observed))
    ways = {
        place: _way(sent.made[place[0]], place, wanted, came) for place, wanted in sent.ways_wanted.items()
    }
    return FilesVerdict(
        rows=tuple(_row(made, sent, ways) for made in sent.made.values()),
        repeats=sum(message.repeats for message in sent.accepted.values()),
        lost=tuple(_at(place) for place, way in ways.items() if way.how is None),
        late=tuple(_late(sent, observed)),
        wrong=tuple(
            f"{_at(place)} ({_fault(way)})"
            for place, way in ways.items()
            if way.how is not None and not way.is_right
        ),
        duplicates=tuple(_at(place) for place, way in ways.items() for _ in range(way.times - 1)),
        strange=tuple(_strange(sent, observed)),
    )


def _way(made: Made, place: tuple[str, str], wanted: str, came: tuple[Arrival, ...]) -> Way:
    here = [arrival for arrival in came if (arrival.name, arrival.channel) == place]
    for arrival in here:
        if arrival.content is not None:
            is_ours = (arrival.content.size, arrival.content.sha256) == (made.size, made.sha256)
            return Way(wanted, len(here), arrival.how, arrival.content.size, is_ours)
    return Way(wanted, len(here), None, 0, sha256_ok=False)


def _row(made: Made, sent: FilesSent, ways: Mapping[tuple[str, str], Way]) -> FileRow:
    own = {channel: way for (name, channel), way in ways.items() if name == made.name}
    name = title_of(made.name, sent.sender.channel)
    return FileRow(name, made.size, sent.uploaded_s.get(made.name), own)


def _at(place: tuple[str, str]) -> str:
    name, channel = place
    return f"{title_of(name, channel)} {'by' if name == BACK else 'at'} {BY_CHANNEL[channel].title}"


def _fault(way: Way) -> str:
    return f"{way.how}, not {way.wanted}" if way.how != way.wanted else "other bytes"


def _late(sent: FilesSent, observed: FilesObserved) -> Iterator[str]:
    for place, accepted in sent.accepted.items():
        channel, wanted = place[1], BY_CHANNEL[place[1]].final_status
        if not observed.since_texts.has_come(accepted.message_id, channel, wanted):
            yield f"{_at(place)}: not yet {wanted}"


def _strange(sent: FilesSent, observed: FilesObserved) -> Iterator[str]:
    """Yield every unexpected arrival: a repeated text, or a file at another address."""
    for channel in sent.channels:
        for record in observed.since_texts.provided.get(channel, ()):
            if file_name_in(record, channel) is None:
                yield f"{record.text or record.kind!r} to {record.address} at {BY_CHANNEL[channel].title}"
    received = received_files(sent, observed.since_texts)
    for conversation in (*sent.channels, GROUP):
        for message in observed.since_texts.histories.get(conversation, ()):
            is_back = (file := file_of(message.content)) is not None and file.file_id in received
            if message.message_id not in sent.message_ids and not is_back:
                yield f"{message.content.text!r} in the history of {conversation}"
