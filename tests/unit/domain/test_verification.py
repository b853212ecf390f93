"""One-time codes: what may be entered, what is stored, and when the next may be sent."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.clock import iso
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.fingerprints import fingerprint
from chat4all.domain.verification import (
    MOST_CODES,
    PAUSE,
    WITHIN,
    SentCode,
    Verification,
    begun,
    delivery_id_of,
    entered,
    failed,
    halves_of,
    hashed,
    identity_of,
    is_of_code,
    is_open,
    matches,
    subject_of,
    text_of,
    verification_id,
    wait_of,
    wording_issue,
)
from tests.fakes.clock import BEGINNING
from tests.fakes.fingerprints import keyed
from tests.fakes.people import NOW, customer

ANA = customer("ana", "pigeon")
(HOME,) = ANA.identities
SALT = b"0123456789abcdef"
MINUTE = timedelta(minutes=1)


def a_code(name: str, at: datetime, before: Verification | None = None) -> Verification:
    return begun(ANA, HOME, before, SentCode(name, iso(at)), "salt:hash")


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        " 123 456\n",
        "123-456",
        "123\u2011456",
        "123\u00a0456",
        "1 2 3 4 5 6",
        "\u200f\u202a123456\u202c",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6",
        "\u0967\u0968\u0969\u096a\u096b\u096c",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
    ],
)
def test_a_code_is_read_however_it_was_entered(text: str) -> None:
    assert entered(text) == "123456"


@pytest.mark.parametrize(
    "text", ["", " ", "12345", "1234567", "12345a", "12345²", "①②③④⑤⑥", "123.456", "+123456"]
)
def test_what_has_not_six_digits_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        entered(text)

    assert [detail.field for detail in refused.value.details] == ["code"]


@given(st.text())
def test_any_text_is_a_code_or_is_refused(text: str) -> None:
    try:
        code = entered(text)
    except Invalid:
        return
    assert len(code) == 6
    assert code.isascii()
    assert code.isdigit()


def test_a_hash_matches_its_code_alone_and_differs_by_its_salt() -> None:
    hash_ = hashed("012345", SALT)

    assert matches("012345", hash_)
    assert not matches("012346", hash_)
    assert hash_ != hashed("012345", SALT[::-1])
    assert "012345" not in hash_


def test_an_id_leads_to_the_identity_and_does_not_show_it() -> None:
    subject = subject_of(keyed, HOME.place)
    id_ = verification_id(subject, "name")

    assert halves_of(id_) == (subject, "name")
    assert HOME.address not in id_
    assert subject != subject_of(keyed, ("pigeon", "mainana", "@pigeon"))
    assert subject != subject_of(partial(fingerprint, b"another key"), HOME.place)
    channel, account, address = HOME.place
    assert subject != subject_of(keyed, (channel, account, address.upper()))


def test_the_next_code_waits_for_the_pause_and_three_codes_wait_for_the_hour() -> None:
    verification = None
    at = BEGINNING
    for number in range(MOST_CODES):
        assert wait_of(verification, at) is None
        verification = a_code(str(number), at, verification)
        assert wait_of(verification, at) == (PAUSE if number < MOST_CODES - 1 else WITHIN - 2 * MINUTE)
        at += MINUTE

    assert wait_of(verification, BEGINNING + WITHIN - MINUTE) == MINUTE
    assert wait_of(verification, BEGINNING + WITHIN) is None


@given(st.lists(st.integers(0, 4000), max_size=200))
def test_no_hour_has_more_codes_than_it_may(waits: list[int]) -> None:
    verification, at, sent = None, BEGINNING, list[datetime]()
    for number, wait_s in enumerate(waits):
        at += timedelta(seconds=wait_s)
        if wait_of(verification, at) is None:
            verification = a_code(str(number), at, verification)
            sent.append(at)

    for first, fourth in zip(sent, sent[MOST_CODES:], strict=False):
        assert fourth - first >= WITHIN


def test_a_clock_that_was_ahead_lets_nobody_wait_longer_than_an_hour() -> None:
    ahead = a_code("ahead", BEGINNING + timedelta(days=1))

    assert wait_of(ahead, BEGINNING) == WITHIN


def test_a_code_that_the_provider_did_not_judge_does_not_count() -> None:
    verification = None
    for number in range(MOST_CODES + 2):
        at = BEGINNING + number * PAUSE
        assert wait_of(verification, at) is None
        verification = failed(a_code(str(number), at, verification), counts=False)
        assert wait_of(verification, at) == PAUSE
        assert not is_open(verification, at)
    assert verification is not None
    assert len(verification.codes) == 1


def test_a_later_link_of_the_same_address_is_another_identity() -> None:
    subject = subject_of(keyed, HOME.place)

    assert identity_of(keyed, ANA, subject, NOW) == HOME
    assert identity_of(keyed, ANA, subject, iso(BEGINNING + MINUTE)) is None


def test_the_text_names_the_sender_or_is_the_clients() -> None:
    assert text_of("012345", None, "Acme").startswith(
        "012345 is your code for Acme. It is valid for 10 minutes."
    )
    assert text_of("012345", None, None).startswith("012345 is your code. ")
    assert text_of("012345", "Código: {code}", "Acme") == "Código: 012345"
    assert wording_issue("Código: {code}") is None
    assert wording_issue("Código") is not None
    assert wording_issue("{code} {code}") is not None


def test_the_id_of_a_delivery_tells_a_code_from_a_message() -> None:
    named = DeliveryId.parse(str(delivery_id_of("name", "ana")))

    assert named is not None
    assert is_of_code(named)
    assert not is_of_code(DeliveryId("message", "ana", "pigeon", 0))
