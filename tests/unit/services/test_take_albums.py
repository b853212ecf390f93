"""Albums: the files of an album that come one by one, or together, are one message."""

import itertools
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.content import Album, Deleted, Media, ProviderFile, ReceivedAlbum, ReceivedMedia, Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    AlbumPlace,
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    WebhookEvent,
)
from chat4all.domain.files.file import FileStatus
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.message import Change, Message
from chat4all.domain.received import Author, AuthorKind, Context
from chat4all.domain.status import Status
from chat4all.services.inbound.take_inbound import inbound_message_id
from tests.fakes.connector import ACCOUNT
from tests.fakes.product import AGENT, ANA, BEN, Product

AT = "2026-01-31T12:00:00.000Z"
LATER = "2026-01-31T12:00:05.000Z"
ALBUM: Final = inbound_message_id("pigeon", ACCOUNT, "album-1")


def item(number: int, text: str = "", album: str = "album-1") -> InboundMessage:
    file = ProviderFile(f"file-{number}", "image/png", f"{number}.png", 400, f"unique-{number}")
    return InboundMessage(
        "ana@pigeon",
        f"hers-{number}",
        ReceivedMedia(file, text),
        AT,
        album=AlbumPlace(album, number),
        provider_fields=Raw(b'{"media_group_id":"%d"}' % number),
    )


FIRST, SECOND, THIRD = item(1, "the gate"), item(2), item(3, "the key")


@pytest.fixture
def product() -> Product:
    return one_to_one()


def one_to_one() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def group() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    return product


def take(product: Product, *events: InboundEvent) -> None:
    for event in events:
        product.take(WebhookEvent("pigeon", ACCOUNT, "webhook-1", within_limits(event)))


def album(product: Product) -> Message:
    return product.message(ALBUM)


def shown(message: Message) -> list[tuple[str, str]]:
    assert isinstance(message.content, Album)
    return [(part.file.filename, part.text) for part in message.content.files]


def messages(product: Product) -> list[Message]:
    return [message for message in product.table.messages.values() if message.notice is None]


def told(product: Product) -> list[tuple[str, str | None]]:
    """Return what Ben is sent, in the order of the queue: a text, and the name of the file that follows it.

    Ben's channel has no captions.
    """
    product.route_all()
    assert {requested.recipient.user_id for requested in product.events.requested} <= {"ben"}
    found: list[tuple[str, str | None]] = []
    for requested in product.events.requested:
        part = requested.content
        if not isinstance(part, Media):
            found.append((part.text, None))
        elif found and found[-1][1] is None:
            found[-1] = (found[-1][0], part.file.filename)
        else:
            found.append(("", part.file.filename))
    return found


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD])))
def test_the_items_of_an_album_are_one_message_in_any_order(
    product: Product, order: tuple[InboundMessage, ...]
) -> None:
    take(product, *order, *order)

    (message,) = messages(product)
    assert message.message_id == ALBUM
    assert shown(message) == [("1.png", "the gate"), ("2.png", ""), ("3.png", "the key")]
    assert message.content.text == "the gate\nthe key"
    assert message.edits == ()
    assert {found.name for found in message.items} == {"hers-1", "hers-2", "hers-3"}
    assert all(bytes(found.received.provider_fields) != b"null" for found in message.items)
    assert len(product.files.files) == len({str(event) for event in product.events.files}) == 3
    assert message.status is Status.DELIVERED


def test_the_first_item_alone_is_an_album_at_once(product: Product) -> None:
    take(product, SECOND)

    assert shown(album(product)) == [("2.png", "")]


def test_two_albums_and_a_file_without_album_are_three_messages(product: Product) -> None:
    take(product, FIRST, replace(SECOND, album=None), item(3, album="album-2"), item(4))

    assert len(messages(product)) == 3
    assert [name for name, _ in shown(album(product))] == ["1.png", "4.png"]


def test_an_edit_of_a_caption_names_one_item_and_keeps_the_files(product: Product) -> None:
    edit = replace(
        SECOND, content=Text("the wall"), edited_at=LATER, album=None, provider_fields=Raw(b"null")
    )
    take(product, FIRST, SECOND, THIRD)
    files = dict(product.files.files)

    take(product, edit, edit)

    message = album(product)
    assert shown(message) == [("1.png", "the gate"), ("2.png", "the wall"), ("3.png", "the key")]
    (former,) = message.edits
    assert (former.item, former.content.text, former.at) == ("hers-2", "", LATER)
    assert dict(product.files.files) == files


def test_an_edit_may_bring_another_file_of_an_item(product: Product) -> None:
    other = replace(item(9).content, text="the gate")
    take(product, FIRST, SECOND, replace(FIRST, content=other, edited_at=LATER))

    assert shown(album(product)) == [("9.png", "the gate"), ("2.png", "")]
    (former,) = album(product).edits
    assert isinstance(former.content, Media)
    assert former.content.file.filename == "1.png"
    assert len(product.files.files) == 3


