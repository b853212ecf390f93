"""A file uploaded in parts to signed addresses, and downloaded again."""

import hashlib
import uuid
from pathlib import Path

import pytest
import urllib3
from msgspec.structs import replace

from chat4all.adapters.s3.files import S3Files
from chat4all.domain.files.file import FileStatus, StoredFile
from chat4all.services.files.ports import PartsRefused, StoredObject
from chat4all_local.api_client import ApiClient
from chat4all_local.traffic.film import make_film
from chat4all_local.transfer.download import download
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.e2e.stage import Stage

PART = 8 * 1024 * 1024


@pytest.fixture
def api(stage: Stage) -> ApiClient:
    return ApiClient(stage.cloud.api_url, stage.cloud.api_key)


def put(url: str, body: bytes) -> int:
    return urllib3.request("PUT", url, body=body, retries=False).status


def test_a_film_goes_up_in_parts_and_comes_back_the_same(api: ApiClient, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    make_film(film, 2 * PART + 7)

    stored = upload(api, film, remembered=Remembered(tmp_path / "memory"))
    came = download(api, stored.file_id, tmp_path / "came.mp4")

    assert stored.status == "READY"
    assert stored.sha256 == hashlib.sha256(film.read_bytes()).hexdigest()
    assert came.read_bytes() == film.read_bytes()


def test_a_part_is_taken_only_where_and_as_long_as_it_was_signed(api: ApiClient) -> None:
    film = api.create_file("film.mp4", PART + 10, "video/mp4")
    first, last = film.parts

    wrong = [
        put(last.url, b"short"),
        put(last.url.replace("partNumber=2", "partNumber=1"), bytes(10)),
        put(last.url.replace(film.file_id, str(uuid.uuid4())), bytes(10)),
        put(last.url[:-4] + "beef", bytes(10)),
        put(last.url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"), bytes(10)),
    ]

    assert wrong == [403] * len(wrong)
    assert put(last.url, bytes(10)) == 200
    assert [part.part_number for part in api.file_parts(film.file_id, 1).parts] == [first.part_number]


def test_a_part_that_was_replaced_is_refused_and_the_upload_goes_on(stage: Stage, api: ApiClient) -> None:
    film = api.create_file("film.mp4", PART + 10, "video/mp4")
    first, last = film.parts
    assert put(first.url, bytes(PART)) == put(last.url, b"0123456789") == 200
    given = [
        {"part_number": part.part_number, "etag": part.etag}
        for part in api.file_parts(film.file_id, 1).stored
    ]
    assert put(last.url, b"9876543210") == 200

    refused = stage.api.call("POST", f"/files/{film.file_id}/complete", {"parts": given})

    assert (refused.status_code, refused.json()["error"]) == (409, "PARTS_WRONG")
    assert [detail["field"] for detail in refused.json()["details"]] == ["parts[2]"]
    assert stage.api.call("POST", f"/files/{film.file_id}/complete", {}).status_code == 202


def test_the_store_joins_no_part_that_was_replaced_after_it_was_listed(stage: Stage) -> None:
    client = stage.cloud.aws.s3()
    store = S3Files(lambda: client, stage.files_bucket())
    file = StoredFile(str(uuid.uuid4()), "film.mp4", "video/mp4", PART + 10, FileStatus.PENDING, "", "")
    file = replace(file, upload_id=store.begin_upload(file))
    assert put(store.part_url(file, 1), bytes(PART)) == put(store.part_url(file, 2), b"0123456789") == 200
    listed = store.stored_parts(file)
    assert put(store.part_url(file, 2), b"9876543210") == 200

    with pytest.raises(PartsRefused):
        store.finish_upload(file, listed or ())

    etag = store.finish_upload(file, store.stored_parts(file) or ())
    assert etag is not None
    assert store.find(file.file_id) == StoredObject(PART + 10, etag)
    assert store.read_range(file.file_id, PART, 10) == b"9876543210"
    store.delete(file.file_id)


def test_a_link_serves_a_range_without_a_key(api: ApiClient, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("0123456789" * 10)
    link = api.file_link(upload(api, notes, remembered=Remembered(tmp_path / "memory")).file_id)

    part = urllib3.request("GET", link.url, headers={"Range": "bytes=10-19"})

    assert (part.status, part.data) == (206, b"0123456789")
    assert part.headers["content-disposition"].startswith('attachment; filename="notes.txt"')
