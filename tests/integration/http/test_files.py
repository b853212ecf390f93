"""/v1/files and /v1/links over moto: accepted and refused requests, and uploads that must not be lost."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.files.file import LEAST_PART_BYTES, MOST_BYTES, FileStatus, StoredFile
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.files.ports import StoredObject, StoredPart
from tests.integration.aws import Aws
from tests.integration.http.conftest import PUBLIC_URL, Cast, a_key
from tests.integration.http.gateway import Answer, Gateway

PART = LEAST_PART_BYTES
PNG = {"filename": "a.png", "size": PART + 3, "content_type": "image/png"}


@pytest.fixture
def bucket(aws: Aws) -> str:
    return str(aws.output("Data.FilesBucket"))


@pytest.fixture
def files(aws: Aws) -> DynamoFiles:
    return DynamoFiles(aws.output("Data.FilesTable"))


@pytest.fixture
def other(api: Gateway, api_settings: ApiSettings) -> Gateway:
    """A client with another API key."""
    return api.with_key(a_key(api_settings, "files:read", "files:write"))


def begin(api: Gateway, **changes: object) -> Any:  # noqa: ANN401 - what a test expects of it, it asserts
    answer = api.post("/v1/files", {**PNG, **changes})
    assert answer.status == 201, answer.text
    return answer.json


class Parts:
    """Uploads of parts to S3, as a client makes them with the signed addresses."""

    def __init__(self, aws: Aws, bucket: str, files: DynamoFiles) -> None:
        self._aws = aws
        self._bucket = bucket
        self._files = files

    def put(self, file_id: str, number: int, body: bytes) -> str:
        file = self._files.get(file_id)
        assert file is not None
        answer = self._aws.s3.upload_part(
            Bucket=self._bucket,
            Key=f"files/{file_id}",
            UploadId=file.upload_id or "",
            PartNumber=number,
            Body=body,
        )
        return answer["ETag"]

    def put_all(self, file_id: str) -> list[Mapping[str, object]]:
        bodies = (b"a" * PART, b"bcd")
        return [
            {"part_number": number, "etag": self.put(file_id, number, body)}
            for number, body in enumerate(bodies, start=1)
        ]


@pytest.fixture
def parts(aws: Aws, bucket: str, files: DynamoFiles) -> Parts:
    return Parts(aws, bucket, files)


def queued(aws: Aws, file_id: str) -> int:
    """Empty the queue; return how many requests for the file's inspection were in it."""
    url = aws.sqs.get_queue_url(QueueName="chat4all-files.fifo")["QueueUrl"]
    found = 0
    while records := aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for record in records:
            found += msgspec.json.decode(record["Body"]) == {"type": "stored", "file_id": file_id}
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=record["ReceiptHandle"])
    return found


def made(files: DynamoFiles, file_id: str, status: FileStatus, **changes: Any) -> None:  # noqa: ANN401
    file = files.get(file_id)
    assert file is not None
    assert files.save(replace(file, status=status, **changes), file.status, None)


def test_an_upload_begins_with_addresses_for_its_parts(api: Gateway) -> None:
    upload = begin(api)

    assert (upload["status"], upload["part_size"], upload["part_count"]) == ("PENDING", PART, 2)
    assert [(part["part_number"], part["size"]) for part in upload["parts"]] == [(1, PART), (2, 3)]
    assert all(f"files/{upload['file_id']}?" in part["url"] for part in upload["parts"])
    assert (upload["stored"], upload["next_from"]) == ([], None)


