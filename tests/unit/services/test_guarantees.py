"""The guarantees G1, G2, G3, G4 and G7 over the whole product, with faults at any call.

First a fixed story runs with a fault at each of its calls in turn. Then many random stories run.
"""

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chat4all.domain.content import ProviderFile, file_of
from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import Conflict, Unavailable
from chat4all.domain.files.file import Attachment, FileStatus, FileToFetch
from chat4all.domain.message import Message
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError
from chat4all.domain.status import Status
from chat4all.services.inbound.take_inbound import inbound_message_id
from tests.fakes.cloud import ANA, BEN, CARLA, GROUP, PAIR, Cloud
from tests.fakes.connector import ACCOUNT
from tests.fakes.fate import Blow, Chance
from tests.fakes.fifo import FifoQueue
from tests.fakes.files import a_file
from tests.fakes.kinesis import Stream
from tests.fakes.product import a_message
from tests.unit.services.stories import (
    CHANNELS,
    MakeStream,
    Story,
    calls_hit,
    failed,
    is_whole,
    received_by,
    statuses_only_moved_forward,
)

LONG = "A text that takes two."


def check(story: Story) -> None:
    nothing_accepted_is_lost(story)
    nothing_is_sent_twice_but_for_a_death_between_send_and_record(story)
    everybody_receives_in_order(story)
    statuses_only_moved_forward(story)
    everything_written_is_one_message(story)
    assert story.cloud.given_up == []


def nothing_accepted_is_lost(story: Story) -> None:
    """Check G1. A message that was stored but never answered must come to an end, too."""
    messages = story.cloud.table.messages
    for message_id, posted in story.posted.items():
        assert posted.answered is None or message_id in messages
    for message in messages.values():
        assert message.status is not Status.PENDING
        if message.status is Status.FAILED:
            assert message.error_code
            assert message.error_reason
        for user_id, channel in recipients_of(message):
            assert is_whole(story, message, user_id, channel) or failed(story, message, user_id)


def nothing_is_sent_twice_but_for_a_death_between_send_and_record(story: Story) -> None:
    """Check G3."""
    ids = [
        submission.delivery_id
        for connector in story.cloud.connectors.values()
        for submission in connector.accepted
    ]
    repeats = len(ids) - len(set(ids))

    assert repeats <= story.cloud.struck.possible_repeats
    if repeats == 0:
        return
    assert story.cloud.counters.counts.get("PossibleRepeats", 0) >= 1


def everybody_receives_in_order(story: Story) -> None:
    """Check G2: a message that was answered before another was posted is received first, repeats included.

    All messages are received in the order of their numbers.
    """
    messages = story.cloud.table.messages
    for conversation in (PAIR, GROUP):
        for user_id in ("ana", "ben", "carla"):
            received = received_by(story, user_id, conversation.conversation_id)
            places: dict[str, list[int]] = {}
            for place, (message_id, _) in enumerate(received):
                places.setdefault(message_id, []).append(place)
            for before, after in pairs_in_order(story, conversation):
                if before in places and after in places:
                    assert max(places[before]) < min(places[after])
                    assert messages[before].sequence < messages[after].sequence
            by_number = sorted(places, key=lambda message_id: messages[message_id].sequence)
            assert by_number == sorted(places, key=lambda message_id: min(places[message_id]))
            for message_id in places:
                numbers = [part for received_id, part in received if received_id == message_id]
                assert numbers == sorted(numbers)


def what_was_read_is_read(story: Story) -> None:
    """Check G4: the last receipts have reached the messages."""
    for message in story.cloud.table.messages.values():
        expected = {Status.READ, Status.FAILED} if recipients_of(message) else {Status.DELIVERED}
        assert message.status in expected


def everything_written_is_one_message(story: Story) -> None:
    """Check G7: everything that customers wrote is stored once, in the order of writing."""
    for user_id, texts in story.written.items():
        ids = [inbound_message_id(CHANNELS[user_id], ACCOUNT, text.provider_message_id) for text in texts]
        messages = [story.cloud.table.messages[message_id] for message_id in ids]
        assert [message.content.text for message in messages] == [text.content.text for text in texts]
        assert [message.sequence for message in messages] == sorted(message.sequence for message in messages)
    assert len(story.cloud.table.messages) <= len(story.posted) + sum(map(len, story.written.values()))


def recipients_of(message: Message) -> list[tuple[str, str]]:
    conversation = PAIR if message.conversation_id == "pair" else GROUP
    users = [user for user in (ANA, BEN, CARLA) if conversation.has(user.user_id)]
    return [(user.user_id, CHANNELS[user.user_id]) for user in users if user.user_id != message.sender_id]


def pairs_in_order(story: Story, conversation: Conversation) -> Iterator[tuple[str, str]]:
    mine = [
        posted
        for posted in story.posted.values()
        if posted.new.conversation_id == conversation.conversation_id
    ]
    for before in mine:
        for after in mine:
            if before.answered is not None and before.answered < after.first_tried:
                yield before.new.message_id, after.new.message_id


def tell(story: Story) -> None:
    """Send two messages to three people, let one of them reply, and report every receipt."""
    ids = story.cloud.ids
    story.post_until_answered(a_message(LONG, message_id=ids(), conversation_id="group"))
    story.post_until_answered(a_message("second", message_id=ids(), conversation_id="group"))
    story.cloud.come_to_rest()
    story.write("ben", "hello everybody")
    story.report(Status.READ)
    story.report(Status.DELIVERED)
    story.cloud.come_to_rest()


