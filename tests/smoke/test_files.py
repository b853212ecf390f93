"""A file uploaded in parts to signed addresses, and downloaded again."""

import hashlib
import uuid
from pathlib import Path

import pytest
import urllib3

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


def test_a_link_serves_a_range_without_a_key(api: ApiClient, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("0123456789" * 10)
    link = api.file_link(upload(api, notes, remembered=Remembered(tmp_path / "memory")).file_id)

    part = urllib3.request("GET", link.url, headers={"Range": "bytes=10-19"})

    assert (part.status, part.data) == (206, b"0123456789")
    assert part.headers["content-disposition"].startswith('attachment; filename="notes.txt"')