def test_two_gib_are_256_parts_whose_addresses_come_in_pages(api: Gateway) -> None:
    upload = begin(api, size=MOST_BYTES)
    seen = [part["part_number"] for part in upload["parts"]]
    while upload["next_from"]:
        upload = api.get(f"/v1/files/{upload['file_id']}/parts", **{"from": upload["next_from"]}).json
        seen += [part["part_number"] for part in upload["parts"]]

    assert seen == list(range(1, 257))


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"size": 0}, ["size"]),
        ({"size": -1}, ["size"]),
        ({"size": MOST_BYTES + 1}, ["size"]),
        ({"size": 10**30}, ["size"]),
        ({"size": "7"}, ["size"]),
        ({"size": 1.5}, ["size"]),
        ({"filename": "../../etc/passwd.png"}, ["filename"]),
        ({"filename": "a\x00.png"}, ["filename"]),
        ({"filename": "a\u202egnp.png"}, ["filename"]),
        ({"filename": "a" * 300 + ".png"}, ["filename"]),
        ({"filename": "a.exe"}, ["filename"]),
        ({"content_type": "application/x-msdownload"}, ["content_type"]),
        ({"sha256": "abc"}, ["sha256"]),
        ({"sha256": "G" * 64}, ["sha256"]),
        ({"content_type": "image/png, image/jpeg"}, ["content_type"]),
        ({"content_type": "application/zip", "filename": "a.zip"}, ["content_type"]),
        ({"filename": "", "size": 0, "content_type": ""}, ["filename", "size", "content_type"]),
        ({"conversation_id": ""}, ["conversation_id"]),
        ({"colour": "red"}, ["colour"]),
    ],
)
def test_what_can_be_no_file_is_refused_with_the_reason(
    api: Gateway, wrong: dict[str, object], fields: list[str]
) -> None:
    assert api.post("/v1/files", {**PNG, **wrong}).refused(400, "VALIDATION_ERROR") == fields


@pytest.mark.parametrize(
    ("declared", "filename", "content_type"),
    [
        ("image/jpg", "a.jpg", "image/jpeg"),
        ("audio/x-m4a", "a.m4a", "audio/mp4"),
        ("audio/mp3", "a.mp3", "audio/mpeg"),
        ("audio/x-wav", "a.wav", "audio/wav"),
        ("text/plain; charset=utf-8", "a.txt", "text/plain"),
        ("audio/ogg; codecs=opus", "a.ogg", "audio/ogg"),
        # What browsers, phones and libraries call the same types, by public reports.
        ("IMAGE/JPEG", "a.jpg", "image/jpeg"),
        ("image/pjpeg", "a.jpeg", "image/jpeg"),
        ("audio/opus", "voice.ogg", "audio/ogg"),
        ("audio/vnd.wave", "a.wav", "audio/wav"),
        ("video/x-m4v", "a.mp4", "video/mp4"),
        ('audio/ogg;codecs="opus"', "a.ogg", "audio/ogg"),
    ],
)
def test_other_names_of_a_type_are_taken(
    api: Gateway, files: DynamoFiles, declared: str, filename: str, content_type: str
) -> None:
    file_id = begin(api, filename=filename, content_type=declared)["file_id"]

    assert api.get(f"/v1/files/{file_id}").json["content_type"] == content_type


def test_a_checksum_may_be_in_upper_case(api: Gateway, files: DynamoFiles) -> None:
    file_id = begin(api, sha256="AB" * 32)["file_id"]

    file = files.get(file_id)
    assert file is not None
    assert file.declared_sha256 == "ab" * 32


def test_a_file_for_an_unknown_conversation_is_refused(api: Gateway) -> None:
    answer = api.post("/v1/files", {**PNG, "conversation_id": str(uuid.uuid4())})

    answer.refused(404, "CONVERSATION_NOT_FOUND")


