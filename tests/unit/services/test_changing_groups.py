"""The guarantees of a group whose participants and state change while messages are on their way.

First a fixed story runs with a fault at each of its calls in turn. Then many random stories run, in which
other processes work, and other clients make requests, between the calls of a request.
"""

import random

import pytest

from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import Conflict, ConversationArchived, NoRecipient, NotAParticipant
from chat4all.domain.message import Message
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.messaging.read_messages import ReadMessages
from tests.fakes.cloud import Cloud
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.fate import Blow, Chance
from tests.fakes.fifo import FifoQueue
from tests.fakes.kinesis import Stream
from tests.fakes.messages import MemoryMessages
from tests.unit.services.group_stories import GROUP_ID, Attempt, Change, GroupStory, Stay
from tests.unit.services.stories import (
    MakeStream,
    calls_hit,
    failed,
    is_whole,
    received_by,
    sent_to,
    statuses_only_moved_forward,
    texts_to,
)

REFUSALS = {ConversationArchived.code, NotAParticipant.code, NoRecipient.code}
"""The codes of a message that `router` refused: its participants or its conversation had changed."""


def check(story: GroupStory) -> None:
    every_accepted_message_is_stored(story)
    every_message_comes_to_an_end(story)
    a_refused_message_reaches_nobody(story)
    everybody_who_takes_part_receives_the_message(story)
    who_joined_before_a_message_sees_it(story)
    who_joined_after_a_message_does_not_see_it(story)
    who_left_before_a_message_does_not_receive_it(story)
    nobody_receives_a_message_before_their_place(story)
    everybody_receives_in_the_order_of_the_numbers(story)
    the_numbers_are_in_the_order_of_the_answers(story)
    a_history_begins_after_the_place(story)
    one_of_two_bodies_is_the_message(story)
    the_stored_text_is_delivered(story)
    statuses_only_moved_forward(story)
    assert story.cloud.given_up == []


def every_accepted_message_is_stored(story: GroupStory) -> None:
    stored = {message.message_id for message in story.cloud.table.messages.values()}
    for attempt in story.attempts:
        assert attempt.accepted is None or attempt.new.message_id in stored
    assert story.began.keys() >= {message.message_id for message in story.stored()}


def every_message_comes_to_an_end(story: GroupStory) -> None:
    """Check that no message is PENDING, and that the story explains each refusal."""
    for message in story.cloud.table.messages.values():
        assert message.status is not Status.PENDING
        if message.status is Status.FAILED:
            assert message.error_code
            assert message.error_reason
    for message in story.stored():
        if message.error_code == ConversationArchived.code:
            assert story.archived
        if message.error_code == NotAParticipant.code:
            assert any(stay.leaving is not None for stay in story.stays[message.sender_id])


def a_refused_message_reaches_nobody(story: GroupStory) -> None:
    for message in filter(is_refused, story.stored()):
        for user_id in story.stays:
            assert not has_received(story, user_id, message)


def everybody_who_takes_part_receives_the_message(story: GroupStory) -> None:
    """Check that nothing is lost.

    A participant who leaves receives at least the messages that were in the queue of their channel. A message
    that reached nobody when it was accepted is not sent to a participant whose join was not answered by then.
    """
    for message in story.stored():
        if is_refused(message):
            continue
        for user_id, channel, stay in story.customer_stays():
            stays = stay.leaving is None or message.message_id in stay.requested
            if not message.routed and not had_joined(stay, began(story, message)):
                continue
            if stays and stay.has_seen(message) and user_id != message.sender_id:
                assert is_whole(story, message, user_id, channel) or failed(story, message, user_id)


def who_joined_before_a_message_sees_it(story: GroupStory) -> None:
    for message in story.stored():
        for stays in story.stays.values():
            for stay in stays:
                if had_joined(stay, began(story, message)):
                    assert stay.has_seen(message)


def who_joined_after_a_message_does_not_see_it(story: GroupStory) -> None:
    for attempt in story.attempts:
        for stays in story.stays.values():
            for stay in stays:
                if attempt.accepted is not None and attempt.accepted < stay.asked:
                    assert not stay.has_seen(story.cloud.table.messages[attempt.new.message_id])


def who_left_before_a_message_does_not_receive_it(story: GroupStory) -> None:
    for message in story.stored():
        for user_id, stays in story.stays.items():
            saw = [stay for stay in stays if stay.has_seen(message)]
            if saw and all(has_left(stay, began(story, message)) for stay in saw):
                assert not has_received(story, user_id, message)


def nobody_receives_a_message_before_their_place(story: GroupStory) -> None:
    """Check, too, that nobody without a place receives anything."""
    for message in story.stored():
        for user_id, stays in story.stays.items():
            if not any(stay.has_seen(message) for stay in stays):
                assert not has_received(story, user_id, message)


