"""`up --event-stream`: the backends that have it, and the parameters that it sets."""

import pytest

from chat4all_local.cloud.backends.backend import Endpoints
from chat4all_local.cloud.backends.choice import BackendName, chosen
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.errors import CloudError
from tests.integration.template import read

NOWHERE = Endpoints(aws="http://127.0.0.1:1", s3="http://127.0.0.1:1")


def test_localstack_is_deployed_to_with_kinesis() -> None:
    backend = chosen(BackendName.LOCALSTACK, event_stream=EventStream.KINESIS)

    assert backend.event_stream is EventStream.KINESIS
    assert backend.parameters(NOWHERE)["EventStream"] == "kinesis"


def test_so_is_a_cloud_that_runs_already() -> None:
    backend = chosen(BackendName.EXTERNAL, NOWHERE.aws, EventStream.KINESIS)

    assert backend.parameters(NOWHERE)["EventStream"] == "kinesis"
    assert backend.parameters(NOWHERE)["EndpointUrl"] == NOWHERE.aws


@pytest.mark.parametrize("name", [BackendName.MINISTACK, BackendName.LOCALSTACK])
def test_sqs_is_the_default(name: BackendName) -> None:
    backend = chosen(name)

    assert backend.event_stream is EventStream.SQS
    assert "EventStream" not in backend.parameters(NOWHERE)


def test_ministack_is_refused_with_what_to_say_instead() -> None:
    with pytest.raises(CloudError) as refused:
        chosen(BackendName.MINISTACK, event_stream=EventStream.KINESIS)

    assert refused.value.advice == "use: --backend localstack --event-stream kinesis"


def test_the_template_knows_the_same_streams_and_parameters() -> None:
    declared = read("template.yaml")["Parameters"]

    assert declared["EventStream"]["AllowedValues"] == [stream.value for stream in EventStream]
    assert set(EventStream.KINESIS.parameters) <= set(declared)
