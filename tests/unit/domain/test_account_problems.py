"""The problems of an account follow from its proof and its circuit, and end with new credentials."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.account_problems import AccountProblem, ProblemKind, problems_of
from chat4all.domain.breaker import Breaker, Circuit, answered, failed, probing, refused, renewed
from chat4all.domain.clock import iso

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
AT = NOW.timestamp()
ACCOUNT = ChannelAccount("7", AccountState.ENABLED, proved_at=iso(NOW - timedelta(days=60)))
REFUSED = refused(Breaker(), "190", "refuses our token", AT, credentials=True)


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        (timedelta(days=7, seconds=1), None),
        (timedelta(days=7), ProblemKind.TOKEN_EXPIRES),
        (timedelta(milliseconds=1), ProblemKind.TOKEN_EXPIRES),
        (timedelta(), ProblemKind.TOKEN_EXPIRED),
        (-timedelta(days=900), ProblemKind.TOKEN_EXPIRED),
    ],
)
def test_a_token_is_a_problem_seven_days_before_its_end(left: timedelta, kind: ProblemKind | None) -> None:
    ending = replace(ACCOUNT, token_expires_at=iso(NOW + left))

    found = problems_of(ending, Breaker(), NOW)

    assert found == (() if kind is None else (AccountProblem(kind, iso(NOW + left)),))


def test_a_refused_token_is_a_problem_with_the_providers_code_until_another_is_proved() -> None:
    (found,) = problems_of(ACCOUNT, REFUSED, NOW)

    assert found == AccountProblem(ProblemKind.CREDENTIALS_REFUSED, iso(NOW), "190", "refuses our token")
    assert problems_of(replace(ACCOUNT, proved_at=None), REFUSED, NOW) == (found,)
    assert problems_of(replace(ACCOUNT, proved_at=iso(NOW + timedelta(seconds=1))), REFUSED, NOW) == ()
    assert problems_of(ACCOUNT, answered(AT + 1), NOW) == ()


def test_new_credentials_that_are_refused_are_a_problem_again() -> None:
    put = replace(ACCOUNT, proved_at=iso(NOW + timedelta(minutes=1)))
    probe = probing(REFUSED, AT + 90, 30)
    again = refused(probe, "190", "refuses our token", AT + 91, credentials=True)

    assert problems_of(put, probe, NOW) == ()
    assert [problem.at for problem in problems_of(put, again, NOW)] == [iso(NOW + timedelta(seconds=91))]


def test_another_refusal_or_an_outage_is_no_problem_of_the_credentials() -> None:
    locked = refused(Breaker(), "131031", "restricted", AT)
    down = failed(probing(REFUSED, AT + 20, 30), "ana", "NETWORK", "down", AT + 21)

    assert (locked.circuit, problems_of(ACCOUNT, locked, NOW)) == (Circuit.OPEN, ())
    assert (down.circuit, problems_of(ACCOUNT, down, NOW)) == (Circuit.OPEN, ())


def test_new_credentials_let_a_probe_go_at_once_and_only_where_the_former_were_refused() -> None:
    locked = refused(Breaker(), "131031", "restricted", AT)

    assert renewed(REFUSED, AT + 5).retry_at == AT + 5
    assert renewed(REFUSED, AT + 900) == REFUSED
    for other in (locked, Breaker(), probing(REFUSED, AT, 30)):
        assert renewed(other, AT + 5) == other
