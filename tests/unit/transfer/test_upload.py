"""Uploading a file: at once, resumed, and given up neither too early nor too late."""

import os
from pathlib import Path

import pytest
from tenacity import RetryCallState, Retrying, wait_fixed

from chat4all_local.api_client import ApiClient, ApiError
from chat4all_local.transfer import backoff
from chat4all_local.transfer.backoff import TRIES, WAIT
from chat4all_local.transfer.errors import TransferFailed
from chat4all_local.transfer.exclusive import exclusively
from chat4all_local.transfer.remembered import Remembered, source_of
from chat4all_local.transfer.upload import upload
from tests.unit.transfer.object_store import FILE_ID, PART, ObjectStore

SIZE = 10 * PART + 7


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(number % 251 for number in range(SIZE)))
    return path


def test_a_file_arrives_whole_each_part_once(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    told: list[int] = []

    stored = upload(api, file, remembered=remembered, advance=told.append)

    assert store.body == file.read_bytes()
    assert set(store.puts.values()) == {1}
    assert (stored.file_id, stored.status) == (FILE_ID, "READY")
    assert sum(told) == SIZE


@pytest.mark.parametrize("failures", [[500], [0], [503, 0, 500], [500] * (TRIES - 1)])
def test_a_part_that_is_not_taken_is_sent_again(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path, failures: list[int]
) -> None:
    store.failures = {4: list(failures)}

    upload(api, file, remembered=remembered)

    assert store.body == file.read_bytes()
    assert store.puts[4] == len(failures) + 1


def test_an_address_that_has_expired_is_asked_for_anew(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.expired = {2}

    upload(api, file, remembered=remembered)

    assert store.body == file.read_bytes()
    assert store.puts[2] == 2


def test_what_was_given_up_goes_on_where_it_was(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.failures = {7: [500] * TRIES}
    with pytest.raises(TransferFailed, match="part 7 was not stored: 500"):
        upload(api, file, remembered=remembered)
    before = dict(store.puts)
    told: list[int] = []

    upload(api, file, remembered=remembered, advance=told.append)

    assert store.created == 1
    assert store.body == file.read_bytes()
    again = {number: count - before.get(number, 0) for number, count in store.puts.items()}
    assert again[7] == 1
    assert not any(count for number, count in again.items() if number in before and number != 7)
    assert sum(told) == SIZE


def test_a_file_that_changed_is_uploaded_anew(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.failures = {2: [500] * TRIES}
    with pytest.raises(TransferFailed):
        upload(api, file, remembered=remembered)
    file.write_bytes(b"b" * SIZE + b"longer")
    store.parts.clear()

    upload(api, file, remembered=remembered)

    assert store.created == 2
    assert store.body == file.read_bytes()


def test_a_complete_upload_is_only_waited_for(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.api_failures = [409]
    with pytest.raises(Exception, match="409"):
        upload(api, file, remembered=remembered)
    store.status = "READY"
    before = dict(store.puts)

    stored = upload(api, file, remembered=remembered)

    assert stored.status == "READY"
    assert dict(store.puts) == before


def test_completing_is_repeated_while_the_api_has_trouble(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.api_failures = [503, 502]

    assert upload(api, file, remembered=remembered).status == "READY"


@pytest.mark.parametrize("status", ["INFECTED", "REJECTED"])
def test_why_a_file_was_refused_is_said(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path, status: str
) -> None:
    store.ends_as = status

    with pytest.raises(TransferFailed, match=f"{status}: It is evil"):
        upload(api, file, remembered=remembered)


def test_other_bytes_than_ours_are_found(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.served_sha256 = "0" * 64

    with pytest.raises(TransferFailed, match="different SHA-256"):
        upload(api, file, remembered=remembered)


def test_a_name_that_says_nothing_needs_a_type(
    api: ApiClient, remembered: Remembered, tmp_path: Path
) -> None:
    file = tmp_path / "nameless"
    file.write_bytes(b"x")

    with pytest.raises(TransferFailed, match="the content type of nameless is unknown"):
        upload(api, file, remembered=remembered)


def test_a_file_that_is_not_there_is_no_crash(api: ApiClient, remembered: Remembered, tmp_path: Path) -> None:
    with pytest.raises(TransferFailed, match="cannot be read"):
        upload(api, tmp_path / "gone.txt", remembered=remembered)


def pause_s(failures: int) -> float:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = failures
    return WAIT(state)


def test_who_stops_an_upload_waits_for_no_pause(
    api: ApiClient,
    store: ObjectStore,
    remembered: Remembered,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "WAIT", wait_fixed(3_600))
    store.failures = {1: [500], 2: [500], 3: [500]}

    def stop(_bytes: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(api, file, remembered=remembered, advance=stop)


def test_pauses_grow_and_differ() -> None:
    assert all(pause_s(n) <= 0.5 * 2 ** (n - 1) for n in range(1, TRIES))
    assert pause_s(5) > pause_s(1)
    assert len({pause_s(3) for _ in range(20)}) > 1


def test_a_memory_that_is_broken_is_none(
    remembered: Remembered, api: ApiClient, store: ObjectStore, file: Path, tmp_path: Path
) -> None:
    store.failures = {1: [500] * TRIES}
    with pytest.raises(TransferFailed):
        upload(api, file, remembered=remembered)
    (kept,) = (tmp_path / "memory").glob("*.json")
    kept.write_bytes(b"{")

    upload(api, file, remembered=remembered)

    assert store.created == 2
    assert not list((tmp_path / "memory").glob("*.json"))


def test_of_two_who_upload_the_same_file_one_does(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    with (
        exclusively(remembered.lock(source_of(api.url, file, None))),
        pytest.raises(TransferFailed, match="another process is transferring this file"),
    ):
        upload(api, file, remembered=remembered)

    assert store.created == 0
    assert upload(api, file, remembered=remembered).status == "READY"


def test_whose_api_died_after_s3_had_made_the_object_goes_on_from_there(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path
) -> None:
    store.api_failures = [409]
    with pytest.raises(ApiError):
        upload(api, file, remembered=remembered)
    store.is_gone = True
    before = dict(store.puts)

    assert upload(api, file, remembered=remembered).status == "READY"
    assert (store.created, dict(store.puts)) == (1, before)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_said_to_be_none(
    api: ApiClient, remembered: Remembered, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.txt"
    path.mkdir() if kind == "folder" else os.mkfifo(path)

    with pytest.raises(TransferFailed, match="is no file"):
        upload(api, path, remembered=remembered)


def test_what_is_remembered_of_uploads_that_are_long_over_goes(
    api: ApiClient, store: ObjectStore, remembered: Remembered, file: Path, tmp_path: Path
) -> None:
    old = tmp_path / "memory" / "old.json"
    old.parent.mkdir()
    old.write_bytes(b"{}")
    os.utime(old, (0, 0))

    upload(api, file, remembered=remembered)

    assert not old.exists()


def test_one_who_uploads_a_file_again_after_days_is_still_the_only_one(
    remembered: Remembered, file: Path
) -> None:
    source = source_of("http://api", file, None)
    os.utime(remembered.lock(source), (0, 0))

    with exclusively(remembered.lock(source)):
        remembered.keep(source, "f1")

        with pytest.raises(TransferFailed, match="another process"), exclusively(remembered.lock(source)):
            pytest.fail("both got it")
