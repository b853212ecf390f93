"""The window of an identity: until when we may write to a person after their last message."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.content import Content, Text
from chat4all.domain.kinds import Location, Reaction
from chat4all.domain.person import WRITING_KNOWN, Identity, with_writing
from chat4all.domain.windows import HUMAN_AGENT, Tag, Window, closed_issue, unrecorded_since, window_of
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import PIGEON, TELEX

LETTERS = replace(PIGEON, window_h=24, human_agent_h=168, kinds_outside_window=("location",))
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)
MOMENTS = st.integers(-(10**9), 10**9).map(lambda ms: BEGINNING + timedelta(milliseconds=ms))
"""Eleven days before and after the beginning."""


def identity(wrote_at: datetime | None, address: str = "ana@pigeon") -> Identity:
    at = iso(wrote_at) if wrote_at is not None else None
    return Identity("pigeon", "main", address, iso(BEGINNING), wrote_at=at)


def window(wrote: timedelta | None, capabilities: Capabilities = LETTERS) -> Window:
    """Return the window now if the person wrote so long ago."""
    return window_of(identity(BEGINNING - wrote if wrote is not None else None), capabilities, BEGINNING)


@pytest.mark.parametrize(
    ("ago", "is_open", "tag"),
    [
        (timedelta(), True, None),
        (-HOUR, True, None),
        (24 * HOUR - MS, True, None),
        (24 * HOUR, False, HUMAN_AGENT),
        (24 * HOUR + MS, False, HUMAN_AGENT),
        (168 * HOUR - MS, False, HUMAN_AGENT),
        (168 * HOUR, False, None),
        (None, False, None),
    ],
)
def test_a_window_is_open_for_a_day_and_for_a_week_with_the_tag(
    ago: timedelta | None, *, is_open: bool, tag: Tag | None
) -> None:
    found = window(ago)

    assert (found.is_open, found.tag) == (is_open, tag)
    assert found.kinds == (() if is_open else ("location",))
    closes_at = iso(BEGINNING - ago + 24 * HOUR) if ago is not None else None
    assert found.closes_at == closes_at


@given(wrote_at=MOMENTS, now=MOMENTS)
def test_a_window_is_open_exactly_until_it_closes(wrote_at: datetime, now: datetime) -> None:
    found = window_of(identity(wrote_at), LETTERS, now)

    assert found.closes_at is not None
    assert found.is_open == (iso(now) < found.closes_at)
    assert found.takes(Text("hello"), None) == found.is_open


@given(wrote_at=st.none() | MOMENTS, now=MOMENTS)
def test_a_channel_without_windows_and_a_group_are_always_open(
    wrote_at: datetime | None, now: datetime
) -> None:
    groups = replace(LETTERS, group_prefix="group:")

    for found in (
        window_of(identity(wrote_at), TELEX, now),
        window_of(identity(wrote_at, "group:1"), groups, now),
    ):
        assert (found.is_open, found.closes_at, found.tag) == (True, None, None)


@given(
    recorded=MOMENTS,
    hidden=st.integers(0, 3_600_000 - 1),
    late=st.integers(0, 3_600_000),
    now=MOMENTS,
    tag=st.sampled_from([None, HUMAN_AGENT]),
)
def test_a_message_that_is_not_recorded_is_asked_about(
    recorded: datetime, hidden: int, late: int, now: datetime, tag: Tag | None
) -> None:
    truth = recorded + timedelta(milliseconds=hidden)
    by_record = window_of(identity(recorded), LETTERS, now)
    in_truth = window_of(identity(truth), LETTERS, now)

    if by_record.takes(Text("hello"), tag):
        assert in_truth.takes(Text("hello"), tag), "an open window is open"
    since = unrecorded_since(identity(recorded), LETTERS)
    assert since is not None
    assert since <= iso(truth + timedelta(milliseconds=late))


@pytest.mark.parametrize(
    ("content", "tag", "is_taken"),
    [
        (Text("hello"), None, False),
        (Text("hello"), HUMAN_AGENT, True),
        (Location(1.0, 2.0, text="here"), None, True),
        (Reaction("👍"), None, False),
        (Reaction("👍"), HUMAN_AGENT, False),
    ],
)
def test_outside_the_window_a_tag_and_some_kinds_are_taken(
    content: Content, tag: Tag | None, *, is_taken: bool
) -> None:
    assert window(25 * HOUR).takes(content, tag) is is_taken
    assert window(HOUR).takes(content, tag)


def test_a_closed_window_says_what_is_still_possible() -> None:
    told = closed_issue("ana", window(25 * HOUR))

    assert told.startswith("the window of user ana on pigeon closed at 2026-01-31T11:00:00.000Z; ")
    assert "send a location, or answer by hand with the tag HUMAN_AGENT" in told
    assert closed_issue("ana", window(None)) == "user ana has never written on pigeon; send a location"
    bare = replace(window(None), kinds=())
    assert closed_issue("ana", bare) == "user ana has never written on pigeon; wait until they write"


@given(st.lists(MOMENTS, min_size=1, max_size=8))
def test_the_recorded_time_never_moves_back_and_is_at_most_an_hour_behind(times: list[datetime]) -> None:
    identities: tuple[Identity, ...] = (identity(None), identity(None, "ana@other"))
    place = identities[0].place
    recorded: list[str] = []
    for at in times:
        identities = with_writing(identities, {place}, iso(at), WRITING_KNOWN) or identities
        recorded.append(identities[0].wrote_at or "")

    assert recorded == sorted(recorded)
    assert timedelta() <= max(times) - parse_iso(recorded[-1]) < WRITING_KNOWN
    assert identities[1].wrote_at is None


def test_a_request_records_every_later_time() -> None:
    known = (identity(BEGINNING),)

    later = with_writing(known, {known[0].place}, iso(BEGINNING + MS), timedelta())

    assert later is not None
    assert later[0].wrote_at == iso(BEGINNING + MS)
    assert with_writing(known, {known[0].place}, iso(BEGINNING), timedelta()) is None
    assert with_writing(known, {known[0].place}, iso(BEGINNING - MS), timedelta()) is None
