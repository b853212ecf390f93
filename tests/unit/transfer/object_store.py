"""The API's files and the S3 behind it in one HTTP server: small parts, and faults on demand."""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import msgspec

PART = 1000
PAGE = 3
FILE_ID = "file-1"


class ObjectStore:
    """The server. `failures` has the statuses of each part's next PUTs; 0 breaks the connection off."""

    def __init__(self) -> None:
        self.url = ""
        self.size = 0
        self.parts: dict[int, bytes] = {}
        self.puts: Counter[int] = Counter()
        self.created = 0
        self.status = "PENDING"
        self.ends_as = "READY"
        self.failures: dict[int, list[int]] = {}
        self.expired: set[int] = set()
        self.broken_after: list[int] = []
        """For each of the next downloads, the number of bytes after which it breaks off."""
        self.api_failures: list[int] = []
        self.is_gone = False
        """Whether S3 has joined the parts to an object that the API does not know yet."""
        self.served_sha256: str | None = None
        self.ranges: list[str] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.parts[number] for number in sorted(self.parts))

    @property
    def count(self) -> int:
        return -(-self.size // PART)

    def upload(self, start: int) -> dict[str, object]:
        missing = [number for number in range(start, self.count + 1) if number not in self.parts]
        parts = [
            {
                "part_number": number,
                "size": min(PART, self.size - (number - 1) * PART),
                "url": f"{self.url}/s3/{number}" + ("" if number in self.expired else "?fresh"),
            }
            for number in missing[:PAGE]
        ]
        stored = [
            {"part_number": number, "etag": "e", "size": len(body)} for number, body in self.parts.items()
        ]
        return {
            "file_id": FILE_ID,
            "status": "PENDING",
            "size": self.size,
            "part_size": PART,
            "part_count": self.count,
            "stored": stored,
            "parts": parts,
            "next_from": missing[PAGE] if len(missing) > PAGE else None,
        }

    def file(self) -> dict[str, object]:
        refused = self.status in {"INFECTED", "REJECTED"}
        return {
            "file_id": FILE_ID,
            "filename": "a.txt",
            "content_type": "text/plain",
            "size": self.size,
            "status": self.status,
            "error": {"code": "EICAR", "message": "It is evil."} if refused else None,
            "inspection": None,
            "sha256": self.served_sha256 or hashlib.sha256(self.body).hexdigest(),
            "thumbnails": {},
            "width": None,
            "height": None,
            "codec": None,
            "conversation_id": None,
            "created_at": "2026-01-01T00:00:00.000Z",
            "expires_at": "2026-01-31T00:00:00.000Z",
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: ClassVar[ObjectStore]

    def do_PUT(self) -> None:
        number = int(re.findall(r"/s3/(\d+)", self.path)[0])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.store.puts[number] += 1
        if number in self.store.expired and "fresh" not in self.path:
            self.store.expired.discard(number)
            return self.answer(403)
        status = self.store.failures.get(number, []).pop(0) if self.store.failures.get(number) else 200
        if status == 0:
            self.close_connection = True
            return None
        if status == 200:
            self.store.parts[number] = body
        return self.answer(status)

    def do_POST(self) -> None:
        given = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/files":
            self.store.created += 1
            self.store.size = given["size"]
            return self.answer(201, self.store.upload(1))
        if self.store.api_failures:
            return self.refuse(self.store.api_failures.pop(0), "UNAVAILABLE")
        assert set(self.store.parts) == set(range(1, self.store.count + 1)), "completed too early"
        if self.store.status == "PENDING":
            self.store.status = self.store.ends_as
        return self.answer(202, self.store.file())

    def do_GET(self) -> None:
        if self.path == "/s3/object":
            return self.serve()
        if self.path.endswith("/download"):
            link = {**self.store.file(), "url": f"{self.store.url}/v1/links/token", "expires_at": ""}
            return self.answer(200, link)
        if "/links/" in self.path:
            return self.answer(302, location="/s3/object")
        if "/parts" in self.path:
            if self.store.is_gone or self.store.status != "PENDING":
                return self.refuse(409, "UPLOAD_GONE" if self.store.is_gone else "FILE_COMPLETE")
            return self.answer(200, self.store.upload(int(self.path.rsplit("=", 1)[1])))
        return self.answer(200, self.store.file())

    def serve(self) -> None:
        wanted = self.headers["Range"]
        self.store.ranges.append(wanted)
        start = int(re.findall(r"bytes=(\d+)-", wanted)[0])
        body = self.store.body[start:]
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.store.broken_after:
            self.wfile.write(body[: self.store.broken_after.pop(0)])
            self.close_connection = True
            return
        self.wfile.write(body)

    def answer(self, status: int, body: object = None, location: str | None = None) -> None:
        data = msgspec.json.encode(body) if body is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, {"error": code, "message": "No.", "details": [], "trace_id": ""})

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    handler = type("Handler", (_Handler,), {"store": store})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        store.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()
