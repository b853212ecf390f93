"""The providers of all channels in this process: they accept messages, or refuse them as a test decides."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from chat4all.channels.registry import names
from tests.channels import sample


class Provider:
    """The providers. A refusal applies to a single text, since the queues may hold other tests' messages."""

    def __init__(self) -> None:
        self.url = ""
        self._refusals: list[tuple[str, int, object, dict[str, str]]] = []
        self.accepted: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        """The files that people sent, by the provider's ids."""
        self.types: dict[str, str] = {}
        """The types of those files that are no PNG."""
        self.templates: list[dict[str, Any]] = []
        """The account's templates, as the Graph API lists them."""
        self.cut: set[str] = set()
        """The ids of the files whose download breaks off before the end."""
        self._lock = threading.Lock()

    def refuse(self, text: str, status: int, answer: object, headers: dict[str, str] | None = None) -> None:
        """Refuse the next message that contains the text."""
        self._refusals.append((text, status, answer, headers or {}))

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, object, dict[str, str]]:
        with self._lock:
            if path.endswith("/getFile"):
                return 200, {"ok": True, "result": {"file_path": body["file_id"]}}, {}
            if path.endswith("/message_templates"):
                self.templates.append({**body, "id": str(len(self.templates) + 1), "status": "PENDING"})
                return 200, self.templates[-1], {}
            for refusal in self._refusals:
                text, status, answer, headers = refusal
                if text in str(body):
                    self._refusals.remove(refusal)
                    return status, answer, headers
            self.accepted.append(body)
            number = len(self.accepted)
        (asked,) = (found for found in map(sample, names()) if found.is_sent_here(path, body))
        return 200, asked.accepted(body, number), {}


INSTAGRAM_ACCOUNT: Final = "17841400000000099"
"""The account of every token at Instagram, which no request names."""


def _account_at(path: str) -> object:
    """Return what the providers say of the account of a token; None for another path."""
    last = path.rsplit("/", 1)[1]
    name, _, query = last.partition("?")
    if name == "getMe":
        return {"ok": True, "result": {"id": int(path.removeprefix("/bot").partition(":")[0])}}
    if "/Accounts/" in path and path.count("/") == 3:
        return {"sid": name.removesuffix(".json"), "status": "active"}
    if name == "me":
        return {"user_id": INSTAGRAM_ACCOUNT}
    return {"id": name} if query.startswith("fields=") else None


def _read(content_type: str, sent: bytes) -> dict[str, Any]:
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(sent.decode(), keep_blank_values=True))
    return msgspec.json.decode(sent, type=dict[str, Any])


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            body = _read(self.headers["Content-Type"], sent)
            status, answer, headers = provider.answer(self.path, body)
            data = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            # Close the connection, so that none is open when the server ends.
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            """Answer a file's id with its address, its address with the file, or say whose a token is."""
            if "/message_templates?" in self.path:
                self._answer({"data": provider.templates})
                return
            file_id = self.path.rsplit("/", 1)[1]
            is_address = "/file/" in self.path
            data = msgspec.json.encode({"url": f"{provider.url}/file/{file_id}"})
            if (account := _account_at(self.path)) is not None:
                data = msgspec.json.encode(account)
            data = provider.files[file_id] if is_address else data
            missing = 1 if is_address and file_id in provider.cut else 0
            self.send_response(200)
            content_type = provider.types.get(file_id, "image/png")
            self.send_header("Content-Type", content_type if is_address else "application/json")
            self.send_header("Content-Length", str(len(data) + missing))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def do_DELETE(self) -> None:
            provider.templates.clear()
            self._answer({"success": True})

        def _answer(self, body: object) -> None:
            data = msgspec.json.encode(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
