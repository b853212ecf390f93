"""The object store as a client meets it; a correction's test shows that the pinned nanio needs it."""

import base64
import hashlib
import http.client
import inspect
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import nanio.handlers.multipart
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
NANIO = ("-m", "nanio", "serve", "--no-access-log")
CORRECTED = ("-m", "nanio_server")
FULL = """
import errno, sys, pathlib
from nanio_server import staging
from nanio_server.__main__ import main
write_all = staging.write_all
marker = pathlib.Path(sys.argv[-1]).with_name("full")
def write(descriptor, content):
    if marker.exists(): raise OSError(errno.ENOSPC, "No space left on device")
    write_all(descriptor, content)
staging.write_all = write
main()
"""
BUCKET, KEY = "bucket", "folder/key"
OLD, NEW = b"o" * 3_000_000, b"n" * 3_000_000


class Server:
    """A process of the object store."""

    def __init__(self, data: Path, program: tuple[str, ...]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = ("--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(data))
        keys = {"NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY}
        self.process = subprocess.Popen([sys.executable, *program, *options], env={**os.environ, **keys})
        self.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(signature_version="s3v4", retries={"total_max_attempts": 1}),
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(20)

    def presigned(self, call: str, **arguments: object) -> str:
        return self.s3.generate_presigned_url(call, {"Bucket": BUCKET, "Key": KEY, **arguments})

    def put(self, url: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        connection, _ = self.put_half(url, body, headers, sent=len(body))
        return answer(connection)

    def put_half(
        self, url: str, body: bytes, headers: dict[str, str] | None = None, sent: int | None = None
    ) -> tuple[http.client.HTTPConnection, bytes]:
        """Send the head and the first `sent` bytes; return the connection, and the rest of the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        parts = urlsplit(url)
        connection.putrequest("PUT", f"{parts.path}?{parts.query}")
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        sent = len(body) // 2 if sent is None else sent
        connection.send(body[:sent])
        return connection, body[sent:]


def answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    servers: list[Server] = []

    def started(program: tuple[str, ...] = CORRECTED) -> Server:
        server = Server(tmp_path / "s3", program)
        servers.append(server)
        if not (tmp_path / "s3" / BUCKET).exists():
            server.s3.create_bucket(Bucket=BUCKET)
        return server

    yield started
    for server in servers:
        server.end(signal.SIGKILL)
        server.s3.close()


@pytest.fixture
def server(start: Start) -> Server:
    return start()


def begin(server: Server) -> str:
    upload_id: str = server.s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    return upload_id


def complete(server: Server, upload_id: str, *etags: str) -> str:
    answered = server.s3.complete_multipart_upload(
        Bucket=BUCKET,
        Key=KEY,
        UploadId=upload_id,
        MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        },
    )
    return answered["ETag"]


def stored(server: Server) -> bytes:
    content: bytes = server.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    return content


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def two_puts_of_a_part(server: Server) -> tuple[list[int], bytes]:
    """Begin a PUT of a part, send another PUT of it whole, end the first; complete the upload."""
    upload_id = begin(server)
    url = server.presigned("upload_part", UploadId=upload_id, PartNumber=1)
    first, rest = server.put_half(url, OLD)
    eventually(lambda: bool(list(server_files(server))))
    second_status, _ = server.put(url, NEW)
    first.send(rest)
    first_status, _ = answer(first)
    listed = server.s3.list_parts(Bucket=BUCKET, Key=KEY, UploadId=upload_id)["Parts"]
    etag = listed[0]["ETag"] if first_status == 200 else f'"{md5(NEW)}"'
    complete(server, upload_id, etag)
    return [first_status, second_status], stored(server)


def server_files(server: Server, place: str = ".nanio") -> Iterator[Path]:
    """Yield the files below the folder `place` that the process writes now."""
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            target = link.readlink()
            if place in target.parts and target.stat().st_size:
                yield target
        except FileNotFoundError:
            continue


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_puts_of_a_part_are_both_taken_and_one_of_them_is_stored_whole(server: Server) -> None:
    statuses, content = two_puts_of_a_part(server)

    assert statuses == [200, 200]
    assert content in {OLD, NEW}


def test_nanio_tears_an_acknowledged_part(start: Start) -> None:
    statuses, content = two_puts_of_a_part(start(NANIO))

    assert statuses == [500, 200]
    assert content not in {OLD, NEW}


@pytest.mark.parametrize("header", ["x-amz-meta-name", "content-md5"])
def test_a_header_that_is_not_signed_is_refused(server: Server, header: str) -> None:
    value = base64.b64encode(bytes.fromhex(md5(NEW))).decode()

    status, body = server.put(server.presigned("put_object"), NEW, {header: value})

    assert status == 403
    assert f"<HeadersNotSigned>{header}</HeadersNotSigned>".encode() in body


@pytest.mark.parametrize("header", ["x-amz-meta-name", "content-md5"])
def test_nanio_takes_a_header_that_is_not_signed(start: Start, header: str) -> None:
    server = start(NANIO)
    value = base64.b64encode(bytes.fromhex(md5(NEW))).decode()

    assert server.put(server.presigned("put_object"), NEW, {header: value})[0] == 200


@pytest.mark.parametrize("call", ["put_object", "upload_part"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (base64.b64encode(bytes(16)).decode(), b"BadDigest"),
        (base64.b64encode(bytes(3)).decode(), b"InvalidDigest"),
        ("?", b"InvalidDigest"),
    ],
)
def test_a_wrong_content_md5_is_refused(server: Server, call: str, value: str, code: bytes) -> None:
    part = {"UploadId": begin(server), "PartNumber": 1} if call == "upload_part" else {}
    url = server.presigned(call, ContentMD5=value, **part)

    status, body = server.put(url, NEW, {"Content-MD5": value})

    assert status == 400
    assert b"<Code>" + code + b"</Code>" in body


def test_nanio_takes_a_part_with_a_wrong_content_md5(start: Start) -> None:
    server = start(NANIO)
    wrong = base64.b64encode(bytes(16)).decode()
    url = server.presigned("upload_part", ContentMD5=wrong, UploadId=begin(server), PartNumber=1)

    assert server.put(url, NEW, {"Content-MD5": wrong})[0] == 200


def test_a_wrong_checksum_is_refused_and_a_right_checksum_is_taken(server: Server) -> None:
    right = base64.b64encode(hashlib.sha256(NEW).digest()).decode()
    wrong = base64.b64encode(bytes(32)).decode()
    with pytest.raises(ClientError, match="BadDigest"):
        server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW, ChecksumSHA256=wrong)

    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW, ChecksumSHA256=right)

    assert stored(server) == NEW


def test_nanio_takes_a_wrong_checksum(start: Start) -> None:
    wrong = base64.b64encode(bytes(32)).decode()

    start(NANIO).s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW, ChecksumSHA256=wrong)


def test_objects_without_any_of_these_headers_work_as_before(server: Server) -> None:
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW, Metadata={"name": "value"})
    upload_id = begin(server)
    etag = server.s3.upload_part(Bucket=BUCKET, Key=KEY, UploadId=upload_id, PartNumber=1, Body=OLD)["ETag"]
    completed = complete(server, upload_id, etag)

    head = server.s3.head_object(Bucket=BUCKET, Key=KEY)
    assert stored(server) == OLD
    assert head["ETag"] == completed == f'"{md5(bytes.fromhex(md5(OLD)))}-1"'
    assert head["ContentLength"] == len(OLD)
    server.s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": KEY})
    server.s3.delete_object(Bucket=BUCKET, Key=KEY)
    listed = server.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [found["Key"] for found in listed] == ["copy"]


@pytest.mark.parametrize("header", ["bytes=2999000-4000000", "bytes=2999000-"])
def test_a_range_ends_with_the_object(server: Server, header: str) -> None:
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW)

    answered = server.s3.get_object(Bucket=BUCKET, Key=KEY, Range=header)

    assert answered["ContentRange"] == f"bytes 2999000-2999999/{len(NEW)}"
    assert answered["Body"].read() == NEW[2_999_000:]


def test_a_range_behind_the_end_is_refused(server: Server) -> None:
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW)

    with pytest.raises(ClientError, match="InvalidRange"):
        server.s3.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=3000000-")


def test_nanio_refuses_a_range_that_ends_behind_the_object(start: Start) -> None:
    server = start(NANIO)
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=NEW)

    with pytest.raises(ClientError, match="InvalidArgument"):
        server.s3.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=2999000-4000000")


def after_a_kill_while_an_object_is_sent(start: Start, program: tuple[str, ...], place: str) -> list[str]:
    """Return the keys that are listed after the kill; the older object is there in any case."""
    server = start(program)
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=OLD)
    url = server.presigned("put_object")
    connection, _ = server.put_half(url, NEW)
    eventually(lambda: bool(list(server_files(server, place))))
    server.end(signal.SIGKILL)
    connection.close()

    again = start(program)

    assert stored(again) == OLD
    return [found["Key"] for found in again.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_a_kill_while_an_object_is_sent_leaves_the_older_object_and_no_file(start: Start) -> None:
    assert after_a_kill_while_an_object_is_sent(start, CORRECTED, ".nanio") == [KEY]


def test_nanio_lists_the_file_of_a_killed_put_as_an_object(start: Start) -> None:
    temporary, *others = after_a_kill_while_an_object_is_sent(start, NANIO, BUCKET)

    assert temporary.startswith("folder/.tmp.")
    assert others == [KEY]


def part_of_an_aborted_upload(server: Server) -> tuple[int, bytes]:
    """Begin a PUT of a part, abort its upload, end the PUT; return its answer."""
    upload_id = begin(server)
    connection, rest = server.put_half(server.presigned("upload_part", UploadId=upload_id, PartNumber=1), NEW)
    eventually(lambda: bool(list(server_files(server))))
    server.s3.abort_multipart_upload(Bucket=BUCKET, Key=KEY, UploadId=upload_id)
    connection.send(rest)
    return answer(connection)


def test_a_part_whose_upload_is_aborted_meanwhile_is_refused(server: Server) -> None:
    status, body = part_of_an_aborted_upload(server)

    assert status == 404
    assert b"<Code>NoSuchUpload</Code>" in body


def test_nanio_fails_at_a_part_whose_upload_is_aborted_meanwhile(start: Start) -> None:
    assert part_of_an_aborted_upload(start(NANIO))[0] == 500


def test_nanio_joins_parts_on_its_event_loop() -> None:
    assert "to_thread" not in inspect.getsource(nanio.handlers.multipart.complete_multipart_upload)


def test_a_full_disk_is_told_and_leaves_the_older_object(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start(("-c", FULL))
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=OLD)
    (tmp_path / "full").touch()

    status, body = server.put(server.presigned("put_object"), NEW)

    assert status == 507
    assert b"<Code>InternalError</Code><Message>The disk is full" in body
    assert "The disk is full" in capfd.readouterr().err
    assert stored(server) == OLD
    assert not list((tmp_path / "s3" / ".nanio" / "staging").iterdir())


def test_nanio_does_not_tell_a_full_disk(start: Start) -> None:
    server = start(NANIO)
    server.s3.put_object(Bucket=BUCKET, Key=KEY, Body=OLD)
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (len(NEW) // 2, hard))

    status, body = server.put(server.presigned("put_object"), NEW)

    assert status == 500
    assert b"disk" not in body
