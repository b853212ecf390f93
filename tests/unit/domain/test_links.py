"""A file sent as a text with a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.files.file import LONGEST_NAME, MOST_BYTES, Attachment
from chat4all.domain.files.link_text import human_size, link_text

LINK = "https://chat.example/api/v1/links/" + "x" * 64


def a_file(filename: str = "plan.pdf", size: int = 1000) -> Attachment:
    return Attachment("file-1", filename, "application/pdf", size)


def test_it_shows_the_name_the_size_and_the_link() -> None:
    assert link_text(a_file(size=4_200_000), LINK) == f"📎 plan.pdf (4.2 MB)\n{LINK}"


@given(st.text(min_size=1, max_size=LONGEST_NAME), st.integers(1, MOST_BYTES))
def test_it_fits_the_shortest_text_of_all_channels(filename: str, size: int) -> None:
    text = link_text(a_file(filename, size), LINK)

    assert len(text.encode(errors="replace")) <= 1000
    assert text.endswith(LINK)


def test_a_long_name_is_cut() -> None:
    shown = link_text(a_file("é" * 200 + ".pdf"), LINK)

    assert "é" * 99 + "…" in shown
    assert "é" * 100 not in shown


def test_a_long_name_is_cut_between_what_a_reader_sees_as_characters() -> None:
    shown = link_text(a_file("x" * 97 + "👨\u200d👩\u200d👧" + ".pdf"), LINK)

    assert shown.startswith(f"📎 {'x' * 97}… (")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (1, "1 B"),
        (999, "999 B"),
        (1_000, "1 KB"),
        (999_499, "999 KB"),
        (999_999, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (999_949_999, "999.9 MB"),
        (999_999_999, "1.0 GB"),
        (MOST_BYTES, "2.1 GB"),
    ],
)
def test_a_size_is_shown_in_its_unit(size: int, shown: str) -> None:
    assert human_size(size) == shown
