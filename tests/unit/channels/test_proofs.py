"""What the providers say of credentials, and what it means."""

from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.channels.registry import connector, names
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import Proof
from tests.unit.channels.fake_http import SECRET, answer, graph_error

NOT_JUDGED: Final = {Outcome.RETRY, Outcome.THROTTLED}
WHATSAPP: Final = {
    "id": SECRET.account_id,
    "display_phone_number": "+1 555-000-1234",
    "verified_name": "Acme",
    "quality_rating": "GREEN",
}
ENDLESS: Final = answer(200, {"data": {"is_valid": True, "expires_at": 0}})
TELEGRAM: Final = {"ok": True, "result": {"id": 123456, "is_bot": True, "username": "acme_bot"}}
TWILIO: Final = {"sid": SECRET.account_id, "status": "active", "friendly_name": "Acme"}


class Asked(HttpClient):
    """A client that gives the answers in turn, and records what was asked with which authorization."""

    def __init__(self, *answers: HttpAnswer | NetworkFailure) -> None:
        super().__init__()
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer | NetworkFailure:
        self.asked.append((url, (headers or {}).get("authorization", "")))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def proof(channel: str, *answers: HttpAnswer | NetworkFailure) -> Proof | SendError:
    return connector(channel, Asked(*answers), "https://provider.example").prove(SECRET)


def test_a_number_is_proved_with_its_quality_and_the_end_of_its_token() -> None:
    http = Asked(answer(200, WHATSAPP), answer(200, {"data": {"expires_at": 1_800_000_000}}))

    found = connector("whatsapp", http, "https://graph.example").prove(SECRET)

    assert found == Proof(
        SECRET.account_id, "Acme +1 555-000-1234", "GREEN", "2027-01-15T08:00:00.000Z", "15550001234"
    )
    number, token = http.asked
    assert number == (
        f"https://graph.example/v25.0/{SECRET.account_id}?fields=id,display_phone_number,verified_name,quality_rating",
        f"Bearer {SECRET.access_token}",
    )
    assert token[0] == "https://graph.example/v25.0/debug_token?input_token=123456%3Atoken"


@pytest.mark.parametrize(
    "token",
    [
        ENDLESS,
        graph_error(400, 100),
        answer(200, {"data": {"expires_at": 10**18}}),
        answer(200, {"data": {"expires_at": -1}}),
        answer(200, {"data": None}),
        NetworkFailure(may_have_arrived=True),
    ],
)
def test_a_number_is_proved_though_the_end_of_its_token_is_unknown(
    token: HttpAnswer | NetworkFailure,
) -> None:
    found = proof("whatsapp", answer(200, WHATSAPP), token)

    assert isinstance(found, Proof)
    assert found.token_expires_at is None


def test_a_bot_an_account_and_a_twilio_account_are_proved() -> None:
    me = {"id": "9", "user_id": "17841400000000001", "username": "acme"}

    assert proof("telegram", answer(200, TELEGRAM)) == Proof("123456", "acme_bot")
    assert proof("instagram", answer(200, me)) == Proof("17841400000000001", "acme")
    assert proof("instagram", answer(200, {"user_id": 17841400000000001})) == Proof("17841400000000001")
    assert proof("sms", answer(200, TWILIO)) == Proof(SECRET.account_id, "Acme")


@pytest.mark.parametrize(
    ("channel", "refusal", "code"),
    [
        ("whatsapp", graph_error(401, 190), "190"),
        ("whatsapp", graph_error(400, 100), "100"),
        ("whatsapp", graph_error(403, 10), "10"),
        ("instagram", graph_error(400, 190), "190"),
        ("telegram", answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"}), "401"),
        ("telegram", answer(404, {"ok": False, "error_code": 404, "description": "Not Found"}), "404"),
        ("sms", answer(401, {"code": 20003, "message": "Authenticate", "status": 401}), "20003"),
        ("sms", answer(200, {**TWILIO, "status": "suspended"}), "20005"),
        ("sms", answer(404, {"code": 20404, "status": 404}), "20404"),
    ],
)
def test_refused_credentials_have_the_providers_code(channel: str, refusal: HttpAnswer, code: str) -> None:
    refused = proof(channel, refusal)

    assert isinstance(refused, SendError)
    assert refused.outcome not in NOT_JUDGED
    assert refused.code == code


@pytest.mark.parametrize("channel", names())
@pytest.mark.parametrize(
    "failure",
    [
        NetworkFailure(may_have_arrived=True),
        NetworkFailure(may_have_arrived=False),
        HttpAnswer(503, {}, b"<html>"),
        HttpAnswer(429, {"retry-after": "7"}, b""),
        HttpAnswer(200, {}, b"<html>Log in</html>"),
        answer(200, {}),
        answer(200, []),
    ],
)
def test_what_is_no_word_on_the_credentials_is_not_taken_for_one(
    channel: str, failure: HttpAnswer | NetworkFailure
) -> None:
    undecided = proof(channel, failure)

    assert isinstance(undecided, SendError)
    assert undecided.outcome in NOT_JUDGED


@given(channel=st.sampled_from(names()), status=st.integers(100, 599), body=st.binary(max_size=60))
def test_no_answer_of_a_provider_is_an_exception(channel: str, status: int, body: bytes) -> None:
    assert isinstance(proof(channel, HttpAnswer(status, {}, body)), Proof | SendError)


def test_a_name_is_stored_as_one_short_line() -> None:
    named = {"ok": True, "result": {"id": 1, "username": "a\r\nb\u202e" + "x" * 1000}}
    found = proof("telegram", answer(200, named))

    assert isinstance(found, Proof)
    assert found.name is not None
    assert "\n" not in found.name
    assert len(found.name) <= 100
