"""MiniStack as a process of its own: how it listens, answers and stops."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from wsproto import ConnectionType, WSConnection
from wsproto.events import RejectConnection, Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ONE_TRY = Config(retries={"max_attempts": 0})
START_WITHIN_S = 30.0
STOP_WITHIN_S = 20.0


class MiniStack:
    def __init__(self, state: Path) -> None:
        self.port = _free_port()
        self.state = state
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        environment = {
            "PATH": os.environ["PATH"],
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state / "saved"),
            "TMPDIR": str(self.state),
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-P", "-m", "ministack_server"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def restart(self) -> None:
        self.process = self._start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        _wait_until(lambda: self.status("/_ministack/ready") == 200, START_WITHIN_S)

    def status(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def sqs(self) -> "SQSClient":
        return self._session().client("sqs", endpoint_url=f"http://127.0.0.1:{self.port}", config=ONE_TRY)

    def s3(self) -> "S3Client":
        return self._session().client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", config=ONE_TRY)

    def _session(self) -> boto3.Session:
        return boto3.Session("test", "test", region_name="us-east-1")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Stop the process; return its exit code and what it printed."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=STOP_WITHIN_S)
        return self.process.returncode, output.decode()


@contextmanager
def _running(state: Path) -> Iterator[MiniStack]:
    ministack = MiniStack(state)
    try:
        ministack.wait_until_ready()
        yield ministack
    finally:
        ministack.process.kill()
        ministack.process.communicate()


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[MiniStack]:
    with _running(tmp_path) as running:
        yield running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until(reached: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_saves_the_state_and_exits_with_0(ministack: MiniStack, number: signal.Signals) -> None:
    url = ministack.sqs().create_queue(QueueName="kept")["QueueUrl"]
    ministack.sqs().send_message(QueueUrl=url, MessageBody="text")

    assert ministack.stop(number) == (0, "")

    ministack.restart()
    messages = ministack.sqs().receive_message(QueueUrl=url)["Messages"]
    assert [message["Body"] for message in messages] == ["text"]


def test_an_open_request_does_not_hold_up_a_stop_and_leaves_no_traceback(ministack: MiniStack) -> None:
    url = ministack.sqs().create_queue(QueueName="empty")["QueueUrl"]
    connection = http.client.HTTPConnection("127.0.0.1", ministack.port)
    body = f"Action=ReceiveMessage&WaitTimeSeconds=20&QueueUrl={url}"
    connection.request("POST", "/", body, {"content-type": "application/x-www-form-urlencoded"})

    began = time.monotonic()
    code, output = ministack.stop()

    assert code == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in output
    connection.close()


def test_a_port_in_use_is_an_error_and_leaves_the_saved_state_alone(
    ministack: MiniStack, tmp_path: Path
) -> None:
    saved = tmp_path / "of-another"
    saved.mkdir()
    second = MiniStack(saved)
    second.process.kill()
    second.process.communicate()
    second.port = ministack.port
    second.process = second._start()

    output, _ = second.process.communicate(timeout=START_WITHIN_S)

    assert second.process.returncode != 0
    assert b"address already in use" in output.lower()
    assert not (saved / "saved").exists()


def test_only_this_machine_reaches_it(ministack: MiniStack) -> None:
    sockets = [Path(f"/proc/{ministack.process.pid}/net/{table}").read_text() for table in ("tcp", "tcp6")]
    listening = [
        line.split()[1] for table in sockets for line in table.splitlines() if line.split()[3] == "0A"
    ]
    port = f"{ministack.port:04X}"

    assert [address for address in listening if address.endswith(port)] == [f"0100007F:{port}"]


def test_a_connection_is_kept_and_answers_have_one_date_and_no_server(ministack: MiniStack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ministack.port)
    connection.connect()
    kept = connection.sock
    for _ in range(3):
        connection.request("GET", "/_ministack/health")
        answer = connection.getresponse()
        answer.read()
        assert connection.sock is kept
        assert (len(answer.headers.get_all("date") or []), answer.headers["server"]) == (1, None)
    connection.close()


def test_a_body_of_64_mib_comes_through(ministack: MiniStack) -> None:
    s3 = ministack.s3()
    s3.create_bucket(Bucket="large")
    body = os.urandom(1024 * 1024) * 64

    s3.put_object(Bucket="large", Key="object", Body=body)

    assert s3.get_object(Bucket="large", Key="object")["Body"].read() == body


def test_a_client_that_asks_first_is_told_to_continue(ministack: MiniStack) -> None:
    with socket.create_connection(("127.0.0.1", ministack.port), timeout=10) as client:
        client.sendall(
            b"PUT /bucket HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
        )
        assert client.recv(64).startswith(b"HTTP/1.1 100 Continue\r\n")


def test_a_client_that_goes_away_in_the_middle_of_a_body_changes_nothing(ministack: MiniStack) -> None:
    url = ministack.sqs().create_queue(QueueName="queue")["QueueUrl"]
    begun = f"Action=SendMessage&QueueUrl={url}&MessageBody=half"
    form = "content-type: application/x-www-form-urlencoded"
    headers = f"POST / HTTP/1.1\r\nhost: x\r\n{form}\r\ncontent-length: {len(begun) + 9}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", ministack.port)) as client:
        client.sendall((headers + begun).encode())

    assert "Messages" not in ministack.sqs().receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert ministack.stop() == (0, "")


def test_a_websocket_reaches_ministack(ministack: MiniStack) -> None:
    """MiniStack itself refuses an API that does not exist: uvicorn passed the connection on."""
    websocket = WSConnection(ConnectionType.CLIENT)
    with socket.create_connection(("127.0.0.1", ministack.port), timeout=10) as client:
        client.sendall(websocket.send(Request(host="localhost", target="/_aws/execute-api/0000000000/live")))
        websocket.receive_data(client.recv(4096))

    answer = next(iter(websocket.events()))

    assert (type(answer), getattr(answer, "status_code", None)) == (RejectConnection, 403)
