"""What stays of a person after their erasure, and how events that name them are found."""

import json
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.acts import Act, ActKind, ActOn, ActTarget
from chat4all.domain.content import Deleted, Media, Text
from chat4all.domain.erasing import (
    ERASED,
    PASSES,
    Erasure,
    ErasureState,
    Place,
    begun,
    counted,
    ended,
    erased_message,
    erased_user,
    files_in,
    identities_of,
    without_quote,
)
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import AlbumItem, Edit, Message
from chat4all.domain.person import Identity, Merge, User, UserType
from chat4all.domain.plan import Step
from chat4all.domain.received import Author, Context, Received
from chat4all.domain.status import Status
from chat4all.domain.traces import Traces
from tests.fakes.fingerprints import keyed

NOW = "2026-01-31T12:00:00.000Z"
LATER = "2026-03-31T12:00:00.000Z"
WORD = "secretword"
PHONE = "4915112345678"


def a_file(name: str) -> Attachment:
    return Attachment(name, f"{WORD}.txt", "text/plain", 1)


def a_message() -> Message:
    received = Received(
        NOW,
        "whatsapp|main|now|0",
        Author(display_name=WORD, address=WORD),
        context=Context(quote=WORD),
        provider_fields=msgspec.Raw(b'{"x": "%s"}' % WORD.encode()),
        file=WORD,
    )
    return Message(
        "m",
        "c",
        "001",
        "ana",
        Media(a_file("f1"), WORD),
        Status.DELIVERED,
        (),
        NOW,
        WORD,
        channel="whatsapp",
        account="main",
        metadata={"k": WORD},
        provider_message_id=WORD,
        received=received,
        edits=(Edit(Media(a_file("f2"), WORD), NOW),),
        items=(AlbumItem(WORD, 1, Media(a_file("f3"), WORD), received),),
        steps=(Step("whatsapp", Media(a_file("f4"), WORD)),),
        act=Act(ActOn(ActKind.EDIT, "m"), (ActTarget("ana", "whatsapp", "main", WORD, 1),)),
        error_reason=WORD,
    )


def test_nothing_of_an_erased_message_is_left_but_ids_times_and_statuses() -> None:
    after = erased_message(replace(a_message(), act=None), LATER)

    assert WORD not in msgspec.json.encode(after).decode()
    assert (after.content, after.deleted_at) == (Deleted(ERASED), LATER)
    assert (after.message_id, after.sender_id, after.status) == ("m", "ana", Status.DELIVERED)
    assert erased_message(after, LATER) == after


def test_an_act_keeps_its_targets_without_their_addresses() -> None:
    after = erased_message(a_message(), LATER)

    assert WORD not in msgspec.json.encode(after.act).decode()
    assert after.act is not None
    assert after.act.targets[0].user_id == "ana"


def test_every_file_of_a_message_is_found() -> None:
    assert [file.file_id for file in files_in(a_message())] == ["f1", "f2", "f3", "f4"]


def test_another_persons_message_loses_what_it_quotes_and_keeps_its_words() -> None:
    bare = without_quote(replace(a_message(), content=Text("mine")))

    assert bare is not None
    assert bare.content == Text("mine")
    assert bare.received is not None
    assert (bare.received.context, bare.received.provider_fields) == (Context(), msgspec.Raw(b"null"))
    assert without_quote(bare) is None


def test_an_erased_user_keeps_who_they_were_one_person_with() -> None:
    identity = Identity("whatsapp", "main", WORD, NOW)
    user = User(
        "ben",
        UserType.CUSTOMER,
        WORD,
        (identity,),
        {"k": WORD},
        NOW,
        merge=Merge("ana", NOW, (identity,), ()),
        merged=("cem",),
    )
    after = erased_user(user, LATER)

    assert WORD not in msgspec.json.encode(after).decode()
    assert (after.user_id, after.merged_into, after.merged, after.erased_at) == (
        "ben",
        "ana",
        ("cem",),
        LATER,
    )
    assert identities_of([user]) == (identity,)


def test_an_erasure_ends_with_its_last_pass_and_forgets_the_addresses() -> None:
    erasure = Erasure("e", "ana", NOW, LATER, known_as=("f",), channels=("whatsapp",))
    states = []
    for _ in range(PASSES):
        erasure = ended(erasure, NOW)
        states.append((erasure.state, erasure.next_pass_at, erasure.known_as))
        assert begun(erasure, NOW) == erasure, "the next pass waits for its time"
        erasure = begun(erasure, LATER)

    assert states == [
        (ErasureState.ERASED, "2026-01-31T12:15:00.000Z", ("f",)),
        (ErasureState.ERASED, LATER, ("f",)),
        (ErasureState.FINAL, None, ()),
    ]
    assert erasure.place is None


def test_a_pass_begins_at_the_first_step() -> None:
    erasure = Erasure("e", "ana", NOW, LATER, place=None, next_pass_at=NOW)
    assert begun(erasure, LATER).place == Place()


def test_counts_add_up() -> None:
    erasure = counted(Erasure("e", "ana", NOW, LATER, counts={"files": 1}), {"files": 2, "notes": 0})
    assert erasure.counts == {"files": 3}


TRACES = Traces(["user-1"], [keyed(PHONE), keyed("@Ana_B")], keyed)


@pytest.mark.parametrize(
    "event",
    [
        json.dumps({"from": PHONE}).encode(),
        json.dumps({"from": int(PHONE)}).encode(),
        json.dumps({"a": [{"b": f"+{PHONE}"}]}).encode(),
        json.dumps({PHONE: 1}).encode(),
        json.dumps(["whatsapp:main:" + PHONE, "{}"]).encode(),
        json.dumps(["group", json.dumps({"from": PHONE})]).encode(),
        json.dumps({"delivery_id": "m|user-1|whatsapp|0"}).encode(),
        json.dumps({"username": "ana_b"}).encode(),
        urlencode({"From": f"+{PHONE}", "Body": "hello"}).encode(),
        f"no JSON, but {PHONE} stands in it".encode(),
    ],
)
def test_an_event_that_names_the_person_is_found(event: bytes) -> None:
    assert TRACES.are_in(event)


@pytest.mark.parametrize(
    "event", [b"", b"null", b"{}", b"\xff\xfe", json.dumps({"from": PHONE + "1", "to": "user-2"}).encode()]
)
def test_an_event_of_somebody_else_is_not(event: bytes) -> None:
    assert not TRACES.are_in(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(before=JSON, after=JSON)
def test_an_address_is_found_wherever_it_stands(before: object, after: object) -> None:
    assert TRACES.are_in(json.dumps({"x": [before, {"y": [PHONE]}, after]}).encode())


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(event: bytes) -> None:
    assert TRACES.are_in(event) in {True, False}
