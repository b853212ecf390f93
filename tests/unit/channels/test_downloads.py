"""Reading a person's file, but never from an address of our own network."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3 import BaseHTTPResponse

from chat4all.channels.shared.downloads import Downloads, connected, is_public
from chat4all.services.messaging.connector import FetchFailed
from tests.unit.channels.local_server import LocalServer, Page, local_server


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with local_server() as server:
        server.pages["/file"] = Page(200, b"some bytes", {"Content-Type": "image/png"})
        yield server


@pytest.fixture
def other() -> Iterator[LocalServer]:
    with local_server() as server:
        server.pages["/file"] = Page(200, b"secrets")
        yield server


@pytest.fixture
def read(server: LocalServer) -> Iterator[Downloads]:
    downloads = Downloads(server.url, connect_timeout_s=2.0, read_timeout_s=2.0)
    yield downloads
    downloads._trusted_pool.clear()
    downloads._public_pool.clear()


def moved(location: str) -> Page:
    return Page(302, b"", {"Location": location})


def failed(read: Downloads, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as failure:
        b"".join(read(url).pieces)
    return failure.value


def test_a_file_is_read_with_its_type_and_size(server: LocalServer, read: Downloads) -> None:
    fetching = read(f"{server.url}/file", {"authorization": "Bearer t"})

    assert (fetching.content_type, fetching.size) == ("image/png", 10)
    assert b"".join(fetching.pieces) == b"some bytes"
    assert server.asked[0].headers["authorization"] == "Bearer t"


def test_it_comes_in_pieces_of_which_not_all_need_be_read(server: LocalServer, read: Downloads) -> None:
    server.pages["/large"] = Page(200, bytes(3_000_000))
    pieces = read(f"{server.url}/large").pieces

    first = next(pieces)
    pieces.close()  # type: ignore[attr-defined]

    assert 0 < len(first) < 1_048_577
    assert b"".join(read(f"{server.url}/file").pieces) == b"some bytes"


def test_three_redirects_are_followed_and_no_fourth(server: LocalServer, read: Downloads) -> None:
    server.pages |= {f"/{number}": moved(f"/{number - 1}") for number in range(2, 5)}
    server.pages["/1"] = moved("file")

    assert b"".join(read(f"{server.url}/3").pieces) == b"some bytes"
    assert (failure := failed(read, f"{server.url}/4")).code == "TOO_MANY_REDIRECTS"
    assert failure.is_final


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://user@127.0.0.1/",
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "//127.0.0.1/",
        "https://[::1",
    ],
)
def test_what_is_not_public_and_https_is_never_asked(server: LocalServer, read: Downloads, url: str) -> None:
    server.pages["/away"] = moved(url)

    for refused in (failed(read, url), failed(read, f"{server.url}/away")):
        assert (refused.code, refused.is_final) == ("REFUSED_ADDRESS", True)


def test_another_port_of_the_same_machine_is_another_host(
    server: LocalServer, other: LocalServer, read: Downloads
) -> None:
    server.pages["/away"] = moved(f"{other.url}/file")
    name = other.url.replace("127.0.0.1", "localhost")

    for url in (f"{other.url}/file", f"{server.url}/away", f"{name}/file"):
        assert failed(read, url).code == "REFUSED_ADDRESS"
    assert other.asked == []


def test_a_name_is_resolved_once_and_what_was_looked_at_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])
    asked: list[object] = []

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connect(address: object, _timeout: object = None) -> socket.socket:
        asked.append(address)
        return socket.socket()

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)

    connected("rebinding.example", 443, 1.0).close()

    assert asked == [("93.184.216.34", 443)]
    with pytest.raises(FetchFailed) as refused:
        connected("rebinding.example", 443, 1.0)
    assert refused.value.code == "REFUSED_ADDRESS"
    assert len(asked) == 1


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(FetchFailed) as refused:
        connected("both.example", 443, 1.0)

    assert refused.value.code == "REFUSED_ADDRESS"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("ff02::1", False),
    ],
)
def test_an_address_is_of_the_internet_or_not(address: str, public: bool) -> None:  # noqa: FBT001
    assert is_public(address) is public


def test_a_token_goes_to_its_host_and_not_to_where_that_redirects(
    server: LocalServer, other: LocalServer, read: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other host counts as public in this test.
    monkeypatch.setattr(read, "_get", lambda url, headers: get(read, url, headers))
    server.pages["/here"] = moved("/away")
    server.pages["/away"] = moved(f"{other.url}/file")

    assert b"".join(read(f"{server.url}/here", {"authorization": "Bearer t"}).pieces) == b"secrets"

    assert [request.headers.get("authorization") for request in server.asked] == ["Bearer t", "Bearer t"]
    assert [request.headers.get("authorization") for request in other.asked] == [None]


def get(read: Downloads, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
    return read._trusted_pool.request(
        "GET", url, headers=headers, preload_content=False, retries=False, redirect=False
    )


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (404, "NOT_FOUND", True),
        (410, "EXPIRED", True),
        (403, "EXPIRED", True),
        (400, "400", True),
        (401, "401", False),
        (429, "429", False),
        (500, "500", False),
        (503, "503", False),
        (206, "206", False),
    ],
)
def test_each_status_has_its_meaning(
    server: LocalServer,
    read: Downloads,
    status: int,
    code: str,
    final: bool,  # noqa: FBT001
) -> None:
    server.pages["/file"] = Page(status)

    failure = failed(read, f"{server.url}/file")

    assert (failure.code, failure.is_final) == (code, final)
    assert failure.reason.endswith(".")


def test_what_breaks_off_is_no_whole_file(server: LocalServer, read: Downloads) -> None:
    server.pages["/file"] = Page(200, b"some", said_length=10)

    failure = failed(read, f"{server.url}/file")

    assert (failure.code, failure.is_final) == ("NETWORK", False)


def test_a_host_that_does_not_answer_may_later() -> None:
    failure = failed(Downloads("http://127.0.0.1:1"), "http://127.0.0.1:1/file")

    assert (failure.code, failure.is_final) == ("NETWORK", False)


@pytest.mark.parametrize("name", ["files.example", "other.example"])
def test_what_is_connected_to_must_prove_the_name_that_was_asked_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = a_certificate("files.example", tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    monkeypatch.setattr("chat4all.channels.shared.downloads.is_public", lambda _: True)
    read = Downloads("https://api.example")
    read._public_pool.connection_pool_kw["ca_certs"] = str(certificate)

    with local_server(context) as server:
        port = int(server.url.rpartition(":")[2])
        found = [(2, 1, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        server.pages["/file"] = Page(200, b"some bytes")
        url = f"https://{name}:{port}/file"

        if name == "files.example":
            assert b"".join(read(url).pieces) == b"some bytes"
            assert server.asked[0].headers["host"] == f"files.example:{port}"
        else:
            assert failed(read, url).code == "NETWORK"
            assert server.asked == []
        read._public_pool.clear()


def a_certificate(name: str, folder: Path) -> Path:
    """Make a self-signed certificate and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