def test_who_comes_back_sees_what_is_stored_and_what_is_missing(api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    etag = parts.put(file_id, 2, b"bcd")

    upload = api.get(f"/v1/files/{file_id}/parts").json

    assert upload["stored"] == [{"part_number": 2, "etag": etag, "size": 3}]
    assert [part["part_number"] for part in upload["parts"]] == [1]


@pytest.mark.parametrize("start", ["0", "-1", "1001", "x", "٣", ""])
def test_a_page_of_parts_begins_at_a_number(api: Gateway, start: str) -> None:
    file_id = begin(api)["file_id"]

    answer = api.get(f"/v1/files/{file_id}/parts", **{"from": start})

    assert answer.refused(400, "VALIDATION_ERROR") == ["from"]


@pytest.mark.parametrize("with_etags", [True, False])
def test_a_complete_upload_is_one_object_to_be_inspected(
    aws: Aws, api: Gateway, parts: Parts, bucket: str, *, with_etags: bool
) -> None:
    file_id = begin(api)["file_id"]
    given = parts.put_all(file_id)

    answer = complete(api, file_id, given if with_etags else None)

    assert (answer.status, answer.json["status"]) == (202, "SCANNING")
    assert aws.s3.head_object(Bucket=bucket, Key=f"files/{file_id}")["ContentLength"] == PART + 3
    assert queued(aws, file_id) == 1


def complete(api: Gateway, file_id: str, given: object = None) -> Answer:
    body = {} if given is None else {"parts": given}
    return api.post(f"/v1/files/{file_id}/complete", body)


def test_completing_again_answers_the_same_and_asks_once(aws: Aws, api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)

    first, again = complete(api, file_id), complete(api, file_id)

    assert first.json == again.json
    assert queued(aws, file_id) == 1
    assert api.get(f"/v1/files/{file_id}/parts").refused(409, "FILE_COMPLETE") == []


def test_of_an_endless_number_of_a_part_only_the_beginning_is_repeated(api: Gateway) -> None:
    file_id = begin(api)["file_id"]

    answer = complete(api, file_id, [{"part_number": 10**4_000, "etag": "x"}])

    fields = answer.refused(400, "VALIDATION_ERROR")
    assert fields
    assert max(map(len, fields)) <= LONGEST_QUOTE + len("parts[]")


def test_a_file_without_a_body_is_completed_too(api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)

    assert api.request("POST", f"/v1/files/{file_id}/complete").status == 202


def test_who_died_after_s3_had_made_the_object_goes_on(
    aws: Aws, api: Gateway, parts: Parts, files: DynamoFiles
) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)
    assert complete(api, file_id).status == 202
    made(files, file_id, FileStatus.PENDING)

    answer = complete(api, file_id)

    assert (answer.status, answer.json["status"]) == (202, "SCANNING")
    assert queued(aws, file_id) == 1


def test_missing_parts_are_named_and_nothing_is_lost(api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    parts.put(file_id, 1, b"a" * PART)

    assert complete(api, file_id).refused(409, "PARTS_MISSING") == ["parts[2]"]

    parts.put(file_id, 2, b"bcd")
    assert complete(api, file_id).status == 202


@pytest.mark.parametrize("body", [b"bc", b"bcde"])
def test_a_part_of_another_length_is_named(api: Gateway, parts: Parts, body: bytes) -> None:
    """The signature makes S3 refuse such a part. Were it stored all the same, the API would report it."""
    file_id = begin(api)["file_id"]
    parts.put(file_id, 1, b"a" * PART)
    parts.put(file_id, 2, body)

    assert complete(api, file_id).refused(409, "PARTS_WRONG") == ["parts[2]"]
    assert [part["part_number"] for part in api.get(f"/v1/files/{file_id}/parts").json["parts"]] == [2]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (lambda parts: [parts[0], parts[0]], 400, "VALIDATION_ERROR"),
        (lambda parts: [*parts, {"part_number": 3, "etag": "x"}], 400, "VALIDATION_ERROR"),
        (lambda parts: [*parts, {"part_number": 0, "etag": "x"}], 400, "VALIDATION_ERROR"),
        (lambda parts: [parts[0], {**parts[1], "etag": "wrong"}], 409, "PARTS_WRONG"),
        (
            lambda parts: [{**parts[0], "etag": parts[1]["etag"]}, {**parts[1], "etag": parts[0]["etag"]}],
            409,
            "PARTS_WRONG",
        ),
        (lambda _parts: [{"part_number": "1", "etag": "x"}], 400, "VALIDATION_ERROR"),
        (lambda _parts: [{"part_number": 1}], 400, "VALIDATION_ERROR"),
        (lambda _parts: "all", 400, "VALIDATION_ERROR"),
        (lambda parts: parts[:1], 400, "VALIDATION_ERROR"),
        (lambda _parts: [], 400, "VALIDATION_ERROR"),
    ],
    ids=[
        "doubled",
        "too many",
        "number 0",
        "wrong etag",
        "swapped",
        "no number",
        "no etag",
        "no list",
        "one missing",
        "none",
    ],
)
def test_parts_that_are_named_wrongly_are_refused_and_nothing_is_lost(
    api: Gateway,
    parts: Parts,
    given: Any,  # noqa: ANN401 - a function of the parts
    status: int,
    code: str,
) -> None:
    file_id = begin(api)["file_id"]
    stored = parts.put_all(file_id)

    complete(api, file_id, given(stored)).refused(status, code)

    assert complete(api, file_id, stored).status == 202


