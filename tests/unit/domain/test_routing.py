"""Routing: who receives a message, on which channel, and in how many parts."""

from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import Content, Media, Text, Unsupported
from chat4all.domain.conversation import Conversation, ConversationType, Origin
from chat4all.domain.events import MessageAccepted, Recipient
from chat4all.domain.files.file import Attachment
from chat4all.domain.person import User
from chat4all.domain.routing import deliveries, parts_of, reach
from tests.fakes.connector import CAPABILITIES, PIGEON
from tests.fakes.people import agent, conversation_of, customer

AGENT = agent("agent")
ANA = customer("ana", "pigeon", "telex")
BEN = customer("ben", "telex")


def users(*all_of_them: User) -> dict[str, User]:
    return {user.user_id: user for user in all_of_them}


USERS = users(AGENT, ANA, BEN)


def group(primary_channel: str | None = None) -> Conversation:
    return conversation_of(AGENT, ANA, BEN, kind=ConversationType.GROUP, primary_channel=primary_channel)


def channels_of(recipients: tuple[Recipient, ...]) -> dict[str, str]:
    return {recipient.user_id: recipient.channel for recipient in recipients}


@pytest.mark.parametrize(
    ("primary", "expected"),
    [
        (None, {"ana": "pigeon", "ben": "telex"}),
        ("telex", {"ana": "telex", "ben": "telex"}),
    ],
)
def test_a_customer_is_reached_on_the_primary_channel_else_where_first_known(
    primary: str | None, expected: dict[str, str]
) -> None:
    assert channels_of(reach(group(primary), USERS, AGENT.user_id)) == expected


@pytest.mark.parametrize(
    ("wrote_from", "address", "thread"),
    [
        (Origin("telex", "main", "ana@telex", "7"), "ana@telex", "7"),
        (Origin("telex", "main", "former@telex", "7"), "ana@telex", None),
        (Origin("telex", "second", "ana@telex", "7"), "ana@pigeon", None),
    ],
)
def test_an_answer_follows_a_person_to_their_address_on_the_account_they_wrote_to(
    wrote_from: Origin, address: str, thread: str | None
) -> None:
    conversation = conversation_of(AGENT, ANA)
    members = tuple(
        msgspec.structs.replace(member, wrote_from=wrote_from) for member in conversation.participants
    )
    conversation = msgspec.structs.replace(conversation, participants=members)

    (recipient,) = reach(conversation, users(AGENT, ANA), AGENT.user_id)

    assert (recipient.address, recipient.thread) == (address, thread)


def test_neither_the_sender_nor_an_agent_is_a_recipient() -> None:
    reached = reach(group(), USERS, ANA.user_id)

    assert channels_of(reached) == {"ben": "telex"}


def test_a_recipient_without_a_channel_is_left_out() -> None:
    assert reach(group(), users(AGENT, ANA, customer("ben")), AGENT.user_id)[1:] == ()


def test_a_part_that_shows_nothing_is_left_out() -> None:
    text = "x" * 20 + "\n" * 20 + "y"

    assert parts_of(Text(text), PIGEON, "coop-1") == [Text("x" * 20), Text("y")]


@given(st.text("ab \n😀", min_size=1, max_size=200).filter(str.strip))
def test_every_recipient_gets_all_parts_in_order(text: str) -> None:
    to = (Recipient("ana", "pigeon", "main", "1", 1), Recipient("ben", "telex", "main", "2", 2))
    accepted = MessageAccepted("m", "c", Text(text), to, "2026-01-31T12:00:00.000Z", "1", 3, "quoted", 2)

    requested = deliveries(accepted, CAPABILITIES)

    assert {(request.recipient_count, request.round) for request in requested} == {(3, 2)}
    for recipient in to:
        mine = [request for request in requested if request.recipient == recipient]
        assert [delivery.part for delivery in mine] == list(range(mine[0].part_count))
        assert [request.content for request in mine] == parts_of(
            Text(text), CAPABILITIES[recipient.channel], recipient.address
        )
        assert {delivery.reply_to for delivery in mine} == {"quoted"}
    assert len({str(request.delivery_id) for request in requested}) == len(requested)


def a_file(content_type: str = "image/png", size: int = 400) -> Attachment:
    return Attachment("file-1", "it", content_type, size)


PICTURE = a_file()
LARGE = a_file(size=6000)
VOICE = a_file("audio/ogg")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (Media(PICTURE), [Media(PICTURE)]),
        (Media(PICTURE, "x" * 10), [Media(PICTURE, "x" * 10)]),
        (Media(PICTURE, "x" * 11), [Media(PICTURE), Text("x" * 11)]),
        (Media(PICTURE, "x" * 25), [Media(PICTURE), Text("x" * 20), Text("x" * 5)]),
        # Voice messages and links have no caption.
        (Media(VOICE, "x"), [Media(VOICE), Text("x")]),
        (Media(LARGE, "x"), [Media(LARGE), Text("x")]),
        (Media(PICTURE, " "), [Media(PICTURE)]),
        (Text(""), []),
        (Unsupported("poll"), []),
        (Unsupported("poll", "Tea or coffee?"), [Text("Tea or coffee?")]),
    ],
)
def test_a_file_goes_with_its_text_where_that_fits_and_else_before_it(
    content: Content, parts: list[Content]
) -> None:
    assert parts_of(content, PIGEON, "coop-1") == parts


class Location(msgspec.Struct, frozen=True, tag_field="type", tag="location"):
    """A content of a plain kind that no channel of the product lists."""

    text: str


def test_of_a_kind_that_a_channel_does_not_list_its_text_goes_out() -> None:
    place = cast("Content", Location("x" * 25))

    assert parts_of(place, PIGEON, "coop-1") == [Text("x" * 20), Text("x" * 5)]


def test_the_parts_of_a_file_message_are_numbered_like_all_others() -> None:
    content = Media(PICTURE, "x" * 25)
    accepted = MessageAccepted("m", "c", content, (ON_PIGEON,), "2026-01-31T12:00:00.000Z", "1", 1)

    requested = deliveries(accepted, CAPABILITIES)

    assert [(request.part, request.part_count, request.content) for request in requested] == [
        (0, 3, Media(PICTURE)),
        (1, 3, Text("x" * 20)),
        (2, 3, Text("x" * 5)),
    ]


def test_before_a_persons_file_stands_the_text_that_says_whose_it_is() -> None:
    content = Media(VOICE, "Ana: listen")
    accepted = MessageAccepted("m", "c", content, (ON_PIGEON,), "2026-01-31T12:00:00.000Z", "1", 1)

    requested = deliveries(msgspec.structs.replace(accepted, is_relayed=True), CAPABILITIES)

    assert [(request.part, request.content) for request in requested] == [
        (0, Text("Ana: listen")),
        (1, Media(VOICE)),
    ]


ON_PIGEON = Recipient("ana", "pigeon", "main", "1", 1)
