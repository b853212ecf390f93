"""Which customers may be one person, by what is known of both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.hints import LONGEST_HINT, hints_of, suggestion
from chat4all.domain.person import Identity, User
from tests.fakes.people import NOW, customer

PHONES = {"pigeon"}
TEXTS = st.text(max_size=300)


def known(name: str, *identities: Identity, email: str | None = None) -> User:
    metadata = {"email": email} if email is not None else {}
    return replace(customer(name), display_name=name, identities=identities, metadata=metadata)


def at(
    address: str, channel: str = "pigeon", phone: str | None = None, handle: str | None = None
) -> Identity:
    return Identity(channel, "main", address, NOW, phone, handle)


def reasons(one: User, other: User) -> list[tuple[str, str]]:
    found = suggestion(one, other, PHONES)
    return [(hint.kind.value, hint.value) for hint in found.reasons] if found is not None else []


@pytest.mark.parametrize("written", ["+49 151 12345678", "4915112345678", "49-(151)-12345678"])
def test_the_same_phone_over_two_channels(written: str) -> None:
    one = known("Ana", at("4915112345678"))
    assert reasons(one, known("Berta", at("7", "telex", phone=written))) == [("phone", "4915112345678")]


def test_an_address_that_is_no_phone_number_is_none() -> None:
    one = known("Ana", at("4915112345678"))
    assert reasons(one, known("Berta", at("4915112345678", "telex"))) == []
    assert reasons(known("Ana", at("12345")), known("Berta", at("12345", "pigeon"))) == []


def test_the_same_email_and_the_same_handle() -> None:
    one = known("Ana", at("1", handle="@Ana_S"), email="Ana@Example.com ")
    other = known("Berta", at("2", handle="ana_s"), email="ana@example.com")
    assert reasons(one, other) == [("email", "ana@example.com"), ("handle", "ana_s")]
    assert reasons(known("Ana", email="@"), known("Berta", email="@")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("João da Silva", "SILVA, Joao da"), ("Ana Souza", "Ana Sousa"), ("Żółć Ñandú", "żolc nandu")],
)
def test_a_like_name(one: str, other: str) -> None:
    found = suggestion(known(one), known(other), PHONES)
    assert found is not None
    assert found.score <= 0.6


@pytest.mark.parametrize(
    ("one", "other"), [("Ana", "Berta"), ("+4915112345678", "+4915112345679"), ("😀", "😀"), ("", "")]
)
def test_no_like_name(one: str, other: str) -> None:
    assert suggestion(known(one), known(other), PHONES) is None


def test_more_reasons_are_a_higher_score() -> None:
    name = suggestion(known("Ana Souza"), known("Ana Souza"), PHONES)
    handle = suggestion(known("Ana", at("1", handle="a")), known("Berta", at("2", handle="a")), PHONES)
    phone = suggestion(
        known("Ana Souza", at("4915112345678")), known("Ana Souza", at("+4915112345678")), PHONES
    )
    assert name is not None
    assert handle is not None
    assert phone is not None
    assert name.score == 0.6 < handle.score < 0.95 < phone.score < 1


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_whatever_is_known_of_two_people(name: str, address: str, handle: str, email: str) -> None:
    one = known(name, at(address, phone=handle, handle=handle), email=email)
    other = replace(one, user_id="other")
    found = suggestion(one, other, PHONES)
    assert found == suggestion(one, other, PHONES)
    assert found is None or 0 < found.score < 1
    assert all(len(hint.value) <= LONGEST_HINT * 3 for hint in hints_of(one))
    assert len(hints_of(one)) <= 10
