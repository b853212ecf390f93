"""The template's EventStream: each choice creates the queues or streams that it needs, and no others."""

from typing import Any

import pytest

from chat4all.entrypoints.queues import chat_events, statuses
from chat4all.entrypoints.queues.stream_batches import LONGEST_PAUSE_S
from tests.integration.permissions import Role
from tests.integration.template import Template, environment, functions, mappings

ON_SQS = Template()
ON_KINESIS = Template(parameters={"EventStream": "kinesis"})
STREAMS = {"router": "chat-events", "status": "status-updates"}


def names_of(template: Template, kind: str) -> set[str]:
    named = "Name" if kind == "AWS::Kinesis::Stream" else "QueueName"
    return {resource[named] for resource in template.resources(kind).values()}


def test_on_sqs_there_is_nothing_of_kinesis() -> None:
    assert ON_SQS.resources("AWS::Kinesis::Stream") == {}
    assert {f"chat4all-{stream}.fifo" for stream in STREAMS.values()} <= names_of(ON_SQS, "AWS::SQS::Queue")
    for name, function in functions(ON_SQS).items():
        assert not any(action.startswith("kinesis:") for action in actions_of(function)), name
        assert not any(variable.endswith("_STREAM") for variable in environment(function)), name


def test_on_kinesis_the_two_queues_are_streams_and_the_others_stay() -> None:
    assert names_of(ON_KINESIS, "AWS::Kinesis::Stream") == {
        f"chat4all-{stream}" for stream in STREAMS.values()
    }
    gone = {f"chat4all-{stream}{end}.fifo" for stream in STREAMS.values() for end in ("", "-dlq")}
    come = {f"chat4all-{stream}-stream-dlq" for stream in STREAMS.values()}
    before, after = names_of(ON_SQS, "AWS::SQS::Queue"), names_of(ON_KINESIS, "AWS::SQS::Queue")
    assert (before - after, after - before) == (gone, come)


def test_no_role_on_kinesis_names_a_queue_that_is_not_there() -> None:
    for name, function in functions(ON_KINESIS).items():
        resources = [resource for _, named in Role(function).statements for resource in named]
        assert not any(
            f":chat4all-{stream}" in text and text.endswith(".fifo")
            for text in resources
            for stream in STREAMS.values()
        ), name


def test_nobody_reaches_every_resource_but_to_list_streams() -> None:
    for template in (ON_SQS, ON_KINESIS):
        for name, function in functions(template).items():
            for actions, resources in Role(function).statements:
                assert "*" not in resources or actions == ["kinesis:ListStreams"], name


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_keeps_a_week_and_is_encrypted(name: str) -> None:
    (stream,) = (
        resource
        for resource in ON_KINESIS.resources("AWS::Kinesis::Stream").values()
        if resource["Name"].endswith(STREAMS[name])
    )

    assert (stream["ShardCount"], stream["RetentionPeriodHours"]) == (10, 168)
    assert stream["StreamEncryption"]["EncryptionType"] == "KMS"


@pytest.mark.parametrize("name", STREAMS)
def test_a_bad_record_is_singled_out_and_ends_in_a_queue(name: str) -> None:
    mapping = mappings(ON_KINESIS)[name]

    assert mapping["EventSourceArn"].endswith(f":stream/chat4all-{STREAMS[name]}")
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ParallelizationFactor"] == 10
    # No record is skipped for its age: a record that waited for a day during an outage is still valid.
    assert mapping["MaximumRecordAgeInSeconds"] == 168 * 3600
    assert 0 < mapping["MaximumRetryAttempts"] <= 10_000
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    (queue,) = (
        resource
        for resource in ON_KINESIS.resources("AWS::SQS::Queue").values()
        if destination.endswith(f":{resource['QueueName']}")
    )
    # Lambda sends to standard queues only.
    assert "FifoQueue" not in queue
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize("name", STREAMS)
def test_who_reads_a_stream_may_read_it_and_give_up_to_its_queue(name: str) -> None:
    function = functions(ON_KINESIS)[name]
    dead = environment(function)[f"{STREAMS[name].replace('-', '_').upper()}_DEAD_LETTER_QUEUE"]

    assert {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"} <= actions_of(
        function
    )
    assert any(
        "sqs:SendMessage" in actions
        and any(resource.endswith(f":{dead.rsplit('/', 1)[1]}") for resource in resources)
        for actions, resources in Role(function).statements
    )


def test_a_pause_within_a_batch_ends_before_the_function_does() -> None:
    assert all(needed > LONGEST_PAUSE_S * 1000 for needed in (chat_events.NEEDED_MS, statuses.NEEDED_MS))


def actions_of(function: dict[str, Any]) -> set[str]:
    return {action for actions, _ in Role(function).statements for action in actions}
