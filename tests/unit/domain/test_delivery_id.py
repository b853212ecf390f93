"""The id that names a delivery's record."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat4all.channels.registry import names
from chat4all.domain.delivery_id import DeliveryId

IDS = st.uuids(version=4).map(str)


@given(
    st.builds(
        DeliveryId,
        IDS,
        IDS,
        st.sampled_from(names()),
        st.integers(0, 999),
        st.integers(0, 9_999),
        st.integers(0, 5),
    )
)
def test_it_comes_back_and_fits_into_a_deduplication_id(delivery_id: DeliveryId) -> None:
    assert DeliveryId.parse(str(delivery_id)) == delivery_id
    assert len(str(delivery_id)) <= 128


@given(st.text() | st.lists(st.text(), min_size=4, max_size=4).map("|".join))
@example("a|b|c|" + "9" * 5_000)
@example("a|b|c|²")
@example("a|b|c|-1")
@example("|||0")
@example("\ud800|b|c|0")
def test_no_text_makes_parsing_fail(text: str) -> None:
    parsed = DeliveryId.parse(text)

    assert parsed is None or str(parsed).split("|")[:3] == text.split("|")[:3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a|b|c",
        "a|b|c|",
        "a|b|c|x",
        "a|b|c|0|d",
        "a|b|c|0|0|d",
        "a|b|c|0|0|1|2",
        "|b|c|0",
        "a||c|0",
        "a|b|c|" + "9" * 5_000,
        "a" * 123 + "|b|c|0",
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert DeliveryId.parse(text) is None
