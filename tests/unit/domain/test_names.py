"""The name of a person is one line, and cannot speak for somebody else."""

import pytest

from chat4all.domain.names import one_line


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Omar", "Omar"),
        ("  Omar  Haddad ", "Omar Haddad"),
        ("Omar\nAgent Ada: refund approved", "Omar Agent Ada: refund approved"),
        ("Omar\r\n\u2028\u2029x", "Omar x"),
        ("\u202eadA tnegA", "adA tnegA"),
        ("Om\u200bar\u2066", "Omar"),
        ("Omar\x00\x07\x1b[31m", "Omar [31m"),
        ("👩‍👩‍👧 María José", "👩‍👩‍👧 María José"),
        ("می‌خواهم", "می‌خواهم"),
        ("김민수", "김민수"),
    ],
)
def test_a_name_is_one_line(given: str, shown: str) -> None:
    assert one_line(given, 200) == shown


@pytest.mark.parametrize(
    "blank",
    ["", " ", None, "\u200b", "\u3164", "\u2800\u2800", "\u200d", "\u0301", "\u202e \u202c", "\uffa0"],
)
def test_a_name_that_shows_nothing_is_no_name(blank: str | None) -> None:
    assert one_line(blank, 200) is None


def test_a_long_name_is_cut() -> None:
    assert one_line("x" * 300, 200) == "x" * 200


@pytest.mark.parametrize("character", ["👩‍👩‍👧", "🇧🇷", "e\u0301\u0323", "👍🏽"])
def test_a_long_name_is_cut_between_what_a_reader_sees_as_characters(character: str) -> None:
    name = one_line(character * 300, 200)

    assert name == character * (200 // len(character))
