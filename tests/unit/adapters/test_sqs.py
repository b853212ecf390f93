"""The adapter of the FIFO queues, over a client as strict as SQS."""

import re
from collections import Counter
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from chat4all.adapters.queues.sqs import (
    MOST_BYTES,
    MOST_ENTRIES,
    MOST_TOGETHER,
    Queues,
    SqsEvents,
    _Entry,
    waves,
)
from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    ChatEvent,
    DeliveryRequested,
    InboundEvent,
    InboundMessage,
    InboundMove,
    MessageAccepted,
    MessageSubmitted,
    ParticipantJoining,
    Recipient,
    StatusUpdate,
    WebhookEvent,
    WebhookEvents,
)
from chat4all.domain.files.file import FileEvent, FileStored, FileToFetch
from chat4all.domain.message import Message
from chat4all.domain.status import Status, StatusChange

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ID = "11111111-1111-4111-8111-111111111111"
USER = "22222222-2222-4222-8222-222222222222"
AT = "2026-01-31T12:00:00.000Z"
NUMBER = "00000000000000000001"
A_MESSAGE = Message(
    message_id=ID,
    conversation_id=USER,
    sequence="",
    sender_id=USER,
    content=Text("hello 😀"),
    status=Status.PENDING,
    status_history=(StatusChange(Status.PENDING, AT),),
    accepted_at=AT,
    fingerprint="0" * 64,
)
A_SUBMITTED = MessageSubmitted(A_MESSAGE, (Recipient(USER, "whatsapp", "main", "55", 1),), 1)
A_JOIN = ParticipantJoining(ID, USER, AT)
QUEUES = Queues(
    "chat-events", "status-updates", "inbound", {"whatsapp": "whatsapp", "telegram": "telegram"}, "files"
)
NAME = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
"""A valid group or deduplication id:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""

BODY = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""The characters that the same page allows in a message."""


class StrictSqs:
    """A client as strict as SQS. Messages with `refuse` in the body fail; while `down`, all calls fail."""

    def __init__(self, *, refuse: str | None = None, down: bool = False) -> None:
        self.batches: list[tuple[str, list[dict[str, str]]]] = []
        self.taken: list[dict[str, str]] = []
        self._refuse = refuse
        self._down = down

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto's names
        MessageBody: str,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
        MessageDeduplicationId: str,  # noqa: N803
    ) -> object:
        entry = {
            "Id": "0",
            "MessageBody": MessageBody,
            "MessageGroupId": MessageGroupId,
            "MessageDeduplicationId": MessageDeduplicationId,
        }
        if self.send_message_batch(QueueUrl=QueueUrl, Entries=[entry])["Failed"]:
            raise ClientError({"Error": {"Code": "InternalError"}}, "SendMessage")
        return {"SequenceNumber": NUMBER}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, list[dict[str, str]]]:
        if self._down:
            raise EndpointConnectionError(endpoint_url="https://sqs")
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 262_144
        for entry in Entries:
            assert set(entry) == {"Id", "MessageBody", "MessageGroupId", "MessageDeduplicationId"}
            assert NAME.fullmatch(entry["MessageGroupId"])
            assert NAME.fullmatch(entry["MessageDeduplicationId"])
            assert BODY.fullmatch(entry["MessageBody"])
        self.batches.append((QueueUrl, Entries))
        failed = [entry for entry in Entries if self._refuse and self._refuse in entry["MessageBody"]]
        self.taken += [entry for entry in Entries if entry not in failed]
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in failed]}


def delivery(
    number: int, *, channel: str = "whatsapp", user_id: str = USER, text: str = "hi"
) -> DeliveryRequested:
    to = Recipient(user_id, channel, "main", "5511987654321", 1)
    return DeliveryRequested(ID, ID, to, Text(text), number, 20, 20, AT, NUMBER)


def update(number: int) -> StatusUpdate:
    return StatusUpdate(
        "whatsapp", "main", Status.SENT, AT, f"wamid.{number}", f"{ID}|{USER}|whatsapp|{number}"
    )


def webhook(event: InboundEvent, account: str = "main") -> WebhookEvent:
    return WebhookEvent("whatsapp", account, f"whatsapp-{account}-abc", event)


