"""The rows of an erasure, and the lists by which it finds what nothing else lists."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.erased_conversations import DynamoErasedConversations
from chat4all.adapters.dynamodb.erased_messages import DynamoErasedMessages
from chat4all.adapters.dynamodb.erased_people import DynamoErasedPeople
from chat4all.adapters.dynamodb.erasures import DynamoErasureRequests, DynamoErasures
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.opt_outs import DynamoOptOuts
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Text
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Participant
from chat4all.domain.erasing import Erasure
from chat4all.domain.message import Message
from chat4all.domain.person import Identity, Moved
from chat4all.domain.purpose import Purpose
from chat4all.domain.status import Status, StatusChange
from chat4all.services.privacy.ports import Listed
from tests.fakes.fingerprints import keyed
from tests.fakes.people import NOW, customer
from tests.integration.aws import Aws

LATER = "2027-01-31T12:00:00.000Z"


@pytest.fixture
def erasures(aws: Aws) -> DynamoErasures:
    return DynamoErasures(aws.output("Data.MessagesTable"))


@pytest.fixture
def begin(aws: Aws) -> Callable[[Erasure], bool]:
    """Create the user of the erasure, if there is none, and begin it."""
    directory_table = aws.output("Data.DirectoryTable")
    directory = DynamoDirectory(directory_table)
    requests = DynamoErasureRequests(aws.output("Data.MessagesTable"), directory_table)

    def begin(erasure: Erasure) -> bool:
        user = customer(erasure.user_id)
        if directory.get(user.user_id) is None:
            directory.create(user)
        return requests.begin(user, erasure, NOW)

    return begin


def test_an_erasure_begins_once_and_is_saved_at_its_version_only(
    erasures: DynamoErasures, begin: Callable[[Erasure], bool], new_id: Callable[[], str]
) -> None:
    erasure = Erasure(new_id(), new_id(), NOW, LATER)
    assert begin(erasure)
    assert not begin(erasure)

    moved = replace(erasure, version=1, passes=1)
    assert erasures.save(moved, 0, LATER)
    assert not erasures.save(moved, 0, LATER)
    assert erasures.get(erasure.erasure_id) == moved
    assert erasures.get(new_id()) is None


def test_a_due_erasure_is_found_until_it_is_postponed(
    erasures: DynamoErasures, begin: Callable[[Erasure], bool], new_id: Callable[[], str]
) -> None:
    erasure = Erasure(new_id(), new_id(), NOW, LATER)
    assert begin(erasure)
    assert erasure in erasures.due(NOW, 100)

    assert erasures.postpone(erasure, LATER)
    assert erasure not in erasures.due(NOW, 100)
    assert not erasures.postpone(replace(erasure, version=7), LATER)


def test_scheduled_messages_of_a_conversation_are_listed_also_once_they_are_cancelled(
    aws: Aws, new_id: Callable[[], str]
) -> None:
    messages = DynamoMessages(aws.output("Data.MessagesTable"))
    erased = DynamoErasedMessages(aws.output("Data.MessagesTable"))
    conversation_id, one, two = new_id(), new_id(), new_id()
    for message_id in (one, two):
        messages.schedule(scheduled(message_id, conversation_id))
    messages.end_scheduled(one, Status.CANCELLED, NOW)

    page = erased.page(Listed.SCHEDULED, conversation_id, "", 10)

    assert {message.message_id: message.status for _, message in page} == {
        one: Status.CANCELLED,
        two: Status.SCHEDULED,
    }
    assert erased.page(Listed.SCHEDULED, conversation_id, page[-1][0], 10) == []
    assert erased.page(Listed.HISTORY, conversation_id, "", 10) == []
    assert messages.history_by_sent(conversation_id, "", None, 10) == []
    known = messages.get(two)
    assert known == scheduled(two, conversation_id)


def scheduled(message_id: str, conversation_id: str) -> Message:
    return Message(
        message_id,
        conversation_id,
        "",
        "ana",
        Text("later"),
        Status.SCHEDULED,
        (StatusChange(Status.SCHEDULED, NOW),),
        NOW,
        "f",
        send_at=LATER,
    )


def test_a_group_that_somebody_left_is_listed(aws: Aws, new_id: Callable[[], str]) -> None:
    conversations = DynamoConversations(aws.output("Data.ConversationsTable"))
    erased = DynamoErasedConversations(aws.output("Data.ConversationsTable"))
    users = [new_id() for _ in range(4)]
    group = Conversation(
        new_id(),
        ConversationType.GROUP,
        ConversationState.ACTIVE,
        tuple(Participant(user_id, NOW, number) for number, user_id in enumerate(users)),
        None,
        "Group",
        {},
        1,
        NOW,
    )
    conversations.create(group, ())
    assert conversations.remove_participant(group, users[3])

    assert [found for _, found in erased.left_by(users[3], None, 10)] == [group.conversation_id]
    assert conversations.of_user(users[3], None, 10) == []
    assert erased.left_by(users[0], None, 10) == []


def test_moves_that_led_to_an_address_are_forgotten(aws: Aws, new_id: Callable[[], str]) -> None:
    directory = DynamoDirectory(aws.output("Data.DirectoryTable"))
    people = DynamoErasedPeople(aws.output("Data.DirectoryTable"), aws.output("Data.LimitsTable"), keyed)
    first, second, third = (Identity("pigeon", "main", new_id(), NOW) for _ in range(3))
    user = replace(customer(new_id()), identities=(first,))
    directory.create(user)
    directory.move(user, first, second, Moved(second.address, NOW), 2**31)
    user = replace(user, identities=(second,))
    directory.move(user, second, third, Moved(third.address, NOW), 2**31)
    user = replace(user, identities=(third,))

    people.forget_traces([user])
    assert people.erase([user], LATER)

    assert [directory.moved(*known.place) for known in (first, second)] == [None, None]
    assert directory.resolve(*third.place) is None
    known = directory.get(user.user_id)
    assert known is not None
    assert (known.erased_at, known.identities) == (LATER, ())
    assert not people.erase([user], LATER), "the user has changed since they were read"


def test_opt_outs_are_kept_under_a_fingerprint(aws: Aws, new_id: Callable[[], str]) -> None:
    opt_outs = DynamoOptOuts(aws.output("Data.DirectoryTable"))
    fingerprint = new_id()
    told = Consent("sms", Purpose.MARKETING, ConsentState.OPTED_OUT, NOW, ConsentSource.KEYWORD)
    opt_outs.keep("sms", fingerprint, (told,))

    assert opt_outs.of("sms", fingerprint) == (told,)
    assert opt_outs.of("whatsapp", fingerprint) == ()
