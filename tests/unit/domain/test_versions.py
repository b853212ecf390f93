"""The versions of a message: whatever their order of arrival, the same message comes of them."""

import itertools

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.content import Content, Deleted, Text, Unsupported
from chat4all.domain.kinds import Location
from chat4all.domain.message import Edit, Message
from chat4all.domain.received import Context, Link, Received
from chat4all.domain.status import Status
from chat4all.domain.versions import Deletion, Version, deleted, with_version
from chat4all.domain.wording import worded

AT = "2026-01-31T12:00:00.000Z"
TIMES = tuple(f"2026-01-31T12:00:0{second}.000Z" for second in range(1, 5))
NO_FIELDS = Raw(b"{}")
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


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_message_was_sent_when_its_first_version_was(order: tuple[int, ...]) -> None:
    """WhatsApp and Instagram give an edit the time of the edit."""
    contents, times = (Text("first"), Text("second"), Text("third")), (None, TIMES[0], TIMES[1])
    versions = [
        Version(content, replace(RECEIVED, sent_at=at or AT), at)
        for content, at in zip(contents, times, strict=True)
    ]
    first, *later = (versions[number] for number in order)
    known = replace(first.received, known_by_edit_at=first.edited_at, latest_at=first.edited_at)
    arrived = replace(a_message(first.content), received=known)

    message = apply(arrived, *later)

    assert message.received is not None
    assert message.received.sent_at == AT
    assert message.late is (order[0] != 0)


def test_of_several_edits_in_one_second_the_last_to_come_counts() -> None:
    """WhatsApp and Telegram give the times of edits in whole seconds."""
    two, three = (version(Text(text), TIMES[0]) for text in ("two", "three"))

    message = apply(a_message(Text("one")), two, three, two, three, version(Text("earlier"), AT))

    assert message.content == Text("three")
    assert message.edits == (
        Edit(Text("one"), AT),
        Edit(Text("earlier"), TIMES[0], provider_fields=NO_FIELDS),
        Edit(Text("two"), TIMES[0], provider_fields=NO_FIELDS),
    )


