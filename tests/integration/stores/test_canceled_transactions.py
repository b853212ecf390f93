"""If DynamoDB cancels a transaction for a fault of its own, the store raises Unavailable, not a conflict."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.rows import _Shared
from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.message import Message
from chat4all.domain.person import Identity, User
from chat4all.domain.status import Status
from tests.fakes.people import NOW, customer
from tests.integration.aws import Aws

IDENTITY = Identity("pigeon", "main", "ana", NOW)


def _user() -> User:
    return replace(customer(str(uuid.uuid4())), identities=(IDENTITY,))


def _failed_message() -> Message:
    return Message(
        message_id=str(uuid.uuid4()),
        conversation_id=str(uuid.uuid4()),
        sequence="1",
        sender_id=str(uuid.uuid4()),
        content=Text("hello"),
        status=Status.FAILED,
        status_history=(),
        accepted_at=NOW,
        fingerprint="f",
    )


def _directory(aws: Aws) -> DynamoDirectory:
    return DynamoDirectory(aws.output("Data.DirectoryTable"))


def _link(aws: Aws) -> object:
    user_id = str(uuid.uuid4())
    _directory(aws).create(replace(_user(), user_id=user_id, identities=()))
    return _directory(aws).link(user_id, IDENTITY)


TRANSACTIONS: dict[str, Callable[[Aws], object]] = {
    "a new user": lambda aws: _directory(aws).create(_user()),
    "a new identity": _link,
    "an identity that goes": lambda aws: _directory(aws).unlink(_user(), IDENTITY),
    "a redrive": lambda aws: DynamoMessages(aws.output("Data.MessagesTable")).redrive(
        _failed_message(), [], NOW, NOW
    ),
}


@pytest.fixture(
    params=["ThrottlingError", "ProvisionedThroughputExceeded", "ItemCollectionSizeLimitExceeded"]
)
def canceled(aws: Aws, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Cancel every transaction; the returned list counts them."""
    sent: list[str] = []

    def cancel(**_: object) -> None:
        sent.append(request.param)
        raise ClientError(
            {
                "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled."},
                "CancellationReasons": [{"Code": "None"}, {"Code": request.param}],
            },
            "TransactWriteItems",
        )

    _directory(aws)
    assert _Shared.client is not None
    hooks = _Shared.client.meta.events
    hooks.register_first("before-call.dynamodb.TransactWriteItems", cancel)
    yield sent
    hooks.unregister("before-call.dynamodb.TransactWriteItems", cancel)


@pytest.mark.parametrize("transaction", TRANSACTIONS)
def test_a_fault_of_dynamodb_is_no_conflict(aws: Aws, canceled: list[str], transaction: str) -> None:
    with pytest.raises(Unavailable, match=r"The database did not answer; try again\."):
        TRANSACTIONS[transaction](aws)
    assert len(canceled) == 1
