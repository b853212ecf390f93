"""Redrives, fallbacks and held deliveries over the whole product, with a fault at each call in turn."""

from typing import Protocol

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.errors import Conflict, Unavailable
from chat4all.domain.plan import Step
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.messaging.accept_message import NewMessage
from tests.fakes.cloud import Cloud
from tests.fakes.fate import Blow, Kind, Once
from tests.fakes.product import a_message, over

BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
FOR_LONG = SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=1_000.0)
FIRST, SECOND = (f"{number}1111111-1111-4111-8111-111111111111" for number in (1, 2))


class Tale(Protocol):
    __name__: str

    def __call__(self, cloud: Cloud) -> None: ...


def post(cloud: Cloud, new: NewMessage) -> None:
    for _ in range(5):
        try:
            if cloud.post(new) is not None:
                return
        except Unavailable:
            continue
    pytest.fail("the message was never accepted")


def redrive(cloud: Cloud, message_id: str) -> None:
    for _ in range(5):
        try:
            if cloud.redrive(message_id):
                return
        except Unavailable:
            continue
        except Conflict:
            # An earlier attempt did the redrive, and only its answer was lost.
            return
    pytest.fail("the operator never got an answer")


def rest(cloud: Cloud) -> None:
    for _ in range(10):
        try:
            cloud.come_to_rest()
        except Unavailable:
            continue
        return
    pytest.fail("it never comes to rest")


def redriven(cloud: Cloud) -> None:
    """Let two messages fail, and redrive them; they must arrive in their order."""
    for message_id in (FIRST, SECOND):
        # More answers than needed: a process that dies may have used up an answer.
        cloud.connectors["pigeon"].answers = [BLOCKED] * 4
        post(cloud, a_message(f"text {message_id[0]}", message_id=message_id, conversation_id="pair"))
        rest(cloud)
    cloud.connectors["pigeon"].answers = []
    for message_id in (FIRST, SECOND):
        if cloud.table.messages[message_id].status is Status.FAILED:
            redrive(cloud, message_id)
    rest(cloud)


def fallen_back(cloud: Cloud) -> None:
    """Post a message that fails on pigeon for Ana and Carla. Carla can be reached on telex, too."""
    cloud.connectors["pigeon"].answers = [BLOCKED, BLOCKED]
    new = replace(
        a_message("by any way", message_id=FIRST, conversation_id="group"),
        steps=over("pigeon", "telex"),
        delivery_timeout_s=300,
    )
    post(cloud, new)
    rest(cloud)


def planned(cloud: Cloud) -> None:
    """Post a message whose second and third step go over telex; only the third is taken there."""
    cloud.connectors["pigeon"].answers = [BLOCKED, BLOCKED]
    cloud.connectors["telex"].answers = [BLOCKED, BLOCKED]
    steps = (*over("pigeon"), Step("telex", Text("by telex")), Step(content=Text("by telex, once more")))
    new = replace(
        a_message("by any way", message_id=FIRST, conversation_id="group", steps=steps),
        delivery_timeout_s=300,
    )
    post(cloud, new)
    rest(cloud)


def held(cloud: Cloud) -> None:
    """Post two messages while the provider throttles for long: both deliveries are held."""
    cloud.connectors["pigeon"].answers = [FOR_LONG]
    for message_id in (FIRST, SECOND):
        post(cloud, a_message(f"text {message_id[0]}", message_id=message_id, conversation_id="pair"))
    rest(cloud)


def check(cloud: Cloud) -> None:
    for message in cloud.table.messages.values():
        assert message.status is Status.SENT
    assert not cloud.held.queues
    for channel, connector in cloud.connectors.items():
        texts = [
            submission.content.text
            for submission in connector.accepted
            if submission.address == f"ana@{channel}"
        ]
        assert texts == sorted(texts)
        ids = [submission.delivery_id for submission in connector.accepted]
        assert len(ids) - len(set(ids)) <= cloud.struck.possible_repeats
    carla = [
        submission.address
        for connector in cloud.connectors.values()
        for submission in connector.accepted
        if submission.address.startswith("carla")
    ]
    assert len(carla) <= 1 + cloud.struck.possible_repeats


@pytest.mark.parametrize("tale", [redriven, fallen_back, planned, held])
def test_it_ends_well_when_nothing_happens(tale: Tale) -> None:
    cloud = Cloud()

    tale(cloud)

    check(cloud)
    sent = {
        name: [submission.address for submission in connector.accepted]
        for name, connector in cloud.connectors.items()
    }
    expected = {
        "redriven": {"pigeon": ["ana@pigeon"] * 2, "telex": []},
        "fallen_back": {"pigeon": [], "telex": ["ben@telex", "carla@telex"]},
        "planned": {"pigeon": [], "telex": ["ben@telex", "carla@telex"]},
        "held": {"pigeon": ["ana@pigeon"] * 2, "telex": []},
    }
    assert {name: sorted(addresses) for name, addresses in sent.items()} == expected[tale.__name__]


@pytest.mark.parametrize("tale", [redriven, fallen_back, planned, held])
@pytest.mark.parametrize("blow", [blow for blow in Blow if blow is not Blow.NOTHING])
def test_it_ends_well_whichever_call_it_hits(tale: Tale, blow: Blow) -> None:
    counting = Kind()
    tale(Cloud(counting))

    for number in range(1, counting.calls + 1):
        cloud = Cloud(Once(number, blow))
        tale(cloud)
        check(cloud)
