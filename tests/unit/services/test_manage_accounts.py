"""The accounts of a channel: proved before they are stored, one writer at a time, nothing half done."""

from datetime import timedelta
from typing import Final

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.domain.account import MOST_ACCOUNTS, AccountState
from chat4all.domain.breaker import Breaker, refused
from chat4all.domain.clock import iso
from chat4all.domain.errors import (
    AccountDiffers,
    AccountEnabled,
    AccountNotFound,
    CredentialsRefused,
    Invalid,
    TooManyAccounts,
    Unavailable,
)
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.accounts.manage_accounts import CLAIM, ManageAccounts
from chat4all.services.accounts.ports import CredentialForm
from chat4all.services.messaging.connector import Proof
from chat4all.services.messaging.credentials import MISSING, MOST_MARKS, REMOVED, ChannelCredentials
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.connector import FakeConnector
from tests.fakes.small_stores import SECRET, MemoryAccounts, MemoryBreakers, MemorySecrets

DAY: Final = timedelta(days=1)
GIVEN: Final = {"account_id": "7", "access_token": "token", "webhook_secret": "word"}


class Desk:
    def __init__(self) -> None:
        self.accounts, self.secrets = MemoryAccounts(), MemorySecrets()
        self.connector, self.clock, self.breakers = FakeConnector(), FakeClock(), MemoryBreakers()
        self.manage = ManageAccounts(
            accounts=self.accounts,
            credentials=self.secrets,
            connector=lambda _channel: self.connector,
            forms={"pigeon": CredentialForm(tuple(GIVEN), "account_id")},
            breakers=self.breakers,
            clock=self.clock,
            new_id=FakeIds(),
        )

    def put(self, account: str = "7", **changes: str) -> AccountState:
        given = {**GIVEN, "account_id": account, **changes}
        return self.manage.put("pigeon", account, given, DAY).state


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_account_is_there_and_enabled_from_the_start(desk: Desk) -> None:
    assert desk.manage.get("pigeon", "main").state is AccountState.ENABLED
    assert set(desk.manage.every()["pigeon"]) == {"main"}


def test_credentials_are_proved_before_anything_is_stored(desk: Desk) -> None:
    desk.connector.proofs = [SendError(Outcome.CHANNEL_PAUSED, "190", "refused")]
    with pytest.raises(CredentialsRefused):
        desk.put()
    desk.connector.proofs = [SendError(Outcome.RETRY, "NETWORK", "down")]
    with pytest.raises(Unavailable):
        desk.put()
    desk.connector.proofs = [Proof("8")]
    with pytest.raises(Invalid):
        desk.put()

    assert desk.secrets.credentials == ChannelCredentials(SECRET)
    assert desk.accounts.known == {}
    assert desk.accounts.claims == {}


def test_the_former_webhook_secret_stays_for_the_time_that_is_asked(desk: Desk) -> None:
    desk.put()
    desk.put(webhook_secret="second")
    rotated = desk.secrets.credentials.every["7"]
    assert (rotated.webhook_secret, rotated.former_webhook_secret) == ("second", "word")
    assert rotated.former_until == iso(desk.clock() + DAY)

    desk.put(webhook_secret="second", access_token="again")
    assert desk.secrets.credentials.every["7"] == replace(rotated, access_token="again")

    for word in ("second", "third"):
        desk.manage.put("pigeon", "7", {**GIVEN, "webhook_secret": word}, timedelta())
        assert desk.secrets.credentials.every["7"].former_webhook_secret == ""


def test_a_rotation_keeps_the_state(desk: Desk) -> None:
    assert desk.put() is AccountState.PROVED
    desk.manage.enable("pigeon", "7")
    assert desk.put(access_token="new") is AccountState.ENABLED
    desk.manage.disable("pigeon", "7")
    assert desk.put(access_token="newer") is AccountState.DISABLED


def test_one_account_of_the_provider_is_one_account(desk: Desk) -> None:
    with pytest.raises(AccountDiffers):
        desk.put(SECRET.account_id)
    desk.put()
    with pytest.raises(AccountDiffers):
        desk.manage.put("pigeon", "main", GIVEN, DAY)


