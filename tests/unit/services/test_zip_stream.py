"""Zips that are written as streams: what any program reads back, and how little is held at once."""

import io
import struct
from collections.abc import Iterator
from zipfile import ZipFile

from hypothesis import given
from hypothesis import strategies as st

from chat4all.services.privacy.zip_stream import FILES, ZipStream
from tests.fakes.clock import BEGINNING

PIECE = 1024 * 1024


def written(entries: dict[str, list[bytes]], size: int | None = None) -> bytes:
    stream = ZipStream(BEGINNING)
    pieces: list[bytes] = []
    for name, parts in entries.items():
        pieces += stream.entry(name, parts, sum(map(len, parts)) if size is None else size)
    pieces += stream.end()
    return b"".join(pieces)


@given(
    st.dictionaries(
        st.text("abcdefghij/", min_size=1, max_size=20).map(lambda name: f"x{name}y"),
        st.lists(st.binary(max_size=200), max_size=5),
        max_size=8,
    )
)
def test_every_entry_is_read_back(entries: dict[str, list[bytes]]) -> None:
    with ZipFile(io.BytesIO(written(entries))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*entries]
        for name, parts in entries.items():
            assert archive.read(name) == b"".join(parts)
            info = archive.getinfo(name)
            assert info.flag_bits & 0x08, "the sizes stand behind the data"
            assert info.date_time == (2026, 1, 31, 12, 0, 0)


def test_no_more_than_a_piece_is_held() -> None:
    noise = bytes(range(256)) * (PIECE // 256)
    stream = ZipStream(BEGINNING)
    asked = 0

    def pieces() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(20):
            asked += 1
            yield noise

    for number, piece in enumerate(stream.entry("files/big", pieces(), 20 * PIECE, FILES)):
        assert asked <= number + 1
        assert len(piece) <= 2 * PIECE


def test_a_large_entry_has_the_zip64_format() -> None:
    whole = written({"files/film.mp4": [b"film"]}, size=2**31)

    with ZipFile(io.BytesIO(whole)) as archive:
        assert archive.read("files/film.mp4") == b"film"
    flags, _, _, _, crc, packed, size = struct.unpack("<6xHHHHLLL", whole[:26])
    assert flags & 0x08
    # https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.9.2): the descriptor has 8 bytes each
    assert (crc, packed) == (0, size)
    assert b"PK\x07\x08" in whole
