"""Routing: who receives a message, on which channel, and in how many parts."""

from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import Content, Media, Text, Unsupported
from chat4all.domain.conversation import Conversation, ConversationType, Origin
from chat4all.domain.errors import NotPossible
from chat4all.domain.events import MessageAccepted, Recipient, Route
from chat4all.domain.files.file import Attachment
from chat4all.domain.person import User
from chat4all.domain.routing import (
    deliveries,
    parts_of,
    reach,
    require_all,
    require_possible,
)
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
    ("asked", "primary", "expected"),
    [
        (None, None, {"ana": "pigeon", "ben": "telex"}),
        (None, "telex", {"ana": "telex", "ben": "telex"}),
        ("telex", "pigeon", {"ana": "telex", "ben": "telex"}),
    ],
)
def test_a_customer_is_reached_where_asked_else_on_the_primary_channel_else_where_first_known(
    asked: str | None, primary: str | None, expected: dict[str, str]
) -> None:
    reached = reach(group(primary), users(AGENT, ANA, BEN), AGENT.user_id, (asked,) if asked else ())

    assert channels_of(reached.recipients) == expected
    assert reached.missing == ()


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

    (recipient,) = reach(conversation, users(AGENT, ANA), AGENT.user_id).recipients

    assert (recipient.address, recipient.thread) == (address, thread)


def test_neither_the_sender_nor_an_agent_is_a_recipient() -> None:
    reached = reach(group(), users(AGENT, ANA, BEN), ANA.user_id)

    assert channels_of(reached.recipients) == {"ben": "telex"}


def test_a_customer_unknown_on_the_channel_asked_for_is_missing() -> None:
    reached = reach(group(), users(AGENT, ANA, BEN), AGENT.user_id, ["pigeon"])

    assert reached.missing == ("ben",)
    with pytest.raises(NotPossible) as refused:
        require_all(reached, ["pigeon"])
    assert refused.value.code == "NO_IDENTITY"
    assert "ben" in refused.value.details[0].issue


def test_of_several_channels_the_first_where_they_are_known_is_taken_and_the_others_are_fallbacks() -> None:
    both = customer("both", "telex", "pigeon")
    conversation = conversation_of(AGENT, both, BEN, kind=ConversationType.GROUP)

    reached = reach(conversation, users(AGENT, both, BEN), AGENT.user_id, ["pigeon", "telex"])

    first, second = reached.recipients
    assert (first.channel, [fallback.channel for fallback in first.fallbacks]) == ("pigeon", ["telex"])
    assert (second.channel, second.fallbacks) == ("telex", ())
    assert first.at(1) == Recipient("both", "telex", "main", "both@telex", 1, (), 1)


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
ON_TELEX = Recipient("ben", "telex", "main", "2", 2)
PIGEON_THEN_TELEX = Recipient("ana", "pigeon", "main", "1", 1, (Route("telex", "main", "2"),))


def test_a_file_that_every_channel_carries_is_possible() -> None:
    require_possible(Media(a_file(size=100)), [ON_PIGEON, ON_TELEX, PIGEON_THEN_TELEX], CAPABILITIES)
    require_possible(Media(LARGE), [ON_PIGEON], CAPABILITIES)
    require_possible(Media(VOICE), [], CAPABILITIES)


@pytest.mark.parametrize("recipient", [ON_TELEX, PIGEON_THEN_TELEX])
@pytest.mark.parametrize(
    ("file", "issue"),
    [
        (PICTURE, "telex takes image/png up to 100 bytes, not 400"),
        (VOICE, "telex does not take audio/ogg"),
    ],
)
def test_a_file_that_a_channel_rejects_is_refused_with_the_channel_and_its_limit(
    recipient: Recipient, file: Attachment, issue: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        require_possible(Media(file), [ON_PIGEON, recipient, recipient], CAPABILITIES)

    assert refused.value.code == "FILE_NOT_POSSIBLE"
    assert [(detail.field, detail.issue) for detail in refused.value.details] == [("content.file_id", issue)]