def everybody_receives_in_the_order_of_the_numbers(story: GroupStory) -> None:
    messages = story.cloud.table.messages
    for user_id, _, _ in story.customer_stays():
        first_receipts = dict.fromkeys(received_by(story, user_id, GROUP_ID))
        numbers = [(messages[message_id].sequence, part) for message_id, part in first_receipts]
        assert numbers == sorted(numbers)


def the_numbers_are_in_the_order_of_the_answers(story: GroupStory) -> None:
    messages = story.cloud.table.messages
    for before in story.attempts:
        for after in story.attempts:
            if before.accepted is not None and after.accepted is not None and before.accepted < after.began:
                assert messages[before.new.message_id].sequence <= messages[after.new.message_id].sequence


def a_history_begins_after_the_place(story: GroupStory) -> None:
    cloud = story.cloud
    read = ReadMessages(
        MemoryMessages(cloud.table),
        MemoryDeliveries(cloud.table),
        cloud.conversations,
        MemoryFallbacks(cloud.table),
        cloud.directory,
    )
    conversation = cloud.conversations.get(GROUP_ID)
    assert conversation is not None
    for participant in conversation.participants:
        stay = story.stays[participant.user_id][-1]
        shown = read.history(GROUP_ID, participant.user_id, None, 1000).items
        assert list(shown) == [message for message in reversed(story.stored()) if stay.has_seen(message)]
        assert all(participant.sees(message.sequence) == stay.has_seen(message) for message in story.stored())


def one_of_two_bodies_is_the_message(story: GroupStory) -> None:
    """Check that only the client of the stored body gets 202, and the clients of the other bodies get 409."""
    for message_id in {attempt.new.message_id for attempt in story.attempts}:
        bodies = [attempt for attempt in story.attempts if attempt.new.message_id == message_id]
        accepted = [attempt for attempt in bodies if attempt.accepted is not None]
        stored = story.cloud.table.messages.get(message_id)
        assert len(accepted) <= 1
        for attempt in bodies:
            assert attempt.accepted is None or (stored and attempt.new.content == stored.content)
            if accepted and attempt is not accepted[0]:
                assert attempt.refused in {Conflict.code, *REFUSALS}
            if attempt.refused == Conflict.code:
                assert stored
                assert attempt.new.content != stored.content


def the_stored_text_is_delivered(story: GroupStory) -> None:
    messages = story.cloud.table.messages
    for user_id, channel in {(user_id, channel) for user_id, channel, _ in story.customer_stays()}:
        for submission in sent_to(story, user_id):
            message_id, _, _, part = submission.delivery_id.split("|")
            expected = texts_to(messages[message_id], user_id, channel)
            assert submission.content.text == expected[int(part)]


def is_refused(message: Message) -> bool:
    return message.status is Status.FAILED and message.error_code in REFUSALS


def has_received(story: GroupStory, user_id: str, message: Message) -> bool:
    received = received_by(story, user_id, GROUP_ID) if user_id in story.customers() else []
    return any(message_id == message.message_id for message_id, _ in received)


def had_joined(stay: Stay, step: int) -> bool:
    return stay.joined is not None and stay.joined < step


def has_left(stay: Stay, step: int) -> bool:
    return stay.left is not None and stay.left < step


def began(story: GroupStory, message: Message) -> int:
    """Return when the body of the message was first posted, or when the customer wrote it."""
    bodies = (
        attempt.began
        for attempt in story.attempts
        if (attempt.new.message_id, attempt.new.content) == (message.message_id, message.content)
    )
    return next(bodies, story.began[message.message_id])


def texts_received(story: GroupStory, user_id: str) -> list[str]:
    received = dict.fromkeys(message_id for message_id, _ in received_by(story, user_id, GROUP_ID))
    return [story.cloud.table.messages[message_id].content.text for message_id in received]


def tell(story: GroupStory) -> None:
    """Let participants join, leave and rejoin, and archive the group, with messages in between."""
    story.say_until_answered("first")
    story.ask_until_answered("dan", Change.JOIN)
    story.say_until_answered("second")
    story.cloud.come_to_rest()
    story.ask_until_answered("dora", Change.JOIN)
    story.say_until_answered("dora says", sender_id="dora")
    story.write_in_group("carla", "carla writes")
    story.ask_until_answered("ben", Change.LEAVE)
    first = story.say_until_answered("without ben")
    other = story.begin("another body", message_id=first.new.message_id)
    story.ask_until_answered("ben", Change.JOIN)
    story.say_until_answered("with ben")
    story.settle(other)
    story.cloud.come_to_rest()
    story.say_until_answered("read before the archive")
    story.set_state_until_answered(ConversationState.ARCHIVED)
    story.say_until_answered("to the archive")
    story.cloud.come_to_rest()
    story.set_state_until_answered(ConversationState.ACTIVE)
    story.say_until_answered("after the archive")
    story.cloud.come_to_rest()


