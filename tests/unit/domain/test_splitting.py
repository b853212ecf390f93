"""Cutting over-long texts."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat4all.domain.channel import LengthUnit
from chat4all.domain.splitting import split_text
from tests.unit.growth import MOST, growth

UNITS = st.sampled_from(LengthUnit)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)

CLUSTERS = st.sampled_from(
    [
        "a",
        " ",
        "\n",
        "\r\n",
        "e\u0301",  # e and a combining acute
        " \u0301",  # a space that carries the acute
        "नि",  # a consonant and its vowel sign
        "1\ufe0f\u20e3",  # a keycap
        "👍🏽",  # a thumb with its skin tone
        "👩\u200d👩\u200d👧",  # a family, joined
        "🇧🇷",  # a flag of two letters
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England's, of tags
        "م",
        "\u1112\u1161",  # a Hangul syllable of two letters
        "\u1112\u1161\u11ab",  # one of three
        "\u0915\u094d\u0937",  # a Devanagari conjunct
        "\u0915\u094d\u200d\u0937",  # the same, with a joiner
        "\u09b8\u09cd\u09a4\u09cd\u09b0\u09c0",  # a Bengali conjunct of three consonants
        "\u0c38\u0c4d\u0c24\u0c4d\u0c30\u0c40",  # a Telugu conjunct
        "\u0ba8\u0bbf",  # Tamil: a consonant and its vowel sign
        "\u0b95\u0bc6\u0bd7",  # Tamil: a vowel sign of two halves, as NFD writes it
        "\u0e01\u0e33",  # Thai: a consonant and sara am
        "\u0600\u0661",  # a number sign, which stands in front of its digit
    ]
)
LONGEST_CLUSTER = {LengthUnit.CHARACTERS: 7, LengthUnit.BYTES: 28, LengthUnit.CODE_UNITS: 14}


@given(TEXTS, st.integers(1, 50), UNITS)
def test_the_parts_make_the_text_again(text: str, length: int, unit: LengthUnit) -> None:
    assert "".join(split_text(text, length, unit)) == text


@given(TEXTS, st.integers(4, 50), UNITS)
def test_every_part_fits(text: str, length: int, unit: LengthUnit) -> None:
    parts = split_text(text, length, unit)

    assert all(unit.measure(part) <= length for part in parts)
    assert all(parts) or text == ""


@given(st.lists(CLUSTERS, min_size=1, max_size=60), st.integers(0, 40), UNITS)
@example(["🇧🇷"] * 10, 2, LengthUnit.CHARACTERS)
@example(
    ["a"] * 3 + ["🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"], 1, LengthUnit.CHARACTERS
)
def test_no_cut_falls_inside_what_a_reader_sees_as_one(
    clusters: list[str], room: int, unit: LengthUnit
) -> None:
    text = "".join(clusters)
    boundaries = {0}
    for cluster in clusters:
        boundaries.add(max(boundaries) + len(cluster))

    cuts = [0]
    for part in split_text(text, LONGEST_CLUSTER[unit] + room, unit):
        cuts.append(cuts[-1] + len(part))

    assert set(cuts) <= boundaries


def test_a_single_cluster_over_the_limit_is_cut_all_the_same() -> None:
    zalgo = "e" + "\u0301" * 30

    parts = split_text(zalgo, 10, LengthUnit.CHARACTERS)

    assert [len(part) for part in parts] == [10, 10, 10, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two\nthree four", ["one two\n", "three four"]),
        ("one two three four", ["one two ", "three four"]),
        ("onetwothreefour", ["onetwothre", "efour"]),
        # The space lies in the first half: a cut there would only make more parts.
        ("a bcdefghijklmnop", ["a bcdefghi", "jklmnop"]),
        ("short", ["short"]),
        ("", [""]),
    ],
)
def test_a_cut_is_made_where_it_reads_best(text: str, expected: list[str]) -> None:
    assert split_text(text, 10, LengthUnit.CHARACTERS) == expected


def test_ten_thousand_emoji_in_bytes_make_few_parts() -> None:
    text = "😀" * 10_000

    parts = split_text(text, 1000, LengthUnit.BYTES)

    assert [len(part) for part in parts] == [250] * 40


def test_a_text_that_fits_does_not_load_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wcwidth", None)

    assert split_text("short", 10, LengthUnit.CHARACTERS) == ["short"]


@pytest.mark.parametrize(
    "character",
    ["😀", "🇧", "e\u0301", "👩\u200d", "\u0301", "\u200d", "\u1112", "\u0915\u094d", "\u0600", "\r\n", " "],
    ids=ascii,
)
@pytest.mark.parametrize("unit", LengthUnit)
def test_the_work_grows_with_the_text_and_no_faster(character: str, unit: LengthUnit) -> None:
    def work(length: int) -> Callable[[], object]:
        text = (character * length)[:length]
        return lambda: split_text(text, 1_000, unit)

    assert growth(work, 26_000) <= MOST


def test_code_units_count_an_emoji_twice_and_no_cut_halves_one() -> None:
    assert split_text("a👋👋", 3, LengthUnit.CODE_UNITS) == ["a👋", "👋"]
    assert split_text("👋👋", 3, LengthUnit.CODE_UNITS) == ["👋", "👋"]
