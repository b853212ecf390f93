"""If DynamoDB does not answer, every write raises Unavailable, whatever its condition."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.rows import _Shared
from chat4all.domain.breaker import Breaker
from chat4all.domain.errors import Unavailable
from chat4all.domain.status import Status
from tests.fakes.people import NOW, customer
from tests.integration.aws import Aws

WRITES: dict[str, Callable[[Aws], object]] = {
    "an update": lambda aws: DynamoBreakers(aws.output("Data.LimitsTable")).save("x", "main", Breaker(), 0),
    "a place": lambda aws: DynamoConversations(aws.output("Data.ConversationsTable")).place_participant(
        "x", "y", NOW, "1"
    ),
    "a state": lambda aws: DynamoMessages(aws.output("Data.MessagesTable")).begin("x", NOW),
    "a status": lambda aws: DynamoMessages(aws.output("Data.MessagesTable")).advance(
        "x", Status.SENT, NOW, 0, settled=False
    ),
    "a transaction": lambda aws: DynamoDirectory(aws.output("Data.DirectoryTable")).create(
        customer(str(uuid.uuid4()), "pigeon")
    ),
}


@pytest.fixture(params=[ConnectionClosedError, ReadTimeoutError])
def silent(aws: Aws, request: pytest.FixtureRequest) -> Iterator[None]:
    """Make DynamoDB unreachable; botocore's error then has no answer to examine."""

    def break_off(request: AWSPreparedRequest, **_: object) -> None:
        raise failure(endpoint_url=request.url)

    failure = request.param
    DynamoBreakers(aws.output("Data.LimitsTable"))
    assert _Shared.client is not None
    hooks = _Shared.client.meta.events
    hooks.register_first("before-send.dynamodb", break_off)
    yield
    hooks.unregister("before-send.dynamodb", break_off)


@pytest.mark.parametrize("write", WRITES)
def test_a_connection_that_breaks_is_unavailable(aws: Aws, silent: None, write: str) -> None:
    with pytest.raises(Unavailable):
        WRITES[write](aws)
