from threading import Event

import pytest
from rich.console import Console

from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.demo.files import readers as module
from chat4all_local.demo.files.observed import Content
from chat4all_local.demo.files.readers import Readers

CAME = Content(3, "abc")


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setattr(module, "fetch", lambda *_: CAME)
    return Readers(ProgressDisplay(Console(quiet=True)))


def test_what_was_read_is_known_by_its_key(readers: Readers) -> None:
    with readers.reading():
        readers.read("key", "http://x", "a file", 3)
        assert readers.knows("key")
        assert not readers.knows("another")
    assert readers.contents() == {"key": CAME}


@pytest.mark.parametrize(("reported", "sha256"), [("abc", "abc"), ("xyz", None)])
def test_bytes_of_which_the_api_tells_another_sha256_do_not_count(
    readers: Readers, reported: str, sha256: str | None
) -> None:
    with readers.reading():
        readers.read("key", "http://x", "a file", 3, sha256=reported)
    assert readers.contents() == {"key": Content(3, sha256)}


def test_what_was_refused_is_known_and_has_no_bytes(readers: Readers) -> None:
    readers.refused("key")
    assert readers.knows("key")
    assert readers.contents() == {"key": Content(0, None)}


def test_a_failure_does_not_wait_for_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a fetch that hangs
    hangs, ended = Event(), Event()

    def hang(*_: object) -> Content:
        hangs.wait(30)
        ended.set()
        return CAME

    monkeypatch.setattr(module, "fetch", hang)
    readers = Readers(ProgressDisplay(Console(quiet=True)))

    # When the block fails
    def fail() -> None:
        with readers.reading():
            readers.read("key", "http://x", "a file", 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    # Then the block has not waited for the fetch
    assert not ended.is_set()
    hangs.set()
    assert ended.wait(10)
