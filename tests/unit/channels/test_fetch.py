"""Fetching a person's file, as each provider requires it."""

import json
from collections.abc import Iterator

import pytest

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.shared.http import HttpClient
from chat4all.channels.telegram.connector import Telegram
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.content import ProviderFile
from chat4all.services.messaging.connector import Connector, FetchFailed
from tests.unit.channels.fake_http import SECRET
from tests.unit.channels.local_server import LocalServer, Page, local_server

FILE = Page(200, b"some bytes", {"Content-Type": "image/png"})


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with local_server() as server:
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(connect_timeout_s=2.0, read_timeout_s=2.0)
    yield client
    client._pool.clear()


def fetched(connector: Connector, reference: str, size: int | None = None) -> bytes:
    fetching = connector.fetch(ProviderFile(reference, size=size), SECRET)
    return b"".join(fetching.pieces)


def failure_of(connector: Connector, reference: str, size: int | None = None) -> FetchFailed:
    with pytest.raises(FetchFailed) as failure:
        fetched(connector, reference, size)
    return failure.value


def test_whatsapp_asks_where_the_media_is_and_shows_its_token_twice(
    server: LocalServer, client: HttpClient
) -> None:
    server.pages["/v25.0/1003"] = Page(200, json.dumps({"url": f"{server.url}/media?mid=1"}).encode())
    server.pages["/media?mid=1"] = FILE

    assert fetched(WhatsApp(client, server.url), "1003") == b"some bytes"

    assert server.paths == ["/v25.0/1003", "/media?mid=1"]
    assert {request.headers["authorization"] for request in server.asked} == {"Bearer 123456:token"}


def test_telegram_asks_for_the_path_of_the_file(server: LocalServer, client: HttpClient) -> None:
    found = {"ok": True, "result": {"file_id": "A", "file_path": "photos/file 1.jpg"}}
    server.pages["/bot123456:token/getFile"] = Page(200, json.dumps(found).encode())
    server.pages["/file/bot123456:token/photos/file%201.jpg"] = FILE

    assert fetched(Telegram(client, server.url), "A") == b"some bytes"

    assert json.loads(server.asked[0].body) == {"file_id": "A"}


def test_telegram_is_not_asked_for_what_it_does_not_give(server: LocalServer, client: HttpClient) -> None:
    failure = failure_of(Telegram(client, server.url), "A", 20_000_001)

    assert (failure.code, failure.is_final) == ("TOO_LARGE", True)
    assert server.asked == []


def test_instagrams_address_is_read_without_a_token(server: LocalServer, client: HttpClient) -> None:
    server.pages["/cdn/1"] = FILE

    assert fetched(Instagram(client, server.url), f"{server.url}/cdn/1") == b"some bytes"

    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("page", "code", "final"),
    [
        (Page(404), "NOT_FOUND", True),
        (Page(400, b'{"error": {"code": 100}}'), "NOT_FOUND", True),
        (Page(401), "401", False),
        (Page(500), "500", False),
        (Page(200, b"no JSON"), "200", False),
    ],
)
def test_a_file_that_the_provider_does_not_find_is_told(
    server: LocalServer,
    client: HttpClient,
    page: Page,
    code: str,
    final: bool,  # noqa: FBT001
) -> None:
    server.pages |= {"/v25.0/A": page, "/bot123456:token/getFile": page}

    for connector in (WhatsApp(client, server.url), Telegram(client, server.url)):
        failure = failure_of(connector, "A")
        assert (failure.code, failure.is_final) == (code, final)
        assert "token" not in str(failure)


@pytest.mark.parametrize("code", [4, 80007, 130429, 190, 131016])
def test_whatsapps_limits_and_troubles_are_no_missing_file(
    server: LocalServer, client: HttpClient, code: int
) -> None:
    server.pages["/v25.0/A"] = Page(400, json.dumps({"error": {"code": code}}).encode())

    failure = failure_of(WhatsApp(client, server.url), "A")

    assert (failure.code, failure.is_final) == (str(code), False)


def test_a_provider_that_is_not_there_may_be_later(client: HttpClient) -> None:
    for connector in (WhatsApp(client, "http://127.0.0.1:1"), Telegram(client, "http://127.0.0.1:1")):
        failure = failure_of(connector, "A")
        assert (failure.code, failure.is_final) == ("NETWORK", False)


@pytest.mark.parametrize("reference", ["../messages", "1/2", "1?fields=x", "1#x"])
def test_a_medias_id_cannot_lead_to_another_path(
    server: LocalServer, client: HttpClient, reference: str
) -> None:
    failure_of(WhatsApp(client, server.url), reference)

    (path,) = server.paths
    assert path.startswith("/v25.0/")
    assert path.count("/") == 2
    assert "?" not in path
