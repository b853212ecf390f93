"""Sending a file from one address to another, without holding all of it in memory."""

import time
import tracemalloc
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from chat4all.channels.shared.file_part import FilePart, SourceFailed
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure, _pieces
from chat4all.channels.shared.multipart import Form
from tests.unit.channels.local_server import Asked, LocalServer, Page, local_server


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with local_server() as server:
        server.pages["/upload"] = Page(200, b'{"ok": true}')
        server.pages["/file"] = Page(200, b"some bytes")
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(connect_timeout_s=2.0, read_timeout_s=2.0)
    yield client
    client._pool.clear()


def a_file(server: LocalServer, *, size: int = 10, filename: str = "a.txt") -> FilePart:
    return FilePart("document", filename, "text/plain", size, f"{server.url}/file")


def uploads(server: LocalServer) -> list[Asked]:
    return [request for request in server.asked if request.method == "POST"]


def parts_of(asked: Asked) -> dict[str, tuple[str | None, str, bytes]]:
    """Read the form with another parser; return each field's file name, type and bytes."""
    head = f"content-type: {asked.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    found = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        found[str(name)] = (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
    return found  # type: ignore[return-value]


def test_a_form_has_its_fields_and_the_file(server: LocalServer, client: HttpClient) -> None:
    answer = client.post_multipart(f"{server.url}/upload", {"caption": "Olá"}, a_file(server))

    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.body) == (200, b'{"ok": true}')
    (asked,) = uploads(server)
    assert int(asked.headers["content-length"]) == len(asked.body)
    assert "transfer-encoding" not in asked.headers
    parts = parts_of(asked)
    assert parts["caption"][2] == "Olá".encode()
    assert parts["document"] == ("a.txt", "text/plain", b"some bytes")


def test_a_files_name_cannot_end_its_header(server: LocalServer, client: HttpClient) -> None:
    name = 'a";\r\nx: y\r\n\r\n.txt'

    client.post_multipart(f"{server.url}/upload", {}, a_file(server, filename=name))

    (asked,) = uploads(server)
    assert b"\r\nx: y" not in asked.body
    assert parts_of(asked)["document"][2] == b"some bytes"


@pytest.mark.parametrize(
    "page", [Page(404), Page(403), Page(302, b"", {"Location": "/other"}), Page(200, b"other size")]
)
def test_a_source_that_fails_is_told_before_anything_is_sent(
    server: LocalServer, client: HttpClient, page: Page
) -> None:
    server.pages["/file"] = page

    with pytest.raises(SourceFailed):
        client.post_multipart(f"{server.url}/upload", {}, a_file(server, size=11))

    assert uploads(server) == []


def test_a_source_that_cannot_be_reached_is_told(server: LocalServer, client: HttpClient) -> None:
    file = FilePart("document", "a.txt", "text/plain", 10, "http://127.0.0.1:1/file")

    with pytest.raises(SourceFailed):
        client.post_multipart(f"{server.url}/upload", {}, file)


def test_a_source_that_breaks_off_leaves_no_whole_request(server: LocalServer, client: HttpClient) -> None:
    server.pages["/file"] = Page(200, b"some", said_length=10)

    with pytest.raises(SourceFailed):
        client.post_multipart(f"{server.url}/upload", {}, a_file(server))

    assert uploads(server) == []


@pytest.mark.parametrize("pieces", [[b"some"], [b"some", b"bytes", b"and more"], []])
def test_a_form_never_ends_with_another_size_than_was_said(pieces: list[bytes]) -> None:
    form = Form({}, FilePart("document", "a.txt", "text/plain", 10, ""))
    sent: list[bytes] = []

    with pytest.raises(SourceFailed):
        sent.extend(form.body(pieces))

    assert len(b"".join(sent)) < form.size


def test_a_provider_that_refuses_the_file_is_heard(server: LocalServer, client: HttpClient) -> None:
    server.pages["/upload"] = Page(413, b"too large")

    answer = client.post_multipart(f"{server.url}/upload", {}, a_file(server))

    assert isinstance(answer, HttpAnswer)
    assert answer.status == 413


def test_a_provider_that_is_not_there_was_sent_nothing(server: LocalServer, client: HttpClient) -> None:
    answer = client.post_multipart("http://127.0.0.1:1/upload", {}, a_file(server))

    assert answer == NetworkFailure(may_have_arrived=False)


def test_what_takes_too_long_is_broken_off(server: LocalServer, client: HttpClient) -> None:
    for until, whole in ((time.monotonic() + 60, True), (time.monotonic() - 1, False)):
        pieces = _pieces(client._open(a_file(server)), until)
        if whole:
            assert b"".join(pieces) == b"some bytes"
        else:
            with pytest.raises(SourceFailed):
                next(pieces)


def test_a_form_is_never_whole_in_memory() -> None:
    size = 40_000_000
    form = Form({"caption": "x"}, FilePart("document", "a.txt", "text/plain", size, ""))
    piece = bytes(1_000_000)

    tracemalloc.start()
    sent = sum(len(chunk) for chunk in form.body(piece for _ in range(40)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent == form.size
    assert peak < 2_000_000
