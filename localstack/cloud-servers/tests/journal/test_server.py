"""A MiniStack that is killed, stopped, or has a full disk keeps everything that it answered."""

import errno
import io
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

TABLE = "items"
QUEUE = "lines.fifo"
WRITERS = 4
WRITES_FOR_S = 0.7
NOTICED_WITHIN_S = 10.0
READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 30.0
_ONCE = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1})
_ACCESS_KEY, _SECRET_KEY = "000000000000", "secret"


class Server:
    """A running MiniStack with a journal in `folder`; `around` is a command that starts it."""

    def __init__(self, folder: Path, around: Sequence[str] = (), **variables: str) -> None:
        self.folder = folder
        self.log = folder.parent / "ministack.log"
        self._port = _free_port()
        self._session = boto3.Session(_ACCESS_KEY, _SECRET_KEY, region_name="us-east-1")
        environment = {
            **os.environ,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(folder),
            "GATEWAY_PORT": str(self._port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            **variables,
        }
        command = [*around, sys.executable, "-P", "-m", "ministack_server"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._wait_until_ready()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client("dynamodb", endpoint_url=self.url, config=_ONCE)

    def sqs(self) -> "SQSClient":
        return self._session.client("sqs", endpoint_url=self.url, config=_ONCE)

    def cloudformation(self) -> "CloudFormationClient":
        return self._session.client("cloudformation", endpoint_url=self.url, config=_ONCE)

    def functions(self) -> "LambdaClient":
        return self._session.client("lambda", endpoint_url=self.url, config=_ONCE)

    def sns(self) -> Any:  # noqa: ANN401 (its types are not installed)
        return self._session.client("sns", endpoint_url=self.url, config=_ONCE)

    def s3(self) -> "S3Client":
        return self._session.client("s3", endpoint_url=self.url, config=_ONCE)

    def secrets(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", endpoint_url=self.url, config=_ONCE)

    def report(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_ministack/journal", timeout=5) as answer:  # noqa: S310 (on 127.0.0.1)
            return cast("dict[str, Any]", json.load(answer))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stop the server, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPPED_WITHIN_S)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/ready", timeout=1):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise AssertionError(self.log.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ministack"


class Writes:
    """Threads that put items and send messages, and note which were answered."""

    def __init__(self, server: Server) -> None:
        self.items: set[str] = set()
        self.numbers: dict[str, str] = {}
        """The sequence numbers of the messages by body."""
        self.slowest_s = 0.0
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        dynamodb, sqs = self._server.dynamodb(), self._server.sqs()
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        count = 0
        while not self._over.is_set():
            count += 1
            key = f"{writer} {count}"
            began = time.monotonic()
            try:
                dynamodb.put_item(TableName=TABLE, Item={"k": {"S": key}, "v": {"S": "v" * 200}})
                self.items.add(key)
                sent = sqs.send_message(
                    QueueUrl=url, MessageBody=key, MessageGroupId=str(writer), MessageDeduplicationId=key
                )
                self.numbers[key] = sent["SequenceNumber"]
            except (BotoCoreError, ClientError):
                self._over.wait(0.01)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def create(server: Server) -> None:
    server.dynamodb().create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    server.sqs().create_queue(QueueName=QUEUE, Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"})


def items_of(server: Server) -> set[str]:
    pages = server.dynamodb().get_paginator("scan").paginate(TableName=TABLE)
    return {item["k"]["S"] for page in pages for item in page["Items"]}


def bodies_of(server: Server) -> list[str]:
    """Receive and delete all messages, and return their bodies in their order."""
    sqs = server.sqs()
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    bodies: list[str] = []
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in received]
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def assert_kept(server: Server, writes: Writes) -> None:
    """Check that everything that was answered is there, in its order, and that numbers and ids go on."""
    sqs = server.sqs()
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    body, number = max(writes.numbers.items(), key=lambda sent: sent[1])
    group = body.split()[0]
    again = sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
    )
    new = sqs.send_message(
        QueueUrl=url, MessageBody="0 0", MessageGroupId=group, MessageDeduplicationId="new"
    )
    assert again["SequenceNumber"] == number
    assert new["SequenceNumber"] > number
    assert writes.items - items_of(server) == set()
    bodies = bodies_of(server)
    assert writes.numbers.keys() - set(bodies) == set()
    assert len(bodies) == len(set(bodies))
    for writer in range(WRITERS):
        counts = [int(body.split()[1]) for body in bodies if body.startswith(f"{writer} ") and body != "0 0"]
        assert counts == sorted(counts)


@pytest.mark.parametrize("round_", range(3))
def test_everything_that_was_answered_survives_kill_9(folder: Path, round_: int) -> None:
    server = Server(folder)
    create(server)
    with Writes(server) as writes:
        time.sleep(WRITES_FOR_S + 0.1 * round_)
        server.kill()

    server = Server(folder)

    assert writes.numbers
    report = server.report()
    assert (report["was_stopped"], report["cut"], report["problem"]) == (False, "", "")
    assert report["replayed"] >= len(writes.items) + len(writes.numbers)
    assert_kept(server, writes)
    assert server.stop() == 0


def test_deleted_messages_stay_deleted(folder: Path) -> None:
    server = Server(folder)
    create(server)
    with Writes(server) as writes:
        time.sleep(WRITES_FOR_S)
    assert set(bodies_of(server)) == writes.numbers.keys()
    server.kill()

    server = Server(folder)

    assert bodies_of(server) == []
    server.kill()


def test_a_clean_stop_keeps_everything_and_is_known_as_one(folder: Path) -> None:
    server = Server(folder)
    create(server)
    with Writes(server) as writes:
        time.sleep(WRITES_FOR_S)
        assert server.stop() == 0

    server = Server(folder)

    assert server.report()["was_stopped"]
    assert_kept(server, writes)
    server.kill()


def test_a_journal_is_compacted_while_changes_go_on(folder: Path) -> None:
    # Given a journal that is compacted again and again under load
    server = Server(folder, JOURNAL_COMPACTED_FROM="20000")
    create(server)
    with Writes(server) as writes:
        time.sleep(WRITES_FOR_S)
        wait_until(lambda: len(list((folder / "journal").glob("*.snapshot"))) == 1)
        time.sleep(WRITES_FOR_S)
        server.kill()
    # When it is recovered
    names = sorted(path.name for path in (folder / "journal").iterdir())
    server = Server(folder)
    # Then nothing is missing, and what the snapshot replaced is gone
    assert_kept(server, writes)
    assert "00000000.journal" not in names
    server.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """Provide a folder for a file system of 1 MB, and the command that mounts it for a program."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = f'mount -t tmpfs -o size=1m none "{mounted}" && exec "$@"'
    around = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    tried = subprocess.run([*around, "true"], check=False) if shutil.which("unshare") else None
    if tried is None or tried.returncode:
        pytest.skip("this machine lets no user mount a small file system")
    return mounted, around


def test_a_full_disk_stops_acceptance_and_loses_nothing(
    small_disk: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    # Given a MiniStack on a small disk, seen from outside
    mounted, around = small_disk
    server = Server(mounted / "ministack", around)
    inside = Path(f"/proc/{server.process.pid}/root") / mounted.relative_to("/")
    create(server)
    with Writes(server) as writes:
        # When other files fill the disk
        filler = inside / "filler"
        fill(filler)
        wait_until(lambda: server.report()["problem"] == "No space left on device")
        accepted = len(writes.items)
        time.sleep(WRITES_FOR_S)
        # Then changes are refused, and reads are answered
        assert len(writes.items) == accepted
        with pytest.raises(ClientError, match="cannot store the change: No space left on device"):
            server.dynamodb().put_item(TableName=TABLE, Item={"k": {"S": "refused"}})
        assert writes.items <= items_of(server)
        # And they are accepted again by themselves when there is room
        filler.unlink()
        wait_until(lambda: len(writes.items) > accepted)
        assert server.report()["problem"] == ""
    shutil.copytree(inside / "ministack", tmp_path / "copy")
    server.kill()
    kept = Server(tmp_path / "copy")
    assert_kept(kept, writes)
    kept.kill()
    log = (mounted / "ministack.log") if (mounted / "ministack.log").exists() else server.log
    assert "changes are refused, because they cannot be stored: No space left on device" in log.read_text()


@pytest.fixture
def full(folder: Path) -> Iterator[Server]:
    """Provide a server that cannot store another byte in its journal, or in a file of code."""
    server = Server(folder)
    create(server)
    length = (folder / "journal" / "00000000.journal").stat().st_size
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (length, hard))
    yield server
    server.kill()


REFUSED: list[Callable[[Server], object]] = [
    lambda server: server.dynamodb().put_item(TableName=TABLE, Item={"k": {"S": "refused"}}),
    lambda server: server.sqs().create_queue(QueueName="refused"),
    lambda server: server.cloudformation().create_stack(
        StackName="refused", TemplateBody=json.dumps(TEMPLATE)
    ),
    lambda server: server.sns().create_topic(Name="refused"),
    lambda server: server.s3().create_bucket(Bucket="refused"),
    lambda server: server.secrets().create_secret(Name="refused", SecretString="{}"),
    lambda server: create_function(server, "refused", b""),
]


@pytest.mark.parametrize(
    "change", REFUSED, ids=["dynamodb", "sqs", "cloudformation", "sns", "s3", "secrets", "lambda"]
)
def test_every_service_refuses_in_the_form_that_its_clients_read(
    full: Server, change: Callable[[Server], object]
) -> None:
    with pytest.raises(ClientError, match="cannot store the change: File too large"):
        full.dynamodb().put_item(TableName=TABLE, Item={"k": {"S": "first"}})

    with pytest.raises(ClientError, match="cannot store the change: File too large") as refused:
        change(full)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_code_that_cannot_be_stored_is_refused(full: Server) -> None:
    with pytest.raises(ClientError, match="cannot store the change: File too large"):
        create_function(full, "refused", os.urandom(LONG))

    assert full.process.poll() is None
    assert "Traceback" not in full.log.read_text()


def test_a_stop_with_a_full_disk_ends_with_an_error(folder: Path) -> None:
    # Given changes that cannot be stored: the system limits how long a file may be
    server = Server(folder)
    create(server)
    with Writes(server) as writes:
        time.sleep(WRITES_FOR_S)
        length = (folder / "journal" / "00000000.journal").stat().st_size
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (length, hard))
        wait_until(lambda: server.report()["problem"] == os.strerror(errno.EFBIG))
        # When it is stopped
        code = server.stop()
    # Then the exit code says so, and everything that was answered is there
    assert code == 74
    server = Server(folder)
    assert_kept(server, writes)
    server.kill()


TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": QUEUE, "FifoQueue": True}},
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "a/b", "SecretString": "{}"},
        },
    }
}


def deploy(server: Server, *, until: str = "CREATE_COMPLETE") -> None:
    """Create the stack, and wait for its status."""
    stacks = server.cloudformation()
    stacks.create_stack(StackName="stack", TemplateBody=json.dumps(TEMPLATE))
    wait_until(lambda: stacks.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"].endswith(until))


def test_a_finished_deployment_survives_kill_9(folder: Path) -> None:
    server = Server(folder)
    deploy(server)
    server.dynamodb().put_item(TableName=TABLE, Item={"k": {"S": "1"}})
    server.kill()

    server = Server(folder)

    resources = server.cloudformation().list_stack_resources(StackName="stack")["StackResourceSummaries"]
    assert {found["LogicalResourceId"] for found in resources} == {"Table", "Queue", "Secret"}
    assert items_of(server) == {"1"}
    assert server.sqs().get_queue_url(QueueName=QUEUE)["QueueUrl"].startswith(server.url)
    server.kill()


LONG = 40_000
"""Bytes that are kept in a file of their own."""
WAITING = {
    "Resources": {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "60"},
        },
        "Late": {
            "Type": "AWS::SecretsManager::Secret",
            "DependsOn": "Wait",
            "Properties": {"Name": "late", "SecretString": "{}"},
        },
        "Early": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "early", "SecretString": "{}"},
        },
    }
}


def packed(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handler(event, context): pass")
        file.writestr("content", content)
    return archive.getvalue()


def create_function(server: Server, name: str, content: bytes) -> None:
    server.functions().create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": packed(content)},
    )


def test_what_is_changed_by_hand_during_a_deployment_survives_kill_9(folder: Path) -> None:
    # Given a deployment that goes on
    server = Server(folder)
    create_function(server, "f", b"first")
    server.secrets().create_secret(Name="by hand", SecretString="first")
    server.cloudformation().create_stack(StackName="stack", TemplateBody=json.dumps(WAITING))
    wait_until(lambda: "early" in secrets_of(server))
    # When functions and a secret are changed by hand, and MiniStack is killed
    functions = server.functions()
    changed = functions.update_function_code(FunctionName="f", ZipFile=packed(os.urandom(LONG)))
    functions.update_function_configuration(FunctionName="f", Timeout=17)
    create_function(server, "g", b"new")
    server.secrets().put_secret_value(SecretId="by hand", SecretString="second")
    server.kill()
    # Then the changes are there, and the deployment never was
    server = Server(folder)
    kept = server.functions().get_function_configuration(FunctionName="f")
    assert (kept["CodeSha256"], kept["Timeout"]) == (changed["CodeSha256"], 17)
    assert server.functions().get_function(FunctionName="g")["Configuration"]["Handler"] == "app.handler"
    assert server.secrets().get_secret_value(SecretId="by hand")["SecretString"] == "second"
    assert secrets_of(server) == {"by hand"}
    assert server.cloudformation().list_stacks()["StackSummaries"] == []
    server.kill()


def secrets_of(server: Server) -> set[str]:
    return {secret["Name"] for secret in server.secrets().list_secrets()["SecretList"]}


def test_a_deployment_that_was_cut_short_never_was(folder: Path) -> None:
    # Given a deployment whose end no answer has named
    server = Server(folder)
    deploy(server, until="")
    server.kill()
    # When the cloud starts again
    server = Server(folder)
    # Then the same deployment can be done
    if server.cloudformation().list_stacks()["StackSummaries"] == []:
        deploy(server)
    assert items_of(server) == set()
    server.kill()


def fill(path: Path) -> None:
    """Write to the file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + NOTICED_WITHIN_S
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
