"""A journal is read up to the last whole frame."""

import random
from pathlib import Path

import pytest

from ministack_server.journal.files import Files
from ministack_server.journal.frames import framed, frames

PAYLOADS = [b"one", b"two" * 100, b"\x00\x00", b"four"]


def test_whole_frames_are_read_in_their_order() -> None:
    data = b"".join(map(framed, PAYLOADS))

    assert [payload for payload, _ in frames(data)] == PAYLOADS


@pytest.mark.parametrize("missing", range(1, len(framed(PAYLOADS[-1]))))
def test_a_torn_frame_is_not_read(missing: int) -> None:
    data = b"".join(map(framed, PAYLOADS))

    assert [payload for payload, _ in frames(data[:-missing])] == PAYLOADS[:-1]


def test_zeros_after_a_power_cut_are_no_frames() -> None:
    data = framed(b"one") + bytes(4096)

    assert [payload for payload, _ in frames(data)] == [b"one"]


def test_any_changed_byte_ends_the_reading_before_its_frame() -> None:
    data = b"".join(map(framed, PAYLOADS))
    ends = [end for _, end in frames(data)]
    chance = random.Random(1)  # noqa: S311 (the same bits every time)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << chance.randrange(8)
        whole = sum(end <= place for end in ends)
        assert [payload for payload, _ in frames(bytes(damaged))] == PAYLOADS[:whole]


def test_a_torn_end_is_cut_off_and_set_aside(tmp_path: Path) -> None:
    files = Files(tmp_path / "journal")
    files.journal(0).write_bytes(framed(b"one") + framed(b"two")[:-1])

    found = files.read()

    assert found.payloads == [b"one"]
    assert found.cut == "00000000.journal: cut at byte 11, 10 bytes were not whole"
    assert files.journal(0).read_bytes() == framed(b"one")
    assert (tmp_path / "journal" / "00000000.journal.damaged").read_bytes() == framed(b"two")[:-1]
    assert files.read().cut == ""


def test_a_journal_that_ends_anywhere_in_its_last_record_keeps_all_others(tmp_path: Path) -> None:
    payloads = [b"first", b"second", b"the last record"]
    whole = b"".join(map(framed, payloads))
    begin = len(whole) - len(framed(payloads[-1]))
    for length in range(begin, len(whole)):
        files = Files(tmp_path / str(length))
        files.journal(0).write_bytes(whole[:length])

        found = files.read()

        assert found.payloads == payloads[:-1]
        assert bool(found.cut) is (length > begin)
        assert files.journal(0).stat().st_size == begin
        again = files.read()
        assert (again.payloads, again.cut) == (payloads[:-1], "")


def test_what_follows_a_gap_is_not_applied(tmp_path: Path) -> None:
    files = Files(tmp_path / "journal")
    files.journal(0).write_bytes(framed(b"one") + framed(b"two")[:-1])
    files.journal(1).write_bytes(framed(b"three"))

    found = files.read()

    assert found.payloads == [b"one"]
    assert "00000001.journal: set aside" in found.cut


def test_reading_begins_with_the_last_snapshot(tmp_path: Path) -> None:
    files = Files(tmp_path / "journal")
    files.journal(0).write_bytes(framed(b"replaced"))
    files.snapshot(1).write_bytes(framed(b"snapshot"))
    files.journal(1).write_bytes(framed(b"one"))
    files.journal(2).write_bytes(framed(b"two"))
    files.unfinished(2).write_bytes(framed(b"half"))

    found = files.read()

    assert found.payloads == [b"snapshot", b"one", b"two"]
    assert (found.generation, found.since_snapshot) == (2, len(framed(b"one")) * 2)
    assert not files.unfinished(2).exists()
