import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.errors import Invalid
from tests.unit.channels.fake_http import FakeHttp

WHATSAPP = WhatsApp(FakeHttp(), "https://provider.example")


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("16505551234", "16505551234"),
        ("+1 650 555 1234", "16505551234"),
        (" +16505551234 ", "16505551234"),
        ("4930123", "4930123"),
        ("551187654321", "5511987654321"),
        ("+55 11 8765 4321", "5511987654321"),
        ("5511987654321", "5511987654321"),
        ("556661234567", "5566961234567"),
        # A Brazilian landline starts with 2 to 5 and never got a ninth digit.
        ("551133334444", "551133334444"),
        # Twelve digits of another country.
        ("441187654321", "441187654321"),
        ("BR.1502576394655843", "BR.1502576394655843"),
        (" US.ENT.11815799212886844830 ", "US.ENT.11815799212886844830"),
        ("US.aB3", "US.aB3"),
    ],
)
def test_a_person_is_keyed_by_one_spelling(address: str, canonical: str) -> None:
    assert WHATSAPP.canonical_address(address) == canonical


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "+",
        "123456",
        "1234567890123456",
        "0111234567",
        "++16505551234",
        "1650-555-1234",
        "1650555123a",
        "١٦٥٠٥٥٥١٢٣٤",
        "16505551234\n5",
        "BR.",
        "br.150257",
        "BRA.150257",
        "BR.1502-57",
        "BR." + "1" * 129,
        "@ana",
    ],
)
def test_what_is_no_address_is_invalid(address: str) -> None:
    with pytest.raises(Invalid):
        WHATSAPP.canonical_address(address)


@given(st.from_regex(r"\A[1-9][0-9]{6,14}\Z"))
def test_a_canonical_address_is_its_own_canonical_address(number: str) -> None:
    once = WHATSAPP.canonical_address(number)

    assert WHATSAPP.canonical_address(once) == once


@given(st.from_regex(r"\A[1-9]{2}\Z"), st.from_regex(r"\A[6-9][0-9]{7}\Z"))
def test_a_brazilian_mobile_is_one_person_with_and_without_its_ninth_digit(area: str, number: str) -> None:
    short, long = f"55{area}{number}", f"55{area}9{number}"

    assert WHATSAPP.canonical_address(short) == WHATSAPP.canonical_address(long) == long


@given(st.text())
def test_any_text_has_a_canonical_address_or_is_invalid(text: str) -> None:
    try:
        canonical = WHATSAPP.canonical_address(text)
    except Invalid:
        return
    assert WHATSAPP.canonical_address(canonical) == canonical