def test_the_story_ends_well_when_nothing_happens() -> None:
    story = Story(Cloud())

    tell(story)

    check(story)
    assert sum(len(connector.accepted) for connector in story.cloud.connectors.values()) == 9
    first, second = (story.cloud.table.messages[message_id] for message_id in story.posted)
    assert (first.status, second.status) == (Status.READ, Status.READ)
    assert story.cloud.counters.counts.get("PossibleRepeats", 0) == 0
    (written,) = (message for message in story.cloud.table.messages.values() if message.sender_id == "ben")
    assert first.sequence < second.sequence < written.sequence


@pytest.mark.parametrize("stream", [FifoQueue, Stream])
@pytest.mark.parametrize("blow", [blow for blow in Blow if blow is not Blow.NOTHING])
def test_the_story_ends_well_whichever_call_it_hits(blow: Blow, stream: MakeStream) -> None:
    calls = calls_hit(Story, tell, check, blow, stream)

    assert {
        "events.message_submitted",
        "messages.add",
        "messages.begin",
        "messages.record_part",
        "messages.advance",
        "conversations.get",
        "connector.send",
        "deliveries.record_sent",
        "deliveries.advance",
    } <= calls


PICTURE = Attachment("file-1", "it.png", "image/png", 400)


def tell_of_files(story: Story) -> None:
    """Send a picture with a text too long for a caption; the customer answers with a voice message."""
    story.cloud.files.files["file-1"] = a_file(filename="it.png", content_type="image/png")
    story.post_until_answered(
        a_message(LONG, message_id=story.cloud.ids(), conversation_id="pair", file=PICTURE)
    )
    story.post_until_answered(a_message("second", message_id=story.cloud.ids(), conversation_id="pair"))
    story.cloud.come_to_rest()
    story.write("ana", "", ProviderFile("theirs", "audio/ogg"))
    story.cloud.come_to_rest()


def every_file_is_on_its_way(story: Story) -> None:
    """Check that every file that a person sent is to be fetched when its message is stored."""
    for message in story.cloud.table.messages.values():
        if message.provider_message_id is not None:
            file = file_of(message.content)
            assert file is not None
            assert story.cloud.files.files[file.file_id].status is FileStatus.PENDING
            assert FileToFetch(file.file_id) in story.cloud.file_events


def test_files_end_well_whichever_call_is_hit() -> None:
    def check_files(story: Story) -> None:
        check(story)
        every_file_is_on_its_way(story)

    quiet = Story(Cloud())
    tell_of_files(quiet)
    check_files(quiet)
    sent = [
        (isinstance(submission.content, OutgoingMedia), submission.content.text)
        for submission in quiet.cloud.connectors["pigeon"].accepted
    ]
    assert sent[0] == (True, "")
    assert sent[-1] == (False, "second")

    calls: set[str | None] = set()
    for blow in (blow for blow in Blow if blow is not Blow.NOTHING):
        calls |= calls_hit(Story, tell_of_files, check_files, blow)

    assert {"files.get", "files.add", "events.file_event", "file store.url"} <= calls


REFUSALS = [
    SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=7.0),
    SendError(Outcome.RETRY, "500", "The provider has a problem of its own."),
    SendError(Outcome.CHANNEL_PAUSED, "190", "Our token is refused."),
    SendError(Outcome.PERMANENT, "131026", "Cannot be delivered."),
]


def live(story: Story) -> None:
    """Let a random event happen."""
    cloud, source = story.cloud, story.source
    happening = source.choice(
        ["post", "again", "other body", "work", "work", "work", "time", "refuse", "write"]
    )
    if happening == "post":
        text = " ".join(
            source.choice(["a", "bb", "ccc", "😀", "longer"]) for _ in range(source.randint(1, 15))
        )
        conversation_id = source.choice(["pair", "group"])
        cloud.files.files["file-1"] = a_file(filename="it.png", content_type="image/png")
        file = source.choice([None, None, replace(PICTURE, size=100)])
        story.post(a_message(text, message_id=cloud.ids(), conversation_id=conversation_id, file=file))
    elif happening == "again" and story.posted:
        story.post(source.choice(list(story.posted.values())).new)
    elif happening == "other body" and story.posted:
        try_another_body(story)
    elif happening == "work" and cloud.work():
        cloud.invoke(*source.choice(cloud.work()))
    elif happening == "time":
        cloud.clock.advance(source.choice([0.1, 1, 10, 40, 90]))
        cloud_relay(story)
    elif happening == "refuse":
        connector = cloud.connectors[source.choice(list(cloud.connectors))]
        connector.answers.append(source.choice(REFUSALS))
    elif happening == "write":
        story.write(source.choice(["ana", "ben", "carla"]), f"words {story.steps}")
    if source.random() < 0.2:
        story.report(source.choice([Status.SENT, Status.DELIVERED, Status.READ]))


def try_another_body(story: Story) -> None:
    stored = [posted.new for posted in story.posted.values() if posted.answered is not None]
    if not stored:
        return
    new = story.source.choice(stored)
    other = a_message("another body", message_id=new.message_id, conversation_id=new.conversation_id)
    try:
        answered = story.cloud.post(other)
    except (Conflict, Unavailable):
        answered = None
    assert answered is None


def cloud_relay(story: Story) -> None:
    try:
        story.cloud.relay()
    except Unavailable:
        return


@pytest.mark.parametrize("stream", [FifoQueue, Stream])
@pytest.mark.parametrize("seed", range(80))
def test_any_story_ends_well(seed: int, stream: MakeStream) -> None:
    source = random.Random(seed)  # noqa: S311 - a story's dice
    story = Story(Cloud(stream=stream), source)
    story.cloud.fate = Chance(source, share=source.choice([0.0, 0.02, 0.1]))
    story.cloud.in_time = lambda: source.random() < 0.95

    for _ in range(60):
        live(story)
    story.end()
    story.report(Status.DELIVERED)
    story.report(Status.READ)
    story.end()

    check(story)
    what_was_read_is_read(story)
