"""Several accounts of a simulator, each with its own token, secret and address for webhooks.

The connectors read the answers, each written from the provider's documentation alone.
"""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from msgspec.structs import replace

from chat4all.channels.registry import connector, naming_accounts
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.content import Text
from chat4all.domain.sending import SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret, Connector, Proof, WebhookRequest
from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.unit.channels.fake_http import DELIVERY_ID
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.receiver import Receiver

ADDRESSES: Final = {
    "whatsapp": "5511987654321",
    "telegram": "424242",
    "instagram": "17841477777777777",
    "sms": "+16505550100",
}
OTHERS: Final = {
    "whatsapp": "200000000000001",
    "telegram": "7000000002",
    "instagram": "17841400000000099",
    "sms": "AC00000000000000000000000000000002",
}


class Place:
    """A simulator with a second account, the connector, and the credentials of both accounts."""

    def __init__(self, channel: str, simulator: Simulator, receiver: Receiver) -> None:
        self.channel, self.simulator, self.receiver = channel, simulator, receiver
        known = BY_CHANNEL[channel]
        self.first = ChannelSecret(
            known.account_id, known.access_token, known.webhook_secret, known.verify_token, known.sender
        )
        other, token = OTHERS[channel], f"{OTHERS[channel]}:other-token"
        self.second = ChannelSecret(other, token, "other-word", sender="+15005550009" if known.sender else "")
        url = f"{receiver.url}/{other}"
        simulator.configure(
            webhook_url=receiver.url,
            others={
                other: {
                    "access_token": token,
                    "webhook_secret": "other-word",
                    "webhook_url": url,
                    "sender": self.second.sender,
                }
            },
        )
        simulator.register(ADDRESSES[channel], "Ana")

    @property
    def connector(self) -> Connector:
        return connector(self.channel, HttpClient(), self.simulator.base_url)

    def send(self, secret: ChannelSecret) -> Sent | SendError:
        account = secret.account_id if self.channel in naming_accounts() else "main"
        return self.connector.send(
            Submission(DELIVERY_ID, account, ADDRESSES[self.channel], Text("hello")), secret
        )


@pytest.fixture(params=tuple(OTHERS))
def place(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Place]:
    with running_simulators(providers=(request.param,)) as running:
        yield Place(request.param, running.by_name[request.param], receiver)


def test_each_account_is_proved_with_its_own_token(place: Place) -> None:
    for secret in (place.first, place.second):
        found = place.connector.prove(secret)
        assert isinstance(found, Proof)
        assert found.account_id == secret.account_id


def test_a_wrong_token_is_refused_for_a_proof_and_for_a_message(place: Place) -> None:
    codes = {"whatsapp": "190", "telegram": "401", "instagram": "190", "sms": "20003"}
    wrong = replace(place.second, access_token="7000000002:wrong")
    for refused in (place.connector.prove(wrong), place.send(wrong)):
        assert isinstance(refused, SendError)
        assert refused.code == codes[place.channel]


@pytest.mark.parametrize("place", sorted(naming_accounts()), indirect=True)
def test_the_token_of_one_account_sends_from_no_other(place: Place) -> None:
    for secret, other in ((place.first, place.second), (place.second, place.first)):
        refused = place.send(replace(secret, account_id=other.account_id))
        assert isinstance(refused, SendError)
        assert refused.code == "100"


def test_a_message_is_recorded_with_the_account_that_sends(place: Place) -> None:
    for secret in (place.first, place.second):
        assert isinstance(place.send(secret), Sent)

    requests = place.simulator.transcript().requests
    assert [record.account_id for record in requests] == [place.first.account_id, place.second.account_id]


def test_a_customers_message_to_an_account_is_signed_for_it_and_goes_to_its_address(place: Place) -> None:
    place.simulator.configure(receipts={"sent": False, "delivered": False, "read": False})
    place.simulator.write(ADDRESSES[place.channel], "to the second", account=place.second.account_id)
    (received,) = place.receiver.wait_for(1)

    url = f"{place.receiver.url}/{place.second.account_id}"
    request = WebhookRequest(url, received.headers, received.body)
    assert place.connector.verify(request, place.second)
    assert not place.connector.verify(request, place.first)
    (event,) = place.connector.parse_webhook(received.body, place.second).events
    assert event.account is None
    assert received.path.endswith(place.second.account_id)


def test_a_customer_writes_to_no_unknown_account(place: Place) -> None:
    with pytest.raises(SimulatorError, match="no account"):
        place.simulator.write(ADDRESSES[place.channel], "hello", account="nobody")


def test_the_webhook_of_a_bot_is_its_own(receiver: Receiver) -> None:
    with running_simulators(providers=("telegram",)) as running:
        place = Place("telegram", running.telegram, receiver)
        base, method = place.simulator.base_url, "setWebhook"
        parameters = {"url": f"{receiver.url}/moved", "secret_token": "new_word"}
        answer = httpx.post(f"{base}/bot{place.second.access_token}/{method}", data=parameters)

        assert answer.json()["ok"]
        settings = place.simulator.settings()
        other = settings.others[place.second.account_id]
        assert (other.webhook_url, other.webhook_secret) == (f"{receiver.url}/moved", "new_word")
        assert settings.webhook_url == receiver.url
