"""Echoes of our side's messages that wait until it is known whether we sent them."""

from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, due_rows
from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import due_key, key
from chat4all.domain.events import InboundMessage, WebhookEvent

ECHO: Final = "ECHO"


class EchoRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=ECHO)
    event = StructAttribute[WebhookEvent](WebhookEvent)
    due_key = UnicodeAttribute()
    due_at = UnicodeAttribute()
    expires_at = NumberAttribute()


class DynamoEchoes:
    def __init__(self, table_name: str) -> None:
        bind(table_name, EchoRow, DueRow)

    @answering
    def park(self, received: WebhookEvent, due_at: str, expires_at: int) -> None:
        partition = _partition(received)
        due = due_key(ECHO, partition)
        EchoRow(partition, ECHO, event=received, due_key=due, due_at=due_at, expires_at=expires_at).save()

    @answering
    def due(self, now: str, limit: int) -> list[WebhookEvent]:
        return [row.event for row in due_rows(EchoRow, ECHO, now, limit)]

    @answering
    def unpark(self, received: WebhookEvent) -> None:
        EchoRow(_partition(received), ECHO).delete()


def _partition(received: WebhookEvent) -> str:
    event = received.event
    version = (event.edited_at or "") if isinstance(event, InboundMessage) else ""
    return key(ECHO, received.channel, received.account, event.provider_message_id, version)
