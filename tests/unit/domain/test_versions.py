"""The versions of a message: whatever their order of arrival, the same message comes of them."""

import itertools

import pytest
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.content import Content, Deleted, Text, Unsupported
from chat4all.domain.kinds import Location
from chat4all.domain.message import Edit, Message
from chat4all.domain.received import Received
from chat4all.domain.status import Status
from chat4all.domain.versions import Version, deleted, with_version

AT = "2026-01-31T12:00:00.000Z"
TIMES = tuple(f"2026-01-31T12:00:0{second}.000Z" for second in range(1, 5))
RECEIVED = Received(AT, "webhook-1")


def a_message(content: Content, edited_at: str | None = None) -> Message:
    received = replace(RECEIVED, known_by_edit_at=edited_at, latest_at=edited_at)
    return Message("m", "c", "1", "ana", content, Status.DELIVERED, (), AT, "f", received=received)


def version(content: Content, edited_at: str | None = None, fields: bytes = b"{}") -> Version:
    return Version(content, replace(RECEIVED, provider_fields=Raw(fields)), edited_at)


def apply(message: Message, *versions: Version) -> Message:
    for later in versions:
        message = with_version(message, later) or message
    return message


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_latest_edit_stands_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    contents = (Text("first"), Text("second"), Text("third"))
    times = (None, TIMES[0], TIMES[1])
    versions = [version(contents[number], times[number]) for number in order]
    first, *later = versions

    message = apply(a_message(first.content, first.edited_at), *later, *versions)

    assert message.content == Text("third")


def test_of_several_edits_in_one_second_the_last_to_come_counts() -> None:
    """WhatsApp and Telegram give the times of edits in whole seconds."""
    two, three = (version(Text(text), TIMES[0]) for text in ("two", "three"))

    message = apply(a_message(Text("one")), two, three, two, three, version(Text("earlier"), AT))

    assert message.content == Text("three")
    assert message.edits == (Edit(Text("one"), TIMES[0]), Edit(Text("two"), TIMES[0]))


def test_edits_keep_what_stood_before() -> None:
    message = apply(
        a_message(Text("one")),
        version(Text("two"), TIMES[0]),
        version(Text("three"), TIMES[2]),
        version(Text("late"), TIMES[1]),
        version(Text("three"), TIMES[2]),
    )

    assert message.content == Text("three")
    assert message.edits == (Edit(Text("one"), TIMES[0]), Edit(Text("two"), TIMES[2]))


def test_however_often_a_long_text_is_changed_its_row_holds_it() -> None:
    changes = [
        version(Text(f"{second}" + "😀" * 4096), f"2026-01-31T12:00:{second:02}.000Z") for second in range(40)
    ]

    message = apply(a_message(Text("as it was sent")), *changes)

    assert message.content.text.startswith("39😀")
    texts = [edit.content.text.rstrip("😀") for edit in message.edits]
    assert texts == ["as it was sent", "33", "34", "35", "36", "37", "38"]


def test_a_version_without_a_change_is_no_edit() -> None:
    assert with_version(a_message(Text("one")), version(Text("one"), TIMES[0])) is None


def test_the_first_version_of_a_message_that_was_never_edited_changes_nothing() -> None:
    assert with_version(a_message(Text("one")), version(Text("one"))) is None
    assert with_version(a_message(Text("one")), version(Text("another"))) is None


def test_a_placeholder_is_filled_by_a_first_version_or_by_an_edit() -> None:
    placeholder = a_message(Unsupported("unsupported"))

    for filling in (version(Text("words")), version(Text("words"), TIMES[0])):
        message = apply(placeholder, filling, version(Unsupported("unsupported")))
        assert (message.content, message.edits) == (Text("words"), ())


PLACES = tuple(Location(latitude, 2.0, live_s=900) for latitude in (1.0, 1.001, 1.002, 1.003))


@pytest.mark.parametrize(
    ("begun", "places"),
    [
        (Location(0.5, 2.0, live_s=900), PLACES),
        (Unsupported("location", AT), tuple(Unsupported("location", at) for at in TIMES)),
    ],
)
def test_a_place_that_moves_shows_where_it_is_now(begun: Content, places: tuple[Content, ...]) -> None:
    moves = [version(place, at, at.encode()) for place, at in zip(places, TIMES, strict=True)]

    message = apply(a_message(begun), moves[0], moves[3], moves[1], moves[3], version(begun))

    assert (message.content, message.edits) == (places[3], ())
    assert message.received is not None
    assert message.received.provider_fields == Raw(TIMES[3].encode())


def test_the_beginning_of_a_place_that_has_moved_is_no_version_of_words() -> None:
    message = apply(a_message(PLACES[1], TIMES[0]), version(PLACES[0]), version(PLACES[2], TIMES[1]))

    assert (message.content, message.edits) == (PLACES[2], ())
    assert message.received is not None
    assert message.received.known_by_edit_at is None


def test_words_in_the_place_of_a_place_are_an_edit() -> None:
    message = apply(a_message(Text("at the gate")), version(PLACES[0], TIMES[0]))

    assert message.edits == (Edit(Text("at the gate"), TIMES[0]),)


@pytest.mark.parametrize("later", [version(Text("again")), version(Text("again"), TIMES[3])])
def test_a_deleted_message_stays_deleted(later: Version) -> None:
    gone = deleted(apply(a_message(Text("one")), version(Text("two"), TIMES[0])), TIMES[1], keep_words=False)

    assert gone is not None
    assert (gone.content, gone.edits, gone.deleted_at) == (Deleted(), (), TIMES[1])
    assert with_version(gone, later) is None
    assert deleted(gone, TIMES[2], keep_words=False) is None


def test_the_words_of_a_deleted_message_stay_if_they_shall() -> None:
    kept = deleted(a_message(Text("one")), TIMES[1], keep_words=True)

    assert kept is not None
    assert (kept.content, kept.deleted_at) == (Text("one"), TIMES[1])