@pytest.fixture
def after_listing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Let something happen once, between the list of the stored parts and the join."""

    def let(happen: Callable[[], object]) -> None:
        listing, happenings = S3Files.stored_parts, [happen]

        def listed(store: S3Files, file: StoredFile) -> list[StoredPart] | None:
            stored = listing(store, file)
            if happenings:
                happenings.pop()()
            return stored

        monkeypatch.setattr(S3Files, "stored_parts", listed)

    return let


@pytest.mark.parametrize("with_etags", [True, False])
@pytest.mark.parametrize(("number", "body"), [(1, b"x" * PART), (2, b"xyz")])
def test_a_part_that_is_replaced_while_the_upload_is_completed_is_named_and_nothing_is_lost(
    aws: Aws,
    api: Gateway,
    parts: Parts,
    after_listing: Callable[[Callable[[], object]], None],
    *,
    number: int,
    body: bytes,
    with_etags: bool,
) -> None:
    file_id = begin(api)["file_id"]
    given = parts.put_all(file_id)
    after_listing(lambda: parts.put(file_id, number, body))

    refused = complete(api, file_id, given if with_etags else None)

    assert refused.refused(409, "PARTS_WRONG") == [f"parts[{number}]"]
    assert api.get(f"/v1/files/{file_id}").json["status"] == "PENDING"
    assert queued(aws, file_id) == 0
    assert complete(api, file_id, parts.put_all(file_id)).status == 202


def test_an_upload_that_another_request_completes_meanwhile_is_complete(
    aws: Aws, api: Gateway, parts: Parts, after_listing: Callable[[Callable[[], object]], None]
) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)
    after_listing(lambda: complete(api, file_id))

    assert complete(api, file_id).status == 202
    assert queued(aws, file_id) == 1


@pytest.mark.parametrize("found", [StoredObject(PART + 2, '"a-2"'), StoredObject(PART + 3, '"a-2"'), None])
def test_an_object_that_is_not_what_was_uploaded_is_not_complete(
    aws: Aws, api: Gateway, parts: Parts, monkeypatch: pytest.MonkeyPatch, found: StoredObject | None
) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)
    monkeypatch.setattr(S3Files, "find", lambda _store, _file_id: found)

    complete(api, file_id).refused(409, "UPLOAD_GONE")

    assert queued(aws, file_id) == 0


def test_an_aborted_upload_is_over(api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)

    assert api.delete(f"/v1/files/{file_id}").json["status"] == "ABORTED"
    assert api.delete(f"/v1/files/{file_id}").json["status"] == "ABORTED"

    complete(api, file_id).refused(409, "FILE_ABORTED")
    api.get(f"/v1/files/{file_id}/parts").refused(409, "FILE_ABORTED")
    api.get(f"/v1/files/{file_id}/download").refused(409, "FILE_GONE")


def test_a_complete_file_is_not_aborted(api: Gateway, parts: Parts) -> None:
    file_id = begin(api)["file_id"]
    parts.put_all(file_id)
    complete(api, file_id)

    api.delete(f"/v1/files/{file_id}").refused(409, "FILE_COMPLETE")


@pytest.mark.parametrize("how", ["get", "delete", "parts", "complete", "download"])
def test_another_keys_file_is_not_touched(api: Gateway, other: Gateway, how: str) -> None:
    file_id = begin(api)["file_id"]

    ask(other, how, file_id).refused(403, "NOT_YOUR_FILE")


@pytest.mark.parametrize("how", ["get", "delete", "parts", "complete", "download"])
def test_a_file_that_never_was_is_not_found(api: Gateway, how: str) -> None:
    ask(api, how, str(uuid.uuid4())).refused(404, "FILE_NOT_FOUND")


def ask(api: Gateway, how: str, file_id: str) -> Answer:
    path = f"/v1/files/{file_id}"
    match how:
        case "get":
            return api.get(path)
        case "delete":
            return api.delete(path)
        case "complete":
            return complete(api, file_id)
        case _:
            return api.get(f"{path}/{how}")


def test_a_conversations_file_is_read_by_every_key_and_changed_by_its_own(
    api: Gateway, other: Gateway, cast: Cast
) -> None:
    file_id = begin(api, conversation_id=cast.conversation)["file_id"]

    assert other.get(f"/v1/files/{file_id}").json["conversation_id"] == cast.conversation
    other.get(f"/v1/files/{file_id}/parts").refused(403, "NOT_YOUR_FILE")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (FileStatus.PENDING, "FILE_NOT_READY"),
        (FileStatus.SCANNING, "FILE_NOT_READY"),
        (FileStatus.INFECTED, "FILE_REFUSED"),
        (FileStatus.REJECTED, "FILE_REFUSED"),
        (FileStatus.EXPIRED, "FILE_GONE"),
    ],
)
def test_only_what_is_ready_is_downloaded(
    api: Gateway, files: DynamoFiles, status: FileStatus, code: str
) -> None:
    file_id = begin(api)["file_id"]
    made(files, file_id, status, reason="It is evil.")

    api.get(f"/v1/files/{file_id}/download").refused(409, code)


def test_a_link_sends_on_to_the_bytes_without_a_key(api: Gateway, files: DynamoFiles, bucket: str) -> None:
    file_id = begin(api)["file_id"]
    made(files, file_id, FileStatus.READY, sha256="0" * 64, thumbnails=(200, 500))

    link = api.get(f"/v1/files/{file_id}/download").json
    base, token = link["url"].split("/v1/links/")
    followed = api.with_key(None).get(f"/v1/links/{token}")

    assert base == PUBLIC_URL
    assert (link["filename"], link["content_type"], link["size"]) == ("a.png", "image/png", PART + 3)
    assert followed.status == 302
    assert f"files/{file_id}?" in followed.headers["location"]
    assert "X-Amz-Expires=300" in followed.headers["location"]
    assert set(api.get(f"/v1/files/{file_id}").json["thumbnails"]) == {"200", "500"}


def test_a_link_ends_with_its_file(api: Gateway, files: DynamoFiles) -> None:
    file_id = begin(api)["file_id"]
    made(files, file_id, FileStatus.READY)
    token = api.get(f"/v1/files/{file_id}/download").json["url"].rsplit("/", 1)[1]
    made(files, file_id, FileStatus.INFECTED, reason="Found later.")

    api.get(f"/v1/links/{token}").refused(409, "FILE_REFUSED")
    api.get("/v1/links/made-up").refused(404, "LINK_NOT_FOUND")


def test_why_a_file_was_refused_is_told(api: Gateway, files: DynamoFiles) -> None:
    file_id = begin(api)["file_id"]
    made(files, file_id, FileStatus.INFECTED, code="EICAR", reason="The file is infected.", thumbnails=(200,))

    shown = api.get(f"/v1/files/{file_id}").json

    assert shown["error"] == {"code": "EICAR", "message": "The file is infected."}
    assert shown["thumbnails"] == {}
