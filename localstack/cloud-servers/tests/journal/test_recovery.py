"""Whatever happens to a journal, what is recovered is the state at a moment after every answered request.

The requests go through MiniStack's own handlers of DynamoDB and SQS, so the hooks are those of the locked
version.
"""

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from ministack.services import dynamodb, sqs

from ministack_server import queue_order
from ministack_server.journal import items, queues, services
from ministack_server.journal.changes import Contents, encoded, recovered
from ministack_server.journal.files import Files
from ministack_server.journal.frames import framed
from ministack_server.journal.recorder import Recorder
from ministack_server.journal.services import Recorded
from ministack_server.journal.stores import Blobs
from ministack_server.journal.writer import Writer

TABLES = ("first", "second")
KEYS = ("a", "b", "c", "d")
GROUPS = ("x", "y")
REQUESTS = 60
ROUNDS = 40

State = dict[str, Any]
NOTHING: State = {"tables": {}, "queues": {}}


class Written:
    """A writer that keeps the payloads in memory, and the state after each."""

    problem = ""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.states: list[State] = []

    def append(self, payload: bytes) -> None:
        self.payloads.append(payload)
        self.states.append(live())

    def wait_synced(self) -> None:
        """Wait for nothing."""


@pytest.fixture(scope="module")
def written() -> Iterator[Written]:
    """Install the hooks for this module, and leave MiniStack as it was."""
    before = {module: dict(vars(module)) for module in (dynamodb, sqs)}
    handlers, data = dict(sqs._HANDLERS), sqs._queues._data
    writer = Written()
    recorder = Recorder(cast("Writer", writer))
    queue_order.install()
    items.install(recorder)
    queues.install(recorder)
    yield writer
    for module, names in before.items():
        vars(module).update(names)
    sqs._HANDLERS.update(handlers)
    sqs._queues._data = data


@pytest.fixture(autouse=True)
def emptied(written: Written) -> Iterator[None]:
    written.payloads.clear()
    written.states.clear()
    yield
    dynamodb._tables.clear()
    sqs._queues.clear()
    sqs._queue_name_to_url.clear()


