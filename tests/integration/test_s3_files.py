"""The files' bytes, over moto. tests/e2e shows that S3 refuses other lengths and parts than were signed."""

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from chat4all.adapters.aws import session
from chat4all.adapters.s3.files import PIECE_BYTES, S3Files, content_disposition
from chat4all.bootstrap import runtime
from chat4all.domain.files.file import LEAST_PART_BYTES, FileStatus, StoredFile
from chat4all.services.files.ports import ObjectTooLarge, PartsRefused, StoredObject, StoredPart
from tests.fakes.people import NOW
from tests.integration.aws import Aws

PART = LEAST_PART_BYTES


@pytest.fixture
def bucket(aws: Aws) -> str:
    return str(aws.output("Data.FilesBucket"))


@pytest.fixture
def store(bucket: str) -> S3Files:
    return S3Files(runtime.s3, bucket)


def a_file(size: int = PART + 3, filename: str = "Ärger.png") -> StoredFile:
    return StoredFile(str(uuid.uuid4()), filename, "image/png", size, FileStatus.PENDING, NOW, NOW)


def begun(store: S3Files, file: StoredFile) -> StoredFile:
    return replace(file, upload_id=store.begin_upload(file))


def put(aws: Aws, bucket: str, file: StoredFile, number: int, body: bytes) -> str:
    key, upload_id = f"files/{file.file_id}", file.upload_id or ""
    answer = aws.s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body)
    return answer["ETag"]


def test_parts_become_one_object_with_its_name_and_type(aws: Aws, bucket: str, store: S3Files) -> None:
    file = begun(store, a_file())
    etags = [put(aws, bucket, file, 1, b"a" * PART), put(aws, bucket, file, 2, b"bcd")]

    stored = store.stored_parts(file)

    assert stored is not None
    assert [(part.number, part.etag, part.size) for part in stored] == [(1, etags[0], PART), (2, etags[1], 3)]
    etag = store.finish_upload(file, stored)
    assert etag is not None
    assert store.find(file.file_id) == StoredObject(PART + 3, etag)
    assert b"".join(store.stream(file.file_id)) == b"a" * PART + b"bcd"
    head = aws.s3.head_object(Bucket=bucket, Key=f"files/{file.file_id}")
    assert head["ContentType"] == "image/png"
    assert head["ContentDisposition"] == "attachment; filename=\"Arger.png\"; filename*=UTF-8''%C3%84rger.png"


@pytest.mark.parametrize(
    ("content_type", "served"),
    [
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("application/vnd.acme.plan", "application/octet-stream"),
        ("audio/amr", "audio/amr"),
    ],
)
def test_what_a_browser_may_run_is_stored_under_no_type(
    aws: Aws, bucket: str, store: S3Files, content_type: str, served: str
) -> None:
    file = replace(a_file(filename="page.html"), content_type=content_type)

    store.write(file, pieces(3), 3)

    head = aws.s3.head_object(Bucket=bucket, Key=f"files/{file.file_id}")
    assert head["ContentType"] == served
    assert head["ContentDisposition"].startswith('attachment; filename="page.html"')


def test_an_upload_that_is_over_is_no_upload(aws: Aws, bucket: str, store: S3Files) -> None:
    finished, aborted = begun(store, a_file(3)), begun(store, a_file())
    put(aws, bucket, finished, 1, b"abc")
    parts = store.stored_parts(finished)
    assert parts is not None

    assert store.finish_upload(finished, parts)
    store.abort_upload(aborted)
    store.abort_upload(aborted)

    assert store.stored_parts(finished) is None
    assert store.stored_parts(aborted) is None
    assert store.find(aborted.file_id) is None


@pytest.mark.parametrize(
    "listed",
    [
        [StoredPart(1, '"00000000000000000000000000000000"', PART)],
        [StoredPart(1, '"900150983cd24fb0d6963f7d28e17f72"', 3), StoredPart(2, '"00"', 3)],
    ],
    ids=["another ETag", "a part that is not stored"],
)
def test_parts_that_are_not_as_listed_are_refused_and_the_upload_goes_on(
    aws: Aws, bucket: str, store: S3Files, listed: list[StoredPart]
) -> None:
    file = begun(store, a_file(3))
    put(aws, bucket, file, 1, b"abc")

    with pytest.raises(PartsRefused):
        store.finish_upload(file, listed)

    assert store.find(file.file_id) is None
    parts = store.stored_parts(file)
    assert parts is not None
    assert store.finish_upload(file, parts) is not None


def test_parts_are_joined_in_their_order_though_they_are_listed_in_another(
    aws: Aws, bucket: str, store: S3Files
) -> None:
    file = begun(store, a_file())
    put(aws, bucket, file, 1, b"a" * PART)
    put(aws, bucket, file, 2, b"bcd")
    parts = store.stored_parts(file)
    assert parts is not None

    store.finish_upload(file, parts[::-1])

    assert b"".join(store.stream(file.file_id)) == b"a" * PART + b"bcd"


@pytest.mark.parametrize(
    ("code", "named", "number"),
    [
        # As S3 answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
        ("InvalidPart", {"PartNumber": "2"}, 2),
        ("InvalidPartOrder", {}, None),
        ("EntityTooSmall", {"PartNumber": "1"}, 1),
        ("InvalidPart", {"PartNumber": "two"}, None),
    ],
)
def test_the_part_that_s3_names_is_told(
    store: S3Files, monkeypatch: pytest.MonkeyPatch, code: str, named: dict[str, str], number: int | None
) -> None:
    def refuse(**_asked: object) -> None:
        error: Any = {"Code": code, "Message": "A specified part could not be found.", **named}
        raise ClientError({"Error": error}, "CompleteMultipartUpload")

    monkeypatch.setattr(store._client, "complete_multipart_upload", refuse)

    with pytest.raises(PartsRefused) as refused:
        store.finish_upload(replace(a_file(), upload_id="u1"), [StoredPart(1, '"a"', 3)])

    assert (refused.value.code, refused.value.part_number) == (code, number)


