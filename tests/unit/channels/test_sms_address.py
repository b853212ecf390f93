import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.channels.sms.address import canonical, known_address
from chat4all.domain.errors import Invalid


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("+16505551234", "+16505551234"),
        ("16505551234", "+16505551234"),
        ("+1 (650) 555-1234", "+16505551234"),
        ("+55 11 98765.4321", "+5511987654321"),
        # A `+` that was not escaped in a form comes as a space.
        (" 16505551234", "+16505551234"),
        ("+44\u00a020 7946 0958", "+442079460958"),
        ("+١٦٥٠٥٥٥١٢٣٤", "+16505551234"),
        ("+49 (0)151 2345678", "+491512345678"),
        ("0049/151/2345678", "+491512345678"),
        ("tel:+49-151-2345-678", "+491512345678"),
        ("\u202a+44 7700 900123\u202c", "+447700900123"),
        ("+551187654321", "+5511987654321"),
        ("68849", "68849"),
        ("911", "911"),
    ],
)
def test_a_person_is_keyed_by_the_number_in_e164(address: str, expected: str) -> None:
    assert canonical(address) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "address",
    [
        "",
        "+",
        "12",
        "+68849",
        "0650555123",
        "+06505551234",
        "+1650555123456789",
        "SUPPORT",
        "whatsapp:+16505551234",
        "tel:+16505551234;ext=5",
        "0068849",
        "+1650555123x",
        "++16505551234",
        "²²²²²²²²",
        "+16505551234\n",
    ],
)
def test_another_spelling_is_refused_with_its_field(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical(address)

    (detail,) = refused.value.details
    assert detail.field == "address"
    assert known_address(address) is None


@given(st.text(max_size=20))
def test_any_text_is_an_address_whose_canonical_form_is_its_own_or_none(text: str) -> None:
    address = known_address(text)

    assert address is None or canonical(address) == address
