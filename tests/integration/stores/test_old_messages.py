"""What retention finds and strips, by the adapter."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.notes import DynamoNotes
from chat4all.adapters.dynamodb.old_messages import DynamoOldMessages, OldRow
from chat4all.adapters.dynamodb.table_keys import (
    BATCH_SHARDS,
    CREATION_SHARDS,
    DEAD_SHARDS,
    ENDED,
    due_shards,
)
from chat4all.domain.claims import Claimed, Counts
from chat4all.domain.content import Deleted, Text
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient
from chat4all.domain.message import AlbumItem, Message
from chat4all.domain.note import Note
from chat4all.domain.received import Received
from chat4all.domain.retention import Stage
from chat4all.domain.status import Status, StatusChange
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.privacy.apply_retention import SHARDS
from chat4all.services.privacy.retention_ports import Stripped
from tests.fakes.fate import Died
from tests.fakes.people import agent, conversation_of, customer
from tests.integration.aws import Aws

OLD = "2026-01-01T00:00:00.000Z"
BEFORE = "2026-01-02T00:00:00.000Z"
YOUNG = "2026-01-03T00:00:00.000Z"
UNTIL = 2_000_000_000


class Stores:
    def __init__(self, aws: Aws) -> None:
        messages, conversations = aws.output("Data.MessagesTable"), aws.output("Data.ConversationsTable")
        self.messages = DynamoMessages(messages)
        self.deliveries = DynamoDeliveries(messages)
        self.fallbacks = DynamoFallbacks(messages)
        self.conversations = DynamoConversations(conversations)
        self.notes = DynamoNotes(conversations)
        self.old = DynamoOldMessages(messages, conversations, aws.output("Data.FilesTable"))
        self.dynamodb, self.table = aws.dynamodb, messages

    def strip(self, message_id: str) -> Stripped:
        return self.old.strip(message_id, BEFORE, YOUNG, UNTIL)

    def rows(self, message_id: str) -> dict[str, dict[str, Any]]:
        found = self.dynamodb.query(
            TableName=self.table,
            KeyConditionExpression="#p = :p",
            ExpressionAttributeNames={"#p": "partition"},
            ExpressionAttributeValues={":p": {"S": f"default#{message_id}"}},
        )["Items"]
        return {item["record"]["S"]: item for item in found}


@pytest.fixture
def stores(aws: Aws) -> Stores:
    return Stores(aws)


def a_message(new_id: Callable[[], str], at: str = OLD, **changes: Any) -> Message:  # noqa: ANN401 - any field
    message = Message(
        message_id=new_id(),
        conversation_id=new_id(),
        sequence=f"{1:020d}",
        sender_id="agent",
        content=Text("secret"),
        status=Status.PENDING,
        status_history=(StatusChange(Status.PENDING, at),),
        accepted_at=at,
        fingerprint="fingerprint",
        metadata={"order": "secret"},
        reply_to="another",
    )
    return replace(message, **changes)


def a_request(message: Message, to: str) -> DeliveryRequested:
    return DeliveryRequested(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        recipient=Recipient(to, "pigeon", "main", "secret-address", 0),
        content=Text("secret"),
        part=0,
        part_count=1,
        recipient_count=1,
        accepted_at=OLD,
    )


def claimed(stores: Stores, message: Message, to: str) -> Claimed:
    claim = stores.deliveries.claim(a_request(message, to), "claim", 0.0, 1.0)
    assert isinstance(claim, Claimed)
    return claim


def settled(stores: Stores, message: Message) -> Message:
    stores.messages.add(message)
    stores.messages.begin(message.message_id, OLD)
    claim = claimed(stores, message, "ana")
    stores.deliveries.record_sent(claim, f"secret-name-{message.message_id}", OLD)
    assert stores.messages.advance(message.message_id, Status.SENT, OLD, 0, settled=True)
    return message


def test_what_is_over_keeps_ids_and_statuses_and_goes_by_ttl(
    stores: Stores, new_id: Callable[[], str]
) -> None:
    message = settled(stores, a_message(new_id))

    assert stores.strip(message.message_id) is Stripped.STRIPPED
    assert stores.strip(message.message_id) is Stripped.KEPT

    rows = stores.rows(message.message_id)
    assert all(row["expires_at"] == {"N": str(UNTIL)} for row in rows.values())
    assert "secret" not in str(rows)
    left = stores.messages.get(message.message_id)
    assert left is not None
    assert (left.content, left.status, left.conversation_id) == (
        Deleted(),
        Status.SENT,
        message.conversation_id,
    )
    assert left.deleted_at == YOUNG
    assert stores.old.history(message.conversation_id, "", 10) == ([], "")
    assert stores.messages.add(message) == left


def test_a_late_record_is_refused_and_a_receipt_brings_nothing_back(
    stores: Stores, new_id: Callable[[], str]
) -> None:
    message = settled(stores, a_message(new_id))
    assert stores.strip(message.message_id) is Stripped.STRIPPED
    requested = a_request(message, "ana")

    assert not isinstance(stores.deliveries.claim(requested, "again", 5.0, 9.0), Claimed)
    assert stores.messages.advance(message.message_id, Status.DELIVERED, YOUNG, 0, settled=True)

    assert stores.deliveries.find("pigeon", "main", f"secret-name-{message.message_id}") is None
    assert all("expires_at" in row for row in stores.rows(message.message_id).values())
    assert "secret" not in str(stores.rows(message.message_id))


@pytest.mark.parametrize("why", ["young", "pending", "claimed", "redriven", "fallback", "scheduled"])
def test_what_is_young_or_unfinished_stays(stores: Stores, new_id: Callable[[], str], why: str) -> None:
    message = a_message(new_id)
    match why:
        case "young":
            settled(stores, replace(message, accepted_at=YOUNG))
        case "pending":
            stores.messages.add(message)
        case "claimed":
            settled(stores, message)
            claimed(stores, message, "ben")
        case "redriven":
            settled(stores, message)
            claim = claimed(stores, message, "ben")
            stores.deliveries.record_failed(claim, "X", "secret", OLD)
            found = stores.messages.get(message.message_id)
            assert found is not None
            part = stores.deliveries.get(claim.delivery.delivery_id)
            assert part is not None
            assert stores.messages.redrive(found, [part], YOUNG, YOUNG) == 1
        case "fallback":
            settled(stores, message)
            event = MessageAccepted(
                message_id=message.message_id,
                conversation_id=message.conversation_id,
                sequence=message.sequence,
                content=Text("secret"),
                accepted_at=OLD,
                recipient_count=1,
                recipients=(Recipient("ben", "pigeon", "main", "secret", 0),),
            )
            stores.fallbacks.begin(event, YOUNG)
        case _:
            stores.messages.schedule(replace(message, status=Status.SCHEDULED, send_at=YOUNG, sequence=""))
    before = stores.rows(message.message_id)

    expected = Stripped.KEPT if why == "young" else Stripped.UNFINISHED
    assert stores.strip(message.message_id) is expected
    assert stores.rows(message.message_id) == before


def test_a_walk_that_dies_between_finds_the_message_again(
    stores: Stores, new_id: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = settled(stores, a_message(new_id))

    def die(*_: object) -> Stripped:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("chat4all.adapters.dynamodb.old_messages._strip_message", die)
        with pytest.raises(Died):
            stores.strip(message.message_id)

    found, _ = stores.old.history(message.conversation_id, "", 10)
    assert [old.message_id for old in found] == [message.message_id]
    assert stores.strip(message.message_id) is Stripped.STRIPPED


def test_a_redrive_that_comes_between_keeps_the_message(
    stores: Stores, new_id: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message(new_id)
    stores.messages.add(message)
    stores.messages.begin(message.message_id, OLD)
    claim = claimed(stores, message, "ana")
    stores.deliveries.record_failed(claim, "X", "no", OLD)
    assert stores.messages.advance(message.message_id, Status.FAILED, OLD, 0, settled=True)
    query = OldRow.query

    def redriven_after(*arguments: Any, **options: Any) -> list[OldRow]:  # noqa: ANN401 - pynamodb's
        rows = list(query(*arguments, **options))
        found = stores.messages.get(message.message_id)
        part = stores.deliveries.get(claim.delivery.delivery_id)
        assert found is not None
        assert part is not None
        assert stores.messages.redrive(found, [part], YOUNG, YOUNG) == 1
        return rows

    monkeypatch.setattr(OldRow, "query", redriven_after)

    assert stores.strip(message.message_id) is Stripped.UNFINISHED
    left = stores.messages.get(message.message_id)
    assert left is not None
    assert left.content == Text("secret")


def test_the_items_of_an_album_go_with_it(stores: Stores, new_id: Callable[[], str]) -> None:
    name = new_id()
    received = Received(sent_at=OLD, webhook_id="")
    item = AlbumItem(name, 1, Text("secret"), received)
    album = a_message(
        new_id,
        status=Status.DELIVERED,
        channel="pigeon",
        account="main",
        provider_message_id=f"first-{name}",
        received=received,
        items=(item,),
    )
    stores.messages.add(album)
    item_id = inbound_message_id("pigeon", "main", name)
    stores.messages.join_album(item_id, album, name)

    assert stores.strip(album.message_id) is Stripped.STRIPPED

    (row,) = stores.rows(item_id).values()
    assert "expires_at" in row
    assert name not in str(row)


def test_histories_and_notices_are_read_by_their_numbers(stores: Stores, new_id: Callable[[], str]) -> None:
    conversation_id = new_id()
    made = [
        a_message(new_id, conversation_id=conversation_id, sequence=f"{number:020d}") for number in range(5)
    ]
    for message in made:
        stores.messages.add(message)

    found, after = stores.old.history(conversation_id, "", 2)
    rest, end = stores.old.history(conversation_id, after, 10)

    assert [old.message_id for old in (*found, *rest)] == [message.message_id for message in made]
    assert end == ""
    assert stores.old.notices(conversation_id, "", 2) == ([], "")


def test_notes_go_by_their_time(stores: Stores, new_id: Callable[[], str]) -> None:
    conversation_id = new_id()
    for note_id in ("20260101T000000000Z-a", "20260102T000000000Z-b", "20260103T000000000Z-c"):
        stores.notes.add(Note(note_id, conversation_id, "agent", "secret", OLD))

    assert stores.old.delete_notes(conversation_id, BEFORE) == 1
    assert len(stores.notes.latest(conversation_id, None, 10)) == 2


def test_every_conversation_is_listed_once(stores: Stores, new_id: Callable[[], str]) -> None:
    made = {new_id() for _ in range(20)}
    for name in made:
        members = (agent("agent"), customer(new_id()))
        stores.conversations.create(conversation_of(*members, conversation_id=name), [])

    found: list[str] = []
    for shard in range(16):
        after = ""
        while True:
            listing = stores.old.conversations(shard, after, 3)
            found += listing.ids
            after = listing.after
            if not after:
                break

    assert made <= set(found)
    assert len(found) == len(set(found))


def test_a_released_delivery_is_unfinished(stores: Stores, new_id: Callable[[], str]) -> None:
    message = settled(stores, a_message(new_id))
    claim = claimed(stores, message, "ben")
    stores.deliveries.release(claim, Counts.NOTHING)

    assert stores.strip(message.message_id) is Stripped.UNFINISHED


def test_a_walk_reads_every_shard() -> None:
    assert {
        Stage.CONVERSATIONS: CREATION_SHARDS,
        Stage.SCHEDULED: due_shards(ENDED),
        Stage.BATCHES: BATCH_SHARDS,
        Stage.DEAD_RECORDS: DEAD_SHARDS,
        Stage.FILES: due_shards("FILE"),
    } == SHARDS