def test_edits_keep_what_stood_before() -> None:
    message = apply(
        a_message(Text("one")),
        version(Text("two"), TIMES[0]),
        version(Text("three"), TIMES[2]),
        version(Text("late"), TIMES[1]),
        version(Text("three"), TIMES[2]),
    )

    assert message.content == Text("three")
    assert message.edits == (
        Edit(Text("one"), TIMES[0]),
        Edit(Text("two"), TIMES[1], provider_fields=NO_FIELDS),
        Edit(Text("late"), TIMES[2], provider_fields=NO_FIELDS),
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_no_version_is_lost_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    texts = ("one", "two", "three", "four")
    versions = [version(Text(text), at) for text, at in zip(texts, (None, *TIMES[:3]), strict=True)]
    first, *later = (versions[number] for number in order)

    message = apply(a_message(first.content, first.edited_at), *later, *versions)

    assert message.content == Text("four")
    assert [(edit.content.text, edit.at) for edit in message.edits] == list(
        zip(texts[:3], TIMES[:3], strict=True)
    )


def test_an_edit_keeps_what_the_message_refers_to_and_the_fields_of_both_versions() -> None:
    first = replace(
        RECEIVED, context=Context(payload="A", links=(Link("a", "b"),)), provider_fields=Raw(b'{"a":1}')
    )
    edit = Version(Text("two"), replace(RECEIVED, provider_fields=Raw(b'{"b":2}')), TIMES[0])

    message = apply(replace(a_message(Text("one")), received=first), edit)

    assert message.received is not None
    assert message.received.context == Context(payload="A")
    assert message.received.provider_fields == Raw(b'{"b":2}')
    assert message.edits == (Edit(Text("one"), TIMES[0], first.context, first.provider_fields),)


def test_a_version_without_new_words_brings_its_fields() -> None:
    first, again = version(Text("one"), fields=b'{"a":1}'), version(Text("one"), TIMES[0], b'{"b":2}')

    message = apply(replace(a_message(Text("one")), received=first.received), again)

    assert message.received is not None
    assert message.received.provider_fields == Raw(b'{"a":1,"b":2}')
    assert message.edits == ()
    assert with_version(message, again) is None


def test_an_edit_keeps_what_could_not_be_read() -> None:
    first = replace(RECEIVED, provider_fields=Raw(b'{"text":["one"]}'))
    message = apply(replace(a_message(Unsupported("text")), received=first), version(Text("two"), TIMES[0]))

    assert message.content == Text("two")
    assert message.edits == (Edit(Unsupported("text"), TIMES[0], None, first.provider_fields),)


def test_the_row_of_an_edited_message_has_room_for_every_version() -> None:
    fields = b'{"a":"' + b"x" * 190_000 + b'"}'
    links = tuple(Link("x" * 40, "y" * 300) for _ in range(60))
    versions = [
        Version(
            Text(f"{number}" + "x" * 99_000),
            replace(
                RECEIVED, context=Context(payload="p" * 19_000, links=links), provider_fields=Raw(fields)
            ),
            f"2026-01-31T12:00:{number:02}.000Z",
        )
        for number in range(10)
    ]
    known = replace(versions[0].received, context=Context(quote="q" * 19_000))

    message = apply(replace(a_message(Text("x" * 100_000)), received=known), *versions)

    assert len(msgspec.json.encode(message)) < 400_000


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


def test_an_empty_edit_is_filled_by_an_earlier_edit_that_comes_later() -> None:
    empty = a_message(Unsupported("message"), TIMES[2])

    message = apply(empty, version(Text("words"), TIMES[1]))

    assert (message.content, message.edits) == (Text("words"), ())
    assert message.received is not None
    assert message.received.latest_at == TIMES[2]


PLACES = tuple(Location(latitude, 2.0, live_s=900) for latitude in (1.0, 1.001, 1.002, 1.003))


def test_a_place_that_moves_shows_where_it_is_now() -> None:
    begun = Location(0.5, 2.0, live_s=900)
    headings = (msgspec.json.encode({"heading": at, at: 1, "location": {"x": at, at: 1}}) for at in TIMES)
    moves = [version(place, at, fields) for place, at, fields in zip(PLACES, TIMES, headings, strict=True)]

    message = apply(a_message(begun), moves[0], moves[3], moves[1], moves[3], version(begun))

    assert (message.content, message.edits) == (PLACES[3], ())
    assert message.received is not None
    came = dict.fromkeys((TIMES[0], TIMES[3], TIMES[1]), 1)
    latest = {"heading": TIMES[3], **came, "location": {"x": TIMES[3], **came}}
    assert msgspec.json.decode(message.received.provider_fields) == latest


@pytest.mark.parametrize("is_late", [False, True])
def test_a_place_that_moves_keeps_the_name_that_only_one_version_tells(is_late: bool) -> None:  # noqa: FBT001
    named = worded(Location(1.0, 2.0, "Café", "Main street 1"))
    bare = worded(Location(1.5, 2.0))
    first, second = (bare, named) if is_late else (named, bare)

    message = apply(a_message(Location(0.5, 2.0)), version(first, TIMES[1]), version(second, TIMES[0]))
    last = apply(message, version(bare, TIMES[2]))

    assert last.content == worded(Location(1.5, 2.0, "Café", "Main street 1"))


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
    message = apply(a_message(Text("one")), version(Text("two"), TIMES[0]))
    gone = deleted(message, Deletion(TIMES[1]), keep_words=False)

    assert gone is not None
    assert (gone.content, gone.edits, gone.deleted_at) == (Deleted(), (), TIMES[1])
    assert with_version(gone, later) is None
    assert deleted(gone, Deletion(TIMES[2]), keep_words=False) is None


def test_the_words_of_a_deleted_message_stay_if_they_shall() -> None:
    kept = deleted(a_message(Text("one")), Deletion(TIMES[1]), keep_words=True)

    assert kept is not None
    assert (kept.content, kept.deleted_at) == (Text("one"), TIMES[1])


@pytest.mark.parametrize(
    ("fields", "kept", "removed"),
    [
        (b"null", b'{"deletion":{"by":"admin"}}', b'{"deletion":{"by":"admin"}}'),
        (b'{"words":"one"}', b'{"words":"one","deletion":{"by":"admin"}}', b'{"deletion":{"by":"admin"}}'),
        (b"[1]", b'{"message":[1],"deletion":{"by":"admin"}}', b'{"deletion":{"by":"admin"}}'),
    ],
)
def test_the_fields_of_a_deletion_are_kept(fields: bytes, kept: bytes, removed: bytes) -> None:
    message = replace(a_message(Text("one")), received=replace(RECEIVED, provider_fields=Raw(fields)))
    deletion = Deletion(TIMES[1], Raw(b'{"by":"admin"}'))

    for keep_words, expected in ((True, kept), (False, removed)):
        gone = deleted(message, deletion, keep_words=keep_words)
        assert gone is not None
        assert gone.received is not None
        assert gone.received.provider_fields == Raw(expected)
