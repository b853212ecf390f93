from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chat4all.entrypoints.http.files import FileView, LinkView
from chat4all.entrypoints.http.message_views import MessageView, ProgressView
from chat4all_local.api_client import ApiClient, ApiUnreachable
from chat4all_local.demo.files.observed import Content, FilesObserved
from chat4all_local.demo.files.onlooker import Onlooker
from chat4all_local.demo.files.readers import Readers
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord, Transcript
from chat4all_local.traffic.participants import GROUP, SHOWN

SENDER = SHOWN[0]
BACK_ID = "file-from-customer"


class Api(ApiClient):
    """An API that answers from `observed`; `file_status` is the status of the customer's photo."""

    def __init__(self, observed: FilesObserved) -> None:
        super().__init__("http://127.0.0.1:9", "key")
        self.observed = observed.since_texts
        self.file_status = "READY"
        self.is_away = False

    def message_status(self, message_id: str) -> ProgressView:
        if self.is_away:
            raise ApiUnreachable("away")
        return self.observed.statuses[message_id]

    def history(self, conversation_id: str) -> Iterator[MessageView]:
        return iter(self.observed.histories.get(conversation_id, ())[::-1])

    def file(self, file_id: str) -> FileView:
        return FileView(
            file_id=file_id,
            filename="photo.jpg",
            content_type="image/jpeg",
            size=1,
            status=self.file_status,
            error=None,
            inspection=None,
            sha256=None,
            thumbnails={},
            width=None,
            height=None,
            codec=None,
            conversation_id=None,
            created_at="",
            expires_at="",
        )

    def file_link(self, file_id: str) -> LinkView:
        return LinkView(f"http://127.0.0.1:9/{file_id}", "", "photo.jpg", "image/jpeg", 1, "told")


class Provider(Simulator):
    def __init__(self, records: tuple[SendRecord, ...]) -> None:
        super().__init__("http://127.0.0.1:9")
        self.records = records

    def transcript(self, after: int = 0) -> Transcript:
        return Transcript([record for record in self.records if record.n > after], len(self.records))


class Listed(Readers):
    """Readers that read nothing, but record the requests."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[str, str | None]] = {}
        self.refusals: list[str] = []

    def knows(self, key: str) -> bool:
        return key in self.asked or key in self.refusals

    def read(self, key: str, url: str, title: str, size: int, sha256: str | None = None) -> None:
        assert not self.knows(key), "it was read already"
        self.asked[key] = (url, sha256)

    def refused(self, key: str) -> None:
        self.refusals.append(key)

    def contents(self) -> dict[str, Content]:
        return {}


@pytest.fixture
def readers() -> Listed:
    return Listed()


@pytest.fixture
def api(files_observed: FilesObserved) -> Api:
    return Api(files_observed)


def onlooker(api: Api, readers: Listed, texts: Observed = Observed()) -> Onlooker:  # noqa: B008 (it is frozen)
    simulators = {channel: Provider(api.observed.provided[channel]) for channel in SHOWN}
    stage = Stage({}, {conversation: conversation for conversation in (*SHOWN, GROUP)})
    return Onlooker(api, simulators, stage, texts, readers)


def test_it_sees_everything_that_came(
    files_sent: FilesSent, files_observed: FilesObserved, api: Api, readers: Listed
) -> None:
    observed = onlooker(api, readers).look(files_sent).since_texts
    assert observed.provided == files_observed.since_texts.provided
    assert observed.statuses == files_observed.since_texts.statuses
    assert observed.histories[SENDER] == files_observed.since_texts.histories[SENDER]


def test_every_link_is_followed_once_and_the_photo_fetched_as_the_api_tells(
    files_sent: FilesSent, api: Api, readers: Listed
) -> None:
    looking = onlooker(api, readers)
    for _ in range(2):
        looking.look(files_sent)
    links = {f"http://127.0.0.1:4566/api/v1/links/{channel}" for channel in SHOWN}
    assert set(readers.asked) == links | {BACK_ID}
    assert readers.asked[BACK_ID] == (f"http://127.0.0.1:9/{BACK_ID}", "told")


@pytest.mark.parametrize("status", ["PENDING", "SCANNING"])
def test_a_photo_is_waited_for_until_it_was_inspected(
    files_sent: FilesSent, api: Api, readers: Listed, status: str
) -> None:
    looking = onlooker(api, readers)
    api.file_status = status
    looking.look(files_sent)
    assert not readers.knows(BACK_ID)
    api.file_status = "READY"
    looking.look(files_sent)
    assert BACK_ID in readers.asked


@pytest.mark.parametrize("status", ["REJECTED", "INFECTED"])
def test_a_photo_that_was_refused_is_not_waited_for(
    files_sent: FilesSent, api: Api, readers: Listed, status: str
) -> None:
    api.file_status = status
    onlooker(api, readers).look(files_sent)
    assert readers.refusals == [BACK_ID]


def test_what_belongs_to_the_texts_does_not_count(
    files_sent: FilesSent, files_observed: FilesObserved, api: Api, readers: Listed
) -> None:
    # Given that the first message of each channel was observed before
    before = Observed(
        provided={channel: records[:1] for channel, records in files_observed.since_texts.provided.items()},
        histories={
            channel: messages[:1] for channel, messages in files_observed.since_texts.histories.items()
        },
    )
    observed = onlooker(api, readers, before).look_at_everything(files_sent).since_texts
    for channel in SHOWN:
        assert observed.provided[channel] == files_observed.since_texts.provided[channel][1:]
        assert observed.histories[channel] == files_observed.since_texts.histories[channel][1:]


def test_what_a_provider_refused_does_not_count(
    files_sent: FilesSent, files_observed: FilesObserved, api: Api, readers: Listed
) -> None:
    photo, _ = files_observed.since_texts.provided["telegram"]
    refused = replace(photo, provider_message_id=None, status=429)
    provided = {**files_observed.since_texts.provided, "telegram": (refused, photo)}
    api.observed = replace(files_observed.since_texts, provided=provided)
    assert onlooker(api, readers).look(files_sent).since_texts.provided["telegram"] == (photo,)


def test_an_api_that_is_away_is_asked_again(files_sent: FilesSent, api: Api, readers: Listed) -> None:
    looking = onlooker(api, readers)
    api.is_away = True
    assert looking.look(files_sent).since_texts.statuses == {}
    api.is_away = False
    assert len(looking.look(files_sent).since_texts.statuses) == len(files_sent.accepted)
