"""Segments by the rules of the networks, compared with Twilio's bills for real messages."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.segments import is_gsm7, segments_of

TEXTS = st.text(st.sampled_from("ab é€{]^|\n\r\f👋中\u0301“"), max_size=400)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        # A character of the extension table, such as the euro sign, takes two places.
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("|", 1),
        # Segments do not divide such a character: 76 of them fill a segment, and leave a place empty.
        ("]" * 153, 3),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        # In UCS-2 it takes one place: https://github.com/TwilioDevEd/message-segment-calculator/issues/18
        ("this is a " + "]" * 75 + "😘", 2),
        ("|" * 24 + "{" + "|" * 28 + "∞" + "|" * 10 + "^" + "|" * 5, 1),
        # A character beyond the basic plane takes two places:
        # https://github.com/instasent/sms-counter-php/issues/15
        ("😎" * 35, 1),
        ("😎" * 70, 3),
        ("🐳" * 35, 1),
        # Twilio's results: https://github.com/TwilioDevEd/message-segment-calculator/issues/66
        ("a" * 80 + "\r\n" + "a" * 79, 2),
        ("a" * 80 + "\n" + "a" * 79, 1),
        ("a" * 200 + "\r\n" + "a" * 105, 3),
        ("é" * 70, 1),
        ("e\u0301" * 70, 3),
        ("e\u0301", 1),
        ("“quoted”", 1),
    ],
)
def test_a_text_takes_as_many_segments_as_the_networks_need(text: str, count: int) -> None:
    assert len(segments_of(text)) == count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain @ £$ ÄÖÜ ñ Δ", True),
        ("€{}[]~\\|^\f", True),
        ("curly “quotes”", False),
        ("ç", False),
        ("Ç", True),
        ("tab\t", False),
        ("`", False),
        ("", True),
    ],
)
def test_one_character_beyond_the_alphabet_makes_a_text_ucs2(text: str, expected: bool) -> None:  # noqa: FBT001
    assert is_gsm7(text) is expected


@given(TEXTS)
def test_the_segments_make_the_text_again_and_each_fits(text: str) -> None:
    segments = segments_of(text)

    assert "".join(segments) == text
    if is_gsm7(text):
        places = [
            len(segment) + sum(segment.count(extended) for extended in "\f^{}\\[~]|€") for segment in segments
        ]
        assert max(places, default=0) <= (160 if len(segments) == 1 else 153)
    else:
        places = [len(segment.encode("utf-16-le")) // 2 for segment in segments]
        assert max(places) <= (70 if len(segments) == 1 else 67)


@given(TEXTS)
def test_no_segment_has_room_for_the_character_that_begins_the_next(text: str) -> None:
    segments = segments_of(text)

    for segment, following in pairwise(segments):
        together = segment + following[0]
        if is_gsm7(text):
            assert len(together) + sum(together.count(extended) for extended in "\f^{}\\[~]|€") > 153
        else:
            assert len(together.encode("utf-16-le")) // 2 > 67
