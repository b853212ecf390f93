"""An event of a provider, whatever it holds, fits into a queue, a row and a key."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.content import Notice, ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, InboundMove, InboundStatus
from chat4all.domain.inbound_limits import (
    HASHED,
    MOST_DELETION_BYTES,
    MOST_ID_BYTES,
    MOST_TEXT_BYTES,
    hashed,
    within_limits,
)
from chat4all.domain.kinds import (
    MOST_CONTACTS,
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.received import MOST_CONTEXT_BYTES, Context, Forward, Link, Referral, Story
from chat4all.domain.status import Status
from chat4all.domain.text import LONGEST_QUOTE

AT = "2026-01-31T12:00:00.000Z"
TEXT = InboundMessage("ana", "hers-1", Text("hello"), AT)
EDIT = replace(TEXT, edited_at=AT)
DELETION = InboundDeletion("ana", "hers-1", AT)
MOVE = InboundMove("ana", "ben", AT)
STATUS = InboundStatus("ana", Status.READ, AT, "ours-1")
PHOTO = ReceivedMedia(ProviderFile("photo-1", "image/png", "photo.png", 17), "look")
ENDLESS = "é" * 500_000
MOST_EVENT_BYTES = 262_144


def text_of(event: InboundEvent) -> str:
    assert isinstance(event, InboundMessage)
    return event.content.text


@pytest.mark.parametrize(
    "event",
    [
        TEXT,
        EDIT,
        DELETION,
        MOVE,
        STATUS,
        replace(TEXT, content=PHOTO, display_name="Ana", handle="ana", quoted_provider_message_id="ours-1"),
        replace(TEXT, content=Unsupported("sticker", "👍")),
        replace(TEXT, content=Text("x" * 65_536)),
        replace(TEXT, provider_message_id="x" * MOST_ID_BYTES),
    ],
)
def test_what_providers_send_stays_as_it_is(event: InboundEvent) -> None:
    assert within_limits(event) == event


@pytest.mark.parametrize("event", [TEXT, EDIT, DELETION, STATUS])
def test_an_endless_id_becomes_the_same_short_id_each_time(event: InboundEvent) -> None:
    first, again = (
        within_limits(replace(event, provider_message_id=ENDLESS)).provider_message_id for _ in range(2)
    )
    other = within_limits(replace(event, provider_message_id=ENDLESS + "x")).provider_message_id

    assert first == again != other
    assert len(first.encode()) <= MOST_ID_BYTES


def test_the_fields_of_a_deletion_leave_room_for_its_message() -> None:
    event = within_limits(replace(DELETION, provider_fields=Raw(msgspec.json.encode({"by": ENDLESS}))))

    assert isinstance(event, InboundDeletion)
    assert len(bytes(event.provider_fields)) <= MOST_DELETION_BYTES
    assert msgspec.json.decode(event.provider_fields)["by"].startswith("é")


def test_a_quote_of_an_endless_id_still_finds_its_message() -> None:
    quoting = within_limits(replace(TEXT, quoted_provider_message_id=ENDLESS))
    quoted = within_limits(replace(TEXT, provider_message_id=ENDLESS))

    assert isinstance(quoting, InboundMessage)
    assert quoting.quoted_provider_message_id == quoted.provider_message_id


@pytest.mark.parametrize("content", [Text(ENDLESS), replace(PHOTO, text=ENDLESS), Unsupported("k", ENDLESS)])
def test_an_endless_text_is_cut_between_two_characters(content: ReceivedContent) -> None:
    text = text_of(within_limits(replace(TEXT, content=content)))

    assert text.removesuffix("…") == "é" * (len(text) - 1)
    assert MOST_TEXT_BYTES // 2 < len(text.encode()) <= MOST_TEXT_BYTES


@pytest.mark.parametrize("character", ["👩‍👩‍👧", "🇧🇷", "e\u0301\u0323", "👍🏽"])
def test_an_endless_text_and_filename_are_cut_between_whole_characters(character: str) -> None:
    endless = character * 20_000
    photo = ReceivedMedia(ProviderFile("photo-1", filename=endless + ".png"), endless)
    event = within_limits(replace(TEXT, content=photo))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, ReceivedMedia)
    assert event.content.text.replace(character, "") == "…"
    assert (event.content.file.filename or "").replace(character, "") == ".png"


def test_nul_is_shown_and_sent_to_nobody() -> None:
    """https://github.com/chatwoot/chatwoot/pull/7901"""
    assert text_of(within_limits(replace(TEXT, content=Text("ana\x00live.com")))) == "ana\ufffdlive.com"