def text(number: int, address: str = "5511987654321") -> InboundMessage:
    return InboundMessage(address, f"wamid.{number}", Text("hello"), AT)


ENTRIES = st.lists(
    st.builds(
        _Entry,
        group=st.sampled_from("abcd"),
        deduplication=st.uuids().map(str),
        body=st.sampled_from([1, 60_000, MOST_BYTES, MOST_BYTES + 1]).map(lambda size: "x" * size),
    ),
    max_size=40,
)


def events_to(sqs: StrictSqs) -> SqsEvents:
    return SqsEvents(cast("SQSClient", sqs), QUEUES)


@given(ENTRIES)
def test_waves_keep_each_groups_order_and_hold_a_group_once(entries: list[_Entry]) -> None:
    found = waves(entries)

    flat = [entry for wave in found for entry in wave]
    assert Counter(entry.deduplication for entry in flat) == Counter(entry.deduplication for entry in entries)
    for group in "abcd":
        assert [entry for entry in flat if entry.group == group] == [
            entry for entry in entries if entry.group == group
        ]
    assert all(len({entry.group for entry in wave}) == len(wave) for wave in found)


@given(ENTRIES)
def test_waves_are_as_small_as_sqs_wants_them(entries: list[_Entry]) -> None:
    for wave in waves(entries):
        assert 1 <= len(wave) <= MOST_ENTRIES
        assert sum(len(entry.body) for entry in wave) <= MOST_BYTES or len(wave) == 1


def test_ten_groups_make_one_wave() -> None:
    entries = [_Entry(str(group), f"{group}-{number}", "x") for number in range(2) for group in range(10)]

    assert [len(wave) for wave in waves(entries)] == [10, 10]


def test_a_message_is_grouped_by_its_conversation_and_known_by_its_id() -> None:
    sqs = StrictSqs()
    event = MessageAccepted(
        ID, USER, Text("hello 😀"), (Recipient(USER, "whatsapp", "main", "55", 1),), AT, NUMBER, 1
    )

    events_to(sqs).message_accepted(event)

    ((queue, (entry,)),) = sqs.batches
    assert queue == "chat-events"
    assert (entry["MessageGroupId"], entry["MessageDeduplicationId"]) == (USER, f"{ID}:0")
    assert msgspec.json.decode(entry["MessageBody"], type=ChatEvent) == event


@pytest.mark.parametrize("event", [A_SUBMITTED, A_JOIN])
def test_a_record_of_a_conversation_is_answered_with_its_number(
    event: MessageSubmitted | ParticipantJoining,
) -> None:
    sqs = StrictSqs()
    stream = events_to(sqs)

    if isinstance(event, ParticipantJoining):
        number = stream.participant_joining(event)
    else:
        number = stream.message_submitted(event)

    assert number == NUMBER
    ((queue, (entry,)),) = sqs.batches
    assert (queue, entry["MessageGroupId"]) == ("chat-events", event.conversation_id)
    assert msgspec.json.decode(entry["MessageBody"], type=ChatEvent) == event


def test_two_bodies_under_one_id_are_two_records() -> None:
    message = msgspec.structs.replace(A_MESSAGE, fingerprint="f" * 64)
    ids = {
        A_SUBMITTED.deduplication_id,
        MessageSubmitted(message, (), 1).deduplication_id,
        MessageSubmitted(message, (), 2).deduplication_id,
    }

    assert len(ids) == 2
    assert all(NAME.fullmatch(deduplication_id) for deduplication_id in ids)


def test_a_join_that_was_not_taken_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        events_to(StrictSqs(down=True)).participant_joining(A_JOIN)


def test_each_round_and_each_route_of_a_message_is_taken_anew() -> None:
    sqs = StrictSqs()
    event = MessageAccepted(
        ID, USER, Text("hello"), (Recipient(USER, "whatsapp", "main", "55", 1),), AT, NUMBER, 1
    )
    all_ = [
        msgspec.structs.replace(event, round=round_, position=position)
        for round_ in (0, 1, 9_999)
        for position in (0, 1, 4)
    ]

    for variant in all_:
        events_to(sqs).message_accepted(variant)

    ids = {entry["MessageDeduplicationId"] for _, (entry,) in sqs.batches}
    assert len(ids) == len(all_)
    assert max(len(deduplication_id) for deduplication_id in ids) <= 128