def test_the_group_changes_and_every_message_has_its_recipients() -> None:
    story = GroupStory(Cloud())

    tell(story)

    check(story)
    first, second, last = "first", "second", "after the archive"
    assert texts_received(story, "ana") == [
        first,
        second,
        "dora says",
        "without ben",
        "with ben",
        "carla writes",
        last,
    ]
    assert texts_received(story, "ben") == [first, second, "with ben", "carla writes", last]
    assert texts_received(story, "carla") == [first, second, "dora says", "without ben", "with ben", last]
    assert texts_received(story, "dan") == [
        second,
        "dora says",
        "without ben",
        "with ben",
        "carla writes",
        last,
    ]
    refused = [message.content.text for message in story.stored() if is_refused(message)]
    assert refused == ["read before the archive", "to the archive"]


@pytest.mark.parametrize("stream", [FifoQueue, Stream])
@pytest.mark.parametrize("blow", [blow for blow in Blow if blow is not Blow.NOTHING])
def test_the_group_changes_whichever_call_is_hit(blow: Blow, stream: MakeStream) -> None:
    calls = calls_hit(GroupStory, tell, check, blow, stream)

    assert {
        "conversations.add_participant",
        "conversations.place_participant",
        "conversations.remove_participant",
        "conversations.set_state",
        "events.participant_joining",
        "events.message_submitted",
        "messages.add",
        "messages.begin",
        "messages.give_up",
    } <= calls


HAPPENINGS = {
    "post": 6,
    "again": 4,
    "other body": 3,
    "write": 3,
    "change": 6,
    "state": 1,
    "work": 14,
    "time": 1,
    "refuse": 1,
}


def live(story: GroupStory) -> None:
    """Let a random event happen."""
    cloud, source = story.cloud, story.source
    cloud.clock.advance(source.choice([0, 0, 0.5, 5]))
    (happening,) = source.choices(list(HAPPENINGS), list(HAPPENINGS.values()))
    match happening:
        case "post":
            sender_id = source.choice(["agent", "agent", "dora"])
            story.begin(f"text {story.steps} {'and more ' * source.randint(0, 3)}".strip(), sender_id)
        case "again" if unsettled := [attempt for attempt in story.attempts if not attempt.is_settled]:
            story.submit(source.choice(unsettled))
        case "other body" if bodies := in_flight(story):
            other = source.choice(bodies).new
            story.begin(f"other text {story.steps}", other.sender_id, other.message_id)
        case "write":
            quoting = source.choice([None, *(name for name in quotable(story))][-4:])
            story.write_in_group(source.choice(story.customers()), f"words {story.steps}", quoting)
        case "change" if story.may_change():
            user_id = source.choice(story.may_change())
            story.ask(user_id, story.next_change(user_id))
        case "state":
            story.set_state(source.choice([ConversationState.ACTIVE, ConversationState.ARCHIVED]))
        case "work" if work := cloud.work():
            cloud.invoke(*source.choice(work))
        case "time":
            cloud.clock.advance(source.choice([0.1, 1, 10, 40, 90]))
            story.relay()
        case "refuse":
            refusal = source.choice(
                [
                    SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=7.0),
                    SendError(Outcome.PERMANENT, "131026", "Cannot be delivered."),
                ]
            )
            cloud.connectors[source.choice(list(cloud.connectors))].answers.append(refusal)


def in_flight(story: GroupStory) -> list[Attempt]:
    """Return the posted bodies whose deliveries are not requested yet, as far as the client can know."""
    return [attempt for attempt in story.attempts[-4:] if attempt.refused is None]


def quotable(story: GroupStory) -> list[str]:
    return [f"{name}-{len(connector.accepted)}" for name, connector in story.cloud.connectors.items()]


@pytest.mark.parametrize("stream", [FifoQueue, Stream])
@pytest.mark.parametrize("seed", range(60))
def test_any_changing_group_keeps_the_guarantees(seed: int, stream: MakeStream) -> None:
    source = random.Random(seed)  # noqa: S311 - a story's dice
    share = source.choice([0.0, 0.02, 0.1])
    story = GroupStory(Cloud(Chance(source, share), stream), source)
    story.cloud.in_time = lambda: source.random() < 0.95

    def meanwhile() -> None:
        if source.random() < 0.1:
            for _ in range(source.randint(1, 8)):
                live(story)

    story.meanwhile = meanwhile

    for _ in range(80):
        live(story)
    if source.random() < 0.5:
        story.read_every_answer()
    story.end()
    story.report(Status.READ)
    story.end()

    check(story)
