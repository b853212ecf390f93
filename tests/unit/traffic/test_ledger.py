from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all_local.traffic.ledger import Expected, Findings, compare


def expected(*texts: str, stream: str = "s") -> list[Expected]:
    return [Expected(f"k{number}", stream, text) for number, text in enumerate(texts, start=1)]


def faults(found: Findings) -> dict[str, tuple[str, ...]]:
    """Return the faults by kind; kinds without faults are left out."""
    kinds = ("lost", "duplicates", "out_of_order", "strange")
    return {kind: getattr(found, kind) for kind in kinds if getattr(found, kind)}


ABC = expected("alpha [1]", "beta [2]", "gamma [3]")


@st.composite
def cut_texts(draw: st.DrawFn) -> list[tuple[Expected, list[str]]]:
    """Draw texts whose characters all differ, each with the parts that it was cut into."""
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=6))
    found, first = [], 0x4E00
    for number, size in enumerate(sizes):
        text = "".join(chr(first + at) for at in range(size))
        first += size
        cuts = sorted(draw(st.sets(st.integers(1, size), max_size=5)) | {0, size})
        parts = [text[begin:end] for begin, end in pairwise(cuts)]
        found.append((Expected(f"k{number}", "s", text), parts))
    return found


@given(cut_texts())
def test_parts_in_order_are_whole_texts_and_nothing_else(cut: list[tuple[Expected, list[str]]]) -> None:
    found = compare([text for text, _ in cut], [part for _, parts in cut for part in parts])
    assert set(found.whole) == {text.key for text, _ in cut}
    assert not faults(found)


@given(cut_texts(), st.data())
def test_a_missing_part_loses_its_text_and_no_other(
    cut: list[tuple[Expected, list[str]]], data: st.DataObject
) -> None:
    arrived = [(text.key, part) for text, parts in cut for part in parts]
    key, _ = arrived.pop(data.draw(st.integers(0, len(arrived) - 1)))
    found = compare([text for text, _ in cut], [part for _, part in arrived])
    assert faults(found) == {"lost": (key,)}


@given(cut_texts(), st.data())
def test_every_part_that_comes_again_is_counted(
    cut: list[tuple[Expected, list[str]]], data: st.DataObject
) -> None:
    arrived = [(text.key, part) for text, parts in cut for part in parts]
    again = data.draw(st.lists(st.sampled_from(arrived), min_size=1, max_size=5))
    found = compare([text for text, _ in cut], [part for _, part in arrived + again])
    assert Counter(found.duplicates) == Counter(key for key, _ in again)
    assert set(faults(found)) == {"duplicates"}


@given(cut_texts(), st.randoms(use_true_random=False))
def test_only_the_right_order_is_in_order(cut: list[tuple[Expected, list[str]]], random: Random) -> None:
    parts = [part for _, own in cut for part in own]
    shuffled = random.sample(parts, len(parts))
    found = compare([text for text, _ in cut], shuffled)
    assert set(faults(found)) == (set() if shuffled == parts else {"out_of_order"})


def test_what_was_overtaken_is_what_is_out_of_order() -> None:
    found = compare(ABC, ["beta [2]", "gamma [3]", "alpha [1]"])
    assert faults(found) == {"out_of_order": ("k1",)}


def test_streams_may_mix_at_will() -> None:
    other = [Expected("o1", "other", "one [o1]"), Expected("o2", "other", "two [o2]")]
    found = compare(ABC[:2] + other, ["one [o1]", "alpha [1]", "two [o2]", "beta [2]"])
    assert not faults(found)


def test_parts_of_two_texts_may_mix_where_each_is_in_order() -> None:
    long = [Expected("a", "one", "aaaa1aaaa2"), Expected("b", "other", "bbbb1bbbb2")]
    found = compare(long, ["aaaa1", "bbbb1", "aaaa2", "bbbb2"])
    assert dict(found.whole) == {"a": 2, "b": 3}
    assert not faults(found)


def test_a_text_is_whole_with_the_part_that_completes_it() -> None:
    assert compare(expected("first second"), ["first ", "second"]).whole == {"k1": 1}


@pytest.mark.parametrize("stranger", ["delta [4]", "alpha [1]!", "Alpha [1]", ""])
def test_a_changed_text_is_strange_and_its_original_lost(stranger: str) -> None:
    found = compare(ABC, [stranger, "beta [2]", "gamma [3]"])
    assert faults(found) == {"lost": ("k1",), "strange": (stranger,)}


def test_a_part_that_stands_twice_in_its_text_is_no_duplicate() -> None:
    found = compare(expected("abab"), ["ab", "ab"])
    assert set(found.whole) == {"k1"}
    assert not faults(found)


def test_overlapping_parts_are_duplicates() -> None:
    found = compare(expected("abcdef"), ["abcd", "cdef"])
    assert faults(found) == {"lost": ("k1",), "duplicates": ("k1",)}
