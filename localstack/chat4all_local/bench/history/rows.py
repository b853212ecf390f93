"""Fill a conversation: copy the rows that the product wrote for a message, under other ids and numbers."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from chat4all.adapters.dynamodb.table_keys import key, sender_key
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_dynamodb.type_defs import TableAttributeValueTypeDef

    Row = Mapping[str, TableAttributeValueTypeDef]

MESSAGE: Final = "MESSAGE"
STATE: Final = "STATE"


class Filler:
    """Fills the conversation of a stored message with later copies of that message.

    A history reads the message and its state. The delivery parts are not copied.
    """

    def __init__(self, table: "Table", message_id: str) -> None:
        """Raises CloudError where a row of the message is missing."""
        self._table = table
        self._message = self._stored(message_id, MESSAGE)
        self._state = self._stored(message_id, STATE)

    def fill(self, first: int, last: int) -> None:
        """Write the copies with the numbers from `first` to `last`."""
        with self._table.batch_writer() as writer:
            for number in range(first, last + 1):
                message_id = str(uuid.uuid4())
                writer.put_item(Item=message_copy(self._message, message_id, number))
                writer.put_item(Item={**self._state, "partition": key(message_id)})

    def _stored(self, message_id: str, record: str) -> "Row":
        found = self._table.get_item(Key={"partition": key(message_id), "record": record})
        if "Item" not in found:
            raise CloudError(f"the message {message_id} has no {record}")
        return found["Item"]


def message_copy(message: "Row", message_id: str, number: int) -> "dict[str, TableAttributeValueTypeDef]":
    """Copy a message's row, `number` places after it in its conversation."""
    sequence = str(message["sequence"])
    return {
        **message,
        "partition": key(message_id),
        "sequence": f"{int(sequence) + number:0{len(sequence)}}",
        "sender_key": sender_key(str(message["sender_id"]), message_id),
    }


def messages_table(cloud: Cloud) -> "Table":
    resource = cloud.aws.session.resource("dynamodb", endpoint_url=cloud.aws.endpoint)
    return resource.Table(f"{cloud.stack}-messages")
