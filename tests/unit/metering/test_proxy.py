"""The counting proxy, before an upstream in this process."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from chat4all_local.metering.meter import Call, Meter
from chat4all_local.metering.proxy import forwarding
from chat4all_local.metering.units import Table

REFUSED = b'{"__type": "ConditionalCheckFailedException"}'


class Upstream(BaseHTTPRequestHandler):
    """Refuses every write, and answers anything else with the path, the target and the body."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_write = self.headers["X-Amz-Target"].endswith("PutItem")
        answer = REFUSED if is_write else b'{"path": "%s", "body": %s}' % (self.path.encode(), body)
        self.send_response(400 if is_write else 200)
        self.send_header("x-amz-crc32", "17")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def meter() -> Meter:
    return Meter({"stack-messages": Table(("id",), ())}, lambda _table, _key: None)


@pytest.fixture
def proxy(meter: Meter) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with forwarding(f"http://127.0.0.1:{server.server_port}", meter) as url:
                yield url
        finally:
            server.shutdown()
            thread.join()


def ask(url: str, target: str, body: bytes) -> urllib3.BaseHTTPResponse:
    return urllib3.request("POST", url, body=body, headers={"X-Amz-Target": target}, retries=False)


@pytest.mark.parametrize(("asked", "passed"), [("", "/"), ("/", "/"), ("/some/path", "/some/path")])
def test_a_request_passes_with_its_answer_and_is_counted_for_its_function(
    proxy: str, meter: Meter, asked: str, passed: str
) -> None:
    body = b'{"QueueUrl": "http://sqs/1/stack-inbound.fifo"}'

    answer = ask(f"{proxy}/webhooks{asked}", "AmazonSQS.SendMessage", body)

    assert (answer.status, answer.headers["x-amz-crc32"]) == (200, "17")
    assert answer.json() == {"path": passed, "body": {"QueueUrl": "http://sqs/1/stack-inbound.fifo"}}
    assert meter.taken() == [Call("webhooks", "sqs", "SendMessage", "stack-inbound.fifo")]


def test_a_refusal_passes_and_is_counted(proxy: str, meter: Meter) -> None:
    body = b'{"TableName": "stack-messages", "Item": {"id": {"S": "1"}}}'

    answer = ask(f"{proxy}/router/", "DynamoDB_20120810.PutItem", body)

    assert (answer.status, answer.data) == (400, REFUSED)
    assert meter.taken() == [Call("router", "dynamodb", "PutItem", "stack-messages", write_units=1)]