def test_an_address_names_part_and_length_and_expires(store: S3Files) -> None:
    file = begun(store, a_file())

    query = parse_qs(urlsplit(store.part_url(file, 2)).query)

    assert query["partNumber"] == ["2"]
    assert query["uploadId"] == [file.upload_id]
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert query["X-Amz-Expires"] == ["3600"]


@pytest.fixture
def _in_another_region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "eu-south-2")
    session.cache_clear()
    yield
    session.cache_clear()


@pytest.mark.usefixtures("_in_another_region")
def test_addresses_name_their_region(store: S3Files, bucket: str) -> None:
    """Without the region, S3 redirects clients to another host, for which the addresses are not signed."""
    addresses = [
        store.url("f1", 60),
        store.thumbnail_url("f1", 200, 60),
        store.part_url(replace(a_file(), upload_id="u1"), 1),
    ]

    assert {urlsplit(address).hostname for address in addresses} == {f"{bucket}.s3.eu-south-2.amazonaws.com"}


@pytest.mark.usefixtures("_in_another_region")
def test_a_local_cloud_needs_no_host_name_for_each_bucket(
    store: S3Files, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://host.docker.internal:9")

    assert store.url("f1", 60).startswith(f"http://host.docker.internal:9/{bucket}/files/f1?")


def test_many_parts_are_listed_page_by_page(
    aws: Aws, bucket: str, store: S3Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = begun(store, a_file(5))
    for number in range(1, 6):
        put(aws, bucket, file, number, b"a")
    listing = store._client.list_parts
    monkeypatch.setattr(store._client, "list_parts", lambda **asked: listing(**asked, MaxParts=2))

    assert [part.number for part in store.stored_parts(file) or ()] == [1, 2, 3, 4, 5]


def pieces(*sizes: int) -> Iterator[bytes]:
    return (bytes([number]) * size for number, size in enumerate(sizes))


@pytest.mark.parametrize("sizes", [(), (0,), (3,), (PART,), (PART - 1, 2), (PIECE_BYTES,) * 9])
def test_what_comes_in_pieces_is_stored_whole(store: S3Files, sizes: tuple[int, ...]) -> None:
    file = a_file()

    assert store.write(file, pieces(*sizes), sum(sizes)) == sum(sizes)

    assert b"".join(store.stream(file.file_id)) == b"".join(pieces(*sizes))


def test_a_part_has_no_other_checksum_than_its_upload_was_begun_with(store: S3Files) -> None:
    """S3 refuses another checksum, but moto does not. The signature covers the bytes instead."""
    sent: dict[str, dict[str, str]] = {}

    def note(request: AWSPreparedRequest, event_name: str, **_more: object) -> None:
        sent[event_name.rsplit(".", 1)[1]] = {
            name.lower(): bytes_or_text(value) for name, value in request.headers.items()
        }

    store._client.meta.events.register("before-send.s3", note)
    store.write(a_file(), iter([b"abc"]), 3)

    begun, part = sent["CreateMultipartUpload"], sent["UploadPart"]
    assert not [name for name in (*begun, *part) if "checksum" in name or name == "x-amz-trailer"]
    assert part["x-amz-content-sha256"] == hashlib.sha256(b"abc").hexdigest()


def bytes_or_text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def test_more_than_was_allowed_is_not_stored(aws: Aws, bucket: str, store: S3Files) -> None:
    file = a_file()

    with pytest.raises(ObjectTooLarge):
        store.write(file, pieces(PART, PART), PART + 1)

    assert store.find(file.file_id) is None
    assert not aws.s3.list_multipart_uploads(Bucket=bucket, Prefix=f"files/{file.file_id}").get("Uploads")


def test_ranges_are_read(store: S3Files) -> None:
    file = a_file()
    store.write(file, [b"0123456789"], 10)

    assert store.read_range(file.file_id, 3, 4) == b"3456"


def test_what_is_quarantined_is_read_by_nobody(aws: Aws, bucket: str, store: S3Files) -> None:
    file = a_file()
    store.write(file, [b"evil"], 4)

    store.quarantine(file.file_id)
    store.quarantine(file.file_id)

    assert store.find(file.file_id) is None
    kept = aws.s3.get_object(Bucket=bucket, Key=f"quarantine/{file.file_id}")
    assert kept["Body"].read() == b"evil"


def test_thumbnails_go_with_their_file(aws: Aws, bucket: str, store: S3Files) -> None:
    file = a_file()
    store.write(file, [b"image"], 5)
    store.put_thumbnail(file.file_id, 200, b"small")

    store.delete(file.file_id)

    left = aws.s3.list_objects_v2(Bucket=bucket, Prefix="").get("Contents", [])
    assert not [s3_object for s3_object in left if file.file_id in s3_object["Key"]]


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a.png", "attachment; filename=\"a.png\"; filename*=UTF-8''a.png"),
        ('a"; x=\\.png', "attachment; filename=\"a_; x=_.png\"; filename*=UTF-8''a%22%3B%20x%3D%5C.png"),
        ("日本.png", "attachment; filename=\"file.png\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.png"),
        ("100%.png", "attachment; filename=\"100_.png\"; filename*=UTF-8''100%25.png"),
    ],
)
def test_names_are_safe_in_the_header(filename: str, header: str) -> None:
    assert content_disposition(filename) == header