def test_the_first_account_may_be_filled_once_and_stays_that_account(desk: Desk) -> None:
    desk.secrets.credentials = ChannelCredentials(replace(SECRET, account_id="", webhook_secret=""))
    desk.manage.put("pigeon", "main", GIVEN, DAY)
    assert desk.secrets.credentials.first.former_webhook_secret == ""

    with pytest.raises(AccountDiffers):
        desk.manage.put("pigeon", "main", {**GIVEN, "account_id": "8"}, DAY)


def test_while_another_request_writes_nothing_is_written(desk: Desk) -> None:
    now = desk.clock()
    assert desk.accounts.claim("pigeon", "other", now, now + CLAIM)
    with pytest.raises(Unavailable) as refused:
        desk.put()
    assert refused.value.retry_after
    assert desk.secrets.credentials.others == {}

    desk.clock.advance(CLAIM.total_seconds() + 1)
    assert desk.put() is AccountState.PROVED
    assert desk.accounts.claims == {}


def test_a_process_that_dies_between_the_secret_and_the_row_is_completed_by_the_same_request(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(desk.accounts, "save", lambda *_: False)
        with pytest.raises(Unavailable):
            desk.put()
    assert "7" in desk.secrets.credentials.every
    with pytest.raises(AccountNotFound):
        desk.manage.get("pigeon", "7")

    assert desk.put() is AccountState.PROVED


def test_a_removed_account_has_no_credentials_and_its_messages_fail(desk: Desk) -> None:
    desk.put()
    desk.manage.enable("pigeon", "7")
    with pytest.raises(AccountEnabled):
        desk.manage.remove("pigeon", "7")
    desk.manage.disable("pigeon", "7")

    assert desk.manage.remove("pigeon", "7").state is AccountState.REMOVED
    assert desk.secrets.credentials.of("7", "") == REMOVED
    assert "7" not in desk.manage.every()["pigeon"]
    for act in (desk.manage.enable, desk.manage.disable, desk.manage.remove):
        with pytest.raises(AccountNotFound):
            act("pigeon", "7")
    assert desk.put() is AccountState.PROVED


def test_the_first_account_is_never_removed(desk: Desk) -> None:
    desk.manage.disable("pigeon", "main")
    with pytest.raises(AccountEnabled):
        desk.manage.remove("pigeon", "main")


def test_a_channel_has_room_for_its_accounts_and_no_more(desk: Desk) -> None:
    for number in range(MOST_ACCOUNTS - 1):
        desk.put(str(number))
    with pytest.raises(TooManyAccounts):
        desk.put("one-more")
    assert desk.put("3") is AccountState.PROVED


def test_a_secret_has_room_for_long_credentials_and_no_more(desk: Desk) -> None:
    def fill() -> None:
        for number in range(MOST_ACCOUNTS):
            desk.put(str(number), access_token="x" * 1024, webhook_secret="y" * 1024)

    with pytest.raises(TooManyAccounts):
        fill()

    assert 50_000 < len(msgspec.json.encode(desk.secrets.credentials)) < 64 * 1024


def test_marks_of_removed_accounts_do_not_fill_the_secret() -> None:
    credentials = ChannelCredentials(SECRET, {"kept": SECRET})
    for number in range(MOST_MARKS + 10):
        credentials = credentials.with_account(str(number), None)

    assert len(credentials.others) == MOST_MARKS + 1
    assert set(credentials.every) == {"main", "kept"}
    assert credentials.of("0", None) == MISSING
    assert credentials.of(str(MOST_MARKS), None) == REMOVED


def test_new_credentials_let_the_circuit_try_at_once(desk: Desk) -> None:
    desk.put()
    now = desk.clock().timestamp()
    desk.breakers.save("pigeon", "7", refused(Breaker(), "190", "no", now, credentials=True), 0)

    desk.put(access_token="another")

    assert desk.breakers.get("pigeon", "7").breaker.retry_at == now


def test_refused_credentials_leave_the_circuit_alone(desk: Desk) -> None:
    desk.put()
    opened = refused(Breaker(), "190", "no", desk.clock().timestamp(), credentials=True)
    desk.breakers.save("pigeon", "7", opened, 0)
    desk.connector.proofs = [SendError(Outcome.CHANNEL_PAUSED, "190", "refused")]

    with pytest.raises(CredentialsRefused):
        desk.put(access_token="another")

    assert desk.breakers.get("pigeon", "7").breaker == opened
