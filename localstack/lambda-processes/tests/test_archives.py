"""Archives are unpacked once, whole, read-only, and are removed when no function uses them."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from lambda_processes.archives import Archives, BadArchive, check


def packed(text: str, name: str = "app.py") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, text)
    return archive.getvalue()


def test_the_same_content_is_unpacked_once_and_kept_until_its_last_user_has_gone(tmp_path: Path) -> None:
    archives, archive = Archives(tmp_path), packed("one")
    first, second = archives.use(archive), archives.use(archive)
    assert first == second
    assert (first / "app.py").read_text() == "one"

    archives.release(first)
    assert first.exists()
    archives.release(second)

    assert not first.exists()
    archives.close()


def test_nobody_may_write_what_functions_share(tmp_path: Path) -> None:
    archives = Archives(tmp_path)
    place = archives.use(packed("one", "package/app.py"))

    writable = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    assert not [path for path in (place, *place.rglob("*")) if path.stat().st_mode & writable]
    archives.close()
    assert not place.exists()


def test_a_member_that_comes_twice_is_the_later_one(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("app.py", "two")
    archives = Archives(tmp_path)

    assert (archives.use(archive.getvalue()) / "app.py").read_text() == "two"
    archives.close()


WHOLE = packed("x" * 1000)


@pytest.mark.parametrize(
    "broken",
    [b"", b"no archive", WHOLE[:-30], WHOLE[100:], WHOLE.replace(b"PK\x03\x04", b"PK\x00\x00", 1)],
    ids=["empty", "text", "without its end", "without its beginning", "a damaged member"],
)
def test_an_archive_that_is_not_whole_is_found_before_it_is_unpacked(broken: bytes) -> None:
    check(WHOLE)
    with pytest.raises(BadArchive):
        check(broken)


def test_a_broken_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    archives = Archives(tmp_path)
    broken = packed("x" * 1000).replace(b"x" * 100, b"y" * 100, 1)

    with pytest.raises(BadArchive):
        archives.use(broken)

    assert [path.name for path in archives.folder.iterdir()] == ["lock"]
    archives.close()


def test_a_member_stays_in_the_folder_whatever_its_name(tmp_path: Path) -> None:
    archives = Archives(tmp_path / "archives")
    place = archives.use(packed("evil", "../../../outside.py"))

    assert (place / "outside.py").exists()
    assert not list(tmp_path.glob("outside.py"))
    archives.close()


def test_the_folders_of_an_ended_process_are_removed_and_those_of_a_running_one_stay(tmp_path: Path) -> None:
    running, ended = Archives(tmp_path), Archives(tmp_path)
    kept, left = running.use(packed("one")), ended.use(packed("two"))
    ended._lock.close()  # as the end of a process does

    Archives(tmp_path).close()

    assert kept.exists()
    assert not left.exists()
    running.close()