class Client:
    """Sends requests to the handlers."""

    def __init__(self, written: Written, tmp_path: Path) -> None:
        for table in TABLES:
            self.dynamodb(
                "CreateTable",
                TableName=table,
                KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self.sqs("CreateQueue", QueueName="dead.fifo", Attributes={"FifoQueue": "true"})
        dead = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead.fifo", "maxReceiveCount": 2}
        fifo = {"FifoQueue": "true", "RedrivePolicy": json.dumps(dead), "VisibilityTimeout": "0"}
        self.sqs("CreateQueue", QueueName="lines.fifo", Attributes=fifo)
        self.sqs("CreateQueue", QueueName="plain", Attributes={"VisibilityTimeout": "0"})
        recorded = Recorded(Blobs(tmp_path / "blobs"))
        written.append(encoded(list(recorded.changes(["dynamodb", "sqs"]))))

    def dynamodb(self, action: str, **request: object) -> State:
        body = json.dumps(request).encode()
        headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
        _, _, answer = asyncio.run(dynamodb.handle_request("POST", "/", headers, body, {}))
        return cast("State", json.loads(answer))

    def sqs(self, action: str, **request: object) -> State:
        body = json.dumps(request).encode()
        headers = {"x-amz-target": f"AmazonSQS.{action}"}
        _, _, answer = asyncio.run(sqs.handle_request("POST", "/", headers, body, {}))
        return cast("State", json.loads(answer))


def live() -> State:
    """Return MiniStack's state, as far as it has to be recovered."""
    contents = Contents()
    for table in items.tables():
        contents.apply(("items", table["TableArn"], table["items"]))
    for queue in queues.queues():
        contents.apply(("messages", queue["attributes"]["QueueArn"], *queues.content(queue)))
    return comparable(contents)


def comparable(contents: Contents) -> State:
    state = {
        "tables": contents.tables,
        "queues": {
            arn: {
                "messages": [(message["id"], message["body"]) for message in queue.messages.values()],
                "last": queue.last,
                "deduplicated": {key: known["id"] for key, known in queue.deduplicated.items()},
            }
            for arn, queue in contents.queues.items()
        },
    }
    return cast("State", json.loads(json.dumps(state)))


def act(client: Client, chance: random.Random) -> None:
    """Send a random request."""
    if chance.random() < 0.5:
        change_items(client, chance)
    else:
        change_messages(client, chance)


def change_items(client: Client, chance: random.Random) -> None:
    table, key, number = chance.choice(TABLES), {"k": {"S": chance.choice(KEYS)}}, str(chance.randrange(100))
    put = {"Put": {"TableName": table, "Item": {**key, "v": {"N": number}}}}
    other = {"Delete": {"TableName": chance.choice(TABLES), "Key": {"k": {"S": "other"}}}}
    match chance.randrange(4):
        case 0:
            client.dynamodb("PutItem", TableName=table, Item={**key, "v": {"N": number}})
        case 1:
            client.dynamodb(
                "UpdateItem",
                TableName=table,
                Key=key,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        case 2:
            client.dynamodb("DeleteItem", TableName=table, Key=key)
        case _:
            client.dynamodb("TransactWriteItems", TransactItems=[put, other])


def change_messages(client: Client, chance: random.Random) -> None:
    number = str(chance.randrange(100))
    queue = f"http://localhost:4566/000000000000/{chance.choice(('lines.fifo', 'plain'))}"
    message = {"MessageBody": f"body {number}"}
    if queue.endswith(".fifo"):
        message |= {"MessageGroupId": chance.choice(GROUPS), "MessageDeduplicationId": number}
    match chance.randrange(4):
        case 0:
            client.sqs("SendMessage", QueueUrl=queue, **message)
        case 1:
            second = {**message, "MessageDeduplicationId": f"{number} 2"}
            entries = [{"Id": "1", **message}, {"Id": "2", **second}]
            client.sqs("SendMessageBatch", QueueUrl=queue, Entries=entries)
        case 2:
            received = client.sqs("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=3).get("Messages", [])
            for handle in [found["ReceiptHandle"] for found in received if chance.random() < 0.7]:
                client.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=handle)
        case _:
            handles = {found["receipt_handle"] for found in sqs._receive_messages_for_esm(queue, 3)}
            sqs._delete_messages_for_esm(queue, handles)


def act_often(client: Client, chance: random.Random) -> None:
    for _ in range(REQUESTS):
        act(client, chance)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_journal_that_is_cut_or_damaged_anywhere_recovers_a_state_that_was(
    written: Written, tmp_path: Path, seed: int
) -> None:
    # Given requests, a few of which change entries, too
    chance = random.Random(seed)  # noqa: S311 (the same requests every time)
    act_often(Client(written, tmp_path), chance)
    journal = [framed(payload) for payload in written.payloads]
    # When the journal is cut or damaged at a random byte
    data = bytearray(b"".join(journal))
    place = chance.randrange(len(data))
    if chance.random() < 0.5:
        del data[place:]
    else:
        data[place] ^= 1 << chance.randrange(8)
    files = Files(tmp_path / "journal")
    files.journal(0).write_bytes(data)
    # Then every request before that byte is recovered whole, and none after it
    ends = [sum(map(len, journal[: count + 1])) for count in range(len(journal))]
    whole = sum(end <= place for end in ends)
    found = files.read()
    contents, _ = recovered(found.payloads)
    assert len(found.payloads) == whole
    assert bool(found.cut) == (len(data) != sum(map(len, journal[:whole])))
    assert comparable(contents) == (written.states[whole - 1] if whole else NOTHING)


@pytest.mark.parametrize("seed", range(10))
def test_a_snapshot_and_the_changes_since_lead_to_the_same_state(
    written: Written, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 (the same requests every time)
    client = Client(written, tmp_path)
    act_often(client, chance)
    snapshot = [encoded(frame) for frame in services.snapshot(Blobs(tmp_path / "blobs"))]
    begin = len(written.payloads)
    act_often(client, chance)

    contents, _ = recovered([*snapshot, *written.payloads[begin:]])

    assert comparable(contents) == live()


@pytest.mark.parametrize("seed", range(10))
def test_changes_can_be_applied_twice(written: Written, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (the same requests every time)
    client = Client(written, tmp_path)
    for _ in range(REQUESTS):
        act(client, chance)

    contents, _ = recovered([payload for payload in written.payloads for _ in range(2)])

    assert comparable(contents) == live()


def test_an_earlier_receipt_handle_deletes_nothing(written: Written, tmp_path: Path) -> None:
    # Given a message that was received twice
    client = Client(written, tmp_path)
    queue = "http://localhost:4566/000000000000/plain"
    client.sqs("SendMessage", QueueUrl=queue, MessageBody="kept")
    first = client.sqs("ReceiveMessage", QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    client.sqs("ReceiveMessage", QueueUrl=queue)
    # When it is deleted with the first receipt handle, in each way
    client.sqs("DeleteMessage", QueueUrl=queue, ReceiptHandle=first)
    client.sqs("DeleteMessageBatch", QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": first}])
    sqs._delete_messages_for_esm(queue, {first})
    # Then it is still there after a recovery
    contents, _ = recovered(written.payloads)
    arn = "arn:aws:sqs:us-east-1:000000000000:plain"
    assert [message["body"] for message in contents.queues[arn].messages.values()] == ["kept"]


def test_mappings_and_clients_do_not_wait_for_each_other_for_ever(written: Written, tmp_path: Path) -> None:
    # Given threads that receive and delete as event source mappings do
    client = Client(written, tmp_path)
    queue = "http://localhost:4566/000000000000/plain"
    over = threading.Event()

    def consume() -> None:
        while not over.is_set():
            handles = {found["receipt_handle"] for found in sqs._receive_messages_for_esm(queue, 10)}
            sqs._delete_messages_for_esm(queue, handles)

    # When a client sends and receives meanwhile
    def send() -> None:
        for number in range(300):
            client.sqs("SendMessage", QueueUrl=queue, MessageBody=str(number))
            client.sqs("ReceiveMessage", QueueUrl=queue)

    threads = [threading.Thread(target=work, daemon=True) for work in (consume, consume, send)]
    for thread in threads:
        thread.start()
    threads[-1].join(30.0)
    over.set()
    for thread in threads:
        thread.join(10.0)
    # Then all come to an end
    assert not any(thread.is_alive() for thread in threads)
