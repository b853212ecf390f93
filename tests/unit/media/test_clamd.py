"""The client of clamd, against a fake clamd that checks every request."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.adapters.media.clamd import ClamdScanner
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.inspection import RejectCode
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.files.scanning import CannotScan, Clean, Malware, Verdict
from tests.fakes.clamd import FakeClamd


def scan(address: str, *pieces: bytes, answer_s: float = 5.0) -> Verdict:
    with ClamdScanner(address, answer_s).begin() as file_scan:
        for piece in pieces:
            file_scan.feed(piece)
        return file_scan.verdict()


@given(st.lists(st.binary(max_size=2_000), max_size=8))
def test_it_gets_all_the_bytes_in_order(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    clamd = FakeClamd()
    with clamd.listening(tmp_path_factory.mktemp("clamd") / "s") as address:
        assert scan(address, *pieces) == Clean()

    assert clamd.received == [b"".join(pieces)]
    assert clamd.mistakes == []


def test_a_piece_larger_than_a_chunk_is_cut(tmp_path: Path) -> None:
    clamd = FakeClamd()
    with clamd.listening(tmp_path / "s") as address:
        scan(address, bytes(3_000_000))

    assert clamd.received == [bytes(3_000_000)]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\0", Clean()),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Malware("Win.Test.EICAR_HDB-1")),
        (b"stream: A name FOUND FOUND\0", Malware("A name FOUND")),
    ],
)
def test_its_verdicts(tmp_path: Path, answer: bytes, verdict: Verdict) -> None:
    with FakeClamd(answer).listening(tmp_path / "s") as address:
        assert scan(address, b"bytes") == verdict


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", RejectCode.TOO_LARGE_TO_SCAN),
        (b"stream: Heuristics.Encrypted.PDF FOUND\0", RejectCode.ENCRYPTED),
        (b"INSTREAM size limit exceeded. ERROR\0", RejectCode.TOO_LARGE_TO_SCAN),
    ],
)
def test_what_it_did_not_look_at_is_neither_clean_nor_infected(
    tmp_path: Path, answer: bytes, code: RejectCode
) -> None:
    with FakeClamd(answer).listening(tmp_path / "s") as address:
        verdict = scan(address, b"bytes")

    assert isinstance(verdict, CannotScan)
    assert verdict.refusal.code == code


@pytest.mark.parametrize("over", ["a socket", "TCP"])
def test_a_stream_over_its_limit_ends_in_the_midst(tmp_path: Path, over: str) -> None:
    clamd = FakeClamd(limit=100_000)
    with clamd.listening_on_tcp() if over == "TCP" else clamd.listening(tmp_path / "s") as address:
        verdict = scan(address, *[bytes(50_000)] * 200)

    assert isinstance(verdict, CannotScan)
    assert verdict.refusal.code == RejectCode.TOO_LARGE_TO_SCAN


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: O",
        b"stream: lstat() failed: No such file or directory. ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"x" * 10_000,
        b"\xff\xfe\0",
    ],
)
def test_an_answer_that_says_nothing_is_no_verdict(tmp_path: Path, answer: bytes) -> None:
    with FakeClamd(answer).listening(tmp_path / "s") as address, pytest.raises(Unavailable):
        scan(address, b"bytes")


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    for address in (str(tmp_path / "nobody"), f"127.0.0.1:{port}"):
        with pytest.raises(Unavailable):
            scan(address, b"bytes")


def test_one_that_never_answers_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(Unavailable):
        scan(f"127.0.0.1:{server.getsockname()[1]}", b"bytes", answer_s=0.1)


def test_a_scan_that_is_given_up_closes_its_connection(tmp_path: Path) -> None:
    clamd = FakeClamd()
    with clamd.listening(tmp_path / "s") as address, ClamdScanner(address).begin() as file_scan:
        file_scan.feed(b"bytes")

    assert clamd.mistakes == ["the stream had no end"]


def test_of_a_long_answer_only_the_beginning_is_repeated(tmp_path: Path) -> None:
    with (
        FakeClamd(b"stream: " + b"x" * 4_000 + b" ERROR\0").listening(tmp_path / "s") as address,
        pytest.raises(Unavailable) as refused,
    ):
        scan(address, b"bytes")

    assert len(refused.value.message) <= LONGEST_QUOTE + 50