@pytest.mark.parametrize("name", ["", " ", "\x00", "\n\t\u2003"])
def test_a_name_that_shows_nothing_is_none(name: str) -> None:
    event = within_limits(replace(TEXT, display_name=name, handle=name))

    assert isinstance(event, InboundMessage)
    assert (event.display_name, event.handle) == (None, None)


def test_an_endless_kind_keeps_its_beginning() -> None:
    event = within_limits(replace(TEXT, content=Unsupported(ENDLESS)))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert len(event.content.provider_kind) == LONGEST_QUOTE


def test_a_file_at_an_endless_address_is_unsupported_and_keeps_its_text() -> None:
    event = within_limits(replace(TEXT, content=replace(PHOTO, file=ProviderFile(ENDLESS))))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert event.content.text == "look"


def test_an_endless_filename_keeps_its_extension() -> None:
    file = ProviderFile("photo-1", ENDLESS, ENDLESS + ".png")
    event = within_limits(replace(TEXT, content=ReceivedMedia(file)))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, ReceivedMedia)
    assert (event.content.file.filename or "").endswith(".png")


ANY = st.sampled_from(["x", "é", "\x00", "\x01", "\n", '"', " ", "👋"]).flatmap(
    lambda unit: st.sampled_from([0, 1, 200, 2_000, 300_000]).map(lambda times: unit * times)
)
FILES = st.builds(ProviderFile, ANY, st.none() | ANY, st.none() | ANY, st.none() | st.integers())
CONTENTS = st.builds(Text, ANY) | st.builds(ReceivedMedia, FILES, ANY) | st.builds(Unsupported, ANY, ANY)


@given(
    st.builds(
        InboundMessage,
        address=st.just("ana"),
        provider_message_id=ANY,
        content=CONTENTS,
        at=st.just(AT),
        display_name=st.none() | ANY,
        handle=st.none() | ANY,
        quoted_provider_message_id=st.none() | ANY,
    )
)
def test_any_message_fits_into_the_queue(event: InboundMessage) -> None:
    fitting = within_limits(event)

    assert within_limits(fitting) == fitting
    assert len(msgspec.json.encode(fitting)) < MOST_EVENT_BYTES


@pytest.mark.parametrize("account", ["a#b", "a|b", "a b", ENDLESS, "\u202e"])
def test_an_account_that_no_key_can_hold_becomes_the_same_hash_each_time(account: str) -> None:
    first, again = (within_limits(replace(TEXT, account=account)).account for _ in range(2))

    assert first == again
    assert first is not None
    assert first.startswith(HASHED)


def test_the_fields_of_a_message_leave_room_for_its_text() -> None:
    fields = Raw(msgspec.json.encode({"items": [{"name": "é" * 20, "price": 1}] * 20_000}))
    event = replace(TEXT, content=Text(ENDLESS), provider_fields=fields)

    short = within_limits(event)

    assert isinstance(short, InboundMessage)
    assert len(bytes(short.provider_fields)) + 2 * MOST_TEXT_BYTES < MOST_EVENT_BYTES
    kept = msgspec.json.decode(short.provider_fields)
    assert kept["items"][0] == {"name": "é" * 20, "price": 1}
    assert kept["items"][-1]["omitted"] > 0


def test_a_long_order_is_kept_whole() -> None:
    items = [
        {"product_retailer_id": f"SKU-{number}", "quantity": 1, "item_price": 7.5} for number in range(1_000)
    ]
    fields = Raw(msgspec.json.encode({"order": {"product_items": items}}))

    event = within_limits(replace(TEXT, provider_fields=fields))

    assert isinstance(event, InboundMessage)
    assert event.provider_fields == fields


