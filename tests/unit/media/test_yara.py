"""Malware rules, which run over a file window by window."""

from itertools import pairwise
from pathlib import Path

import pytest
import yara_x
from hypothesis import given
from hypothesis import strategies as st

from chat4all.adapters.media import yara
from chat4all.adapters.media.yara import OVERLAP_BYTES, OWN_RULES, WINDOW_BYTES, YaraScanner
from chat4all.domain.files.inspection import RejectCode
from chat4all.services.files.scanning import CannotScan, Clean, Malware, Verdict
from tests.fakes.samples import DOCX, EICAR, EVERY_TYPE, office

FOUND = Malware("EICAR_Test_File")
SMALL_WINDOW = 300
SMALL_OVERLAP = len(EICAR) - 1
"""The smallest overlap with which text over the end of a window is whole in the next window."""
SCANNER = YaraScanner()


def scan(content: bytes, *cuts: int, scanner: YaraScanner = SCANNER) -> Verdict:
    with scanner.begin() as file_scan:
        for start, end in pairwise(sorted({0, len(content), *cuts})):
            file_scan.feed(content[start:end])
        return file_scan.verdict()


@pytest.mark.parametrize("content_type", EVERY_TYPE)
def test_files_as_they_should_be_are_clean(content_type: str) -> None:
    assert scan(EVERY_TYPE[content_type]) == Clean()


def test_no_bytes_at_all_are_clean() -> None:
    assert scan(b"") == Clean()


def test_eicar_is_found() -> None:
    assert scan(EICAR) == FOUND


@pytest.mark.parametrize(
    "at", [WINDOW_BYTES - len(EICAR) // 2, WINDOW_BYTES, 2 * WINDOW_BYTES - OVERLAP_BYTES - 1]
)
def test_it_is_found_over_the_end_of_a_window(at: int) -> None:
    content = bytes(at) + EICAR + bytes(5_000)

    assert scan(content, *range(0, len(content), 1024 * 1024)) == FOUND


@given(
    at=st.integers(0, 1_200),
    after=st.integers(0, 1_200),
    cuts=st.lists(st.integers(0, 2_500), max_size=12),
)
def test_it_is_found_wherever_it_lies_and_however_the_bytes_are_cut(
    at: int, after: int, cuts: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yara, "WINDOW_BYTES", SMALL_WINDOW)
        patch.setattr(yara, "OVERLAP_BYTES", SMALL_OVERLAP)
        content = b"." * at + EICAR + b"." * after

        assert scan(content, *(cut % len(content) for cut in cuts)) == FOUND
        assert scan(content.replace(b"EICAR", b"PIGEON"), *(cut % len(content) for cut in cuts)) == Clean()


def test_a_program_behind_a_picture_is_found() -> None:
    program = (
        b"MZ"
        + bytes(76)
        + b"This program cannot be run in DOS mode.\r\r\n$"
        + bytes(40)
        + b"PE\0\0"
        + bytes(90)
    )

    assert scan(EVERY_TYPE["image/png"] + program) == Malware("Windows_Program_Inside")
    assert scan(EVERY_TYPE["image/png"] + program.replace(b"PE\0\0", b"text")) == Clean()


def test_a_pdf_that_starts_a_program_is_found() -> None:
    action = b"<</Type/Action/S/Launch/Win<</F(C:\\\\windows\\\\system32\\\\cmd.exe)/P(/c calc)>>>>"
    link = b"<</Type/Action/S/Launch/F(chapter-2.pdf)>>"

    assert scan(b"%PDF-1.4\n" + action) == Malware("PDF_Starts_A_Program")
    assert scan(b"%PDF-1.4\n" + link) == Clean()


def test_a_folder_adds_its_own_rules(tmp_path: Path) -> None:
    (tmp_path / "ours.yar").write_text('rule Ours { strings: $a = "pigeon post" condition: $a }')
    (tmp_path / "same.yar").write_text((OWN_RULES / "eicar.yar").read_text())
    (tmp_path / "notes.txt").write_text("no rule")
    scanner = YaraScanner([tmp_path])

    assert scan(b"by pigeon post", scanner=scanner) == Malware("Ours")
    assert scan(EICAR, scanner=scanner) == FOUND


def test_a_broken_rule_or_no_folder_stops_the_function_from_starting(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        YaraScanner([tmp_path / "nowhere"])
    (tmp_path / "broken.yar").write_text("rule Broken { condition: $nothing }")
    with pytest.raises(yara_x.CompileError, match="nothing"):
        YaraScanner([tmp_path])


def test_a_rule_that_takes_too_long_rejects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow.yar").write_text(
        "rule Slow { condition: for all i in (0..4000000000) : (uint8(i % filesize) == 0) }"
    )
    monkeypatch.setattr(yara, "LONGEST_WINDOW_S", 1)

    verdict = scan(bytes(1_000), scanner=YaraScanner([tmp_path]))

    assert isinstance(verdict, CannotScan)
    assert verdict.refusal.code == RejectCode.CANNOT_BE_SCANNED


def test_what_is_packed_is_not_seen() -> None:
    """The documentation names this limit: rules search the bytes as they are, clamd unpacks archives."""
    assert scan(office(DOCX, extra={"word/eicar.txt": EICAR * 20})) == Clean()
