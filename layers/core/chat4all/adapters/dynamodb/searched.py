"""Messages as a search reads them: without their states."""

from collections.abc import Sequence

from chat4all.adapters.dynamodb.message_rows import MESSAGE, MessageRow, message_of
from chat4all.adapters.dynamodb.rows import answering, bind
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.message import Message


class DynamoSearched:
    def __init__(self, messages_table: str) -> None:
        bind(messages_table, MessageRow)

    @answering
    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        keys = [(key(message_id), MESSAGE) for message_id in dict.fromkeys(message_ids)]
        rows = MessageRow.batch_get(keys, consistent_read=True) if keys else ()
        return [message_of(row, None) for row in rows]

    @answering
    def history(self, conversation_id: str, before: str | None, limit: int) -> list[Message]:
        span = MessageRow.sequence < before if before is not None else None
        rows = MessageRow.by_conversation.query(
            key(conversation_id), span, scan_index_forward=False, limit=limit, page_size=limit
        )
        return [message_of(row, None) for row in rows]