@pytest.mark.parametrize("sqs", [StrictSqs(down=True), StrictSqs(refuse="hello")])
def test_a_message_that_was_not_taken_is_unavailable(sqs: StrictSqs) -> None:
    with pytest.raises(Unavailable) as refused:
        events_to(sqs).message_accepted(MessageAccepted(ID, USER, Text("hello"), (), AT, NUMBER, 0))

    assert refused.value.retry_after


def test_deliveries_go_to_their_channels_in_order_per_person() -> None:
    sqs = StrictSqs()
    requested = [
        delivery(number, channel=channel) for number in range(3) for channel in ("whatsapp", "telegram")
    ]

    events_to(sqs).deliveries_requested(requested)

    for channel in ("whatsapp", "telegram"):
        bodies = [entry["MessageBody"] for queue, batch in sqs.batches if queue == channel for entry in batch]
        parts = [msgspec.json.decode(body, type=DeliveryRequested).part for body in bodies]
        assert parts == [0, 1, 2]
    assert {entry["MessageGroupId"] for entry in sqs.taken} == {f"{ID}:{USER}"}
    assert len({entry["MessageDeduplicationId"] for entry in sqs.taken}) == 6


def test_after_a_part_that_was_not_taken_no_later_one_is_sent() -> None:
    sqs = StrictSqs(refuse="second")
    requested = [delivery(0, text="first"), delivery(1, text="second"), delivery(2, text="third")]

    with pytest.raises(Unavailable):
        events_to(sqs).deliveries_requested(requested)

    taken = [
        msgspec.json.decode(entry["MessageBody"], type=DeliveryRequested).content.text for entry in sqs.taken
    ]
    assert taken == ["first"]


def test_the_longest_texts_fit_into_their_batches() -> None:
    sqs = StrictSqs()
    users = [f"user-{number}" for number in range(100)]
    requested = [delivery(part, user_id=user, text="😀" * 4096) for user in users for part in range(3)]

    events_to(sqs).deliveries_requested(requested)

    assert len(sqs.taken) == 300


@pytest.mark.parametrize("said", ["\x00\x1f\x7f\x85", "a\ufffe", "\uffff", "\\\uffff", "\U0001ffff"])
def test_whatever_character_somebody_types_sqs_takes_it(said: str) -> None:
    sqs = StrictSqs()
    event = webhook(InboundMessage("5511987654321", "wamid.1", Text(said), AT, display_name=said))

    events_to(sqs).webhook_events([event])
    events_to(sqs).deliveries_requested([delivery(0, text=said)])

    there, sent = sqs.taken
    assert msgspec.json.decode(there["MessageBody"], type=WebhookEvents).each == (event,)
    assert msgspec.json.decode(sent["MessageBody"], type=DeliveryRequested).content.text == said


def test_status_updates_that_were_not_taken_come_back() -> None:
    updates = [update(number) for number in range(25)]
    sqs = StrictSqs(refuse="wamid.1")

    refused = events_to(sqs).status_updates(updates)

    assert refused == [
        status_update
        for status_update in updates
        if str(status_update.provider_message_id).startswith("wamid.1")
    ]
    assert len(refused) + len(sqs.taken) == 25


def test_no_status_update_is_taken_while_sqs_is_down() -> None:
    updates = [update(number) for number in range(12)]

    assert events_to(StrictSqs(down=True)).status_updates(updates) == updates
    assert events_to(StrictSqs(down=True)).status_updates([]) == []


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_whatever_a_provider_calls_its_messages_sqs_takes_it(address: str, provider_id: str) -> None:
    sqs = StrictSqs()
    events = events_to(sqs)

    events.webhook_events([webhook(InboundMessage(address, provider_id, Text("hi"), AT))])
    refused = events.status_updates([StatusUpdate("whatsapp", "main", Status.READ, AT, provider_id)])

    assert refused == []
    assert len(sqs.taken) == 2


