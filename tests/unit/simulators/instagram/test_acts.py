"""The signs that the latest message was seen and that the account types; and the connector beside it."""

from collections.abc import Iterator

import pytest

from chat4all.channels.instagram.connector import Instagram as Connector
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.acts import Done, MarkingRead, Typing
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret
from chat4all_local.simulators.account import Account
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import CustomerDetails
from chat4all_local.simulators.instagram.provider import Instagram
from chat4all_local.simulators.provider import Order, Refused
from chat4all_local.simulators.registry import manifest
from tests.unit.simulators.calls import INSTAGRAM, PERSON, graph_call
from tests.unit.simulators.conftest import running_simulators

NOW = 1_700_000_000.0
SECRET = ChannelSecret(INSTAGRAM.account_id, INSTAGRAM.access_token, INSTAGRAM.webhook_secret)


@pytest.fixture
def instagram() -> Instagram:
    account = Account(manifest("instagram").settings)
    account.register(PERSON, CustomerDetails("Ana"), NOW)
    return Instagram(account)


def judged(instagram: Instagram, body: dict[str, object], at: float = NOW) -> str | int | None:
    """Return the kind of an accepted sign, or the code of its refusal."""
    call = graph_call(INSTAGRAM.account_id, INSTAGRAM.access_token, body)
    result = instagram.read(call, at)
    if isinstance(result, Refused):
        return result.answer.code
    assert isinstance(result, Order)
    assert instagram.accept(result, at).reports == ()
    return result.kind


@pytest.mark.parametrize("action", ["mark_seen", "typing_on", "typing_off"])
def test_a_sign_names_the_person_alone(instagram: Instagram, action: str) -> None:
    sign: dict[str, object] = {"recipient": {"id": PERSON}, "sender_action": action}

    assert judged(instagram, sign) == action
    assert judged(instagram, {**sign, "message": {"text": "hello"}}) == 100
    assert judged(instagram, {**sign, "recipient": {"id": "77"}}) == 100
    assert judged(instagram, sign, NOW + 25 * 3600) == 10


@pytest.fixture
def running() -> Iterator[Simulator]:
    with running_simulators(providers=("instagram",)) as simulators:
        simulators.instagram.register(PERSON, "Ana")
        yield simulators.instagram


def test_both_readings_of_the_acts_fit_together(running: Simulator) -> None:
    connector = Connector(HttpClient(), running.base_url)

    assert connector.act(MarkingRead("main", PERSON, "mid"), SECRET) == Done()
    assert connector.act(Typing("main", PERSON, is_on=True), SECRET) == Done()
    assert connector.act(Typing("main", PERSON, is_on=False), SECRET) == Done()
    assert isinstance(connector.act(Typing("main", "77", is_on=True), SECRET), SendError)

    kinds = [record.kind for record in running.transcript().requests if record.status == 200]
    assert kinds == ["mark_seen", "typing_on", "typing_off"]
