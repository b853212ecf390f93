"""Downloading a file: at once, resumed, and compared with its checksum."""

from pathlib import Path

import pytest

from chat4all_local.api_client import ApiClient
from chat4all_local.transfer.backoff import TRIES
from chat4all_local.transfer.download import download
from chat4all_local.transfer.errors import TransferFailed
from chat4all_local.transfer.exclusive import exclusively
from tests.unit.transfer.object_store import FILE_ID, ObjectStore

BODY = bytes(number % 251 for number in range(5000))


@pytest.fixture(autouse=True)
def stored(store: ObjectStore) -> None:
    store.parts, store.size, store.status = {1: BODY}, len(BODY), "READY"


def test_a_file_comes_whole_through_its_link(api: ApiClient, tmp_path: Path) -> None:
    told: list[int] = []

    path = download(api, FILE_ID, tmp_path / "b.txt", advance=told.append)

    assert path.read_bytes() == BODY
    assert sum(told) == len(BODY)
    assert [file.name for file in tmp_path.iterdir()] == ["b.txt"]


def test_without_a_name_it_gets_its_own(
    api: ApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert download(api, FILE_ID) == Path("a.txt")


def test_what_breaks_off_goes_on(api: ApiClient, store: ObjectStore, tmp_path: Path) -> None:
    store.broken_after = [1000, 0, 500]

    assert download(api, FILE_ID, tmp_path / "b.txt").read_bytes() == BODY
    assert store.ranges == ["bytes=0-", "bytes=1000-", "bytes=1000-", "bytes=1500-"]


def test_what_was_stopped_goes_on_in_another_process(
    api: ApiClient, store: ObjectStore, tmp_path: Path
) -> None:
    (tmp_path / "b.txt.file-1.part").write_bytes(BODY[:1234])

    assert download(api, FILE_ID, tmp_path / "b.txt").read_bytes() == BODY
    assert store.ranges == ["bytes=1234-"]


def test_given_up_it_keeps_what_it_has(api: ApiClient, store: ObjectStore, tmp_path: Path) -> None:
    store.broken_after = [700] + [0] * TRIES

    with pytest.raises(TransferFailed, match="700 of 5000 bytes were received"):
        download(api, FILE_ID, tmp_path / "b.txt")

    assert (tmp_path / "b.txt.file-1.part").read_bytes() == BODY[:700]


def test_other_bytes_are_not_kept(api: ApiClient, store: ObjectStore, tmp_path: Path) -> None:
    store.served_sha256 = "0" * 64

    with pytest.raises(TransferFailed, match="wrong SHA-256"):
        download(api, FILE_ID, tmp_path / "b.txt")

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(api: ApiClient, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"mine")

    with pytest.raises(TransferFailed, match="exists already"):
        download(api, FILE_ID, tmp_path / "b.txt")

    assert (tmp_path / "b.txt").read_bytes() == b"mine"


def test_where_nothing_can_be_written_it_is_said(api: ApiClient, tmp_path: Path) -> None:
    with pytest.raises(TransferFailed, match="cannot be written"):
        download(api, FILE_ID, tmp_path / "no-folder" / "b.txt")


def test_what_is_longer_than_the_file_is_begun_anew(
    api: ApiClient, store: ObjectStore, tmp_path: Path
) -> None:
    (tmp_path / "b.txt.file-1.part").write_bytes(b"x" * (len(BODY) + 1))

    assert download(api, FILE_ID, tmp_path / "b.txt").read_bytes() == BODY
    assert store.ranges == ["bytes=0-"]


def test_of_two_who_download_to_the_same_place_one_does(api: ApiClient, tmp_path: Path) -> None:
    with (
        exclusively(tmp_path / "b.txt.file-1.part"),
        pytest.raises(TransferFailed, match="another process is transferring this file"),
    ):
        download(api, FILE_ID, tmp_path / "b.txt")

    assert download(api, FILE_ID, tmp_path / "b.txt").read_bytes() == BODY