def test_a_persons_words_are_one_group() -> None:
    sqs = StrictSqs()
    events: list[InboundEvent] = [text(1), text(2), text(3, "other")]

    events_to(sqs).webhook_events([webhook(event) for event in events])

    groups = {
        event.provider_message_id: entry["MessageGroupId"]
        for entry in sqs.taken
        for event in events_in(entry)
    }
    assert groups["wamid.1"] == groups["wamid.2"] != groups["wamid.3"]
    sequence = [event for entry in sqs.taken for event in events_in(entry)]
    words = [event for event in sequence if event in (text(1), text(2))]
    assert words == [text(1), text(2)]


def test_a_move_stands_in_the_group_of_the_new_address() -> None:
    sqs = StrictSqs()

    for event in (InboundMove("former", "other", AT), text(1, "other"), text(2, "former")):
        events_to(sqs).webhook_events([webhook(event)])

    move, after, before = (entry["MessageGroupId"] for entry in sqs.taken)
    assert move == after != before


def test_two_accounts_that_a_person_writes_to_are_two_groups() -> None:
    sqs = StrictSqs()

    events_to(sqs).webhook_events([webhook(text(1), account) for account in ("main", "second")])

    first, second = sqs.taken
    assert first["MessageGroupId"] != second["MessageGroupId"]
    assert first["MessageDeduplicationId"] != second["MessageDeduplicationId"]


def test_the_same_webhook_again_has_the_same_deduplication_ids() -> None:
    sqs = StrictSqs()
    events = [webhook(text(number, str(number % 3))) for number in range(180)]

    for _ in range(2):
        events_to(sqs).webhook_events(events)

    assert len(sqs.taken) == 12
    assert len({entry["MessageDeduplicationId"] for entry in sqs.taken}) == 6


def events_in(entry: dict[str, str]) -> tuple[InboundEvent, ...]:
    return msgspec.json.decode(entry["MessageBody"], type=WebhookEvents).events


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 40_000, 90_000])), max_size=80),
)
def test_the_messages_of_each_chat_come_together_and_in_order(messages: list[tuple[str, int]]) -> None:
    sqs = StrictSqs()
    events = [
        InboundMessage(address, f"wamid.{number}", Text("x" * size), AT)
        for number, (address, size) in enumerate(messages)
    ]

    events_to(sqs).webhook_events([webhook(event) for event in events])

    for address in "abc":
        came = [event for entry in sqs.taken for event in events_in(entry) if event.address == address]
        assert came == [event for event in events if event.address == address]
    assert all(len({event.address for event in events_in(entry)}) == 1 for entry in sqs.taken)
    assert all(1 <= len(events_in(entry)) <= MOST_TOGETHER for entry in sqs.taken)


def test_the_history_of_a_chat_takes_a_request_for_each_50_of_its_messages() -> None:
    sqs = StrictSqs()

    events_to(sqs).webhook_events([webhook(text(number)) for number in range(5_000)])

    assert len(sqs.batches) == 100


def test_each_replay_of_a_webhook_is_taken_anew() -> None:
    sqs = StrictSqs()
    event = webhook(text(1))

    for again in (event, *(msgspec.structs.replace(event, replay=replay) for replay in ("first", "second"))):
        events_to(sqs).webhook_events([again])

    assert len({entry["MessageDeduplicationId"] for entry in sqs.taken}) == 3


def test_a_webhook_that_was_not_wholly_taken_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        events_to(StrictSqs(refuse="wamid.2")).webhook_events([webhook(text(1)), webhook(text(2, "other"))])


@pytest.mark.parametrize("event", [FileStored(ID), FileToFetch(ID)])
def test_a_file_is_a_group_and_each_kind_of_event_of_it_comes_once(event: FileEvent) -> None:
    sqs = StrictSqs()

    events_to(sqs).file_event(event)

    ((queue, (entry,)),) = sqs.batches
    kind = "stored" if isinstance(event, FileStored) else "fetch"
    assert (queue, entry["MessageGroupId"]) == ("files", ID)
    assert entry["MessageDeduplicationId"] == f"{kind}:{ID}"
    assert msgspec.json.decode(entry["MessageBody"], type=FileEvent) == event


def test_a_file_that_is_not_taken_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        events_to(StrictSqs(down=True)).file_event(FileToFetch(ID))
