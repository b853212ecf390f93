"""The arrivals of files at the customers and the agent."""

from collections.abc import Iterator
from typing import Final

import msgspec

from chat4all.domain.content import file_of
from chat4all_local.demo.files.observed import Content, FilesObserved
from chat4all_local.demo.files.props import BACK, LINK, MEDIA, PHOTO, RECEIVED, VIDEO
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.observed import Observed
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.simulators.registry import manifest
from chat4all_local.traffic.participants import BY_CHANNEL

_LINKS: Final = "/v1/links/"


class Arrival(msgspec.Struct, frozen=True):
    """An arrival of a file; without `content` its bytes have not been fetched yet."""

    name: str
    channel: str
    how: str
    content: Content | None


def arrivals(sent: FilesSent, observed: FilesObserved) -> Iterator[Arrival]:
    """Yield the arrivals at every customer and at the agent."""
    for channel in sent.channels:
        for record in observed.since_texts.provided.get(channel, ()):
            name = file_name_in(record, channel)
            if name is not None:
                yield _arrival(name, channel, record, observed)
    for file_id in received_files(sent, observed.since_texts):
        yield Arrival(BACK, sent.sender.channel, RECEIVED, observed.contents.get(file_id))


def received_files(sent: FilesSent, observed: Observed) -> list[str]:
    """Return the ids of the files that the sender sent, from the history of their conversation."""
    return [
        file.file_id
        for message in observed.histories.get(sent.sender.channel, ())
        if (file := file_of(message.content)) and message.message_id not in sent.message_ids
    ]


def file_name_in(record: SendRecord, channel: str) -> str | None:
    """Return the name of the file in a send; None for a text without a link, or for another address."""
    if record.address != BY_CHANNEL[channel].address:
        return None
    if record.kind != "text":
        return PHOTO if record.kind == manifest(channel).photo_kind else VIDEO
    if link_in(record) is None:
        return None
    return next((name for name in (PHOTO, VIDEO) if name in (record.text or "")), None)


def link_in(record: SendRecord) -> str | None:
    words = (record.text or "").split()
    return next((word for word in words if word.startswith(("http://", "https://")) and _LINKS in word), None)


def _arrival(name: str, channel: str, record: SendRecord, observed: FilesObserved) -> Arrival:
    link = link_in(record)
    if record.kind == "text" and link is not None:
        return Arrival(name, channel, LINK, observed.contents.get(link))
    content = None if record.sha256 is None else Content(record.size or 0, record.sha256)
    return Arrival(name, channel, MEDIA, content)
