"""The adapter of the FIFO queues, over the queues of the template."""

import uuid

from chat4all.adapters.queues.sqs import Queues, SqsEvents
from chat4all.bootstrap import runtime
from chat4all.domain.content import Text
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient, StatusUpdate
from chat4all.domain.status import Status
from tests.fakes.people import NOW
from tests.integration.aws import Aws


def queues(aws: Aws) -> Queues:
    return Queues(
        chat_events=aws.queue("ChatEventsQueue"),
        status_updates=aws.queue("StatusUpdatesQueue"),
        inbound=aws.queue("InboundQueue"),
        channels={"whatsapp": aws.queue("WhatsAppChannel.Queue")},
    )


def bodies(aws: Aws, url: str, about: str) -> list[str]:
    """Empty the queue; return in order the bodies that contain `about`."""
    return [body for body in aws.drained(url) if about in body]


def test_a_message_published_twice_is_there_once(aws: Aws) -> None:
    events, conversation_id = SqsEvents(runtime.sqs(), queues(aws)), str(uuid.uuid4())
    ids = [str(uuid.uuid4()) for _ in range(3)]

    for message_id in (*ids, *ids):
        events.message_accepted(MessageAccepted(message_id, conversation_id, Text("hello"), (), NOW, "1", 0))

    found = bodies(aws, aws.queue("ChatEventsQueue"), conversation_id)
    assert [next(sent_id for sent_id in ids if sent_id in body) for body in found] == ids


def test_the_parts_for_one_person_are_there_in_order(aws: Aws) -> None:
    events, message_id = SqsEvents(runtime.sqs(), queues(aws)), str(uuid.uuid4())
    to = Recipient(str(uuid.uuid4()), "whatsapp", "main", "4915112345678", 1)
    requested = [
        DeliveryRequested(message_id, "c", to, Text(f"part {part}"), part, 12, 12, NOW, "1")
        for part in range(12)
    ]

    for _ in range(2):
        events.deliveries_requested(requested)

    found = bodies(aws, aws.queue("WhatsAppChannel.Queue"), message_id)
    assert [f'"part {part}"' in body for part, body in enumerate(found)] == [True] * 12


def test_status_updates_are_taken(aws: Aws) -> None:
    events, theirs = SqsEvents(runtime.sqs(), queues(aws)), str(uuid.uuid4())
    updates = [StatusUpdate("whatsapp", "main", status, NOW, theirs) for status in Status]

    assert events.status_updates(updates) == []
    assert len(bodies(aws, aws.queue("StatusUpdatesQueue"), theirs)) == len(updates)


def test_every_queue_hands_what_it_cannot_handle_to_one_that_keeps_it(aws: Aws) -> None:
    found = aws.template.resources("AWS::SQS::Queue")

    for name, queue in found.items():
        assert queue["FifoQueue"], name
        if "DeadLetter" in name:
            continue
        url = aws.sqs.get_queue_url(QueueName=queue["QueueName"])["QueueUrl"]
        attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert "deadLetterTargetArn" in attributes["RedrivePolicy"]
        assert attributes["VisibilityTimeout"] == str(queue["VisibilityTimeout"])
