"""All functions, each with its own environment from the template, and the queues between them."""

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics

from chat4all.bootstrap import (
    api,
    batches,
    channel,
    files,
    inbound,
    privacy,
    relay,
    router,
    search,
    status,
    webhooks,
)
from chat4all.channels.registry import manifests
from tests.integration.aws import CHANNELS, Aws
from tests.integration.http.gateway import Context
from tests.integration.permissions import Recorder
from tests.integration.provider import Provider
from tests.integration.template import Template, environment, functions, mappings

if TYPE_CHECKING:
    from collections.abc import Callable

WIRED: "dict[str, Callable[[], Any]]" = {
    "api": api.handler,
    "files": files.handler,
    "webhooks": webhooks.handler,
    "inbound": inbound.handler,
    "router": router.handler,
    "status": status.handler,
    "batches": batches.handler,
    "search": search.handler,
    "privacy": privacy.handler,
    "relay": relay.handler,
    **dict.fromkeys(CHANNELS, channel.handler),
}
DEADLINE_S = 120


class Product:
    def __init__(
        self,
        aws: Aws,
        provider: Provider,
        recorder: Recorder,
        patch: pytest.MonkeyPatch,
        event_stream: str = "sqs",
    ) -> None:
        urls = {f"{manifest.logical_name}BaseUrl": provider.url for manifest in manifests()}
        self.template = Template(parameters={**urls, "EventStream": event_stream, "SearchIndex": "table"})
        self.aws = aws
        self._recorder = recorder
        self._handlers: dict[str, Any] = {}
        self._timeouts: dict[str, int] = {}
        # Powertools keeps one set of metrics per process, but here all functions share a process.
        patch.setattr("chat4all.bootstrap.telemetry.Metrics", EphemeralMetrics)
        for name, function in functions(self.template).items():
            with pytest.MonkeyPatch.context() as own:
                for variable, value in environment(function).items():
                    own.setenv(variable, value)
                with recorder.running(name):
                    self._handlers[name] = WIRED[name]()
            self._timeouts[name] = int(function["Timeout"])
        self.queue_of = {
            name: mapping["EventSourceArn"].rsplit(":", 1)[1]
            for name, mapping in mappings(self.template).items()
        }

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - each answers its own
        with self._recorder.running(name):
            return self._handlers[name](event, Context(self._timeouts[name]))

    def hand(
        self, name: str, *events: msgspec.Struct | str, receives: int = 1, number: str | None = None
    ) -> list[str]:
        """Pass records to a queue's function; return the bodies of the records that it hands back.

        All have this number, or else the numbers from 1 on.
        """
        bodies = [
            event if isinstance(event, str) else msgspec.json.encode(event).decode() for event in events
        ]
        records = [
            _record(
                str(index),
                f"group-{uuid.uuid4()}",
                body,
                "gone",
                receives=receives,
                number=number or f"{index + 1:020d}",
            )
            for index, body in enumerate(bodies)
        ]
        answer = self.invoke(name, {"Records": records})
        return [bodies[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]

    def pump(self) -> None:
        """Run the queues' functions until all queues are empty."""
        deadline = time.monotonic() + DEADLINE_S
        while [name for name in self.queue_of if self.serve(name)]:
            assert time.monotonic() < deadline, "the queues never empty"

    def pump_some(self, *names: str) -> None:
        """Run the functions with these names until their queues are empty."""
        deadline = time.monotonic() + DEADLINE_S
        while [name for name in names if self.serve(name)]:
            assert time.monotonic() < deadline, "the queues never empty"

    def serve(self, name: str) -> bool:
        """Run a queue's function once; return False if the queue is empty."""
        url = self.aws.sqs.get_queue_url(QueueName=self.queue_of[name])["QueueUrl"]
        given = self.aws.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        if not given:
            return False
        records = [
            _record(
                message["MessageId"],
                message["Attributes"]["MessageGroupId"],
                message["Body"],
                message["ReceiptHandle"],
                receives=int(message["Attributes"]["ApproximateReceiveCount"]),
                number=message["Attributes"]["SequenceNumber"],
            )
            for message in given
        ]
        answer = self.invoke(name, {"Records": records})
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in given:
            if message["MessageId"] not in failed:
                self.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True


def _record(
    message_id: str, group: str, body: str, receipt: str, *, receives: int, number: str
) -> dict[str, object]:
    return {
        "messageId": message_id,
        "receiptHandle": receipt,
        "body": body,
        "attributes": {
            "MessageGroupId": group,
            "ApproximateReceiveCount": str(receives),
            "SequenceNumber": number,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "us-east-1",
    }
