"""Several accounts a channel: two WhatsApp numbers of two apps, and two Telegram bots, added over the API."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Final

import httpx
import pytest

from chat4all_local.simulators.control_api import BusinessReport, FaultKind, QualityReport
from tests.e2e.stage import LAST_STATUS, Customer, Stage, Talk, message_body, new_id
from tests.e2e.waiting import eventually

CHANNELS: Final = ("whatsapp", "telegram")
SEEN_S: Final = 75
"""Functions hold secrets and states for a minute."""
_PAUSE_S: Final = 4
_NUMBERS: Final = count(int(time.time()) % 10**8)
"""The simulators keep the accounts of earlier tests, so that each test has accounts of its own."""


@dataclass(frozen=True)
class Account:
    """An account of ours at the provider; `path` is its address in the API."""

    channel: str
    account_id: str
    token: str
    webhook_secret: str

    @property
    def path(self) -> str:
        return f"/channels/{self.channel}/accounts/{self.account_id}"

    def credentials(self, **changes: str) -> dict[str, dict[str, str]]:
        given = {"account_id": self.account_id, "access_token": self.token} | {
            "webhook_secret": self.webhook_secret
        }
        verify = {"verify_token": "a-word"} if self.channel == "whatsapp" else {}
        return {"credentials": {**given, **verify, **changes}}


@pytest.fixture(params=CHANNELS)
def account(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Account]:
    """Add a second account to the provider and to Chat4All, and remove it from Chat4All in the end."""
    channel = request.param
    number = f"71{next(_NUMBERS):08d}"
    account = Account(channel, number, f"{number}:token-{new_id()}", f"another-app-{new_id()}")
    provide(stage, account)
    put = stage.api.call("PUT", account.path, account.credentials())
    assert (put.status_code, put.json()["state"]) == (200, "PROVED"), put.text
    assert account.token not in put.text
    assert stage.api.call("POST", f"{account.path}/enable").json()["state"] == "ENABLED"
    yield account
    assert stage.api.call("POST", f"{account.path}/disable").status_code == 200
    assert stage.api.call("DELETE", account.path).status_code == 200


def provide(stage: Stage, account: Account) -> None:
    """Let the provider have the account. Only Telegram needs an address that names it."""
    simulator = stage.simulators[account.channel]
    own = f"{simulator.settings().webhook_url}/{account.account_id}"
    url = own if account.channel == "telegram" else ""
    named = {"access_token": account.token, "webhook_secret": account.webhook_secret, "webhook_url": url}
    simulator.configure(others={account.account_id: named})


def customer_of(stage: Stage, account: Account) -> tuple[Customer, Talk]:
    address = stage.new_address(account.channel)
    stage.simulators[account.channel].register(address, "Ana")
    identity = {"channel": account.channel, "address": address, "account": account.account_id}
    user = stage.api.create_user("CUSTOMER", "Ana", [identity])
    customer = Customer(user.user_id, "Ana", account.channel, address)
    return customer, stage.talk(customer)


def say_slowly(stage: Stage, talk: Talk) -> httpx.Response:
    """Post a message after a pause, so that few messages are accepted until the state is seen."""
    time.sleep(_PAUSE_S)
    return stage.api.call("POST", "/messages", message_body(talk, "too late", message_id=new_id()))


def senders(stage: Stage, customer: Customer) -> set[str | None]:
    return {record.account_id for record in stage.accepted(customer)}


def test_an_answer_leaves_from_the_account_that_the_customer_wrote_to(stage: Stage, account: Account) -> None:
    customer = stage.customer(account.channel)
    talk = stage.talk(customer)
    first = stage.say(talk, "from the first account")
    stage.reaches(first, LAST_STATUS[account.channel])

    stage.simulators[account.channel].write(customer.address, "to the second", account=account.account_id)
    eventually(
        lambda: [message.content.text for message in stage.history(talk)],
        lambda texts: "to the second" in texts,
        SEEN_S,
    )
    answer = stage.say(talk, "from the second account")

    stage.reaches(answer, LAST_STATUS[account.channel])
    before, after = stage.accepted(customer)
    assert before.account_id != after.account_id == account.account_id
    assert (before.text, after.text) == ("from the first account", "from the second account")


def test_a_rotation_while_messages_flow_loses_nothing(stage: Stage, account: Account) -> None:
    customer, talk = customer_of(stage, account)
    texts = [f"message {number}" for number in range(12)]
    renewed = f"{account.account_id}:token-{new_id()}"
    with ThreadPoolExecutor(1) as aside:
        saying = aside.submit(lambda: [stage.say(talk, text) for text in texts])
        eventually(lambda: len(stage.accepted(customer)), lambda accepted: accepted > 0)
        stage.simulators[account.channel].configure(others={account.account_id: {"access_token": renewed}})
        rotated = account.credentials(access_token=renewed, webhook_secret="a-new-word")
        assert stage.api.call("PUT", account.path, rotated).json()["state"] == "ENABLED"
        sent = saying.result()

    # The provider still signs with the former secret, as an app does until its setting is changed.
    stage.simulators[account.channel].write(customer.address, "signed as before", account=account.account_id)
    for message_id in sent:
        stage.reaches(message_id, LAST_STATUS[account.channel])
    assert stage.texts(customer) == texts
    assert senders(stage, customer) == {account.account_id}
    eventually(
        lambda: [message.content.text for message in stage.history(talk)],
        lambda found: "signed as before" in found,
        SEEN_S,
    )


def test_a_disabled_account_takes_no_new_messages_and_sends_the_accepted_ones(
    stage: Stage, account: Account
) -> None:
    customer, talk = customer_of(stage, account)
    simulator = stage.simulators[account.channel]
    simulator.add_fault(FaultKind.THROTTLE, for_address=customer.address, retry_after=1)
    accepted = [stage.say(talk, "accepted")]

    assert stage.api.call("POST", f"{account.path}/disable").json()["state"] == "DISABLED"
    refused = eventually(lambda: say_slowly(stage, talk), lambda answer: answer.status_code == 422, SEEN_S)
    simulator.clear_faults()

    assert refused.json()["error"] == "ACCOUNT_DISABLED"
    for message_id in accepted:
        stage.reaches(message_id, LAST_STATUS[account.channel])
    assert stage.texts(customer)[0] == "accepted"
    assert stage.api.call("POST", f"{account.path}/enable").status_code == 200
    stage.say(talk, "enabled again")


def test_wrong_credentials_are_refused_with_the_providers_code(stage: Stage, account: Account) -> None:
    wrong = stage.api.call("PUT", account.path, account.credentials(access_token=f"{account.account_id}:no"))

    assert (wrong.status_code, wrong.json()["error"]) == (422, "CREDENTIALS_REFUSED")
    assert {"whatsapp": "190", "telegram": "401"}[account.channel] in wrong.json()["details"][0]["issue"]
    assert stage.api.call("GET", account.path).json()["state"] == "ENABLED"


def test_what_whatsapp_reports_of_a_number_and_of_the_business_is_shown(stage: Stage) -> None:
    simulator = stage.simulators["whatsapp"]

    assert simulator.report_on_us(QualityReport("DOWNGRADE", "TIER_2K")).status == 200
    assert simulator.report_on_us(BusinessReport("ACCOUNT_VIOLATION", "SPAM")).status == 200

    shown = eventually(
        lambda: stage.api.call("GET", "/channels/whatsapp/accounts/main").json(),
        lambda account: len(account["reports"]) >= 2,
    )
    reports = {each["kind"]: (each["event"], each["reason"]) for each in shown["reports"]}
    assert reports["phone_number_quality_update"] == ("DOWNGRADE", "TIER_2K")
    assert reports["account_update"] == ("ACCOUNT_VIOLATION", "SPAM")
    assert shown["state"] == "ENABLED"


def test_a_refused_token_is_a_problem_of_the_account_until_another_is_put(
    stage: Stage, account: Account
) -> None:
    customer, talk = customer_of(stage, account)
    first = stage.say(talk, "with the right token")
    stage.reaches(first, LAST_STATUS[account.channel])
    renewed = f"{account.account_id}:token-{new_id()}"
    stage.simulators[account.channel].configure(others={account.account_id: {"access_token": renewed}})

    second = stage.say(talk, "with a token that is refused")
    refused = eventually(
        lambda: stage.api.call("GET", account.path).json(), lambda shown: shown["problems"] != []
    )
    assert [problem["kind"] for problem in refused["problems"]] == ["CREDENTIALS_REFUSED"]
    assert refused["circuit"]["state"] != "CLOSED"

    put = stage.api.call("PUT", account.path, account.credentials(access_token=renewed))
    assert put.status_code == 200, put.text
    assert stage.api.call("GET", account.path).json()["problems"] == []
    stage.reaches(second, LAST_STATUS[account.channel])
    assert stage.texts(customer) == ["with the right token", "with a token that is refused"]
