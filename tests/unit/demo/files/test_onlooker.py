from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chat4all_local.api_client import ApiClient, ApiUnreachable
from chat4all_local.api_shapes import File, FileLink, Message, MessageStatus
from chat4all_local.demo.cast import CHANNELS, CONVERSATIONS
from chat4all_local.demo.files.onlooker import Onlooker
from chat4all_local.demo.files.props import SENDER
from chat4all_local.demo.files.readers import Readers
from chat4all_local.demo.files.seen import Content, FilesSeen
from chat4all_local.demo.files.sent import Sent
from chat4all_local.demo.seen import Seen
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord, Transcript

BACK_ID = "file-from-customer"


class Api(ApiClient):
    """Answers out of `seen`; `file_status` is that of the customer's photo."""

    def __init__(self, seen: FilesSeen) -> None:
        super().__init__("http://127.0.0.1:9", "key")
        self.seen = seen.since_texts
        self.file_status = "READY"
        self.is_away = False

    def message_status(self, message_id: str) -> MessageStatus:
        if self.is_away:
            raise ApiUnreachable("away")
        return self.seen.statuses[message_id]

    def history(self, conversation_id: str) -> Iterator[Message]:
        return iter(self.seen.histories.get(conversation_id, ())[::-1])

    def file(self, file_id: str) -> File:
        return File(file_id, "photo.jpg", "image/jpeg", 1, self.file_status)

    def file_link(self, file_id: str) -> FileLink:
        return FileLink(f"http://127.0.0.1:9/{file_id}", "", "photo.jpg", 1, "told")


class Provider(Simulator):
    def __init__(self, records: tuple[SendRecord, ...]) -> None:
        super().__init__("http://127.0.0.1:9")
        self.records = records

    def transcript(self, after: int = 0) -> Transcript:
        return Transcript([one for one in self.records if one.n > after], len(self.records))


class Listed(Readers):
    """Reads nothing, but keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[str, str | None]] = {}
        self.refusals: list[str] = []

    def knows(self, key: str) -> bool:
        return key in self.asked or key in self.refusals

    def read(self, key: str, url: str, title: str, size: int, told: str | None = None) -> None:
        assert not self.knows(key), "it was read already"
        self.asked[key] = (url, told)

    def refused(self, key: str) -> None:
        self.refusals.append(key)

    def contents(self) -> dict[str, Content]:
        return {}


@pytest.fixture
def readers() -> Listed:
    return Listed()


@pytest.fixture
def api(files_seen: FilesSeen) -> Api:
    return Api(files_seen)


def onlooker(api: Api, readers: Listed, texts: Seen = Seen()) -> Onlooker:  # noqa: B008 (it is frozen)
    simulators = {channel: Provider(api.seen.provided[channel]) for channel in CHANNELS}
    stage = Stage({}, {one: one for one in CONVERSATIONS})
    return Onlooker(api, simulators, stage, texts, readers)


def test_it_sees_everything_that_came(sent: Sent, files_seen: FilesSeen, api: Api, readers: Listed) -> None:
    seen = onlooker(api, readers).look(sent).since_texts
    assert seen.provided == files_seen.since_texts.provided
    assert seen.statuses == files_seen.since_texts.statuses
    assert seen.histories[SENDER.channel] == files_seen.since_texts.histories[SENDER.channel]


def test_every_link_is_followed_once_and_the_photo_fetched_as_the_api_tells(
    sent: Sent, api: Api, readers: Listed
) -> None:
    looking = onlooker(api, readers)
    for _ in range(2):
        looking.look(sent)
    links = {f"http://127.0.0.1:4566/api/v1/links/{channel}" for channel in CHANNELS}
    assert set(readers.asked) == links | {BACK_ID}
    assert readers.asked[BACK_ID] == (f"http://127.0.0.1:9/{BACK_ID}", "told")


@pytest.mark.parametrize("status", ["PENDING", "SCANNING"])
def test_a_photo_is_waited_for_until_it_was_inspected(
    sent: Sent, api: Api, readers: Listed, status: str
) -> None:
    looking = onlooker(api, readers)
    api.file_status = status
    looking.look(sent)
    assert not readers.knows(BACK_ID)
    api.file_status = "READY"
    looking.look(sent)
    assert BACK_ID in readers.asked


@pytest.mark.parametrize("status", ["REJECTED", "INFECTED"])
def test_a_photo_that_was_refused_is_not_waited_for(
    sent: Sent, api: Api, readers: Listed, status: str
) -> None:
    api.file_status = status
    onlooker(api, readers).look(sent)
    assert readers.refusals == [BACK_ID]


def test_what_belongs_to_the_texts_does_not_count(
    sent: Sent, files_seen: FilesSeen, api: Api, readers: Listed
) -> None:
    # Given that the first of each was seen before
    before = Seen(
        provided={one: records[:1] for one, records in files_seen.since_texts.provided.items()},
        histories={one: messages[:1] for one, messages in files_seen.since_texts.histories.items()},
    )
    seen = onlooker(api, readers, before).look_at_everything(sent).since_texts
    for channel in CHANNELS:
        assert seen.provided[channel] == files_seen.since_texts.provided[channel][1:]
        assert seen.histories[channel] == files_seen.since_texts.histories[channel][1:]


def test_what_a_provider_refused_does_not_count(
    sent: Sent, files_seen: FilesSeen, api: Api, readers: Listed
) -> None:
    photo, _ = files_seen.since_texts.provided["telegram"]
    refused = replace(photo, provider_message_id=None, status=429)
    provided = {**files_seen.since_texts.provided, "telegram": (refused, photo)}
    api.seen = replace(files_seen.since_texts, provided=provided)
    assert onlooker(api, readers).look(sent).since_texts.provided["telegram"] == (photo,)


def test_an_api_that_is_away_is_asked_again(sent: Sent, api: Api, readers: Listed) -> None:
    looking = onlooker(api, readers)
    api.is_away = True
    assert looking.look(sent).since_texts.statuses == {}
    api.is_away = False
    assert len(looking.look(sent).since_texts.statuses) == len(sent.accepted)