KINDS = st.one_of(
    st.builds(
        Location,
        st.floats(),
        st.floats(),
        st.text(),
        st.text(),
        st.integers(-(2**70), 2**70),
    ),
    st.builds(
        Contacts,
        st.lists(
            st.builds(
                Contact,
                st.text(),
                st.lists(st.text(), max_size=30).map(tuple),
                st.lists(st.text(), max_size=30).map(tuple),
                st.text(),
            ),
            max_size=20,
        ).map(tuple),
    ),
    st.builds(Reaction, st.text()),
    st.builds(Notice, st.text(), st.text()),
    st.builds(Buttons, st.text(), st.lists(st.builds(Button, st.text(), st.text())).map(tuple)),
    st.builds(
        Choices,
        st.text(),
        st.text(),
        st.lists(
            st.builds(Section, st.lists(st.builds(Row, st.text(), st.text(), st.text())).map(tuple))
        ).map(tuple),
    ),
)


@given(KINDS)
def test_a_content_of_any_kind_can_be_read_again_from_the_queue(content: ReceivedContent) -> None:
    event = within_limits(replace(TEXT, content=content))

    assert msgspec.json.decode(msgspec.json.encode(event), type=InboundMessage) == event


@pytest.mark.parametrize(
    "place", [Location(90.5, 0.0), Location(0.0, float("nan")), Location(float("inf"), 0.0)]
)
def test_a_place_outside_of_the_globe_is_kept_as_words(place: Location) -> None:
    event = within_limits(replace(TEXT, content=replace(place, text="Over there")))

    assert isinstance(event, InboundMessage)
    assert event.content == Unsupported("location", "Over there")


@pytest.mark.parametrize(
    "content",
    [
        Location(1.0, 2.0, ENDLESS, ENDLESS),
        Contacts((Contact(ENDLESS, (ENDLESS,) * 30, (ENDLESS,) * 30, ENDLESS),) * 30),
        Reaction(ENDLESS),
        Notice(ENDLESS, ENDLESS),
        Buttons(ENDLESS, (Button(ENDLESS, ENDLESS),)),
        Choices(ENDLESS, ENDLESS, (Section((Row(ENDLESS, ENDLESS, ENDLESS),)),)),
    ],
)
def test_an_endless_content_of_any_kind_fits(content: ReceivedContent) -> None:
    event = within_limits(replace(TEXT, content=content))

    assert len(msgspec.json.encode(event)) < MOST_EVENT_BYTES
    assert text_of(event).strip()


def test_a_reaction_that_is_taken_back_and_a_place_without_words_get_their_text() -> None:
    place = within_limits(replace(TEXT, content=Location(1.0, 2.0)))
    taken_back = within_limits(replace(TEXT, content=Reaction("")))

    assert text_of(place) == "https://www.google.com/maps/search/?api=1&query=1.000000,2.000000"
    assert isinstance(taken_back, InboundMessage)
    assert taken_back.content == Reaction("")


def test_of_many_contacts_the_first_stay() -> None:
    cards = tuple(Contact(f"Ana {number}") for number in range(MOST_CONTACTS + 5))

    event = within_limits(replace(TEXT, content=Contacts(cards)))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Contacts)
    assert event.content.contacts == cards[:MOST_CONTACTS]


def test_the_name_of_a_file_at_its_provider_is_short() -> None:
    photo = replace(PHOTO, file=replace(PHOTO.file, unique_id="\x01" * 70_000))

    event = within_limits(replace(TEXT, content=photo))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, ReceivedMedia)
    assert event.content.file.unique_id == hashed(("\x01" * 70_000).encode())


@pytest.mark.parametrize("length", [1, 100, 10_000])
def test_an_endless_context_keeps_its_form(length: int) -> None:
    links = tuple(Link("words" * length, "https://a.example/" + "x" * length) for _ in range(100))
    context = Context(
        Forward("x" * length), Referral(*["\x01" * length] * 6), Story("reply", "x" * length), links=links
    )

    event = within_limits(replace(TEXT, context=context))

    assert isinstance(event, InboundMessage)
    assert event.context is not None
    assert event.context.story is not None
    assert len(msgspec.json.encode(event.context)) <= MOST_CONTEXT_BYTES
