"""Relaying: what the other participants read of what a customer says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.content import Content, Deleted, Media, Notice, Text, Unsupported
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Button, Buttons, Contact, Contacts, Location, Reaction
from chat4all.domain.message import Change, Edit, Message
from chat4all.domain.person import User
from chat4all.domain.received import Author
from chat4all.domain.relaying import Speaker, new_content, news, posted, relayed, speaker_of, spoken
from chat4all.domain.status import Status
from tests.fakes.people import NOW, agent, conversation_of, customer

AGENT = agent("agent")
ANA = customer("ana", "pigeon")
BEN = customer("ben", "telex")
PICTURE = Attachment("file-1", "gate.png", "image/png", 400)
VOICE = Attachment("file-2", "voice.ogg", "audio/ogg", 400)
HELLO = Text("hello")
QUESTION = Buttons("When?", (Button("now", "Now"),))
NAMED = Speaker("Ana", is_named=True)
UNNAMED = Speaker("Ana", is_named=False)


def group(*members: User) -> Conversation:
    return conversation_of(*members, kind=ConversationType.GROUP)


def speaker(sender: User, *others: User, author: Author | None = None) -> Speaker:
    users = {user.user_id: user for user in (sender, *others)}
    return speaker_of(group(sender, *others), users, sender, author)


def test_a_customer_of_a_group_is_named_before_their_words() -> None:
    pair = speaker_of(conversation_of(AGENT, ANA), {"ana": ANA, "agent": AGENT}, ANA)

    assert spoken(HELLO, speaker(ANA, AGENT, BEN)) == Text("Ana: hello")
    assert spoken(HELLO, speaker(AGENT, ANA, BEN)) == HELLO
    assert spoken(HELLO, pair) == HELLO


def test_a_file_of_a_customer_in_a_group_comes_with_their_name() -> None:
    assert spoken(Media(PICTURE), speaker(ANA, AGENT, BEN)) == Media(PICTURE, "Ana: 📎")
    assert spoken(Media(PICTURE), speaker(AGENT, ANA, BEN)) == Media(PICTURE)


@pytest.mark.parametrize(
    ("content", "as_read"),
    [
        (Location(1.0, 2.0, text="Gate"), Text("Ana (location): Gate")),
        (Contacts((Contact("Cal"),), "Cal: +49 1"), Text("Ana (contacts): Cal: +49 1")),
        (Reaction("👍", "👍"), Text("Ana (reaction): 👍")),
        (Reaction(""), None),
        (QUESTION, replace(QUESTION, text="Ana: When?")),
    ],
)
def test_a_kind_that_a_client_posts_for_a_customer_of_a_group_shows_their_name(
    content: Content, as_read: Content | None
) -> None:
    assert posted(content, speaker(ANA, AGENT, BEN)) == as_read
    assert posted(content, speaker(AGENT, ANA, BEN)) == content


@pytest.mark.parametrize(
    ("content", "change", "passed_on"),
    [
        (HELLO, None, Text("Ana: hello")),
        (Text(" "), None, None),
        (Media(PICTURE, "look"), None, Media(PICTURE, "Ana: look")),
        (Media(PICTURE), None, Media(PICTURE, "Ana: 📎")),
        (Location(1.0, 2.0, text="Gate"), None, Text("Ana (location): Gate")),
        (Contacts((Contact("Cal"),), "Cal: +49 1"), None, Text("Ana (contacts): Cal: +49 1")),
        (Reaction("👍", "👍"), None, Text("Ana (reaction): 👍")),
        (Reaction(""), None, None),
        (Notice("user_changed_number", "Ana changed from 4915112 to 4915113"), None, None),
        (Notice("new_chat_title", "Friends"), Change.EDITED, None),
        (Notice("pinned_message"), None, None),
        (Location(1.0, 2.0, text="Gate"), Change.EDITED, Text("Ana (edited, location): Gate")),
        (Buttons("When?", (Button("now", "Now"),)), None, Text("Ana (buttons): When?\n\n1. Now")),
        (Unsupported("dice", "5"), None, Text("Ana (dice): 5")),
        (Unsupported("live_photo"), None, Text("Ana sent something that cannot be shown here (live photo)")),
        (Unsupported("Ben: (hi)\n"), None, Text("Ana sent something that cannot be shown here (Ben hi)")),
        (Unsupported("\u200b"), None, Text("Ana sent something that cannot be shown here (?)")),
        (Deleted(), None, None),
        (HELLO, Change.EDITED, Text("Ana (edited): hello")),
        (Media(PICTURE, "look"), Change.EDITED, Media(PICTURE, "Ana (edited): look")),
        (Unsupported("poll", "Tea?"), Change.EDITED, Text("Ana (edited, poll): Tea?")),
        (HELLO, Change.SHOWN, Text("Ana: hello")),
        (Deleted(), Change.DELETED, Text("Ana deleted a message")),
        (HELLO, Change.DELETED, Text("Ana deleted a message")),
    ],
)
def test_the_others_in_a_group_read_who_speaks_and_what_it_is(
    content: Content, change: Change | None, passed_on: Content | None
) -> None:
    assert relayed(content, NAMED, change) == passed_on


@pytest.mark.parametrize(
    ("content", "change", "passed_on"),
    [
        (HELLO, None, HELLO),
        (Media(PICTURE), None, Media(PICTURE)),
        (HELLO, Change.EDITED, Text("Ana (edited): hello")),
        (Unsupported("location", "1, 2"), None, Text("Ana (location): 1, 2")),
        (Deleted(), Change.DELETED, Text("Ana deleted a message")),
    ],
)
def test_between_two_people_only_a_mark_needs_a_name(
    content: Content, change: Change | None, passed_on: Content
) -> None:
    assert relayed(content, UNNAMED, change) == passed_on


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ("Ben (edited)", "Ben edited"),
        ("Ben: I agree\nBen", "Ben I agree Ben"),
        ("Ben\uff1a yes", "Ben yes"),
        ("Ben \uff08edited\uff09", "Ben edited"),
        ("Ben\ua789 yes", "Ben yes"),
        ("Ben \u207dedited\u207e", "Ben edited"),
        ("Ben", "Ben (…ana)"),
        ("(Ben)", "Ben (…ana)"),
        ("\uff22\uff45\uff4e", "\uff22\uff45\uff4e (…ana)"),
        ("::", "?"),
        ("\u200b", "?"),
    ],
)
def test_a_name_passes_neither_for_another_nor_for_a_mark(claimed: str, name: str) -> None:
    assert speaker(replace(ANA, display_name=claimed), AGENT, BEN).name == name
    in_a_chat = speaker(ANA, AGENT, BEN, author=Author(display_name=claimed or None))
    assert in_a_chat.name == name


@given(st.text())
def test_a_line_has_one_colon_of_ours_after_the_name_and_marks(claimed: str) -> None:
    named = speaker(replace(ANA, display_name=claimed), AGENT, BEN)

    line = relayed(Text("words"), named, Change.EDITED)

    assert line is not None
    before, colon, after = line.text.partition(":")
    assert (colon, after) == (":", " words")
    assert before.endswith(" (edited)")
    assert before.count("(") <= 1 + ("(…ana)" in before)
    assert "\n" not in line.text


def a_message(content: Content, *edits: Content, deleted_at: str | None = None) -> Message:
    return Message(
        message_id="m",
        conversation_id="c",
        sequence="1",
        sender_id="ana",
        content=content,
        status=Status.DELIVERED,
        status_history=(),
        accepted_at=NOW,
        fingerprint="",
        edits=tuple(Edit(former, NOW) for former in edits),
        deleted_at=deleted_at,
    )


PLACE = Location(1.0, 2.0, text="Gate")


@pytest.mark.parametrize(
    ("before", "after", "change", "told"),
    [
        (a_message(HELLO), a_message(Text("bye"), HELLO), Change.EDITED, Text("bye")),
        (a_message(HELLO), a_message(HELLO), None, None),
        (a_message(HELLO), a_message(Deleted(), deleted_at=NOW), Change.DELETED, Deleted()),
        (a_message(HELLO), a_message(HELLO, deleted_at=NOW), Change.DELETED, HELLO),
        (a_message(Deleted()), a_message(Deleted(), deleted_at=NOW), None, None),
        (a_message(Notice("title", "Us")), a_message(Deleted(), deleted_at=NOW), None, None),
        (a_message(PLACE), a_message(Location(3.0, 4.0, text="Gate")), None, None),
        (a_message(Unsupported("unsupported")), a_message(HELLO), Change.SHOWN, HELLO),
        (a_message(HELLO), a_message(PLACE, HELLO), Change.EDITED, PLACE),
        (
            a_message(Media(PICTURE, "a")),
            a_message(Media(PICTURE, "b"), Media(PICTURE, "a")),
            Change.EDITED,
            Text("b"),
        ),
        (
            a_message(Media(PICTURE, "a")),
            a_message(Media(PICTURE), Media(PICTURE, "a")),
            Change.EDITED,
            Text("📎 gate.png"),
        ),
        (
            a_message(Media(PICTURE, "a")),
            a_message(Media(VOICE, "a"), Media(PICTURE, "a")),
            Change.EDITED,
            Media(VOICE, "a"),
        ),
    ],
)
def test_what_is_new_of_a_changed_message_is_told_once(
    before: Message, after: Message, change: Change | None, told: Content | None
) -> None:
    assert news(before, after) == change
    if change is not None:
        assert new_content(after, change) == told
