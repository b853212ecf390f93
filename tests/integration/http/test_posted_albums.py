"""Albums that a client sends: 2 to 10 files in one message."""

import uuid

import msgspec
import pytest

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.files.file import FileStatus
from tests.integration.http.conftest import Cast
from tests.integration.http.gateway import Gateway
from tests.integration.http.test_messages import body_of, file_of


def album(*file_ids: str, text: str = "", **captions: str) -> dict[str, object]:
    files = [{"file_id": file_id, "text": captions.get(f"c{n}", "")} for n, file_id in enumerate(file_ids)]
    return {"type": "album", "files": files, "text": text}


@pytest.fixture
def files(api_settings: ApiSettings) -> DynamoFiles:
    return DynamoFiles(api_settings.files_table)


@pytest.fixture
def ids(files: DynamoFiles, cast: Cast) -> list[str]:
    return [file_of(files, cast) for _ in range(3)]


def test_an_album_is_accepted_with_all_its_files(api: Gateway, cast: Cast, ids: list[str]) -> None:
    accepted = api.post("/v1/messages", body_of(cast, content=album(*ids, c0="the gate", c2="the tree")))

    assert accepted.status == 202, accepted.text
    content = api.get(f"/v1/messages/{accepted.json['message_id']}").json["content"]
    assert [part["file"]["file_id"] for part in content["files"]] == ids
    assert [part["text"] for part in content["files"]] == ["the gate", "", "the tree"]
    assert (content["type"], content["text"]) == ("album", "the gate\nthe tree")


def test_the_preview_shows_a_part_for_each_file(api: Gateway, cast: Cast, ids: list[str]) -> None:
    preview = api.post("/v1/messages/preview", body_of(cast, content=album(*ids, text="Our garden")))

    assert preview.status == 200, preview.text
    (rendering,) = preview.json["renderings"]
    files = [part["file"]["file_id"] for part in rendering["parts"] if part["type"] == "media"]
    assert (files, rendering["treatment"], rendering["albums"]) == (ids, "separate", [])
    assert rendering["parts"][0]["text"] == "Our garden"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (album("a"), "content.files"),
        (album(*"abcdefghijk"), "content.files"),
        ({"type": "album", "files": []}, "content.files"),
        ({"type": "album", "files": [{"file_id": "a"}, {"text": "b"}]}, "content.files[1].file_id"),
        ({"type": "album", "files": "a"}, "content.files"),
        ({"type": "album", "text": "none"}, "content.files"),
    ],
)
def test_an_album_that_no_channel_could_hold_is_invalid(
    api: Gateway, cast: Cast, content: object, field: str
) -> None:
    answer = api.post("/v1/messages", body_of(cast, content=content))

    assert answer.refused(400, "VALIDATION_ERROR") == [field]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"c1": "\u0000"}, "content.files[1].text"),
        ({"c0": "x" * 10_001}, "content.files[0].text"),
        ({"c0": "x" * 6_000, "c1": "y" * 6_000}, "content.files"),
        ({"text": "for all", "c1": "for one"}, "content.text"),
    ],
)
def test_the_words_of_an_album_are_checked(
    api: Gateway, cast: Cast, ids: list[str], words: dict[str, str], field: str
) -> None:
    answer = api.post("/v1/messages", body_of(cast, content=album(*ids, **words)))

    assert answer.refused(400, "VALIDATION_ERROR") == [field]


def test_every_file_of_an_album_must_be_one_that_may_be_sent(
    api: Gateway, cast: Cast, files: DynamoFiles, ids: list[str]
) -> None:
    scanning = file_of(files, cast, status=FileStatus.SCANNING)

    content = album(*ids, scanning)

    assert api.post("/v1/messages", body_of(cast, content=content)).refused(409, "FILE_NOT_READY") == [
        "content.files[3].file_id"
    ]


def test_a_repeated_album_stays_accepted_when_a_file_is_gone(
    api: Gateway, cast: Cast, files: DynamoFiles, ids: list[str]
) -> None:
    body = body_of(cast, content=album(*ids), message_id=str(uuid.uuid4()))
    assert api.post("/v1/messages", body).status == 202
    known = files.get(ids[1])
    assert known is not None
    assert files.save(msgspec.structs.replace(known, status=FileStatus.INFECTED), FileStatus.READY, None)

    assert api.post("/v1/messages", body).status == 202


def test_an_edit_keeps_the_files_of_an_album(api: Gateway, cast: Cast, files: DynamoFiles) -> None:
    address = str(uuid.uuid4().int)[:10].replace("0", "1")
    identities = [{"channel": "telegram", "address": address}]
    customer = api.post(
        "/v1/users", {"type": "CUSTOMER", "display_name": "Ana", "identities": identities}
    ).json["user_id"]
    talk = api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, customer]}).json
    ids = [file_of(files, cast, conversation_id=talk["conversation_id"]) for _ in range(3)]
    body = body_of(cast, conversation_id=talk["conversation_id"], content=album(*ids, c0="a", c1="b"))
    posted = api.post("/v1/messages", body)
    path = f"/v1/messages/{posted.json['message_id']}"

    edited = api.patch(path, {"sender_id": cast.agent, "content": album(*ids, c0="a", c1="c")})
    others = api.patch(path, {"sender_id": cast.agent, "content": album(*ids[::-1], c0="a", c1="c")})
    words = api.patch(path, {"sender_id": cast.agent, "content": "only words"})

    assert edited.status == 202, edited.text
    assert others.refused(422, "ACT_NOT_POSSIBLE") == ["content.files"]
    assert words.refused(422, "ACT_NOT_POSSIBLE") == ["content"]
