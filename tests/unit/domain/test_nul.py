"""NUL is in no text that Chat4All keeps of a webhook."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from chat4all.domain.content import Notice, ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, InboundMove, InboundStatus
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.nul import NUL, without_nul
from chat4all.domain.received import Author, AuthorKind, Context, Forward, Link, Product, Referral, Story
from chat4all.domain.status import Status

AT = "2026-01-31T12:00:00.000Z"
BAD = "a\x00b"
FIELDS = Raw(b'{"a\\u0000b": ["\\\\u0000", "\\\\\\u0000\\u0000"]}')
CONTENTS: list[ReceivedContent] = [
    Text(BAD),
    ReceivedMedia(ProviderFile(BAD, BAD, BAD, unique_id=BAD), BAD),
    Location(1.0, 2.0, BAD, BAD, text=BAD),
    Contacts((Contact(BAD, (BAD,), (BAD,), BAD),), BAD),
    Reaction(BAD, BAD),
    Buttons(BAD, (Button(BAD, BAD),)),
    Choices(BAD, BAD, (Section((Row(BAD, BAD, BAD),), BAD),)),
    Carousel(BAD, (Card(BAD, BAD, BAD, (CardButton(BAD, BAD, BAD),)),)),
    Notice(BAD, BAD),
    Unsupported(BAD, BAD),
]
CONTEXT = Context(
    Forward(BAD),
    Referral(*[BAD] * 6),
    Story("reply", BAD, BAD),
    Product(BAD, BAD),
    BAD,
    BAD,
    (Link(BAD, BAD),),
)
EVENTS: list[InboundEvent] = [
    *(
        InboundMessage(
            address=BAD,
            provider_message_id=BAD,
            content=content,
            at=AT,
            thread=BAD,
            aliases=(BAD,),
            display_name=BAD,
            phone=BAD,
            handle=BAD,
            author=Author(AuthorKind.PERSON, BAD, BAD, BAD),
            quoted_provider_message_id=BAD,
            context=CONTEXT,
            provider_fields=FIELDS,
        )
        for content in CONTENTS
    ),
    InboundDeletion(BAD, BAD, AT, provider_fields=FIELDS),
    InboundMove(BAD, BAD + BAD, AT, phone=BAD),
    InboundStatus(BAD, Status.FAILED, AT, BAD, error_code=BAD, error_reason=BAD),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(getattr(event, "content", event)).__name__)
def test_no_text_of_an_event_has_nul(event: InboundEvent) -> None:
    kept = within_limits(event)

    assert NUL not in _texts(msgspec.json.decode(msgspec.json.encode(kept)))
    assert msgspec.json.decode(msgspec.json.encode(kept), type=type(kept)) == kept


TEXTS = st.text('\x00\\u0a"', max_size=8)


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_loses_its_nul_and_nothing_else(value: object) -> None:
    kept = without_nul(Raw(msgspec.json.encode(value)))

    assert msgspec.json.decode(kept) == _replaced(value)


def _texts(value: object) -> str:
    """Return every text of decoded JSON, one after the other."""
    match value:
        case list():
            return "".join(map(_texts, value))
        case dict():
            return "".join(_texts(name) + _texts(item) for name, item in value.items())
        case _:
            return str(value)


def _replaced(value: object) -> object:
    match value:
        case str():
            return value.replace("\x00", "\ufffd")
        case list():
            return [_replaced(item) for item in value]
        case dict():
            return {_replaced(name): _replaced(item) for name, item in value.items()}
        case _:
            return value


def test_what_has_no_nul_stays_the_same_object() -> None:
    event = InboundMessage("ana", "hers-1", Text("hello"), AT, context=Context(payload="u0000 \\u0000"))

    assert without_nul(event) is event