def test_an_edit_before_its_item_stands_in_the_album(product: Product) -> None:
    edit = replace(SECOND, content=replace(SECOND.content, text="the wall"), edited_at=LATER)
    take(product, edit, FIRST, SECOND)

    assert shown(album(product)) == [("1.png", "the gate"), ("2.png", "the wall")]
    assert [former.item for former in album(product).edits] == ["hers-2"]


def test_an_edit_without_the_name_of_the_album_and_before_its_item_is_a_message(product: Product) -> None:
    take(product, replace(SECOND, edited_at=LATER, album=None), FIRST, SECOND, THIRD)

    assert len(messages(product)) == 2
    assert [name for name, _ in shown(album(product))] == ["1.png", "3.png"]


def test_a_deletion_takes_one_file_and_the_last_deletion_the_message(product: Product) -> None:
    take(product, FIRST, SECOND, InboundDeletion("ana@pigeon", "hers-1", LATER))

    message = album(product)
    assert (shown(message), message.deleted_at) == ([("2.png", "")], None)
    statuses = {file.source.reference: file.status for file in product.files.files.values() if file.source}
    assert statuses == {"": FileStatus.DELETED, "file-2": FileStatus.PENDING}
    assert "the gate" not in str(message)

    take(product, InboundDeletion("ana@pigeon", "hers-2", LATER))

    assert (album(product).content, album(product).deleted_at) == (Deleted(), LATER)
    assert {file.status for file in product.files.files.values()} == {FileStatus.DELETED}


@pytest.mark.parametrize("first", [FIRST, SECOND])
def test_a_deletion_before_its_item_waits_for_it(product: Product, first: InboundMessage) -> None:
    take(product, InboundDeletion("ana@pigeon", "hers-1", LATER))
    take(product, first, FIRST, SECOND)

    assert shown(album(product)) == [("2.png", "")]
    assert product.message(inbound_message_id("pigeon", ACCOUNT, "hers-1")).content == Deleted()


def test_a_file_after_the_deletion_of_all_others_is_a_message(product: Product) -> None:
    take(product, FIRST, InboundDeletion("ana@pigeon", "hers-1", LATER), SECOND, SECOND, FIRST)

    assert album(product).content == Deleted()
    other = product.message(inbound_message_id("pigeon", ACCOUNT, "hers-2"))
    assert isinstance(other.content, Media)
    assert len(messages(product)) == 2


def test_more_items_than_an_album_has_are_messages(product: Product) -> None:
    take(product, *map(item, range(1, 13)), *map(item, range(1, 13)))

    assert len(shown(album(product))) == 10
    assert len(messages(product)) == 3
    assert len(product.files.files) == 12


def test_the_largest_album_fits_into_a_row_of_the_database(product: Product) -> None:
    fields = Raw(b'{"more":"%s"}' % (b"y" * 100_000))
    context = Context(quote="q" * 20_000)
    for number in range(1, 11):
        large = replace(item(number, "é" * 4_096), provider_fields=fields, context=context)
        changes = (replace(item(number, character * 50_000), edited_at=LATER) for character in "a\x01é👋🏽")
        take(product, large, *changes)

    assert len(shown(album(product))) == 10
    assert len(messages(product)) == 1
    row = album(product)
    stored = (row.content, row.items, row.edits, row.received)
    assert sum(len(msgspec.json.encode(part)) for part in stored) < 390_000


def test_a_content_that_is_no_file_is_no_item(product: Product) -> None:
    take(product, replace(FIRST, content=Text("words")), SECOND)

    assert len(messages(product)) == 2


@pytest.mark.parametrize("quoted", ["hers-1", "hers-2"])
def test_a_quote_of_any_item_quotes_the_album(product: Product, quoted: str) -> None:
    answer = InboundMessage("ana@pigeon", "hers-9", Text("these"), LATER, quoted_provider_message_id=quoted)
    take(product, FIRST, SECOND, answer)

    assert product.message(inbound_message_id("pigeon", ACCOUNT, "hers-9")).reply_to == ALBUM


def test_the_album_of_our_own_side_is_one_message(product: Product) -> None:
    author = Author(AuthorKind.OWN)
    ours = [replace(found, author=author) for found in (FIRST, SECOND)]
    take(product, *ours, *ours)

    (message,) = messages(product)
    assert message.status is Status.SENT
    assert len(shown(message)) == 2


