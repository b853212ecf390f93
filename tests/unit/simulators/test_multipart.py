import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all_local.simulators.multipart import MOST_FIELD_BYTES, Form, FormError, read_form
from chat4all_local.simulators.shared.media import HEAD_BYTES
from tests.unit.growth import MOST, growth

BOUNDARY = "xyz"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition: str, body: bytes, content_type: str | None = None) -> bytes:
    typed = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{typed}\r\n".encode() + body + b"\r\n"


def whole(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, piece_bytes: int = 10_000, content_type: str = CONTENT_TYPE) -> Form:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), piece_bytes):
            yield body[at : at + piece_bytes]

    return asyncio.run(read_form(content_type, pieces()))


@given(
    data=st.binary(max_size=300) | st.text("\r\n-xyz", max_size=60).map(str.encode),
    piece_bytes=st.integers(1, 400),
)
def test_a_file_is_read_the_same_whatever_pieces_it_comes_in(data: bytes, piece_bytes: int) -> None:
    if f"\r\n--{BOUNDARY}".encode() in b"\r\n" + data + b"\r\n":
        return
    body = whole(
        part('form-data; name="chat_id"', b"42"),
        part('form-data; name="photo"; filename="a.png"', data, "image/png"),
        part('form-data; name="caption"', "Olá\r\n--".encode()),
    )

    form = read(body, piece_bytes)

    assert form.fields == {"chat_id": "42", "caption": "Olá\r\n--"}
    content = form.files["photo"]
    assert (content.size, content.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (content.filename, content.content_type, content.head) == ("a.png", "image/png", data)


def test_of_a_large_file_only_the_first_bytes_are_kept() -> None:
    data = b"\x89PNG" + bytes(3 * HEAD_BYTES)

    content = read(whole(part('form-data; name="photo"; filename="a.png"', data))).files["photo"]

    assert content.size == len(data)
    assert content.head == data[:HEAD_BYTES]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"chat_id=42",
        whole()[:-4],
        part('form-data; name="chat_id"', b"42"),
        whole(part("form-data", b"42")),
        whole(part('form-data; name=""', b"42")),
        whole(part('form-data; name="a"\r\nX-Long: ' + "x" * 20_000, b"42")),
        whole(part('attachment; name="photo"', b"42")),
        whole(part('form-data; name="caption"', b"\xff")),
        whole(part('form-data; name="caption"', b"x" * (MOST_FIELD_BYTES + 1))),
        whole(f"--{BOUNDARY}\r\n\r\n42\r\n".encode()),
        f"--{BOUNDARY}-\r\n".encode(),
        whole(*[part(f'form-data; name="{n}"', b"") for n in range(101)]),
    ],
)
@pytest.mark.parametrize("piece_bytes", [7, 1_000_000])
def test_what_is_no_form_is_refused(body: bytes, piece_bytes: int) -> None:
    with pytest.raises(FormError):
        read(body, piece_bytes)


def test_what_follows_the_last_boundary_is_no_part_of_the_form() -> None:
    body = whole(part('form-data; name="a"', b"1")) + part('form-data; name="b"', b"2")

    assert read(body, 1).fields == {"a": "1"}


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/mixed; boundary=xyz"])
def test_a_form_names_its_boundary(content_type: str) -> None:
    with pytest.raises(FormError):
        read(whole(part('form-data; name="a"', b"1")), content_type=content_type)


def test_a_boundary_may_be_quoted() -> None:
    form = read(whole(part('form-data; name="a"', b"1")), content_type='multipart/form-data; boundary="xyz"')

    assert form.fields == {"a": "1"}


@pytest.mark.parametrize("place", ["content type", "disposition", "body"])
@pytest.mark.parametrize(
    "unit",
    [";", "; ", '; name="', ';name="\r', '; filename="\\', '; name="a"', "boundary=", '; boundary="', "\r"],
)
def test_time_grows_no_faster_than_a_hostile_form(place: str, unit: str) -> None:
    def work(length: int) -> Callable[[], object]:
        text = unit * (length // len(unit))
        content_type = CONTENT_TYPE if place != "content type" else f"multipart/form-data; {text}"
        disposition = f"form-data; {text}" if place == "disposition" else 'form-data; name="a"; filename="b"'
        body = whole(part(disposition, text.encode()))

        def reading() -> None:
            with suppress(FormError):
                read(body, 64, content_type)

        return reading

    assert growth(work, 1_600) <= MOST
