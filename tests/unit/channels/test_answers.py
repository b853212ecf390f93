import pytest

from chat4all.channels.instagram.failures import INSTAGRAM_FAILURES
from chat4all.channels.shared.answers import (
    NETWORK,
    Failure,
    FailureTable,
    can_be_quoted,
    not_answered,
    refused,
    sent_unread,
    spelled,
)
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.channels.telegram.failures import TELEGRAM_FAILURES
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.sending import Outcome

TABLE = FailureTable(
    "Pigeon",
    {7: Failure(Outcome.THROTTLED, "Too fast.", 9.0), 8: Failure(Outcome.UNREACHABLE, "Gone.")},
    ((range(100, 200), Failure(Outcome.CHANNEL_PAUSED, "Closed.")),),
)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, Outcome.RETRY),
        (400, Outcome.PERMANENT),
        (401, Outcome.CHANNEL_PAUSED),
        (403, Outcome.PERMANENT),
        (408, Outcome.RETRY),
        (429, Outcome.THROTTLED),
        (499, Outcome.PERMANENT),
        (500, Outcome.RETRY),
        (503, Outcome.RETRY),
    ],
)
@pytest.mark.parametrize("code", [None, 999])
def test_without_a_known_code_the_status_decides(status: int, outcome: Outcome, code: int | None) -> None:
    error = refused(TABLE, code, HttpAnswer(status, {}, b""))

    assert error.outcome is outcome
    assert error.code == str(code or status)
    assert error.reason.startswith("Pigeon")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(8, Outcome.UNREACHABLE), (100, Outcome.CHANNEL_PAUSED), (199, Outcome.CHANNEL_PAUSED)],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_known_code_decides_whatever_the_status(status: int, code: int, outcome: Outcome) -> None:
    assert refused(TABLE, code, HttpAnswer(status, {}, b"")).outcome is outcome


@pytest.mark.parametrize(
    ("code", "headers", "wait_s"),
    [
        (7, {"retry-after": "120"}, 120.0),
        (7, {}, 9.0),
        (7, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 9.0),
        (7, {"retry-after": "-3"}, 9.0),
        (7, {"retry-after": "²"}, 9.0),
        (None, {}, 5.0),
        (None, {"retry-after": "30"}, 30.0),
    ],
)
def test_the_wait_is_the_answers_own_else_the_codes_else_short(
    code: int | None, headers: dict[str, str], wait_s: float
) -> None:
    assert refused(TABLE, code, HttpAnswer(429, headers, b"")).retry_after_s == wait_s


def test_only_throttling_has_a_time() -> None:
    assert refused(TABLE, 8, HttpAnswer(400, {"retry-after": "30"}, b"")).retry_after_s is None


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_no_answer_is_tried_again_and_told_apart_from_no_connection(may_have_arrived: bool) -> None:  # noqa: FBT001
    error = not_answered(TABLE, NetworkFailure(may_have_arrived))

    assert (error.outcome, error.code) == (Outcome.RETRY, NETWORK)
    assert ("not known" in error.reason) is may_have_arrived


def test_an_unread_acceptance_has_an_id_of_its_own_which_is_never_quoted() -> None:
    first, other = sent_unread("a|b|c|1"), sent_unread("a|b|c|2")

    assert first.provider_message_id != other.provider_message_id
    assert not can_be_quoted(first.provider_message_id)
    assert can_be_quoted("wamid.HBgL")


@pytest.mark.parametrize("code", [10**4_000, -(10**4_000)])
def test_of_an_endless_code_only_the_beginning_is_kept(code: int) -> None:
    error = refused(TABLE, code, HttpAnswer(400, {}, b""))

    assert error.code == spelled(code)
    assert len(error.code) <= 40
    assert len(error.reason) <= 100


@pytest.mark.parametrize(
    ("table", "refusing", "others"),
    [
        (WHATSAPP_FAILURES, (0, 190, 131005, 210), (368, 131031, 131042, 133010)),
        (INSTAGRAM_FAILURES, (190,), (10, 100, 551)),
        (TELEGRAM_FAILURES, (401, 404), (400, 403, 429)),
        (TWILIO_FAILURES, (20003, 20008), (20005, 30002, 21212)),
    ],
)
def test_a_refused_token_is_told_apart_from_other_refusals_of_our_account(
    table: FailureTable, refusing: tuple[int, ...], others: tuple[int, ...]
) -> None:
    found = {code: refused(table, code, HttpAnswer(400, {}, b"")) for code in (*refusing, *others)}

    assert {code for code, error in found.items() if error.refuses_credentials} == set(refusing)
    assert refused(table, 999_999_999, HttpAnswer(401, {}, b"")).refuses_credentials
