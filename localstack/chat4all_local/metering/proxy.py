"""The counting proxy between the functions of a local cloud and AWS."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec
import urllib3

from chat4all_local.cloud.reconfigured import reconfigured
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import LOCALHOST
from chat4all_local.metering.meter import Meter, Request
from chat4all_local.metering.units import Item, described

_ENDPOINT: Final = "AWS_ENDPOINT_URL"
_SERVICES: Final = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
"""The services by their prefix in X-Amz-Target. Any other service is called by its prefix."""
_OF_A_HOP: Final = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
_CONNECTIONS: Final = 64
_WITHIN_S: Final = 60.0


@contextmanager
def metered(cloud: Cloud) -> Iterator[Meter]:
    """Count what the functions ask of AWS, except S3, until the block ends.

    The proxy gives each function another address, so that the meter knows which function sends a request.
    """
    dynamodb = cloud.aws.dynamodb()
    names = [
        name
        for page in dynamodb.get_paginator("list_tables").paginate()
        for name in page["TableNames"]
        if name.startswith(f"{cloud.stack}-")
    ]

    def look(table: str, key: Item) -> Item | None:
        return dynamodb.get_item(TableName=table, Key=dict(key), ConsistentRead=True).get("Item")

    meter = Meter({name: described(dynamodb, name) for name in names}, look)
    with (
        forwarding(cloud.aws.endpoint, meter) as url,
        reconfigured(cloud, lambda function: {_ENDPOINT: f"{url}/{function}"}),
    ):
        yield meter


@contextmanager
def forwarding(upstream: str, meter: Meter) -> Iterator[str]:
    """Serve the proxy before `upstream`, and yield its URL, to which a caller adds its function's name."""
    pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False, timeout=_WITHIN_S)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        """An answer is one packet: the kernel delays the second of two small packets."""

        def do_POST(self) -> None:
            function = self.path.split("/")[1]
            path = self.path.removeprefix(f"/{function}") or "/"
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # the function has ended meanwhile
                self.close_connection = True
                return
            prefix, _, operation = self.headers.get("X-Amz-Target", "").partition(".")

            def ask() -> urllib3.BaseHTTPResponse:
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() not in _OF_A_HOP
                }
                return pool.request(
                    "POST", f"{upstream}{path}", body=body, headers=headers, decode_content=False
                )

            service = _SERVICES.get(prefix, prefix)
            request = Request(function, service, operation, msgspec.json.decode(body))
            answer = meter.metered(request, ask, lambda answer: msgspec.json.decode(answer.data))
            with suppress(ConnectionError):  # the function waits no longer
                self._answer(answer)

        def _answer(self, answer: urllib3.BaseHTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _OF_A_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        def log_message(self, *_: object) -> None:
            """Log nothing: the meter has it."""

    with ThreadingHTTPServer((LOCALHOST, 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="proxy")
        thread.start()
        try:
            yield f"http://{LOCALHOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            pool.clear()
