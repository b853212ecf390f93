"""Reading and typing, as strict as the documentation; and the connector beside it."""

from collections.abc import Iterator

import pytest

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.whatsapp.connector import WhatsApp as Connector
from chat4all.domain.acts import Done, MarkingRead, Typing
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret
from chat4all_local.simulators.account import Account
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Customer, CustomerDetails, InboundRequest
from chat4all_local.simulators.provider import Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.whatsapp.provider import WhatsApp
from tests.unit.simulators.calls import PHONE, WHATSAPP, decoded, graph_call
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.receiver import Receiver

NOW = 1_700_000_000.0
MONTH = 30 * 24 * 3600
READ = {"messaging_product": "whatsapp", "status": "read"}
SECRET = ChannelSecret(WHATSAPP.account_id, WHATSAPP.access_token, WHATSAPP.webhook_secret)


@pytest.fixture
def whatsapp() -> WhatsApp:
    account = Account(manifest("whatsapp").settings)
    account.register(PHONE, CustomerDetails("Ana"), NOW)
    return WhatsApp(account)


def written(whatsapp: WhatsApp) -> str:
    """Let Ana write a message; return its id."""
    request = InboundRequest(sender=PHONE, text="hello")
    return whatsapp.inbound(request, Customer(PHONE, "Ana", NOW), NOW).provider_message_id


def judged(whatsapp: WhatsApp, at: float = NOW, **fields: object) -> Order | int:
    """Return the order of a request, or the code of its refusal."""
    call = graph_call(WHATSAPP.account_id, WHATSAPP.access_token, {**READ, **fields})
    result = whatsapp.read(call, at)
    if isinstance(result, Refused):
        return result.answer.code or 0
    assert isinstance(result, Order)
    assert decoded(whatsapp.accept(result, at).answer.body) == {"success": True}
    return result


def test_a_persons_message_is_marked_as_read(whatsapp: WhatsApp) -> None:
    wamid = written(whatsapp)

    read = judged(whatsapp, message_id=wamid)
    typing = judged(whatsapp, message_id=wamid, typing_indicator={"type": "text"})

    assert isinstance(read, Order)
    assert isinstance(typing, Order)
    assert (read.kind, read.address, read.quoted) == ("read", PHONE, wamid)
    assert typing.kind == "typing"


def test_what_cannot_be_read_is_refused(whatsapp: WhatsApp) -> None:
    wamid = written(whatsapp)

    assert judged(whatsapp, message_id="wamid.unknown") == 131009
    assert judged(whatsapp, NOW + MONTH + 1, message_id=wamid) == 131009
    assert judged(whatsapp) == 100
    assert judged(whatsapp, message_id=wamid, status="delivered") == 100
    assert judged(whatsapp, message_id=wamid, typing_indicator={"type": "audio"}) == 100
    assert judged(whatsapp, message_id=wamid, to=PHONE) == 100


@pytest.fixture
def running(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("whatsapp",)) as simulators:
        simulators.whatsapp.configure(webhook_url=receiver.url)
        simulators.whatsapp.register(PHONE, "Ana")
        yield simulators.whatsapp


def test_both_readings_of_the_acts_fit_together(running: Simulator) -> None:
    connector = Connector(HttpClient(), running.base_url)
    wamid = running.write(PHONE, "hello").provider_message_id

    assert connector.act(MarkingRead("main", PHONE, wamid), SECRET) == Done()
    assert connector.act(Typing("main", PHONE, is_on=True, provider_message_id=wamid), SECRET) == Done()
    assert isinstance(connector.act(MarkingRead("main", PHONE, "wamid.unknown"), SECRET), SendError)

    records = running.transcript().requests
    assert [(record.kind, record.quoted) for record in records[:2]] == [("read", wamid), ("typing", wamid)]
