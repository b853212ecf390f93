"""Recovery of an object at each moment in which the process may die."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nanio.etag import simple_etag
from nanio.storage import filesystem
from nanio.storage.backend import ObjectInfo
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.paths import metadata_path, object_path

from nanio_server import staging
from nanio_server.objects import Objects
from nanio_server.staging import Place, Staging

BUCKET, KEY = "bucket", "folder/key"


class Killed(BaseException):
    pass


def put(data: Path, content: bytes) -> None:
    store = Staging(data)
    file = store.new_file()
    file.write_bytes(content)
    info = ObjectInfo(KEY, len(content), simple_etag(content), datetime.now(tz=UTC))
    store.commit(file, Place(BUCKET, KEY), info)


@pytest.mark.parametrize("renames", range(5))
def test_bytes_and_metadata_agree_after_a_kill_before_any_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    Objects(tmp_path).create_bucket(BUCKET)
    put(tmp_path, b"old")
    left = renames
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        if renames < 4:
            with pytest.raises(Killed):
                put(tmp_path, b"newer")
        else:
            put(tmp_path, b"newer")

    Staging(tmp_path).recover()

    expected = b"newer" if renames >= 2 else b"old"
    info = Objects(tmp_path).head_object(BUCKET, KEY)
    assert object_path(tmp_path, BUCKET, KEY).read_bytes() == expected
    assert (info.size, info.etag) == (len(expected), simple_etag(expected))
    assert metadata_path(tmp_path, BUCKET, KEY).exists()
    assert not list(Staging(tmp_path).folder.iterdir())
    assert staging.changes.acquire(blocking=False)
    staging.changes.release()


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


def test_nanio_leaves_new_bytes_with_the_old_etag_after_a_kill_between_its_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FilesystemStorage(tmp_path)
    store.create_bucket(BUCKET)
    asyncio.run(store.put_object(BUCKET, KEY, _pieces(b"old")))

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(filesystem, "write_metadata", killed)
        with pytest.raises(Killed):
            asyncio.run(store.put_object(BUCKET, KEY, _pieces(b"newer")))

    assert object_path(tmp_path, BUCKET, KEY).read_bytes() == b"newer"
    assert store.head_object(BUCKET, KEY).etag == simple_etag(b"old")
