"""G5: a channel in trouble delays no other channel, a conversation in trouble no other conversation."""

import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage
from tests.e2e.waiting import eventually

TROUBLES = [
    ("whatsapp", FaultKind.HANG),
    ("telegram", FaultKind.THROTTLE),
    ("instagram", FaultKind.THROTTLE),
]


@pytest.mark.parametrize(("channel", "trouble"), TROUBLES)
def test_other_channels_deliver_and_replies_come_in_while_one_channel_is_in_trouble(
    stage: Stage, channel: str, trouble: FaultKind
) -> None:
    customer = stage.customer(channel)
    troubled = stage.talk(customer)
    others = {other: stage.talk(stage.customer(other)) for other in CHANNELS if other != channel}
    stage.simulators[channel].add_fault(trouble, seconds=60)
    waiting = stage.say(troubled, "waits")
    eventually(lambda: stage.requests(customer))

    stage.simulators[channel].write(customer.address, "anybody there?")
    for other, talk in others.items():
        for message_id in [stage.say(talk, f"message {number}") for number in range(3)]:
            stage.reaches(message_id, LAST_STATUS[other])
    newest = eventually(lambda: stage.history(troubled), lambda seen: len(seen) == 2)[0]

    assert newest.content.text == "anybody there?"
    assert stage.api.progress(waiting).current_status == "PENDING"
    stage.simulators[channel].clear_faults()
    stage.reaches(waiting, LAST_STATUS[channel])


@pytest.mark.parametrize("channel", CHANNELS)
def test_other_conversations_of_a_channel_deliver_while_one_is_refused(stage: Stage, channel: str) -> None:
    bad, good = stage.customer(channel), stage.customer(channel)
    bad_talk, good_talk = stage.talk(bad), stage.talk(good)
    stage.simulators[channel].add_fault(FaultKind.THROTTLE, for_address=bad.address)
    waiting = [stage.say(bad_talk, f"waits {number}") for number in range(3)]
    eventually(lambda: stage.requests(bad))

    for message_id in [stage.say(good_talk, f"message {number}") for number in range(3)]:
        stage.reaches(message_id, LAST_STATUS[channel])

    assert [stage.api.progress(message_id).current_status for message_id in waiting] == ["PENDING"] * 3
    stage.simulators[channel].clear_faults()
    for message_id in waiting:
        stage.reaches(message_id, LAST_STATUS[channel])
    assert stage.texts(bad) == ["waits 0", "waits 1", "waits 2"]
