"""AWS as moto simulates it in this process, for the time of these tests."""

import itertools
import threading
from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.sqs.models import Message, Queue

from chat4all.adapters import aws as adapters_aws
from chat4all.adapters.dynamodb.rows import _Shared
from tests.integration.aws import Aws
from tests.integration.template import ACCOUNT, REGION

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "MOTO_ACCOUNT_ID": ACCOUNT,
}


@pytest.fixture(scope="package", autouse=True)
def aws() -> Iterator[Aws]:
    """Make the tables, queues and secrets that all tests share. Each test uses new ids."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        _make_requests_atomic(patch)
        _number_records(patch)
        with mock_aws():
            _forget_clients()
            yield Aws()
        _forget_clients()


@pytest.fixture(scope="module", autouse=True)
def _nothing_left(aws: Aws) -> None:
    aws.empty()


def _make_requests_atomic(patch: pytest.MonkeyPatch) -> None:
    """Handle one request at a time, since moto's writes are not atomic, as those of AWS are."""
    process, lock = BotocoreStubber.process_request, threading.RLock()

    def atomic(stubber: BotocoreStubber, request: object) -> object:
        with lock:
            return process(stubber, request)  # type: ignore[arg-type]

    patch.setattr(BotocoreStubber, "process_request", atomic)


def _number_records(patch: pytest.MonkeyPatch) -> None:
    """Number the records of a queue in their order, and answer a duplicate with the first record's number.

    moto takes numbers at random.
    """
    add, numbers = Queue.add_message, itertools.count(1)

    def add_numbered(queue: Queue, message: Message) -> None:
        if message.deduplication_id is not None:
            same = (
                known.sequence_number
                for known in queue._messages
                if known.deduplication_id == message.deduplication_id
            )
            message.sequence_number = next(same, None) or f"{next(numbers):020d}"
        add(queue, message)

    patch.setattr(Queue, "add_message", add_numbered)


def _forget_clients() -> None:
    """Drop the process's cached session and DynamoDB client, which were made outside of moto."""
    adapters_aws.session.cache_clear()
    _Shared.client = None