@pytest.mark.parametrize("method", ["join_album", "rewrite"])
def test_who_died_on_the_way_completes_the_album_the_next_time(
    product: Product, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(product, FIRST)
    with monkeypatch.context() as patch:
        patch.setattr(product.messages, method, refuse)
        with pytest.raises(Unavailable):
            take(product, SECOND)

    take(product, SECOND)

    assert [name for name, _ in shown(album(product))] == ["1.png", "2.png"]
    take(product, InboundDeletion("ana@pigeon", "hers-2", LATER))
    assert [name for name, _ in shown(album(product))] == ["1.png"]


def refuse(*_: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


def test_the_others_in_a_group_get_each_file_once_and_by_whom() -> None:
    product = group()

    take(product, SECOND, FIRST, THIRD, SECOND, FIRST)

    assert told(product) == [("Ana: 📎", "2.png"), ("Ana: the gate", "1.png"), ("Ana: the key", "3.png")]
    notices = [message.notice for message in product.table.messages.values() if message.notice]
    assert [(notice.change, notice.item) for notice in notices] == [
        (Change.SHOWN, "hers-1"),
        (Change.SHOWN, "hers-3"),
    ]


def test_the_others_in_a_group_are_told_of_the_changes_of_an_item() -> None:
    product = group()
    edit = replace(SECOND, content=Text("the wall"), edited_at=LATER)

    take(product, FIRST, SECOND, edit, InboundDeletion("ana@pigeon", "hers-1", LATER))

    texts = [text for text, _ in told(product)]
    assert texts == ["Ana: the gate", "Ana: 📎", "Ana (edited): the wall", "Ana deleted a message"]


def test_a_notice_of_a_further_file_is_delivered_again_with_the_file_as_it_stands() -> None:
    product = group()
    edit = replace(SECOND, content=Text("the wall"), edited_at=LATER)
    take(product, FIRST, SECOND)
    (notice,) = (message for message in product.table.messages.values() if message.notice is not None)

    again = product.accept.event_again(notice)
    assert isinstance(again.content, Media)
    assert (again.content.text, again.content.file.filename) == ("Ana: 📎", "2.png")

    take(product, edit)
    assert product.accept.event_again(notice).content.text == "Ana: the wall"

    take(product, InboundDeletion("ana@pigeon", "hers-2", LATER))
    assert product.accept.event_again(notice).content == Text("Ana deleted a message")


def test_a_redelivery_repeats_the_first_file_only(product: Product) -> None:
    product = group()
    take(product, FIRST, SECOND)
    first = product.table.messages[ALBUM]

    again = product.accept.event_again(first)

    assert isinstance(again.content, Album)
    assert [(part.file.filename, part.text) for part in again.content.files] == [("1.png", "Ana: the gate")]


@given(
    events=st.lists(
        st.sampled_from(
            [
                *map(item, range(1, 4)),
                *(replace(item(number), edited_at=LATER, content=Text("new")) for number in range(1, 4)),
                *(InboundDeletion("ana@pigeon", f"hers-{number}", LATER) for number in range(1, 4)),
            ]
        ),
        max_size=12,
    )
)
def test_whatever_comes_in_whatever_order_every_file_is_in_one_message(events: list[InboundEvent]) -> None:
    product = one_to_one()

    take(product, *events)

    parts = [found for message in messages(product) for found in parts_of(message)]
    assert len({name for name, _ in parts}) == len(parts)
    for number in range(1, 4):
        name = f"hers-{number}"
        of_item = [event for event in events if event.provider_message_id == name]
        came = any(isinstance(event, InboundMessage) for event in of_item)
        gone = any(isinstance(event, InboundDeletion) for event in of_item)
        assert [isinstance(content, Deleted) for found, content in parts if found == name] == [gone] * came


def parts_of(message: Message) -> list[tuple[str, object]]:
    if not message.items:
        return [(message.provider_message_id or "", message.content)]
    return [(found.name, found.content) for found in message.items]


def test_several_files_of_one_webhook_are_an_album_with_the_words(product: Product) -> None:
    files = tuple(ProviderFile(f"file-{number}", "image/png", f"{number}.png") for number in (1, 2))
    event = InboundMessage("ana@pigeon", "hers-1", ReceivedAlbum(files, "look"), AT)
    take(product, event, event, replace(event, content=Text("look here"), edited_at=LATER))

    (message,) = messages(product)
    assert shown(message) == [("1.png", ""), ("2.png", "")]
    assert (message.content.text, len(message.edits)) == ("look here", 1)
    assert {file.source.reference for file in product.files.files.values() if file.source} == {
        "file-1",
        "file-2",
    }

    take(product, InboundDeletion("ana@pigeon", "hers-1", LATER))

    assert {file.status for file in product.files.files.values()} == {FileStatus.DELETED}


def test_an_album_of_one_webhook_goes_to_the_others_file_by_file() -> None:
    product = group()
    files = tuple(ProviderFile(f"file-{number}", "image/png", f"{number}.png") for number in (1, 2))

    take(product, InboundMessage("ana@pigeon", "hers-1", ReceivedAlbum(files, "look"), AT))

    assert told(product) == [("Ana: look", "1.png"), ("", "2.png")]


def test_a_file_of_an_album_whose_address_is_endless_is_named(product: Product) -> None:
    files = (ProviderFile("x" * 9000, "image/png", "long.png"), ProviderFile("y", "image/png", "short.png"))
    take(product, InboundMessage("ana@pigeon", "hers-1", ReceivedAlbum(files, "look"), AT))

    (message,) = messages(product)
    assert shown(message) == [("short.png", "")]
    assert message.content.text == "look\nlong.png"
