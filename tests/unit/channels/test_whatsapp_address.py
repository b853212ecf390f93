import sys

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
        # Mexico's 1, which WhatsApp still writes.
        ("5215512340001", "525512340001"),
        ("525512340001", "525512340001"),
        ("+52 1 81 1234 0002", "528112340002"),
        # Argentina's 9, also where people write the 15 of calls within the country.
        ("5491123456789", "5491123456789"),
        ("541123456789", "5491123456789"),
        ("+54 9 11 2345-6789", "5491123456789"),
        ("+54 (11) 15 2345-6789", "5491123456789"),
        ("+54 0341 15 412 3456", "5493414123456"),
        ("BR.1502576394655843", "BR.1502576394655843"),
        (" US.ENT.11815799212886844830 ", "US.ENT.11815799212886844830"),
        ("US.aB3", "US.aB3"),
        ("group:Y2FwaV9ncm91cDoxNzA1NTU1", "group:Y2FwaV9ncm91cDoxNzA1NTU1"),
        (" group:HBgLMTY1MDM4_x-A== ", "group:HBgLMTY1MDM4_x-A=="),
    ],
)
def test_a_person_or_a_group_is_keyed_by_one_spelling(address: str, canonical: str) -> None:
    assert WHATSAPP.canonical_address(address) == canonical


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("+55 11 98765-4321", "5511987654321"),
        ("+49 (151) 2345 6789", "4915123456789"),
        ("+49 (0)151 2345 6789", "4915123456789"),
        ("+44 07700 900123", "447700900123"),
        ("+39 06 1234 5678", "390612345678"),
        ("\u202a+44 7700 900123\u202c", "447700900123"),
        ("\u2066+44\u00a07700\u202f900123\u2069", "447700900123"),
        ("+1.555.123.0001", "15551230001"),
        ("+49 151/2345001", "491512345001"),
        ("+49\u2011151\u20132345\u2212001", "491512345001"),
        ("0049 151 2345 001", "491512345001"),
        ("tel:+49-151-2345-001", "491512345001"),
        ("TEL:491512345001", "491512345001"),
        (
            "\uff0b\uff14\uff19\uff08\uff11\uff15\uff11\uff09\uff12\uff13\uff14\uff15\uff10\uff10\uff11",
            "491512345001",
        ),
        ("1650-555-1234", "16505551234"),
        ("\u0661\u0666\u0665\u0660\u0665\u0665\u0665\u0661\u0662\u0663\u0664", "16505551234"),
        # A country of which the library knows nothing.
        ("+999 123 4567", "9991234567"),
        ("800 1234 5678", "80012345678"),
    ],
)
def test_a_number_is_taken_as_people_type_it(address: str, canonical: str) -> None:
    assert WHATSAPP.canonical_address(address) == canonical


@pytest.mark.parametrize("address", ["491512345001", "5215512340001", "551187654321", "+1 (415) 555-2671"])
def test_the_library_is_loaded_only_for_a_number_that_needs_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    assert WHATSAPP.canonical_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "+",
        "00",
        "tel:",
        "123456",
        "1234567890123456",
        "0111234567",
        "0151 2345678",
        "++16505551234",
        "+0016505551234",
        "1650555123a",
        "+1-800-FLOWERS",
        "+49 151 2345678 ext. 5",
        "tel:+4915123456789;ext=5",
        "²²²²²²²²",
        "16505551234\n5",
        "16505551234, 16505551235",
        "BR.",
        "br.150257",
        "BRA.150257",
        "BR.1502-57",
        "BR." + "1" * 129,
        "@ana",
        "group:",
        "group:a b",
        "group:" + "a" * 257,
    ],
)
def test_what_is_no_address_is_invalid(address: str) -> None:
    with pytest.raises(Invalid):
        WHATSAPP.canonical_address(address)


@given(
    st.from_regex(r"\A[1-9][0-9]{6,14}\Z")
    | st.from_regex(r"\A(54|52|55|49)(0|15|1|9)*[0-9]{5,11}\Z").filter(lambda digits: len(digits) <= 15)
)
def test_a_canonical_address_is_its_own_canonical_address(number: str) -> None:
    once = WHATSAPP.canonical_address(number)

    assert WHATSAPP.canonical_address(once) == once


@given(st.from_regex(r"\A[1-9]{2}\Z"), st.from_regex(r"\A[6-9][0-9]{7}\Z"))
def test_a_brazilian_mobile_is_one_person_with_and_without_its_ninth_digit(area: str, number: str) -> None:
    short, long = f"55{area}{number}", f"55{area}9{number}"

    assert WHATSAPP.canonical_address(short) == WHATSAPP.canonical_address(long) == long


@given(st.from_regex(r"\A[1-9][0-9]{9}\Z"))
def test_a_mexican_mobile_is_one_person_with_and_without_the_1(number: str) -> None:
    short, long = f"52{number}", f"521{number}"

    assert WHATSAPP.canonical_address(short) == WHATSAPP.canonical_address(long) == short


@given(st.sampled_from(["11", "341", "2477"]), st.from_regex(r"\A[2-6][0-9]{7}\Z"))
def test_an_argentinian_mobile_is_one_person_with_and_without_the_9(area: str, number: str) -> None:
    short = f"54{area}{number[: 10 - len(area)]}"
    long = f"549{short[2:]}"

    assert WHATSAPP.canonical_address(short) == WHATSAPP.canonical_address(long) == long


@given(st.text())
def test_any_text_has_a_canonical_address_or_is_invalid(text: str) -> None:
    try:
        canonical = WHATSAPP.canonical_address(text)
    except Invalid:
        return
    assert WHATSAPP.canonical_address(canonical) == canonical
