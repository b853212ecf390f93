"""Faults of AWS, and wrong clocks of the functions' processes."""

import base64
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from typing import Final

from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.proxy import behind_proxies
from chat4all_local.chaos.proxy_client import Proxy, Rule
from chat4all_local.chaos.scenario import Act, Run, Scenario
from chat4all_local.chaos.scenarios.traffic import read_once
from chat4all_local.cloud.functions import configuration, function_names, zipped
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.waiting import wait_until

_FROM: Final = 0.25
_TO: Final = 0.7
_SERVICES: Final = ("dynamodb", "sqs")
_LARGE: Final = max(6, len(CHANNELS))
_INCOMPRESSIBLE_BYTES: Final = 400_000
"""The size of an unknown field in a webhook; its content cannot be compressed."""
_HIT_WITHIN_S: Final = 15.0
_SKEWED: Final = Path(__file__).with_name("skewed_clock.py")

THROTTLES: Final[Sequence[Rule]] = (
    {
        "service": "dynamodb",
        "probability": 0.3,
        "error": {"code": "ProvisionedThroughputExceededException", "status": 400},
    },
    {"service": "sqs", "probability": 0.3, "error": {"code": "RequestThrottled", "status": 400}},
    {
        "service": "secretsmanager",
        "probability": 0.3,
        "error": {"code": "ThrottlingException", "status": 400},
    },
)
ERRORS: Final[Sequence[Rule]] = (
    {"service": "dynamodb", "probability": 0.15, "error": {"code": "InternalServerError", "status": 500}},
    {"service": "dynamodb", "probability": 0.05, "response": {"abort_frac": 0.0}},
    {"service": "sqs", "probability": 0.15, "error": {"code": "InternalFailure", "status": 500}},
    {"service": "sqs", "probability": 0.05, "response": {"abort_frac": 0.0}},
    {"service": "*", "probability": 0.03, "reset": True},
    {
        "service": "secretsmanager",
        "probability": 0.3,
        "error": {"code": "InternalServiceError", "status": 500},
    },
)
S3_THROTTLES: Final[Sequence[Rule]] = (
    {"service": "s3", "probability": 0.5, "error": {"code": "SlowDown", "status": 503}},
)
S3_ERRORS: Final[Sequence[Rule]] = (
    {"service": "s3", "probability": 0.4, "error": {"code": "InternalError", "status": 500}},
    {"service": "s3", "probability": 0.1, "response": {"abort_frac": 0.0}},
    {"service": "s3", "probability": 0.1, "reset": True},
)
S3_DELAYS: Final[Sequence[Rule]] = (
    {"service": "s3", "probability": 0.5, "latency": {"min": 100, "max": 1000}},
)
DELAYS: Final[Sequence[Rule]] = (
    {"service": "*", "probability": 0.02, "latency": 6000},
    {"service": "*", "probability": 0.3, "latency": {"min": 100, "max": 1000}},
)


def _faulty(what: str, rules: Sequence[Rule], s3_rules: Sequence[Rule]) -> Act:
    def act(run: Run) -> None:
        before_aws, before_s3 = run.under_test.before_aws, run.under_test.before_s3
        run.load.wait_for_share(_FROM)
        before_aws.inject(rules)
        before_s3.inject(s3_rules)
        run.struck(what)
        _write_large(run)
        run.load.wait_for_share(_TO)
        missed = _missed(before_aws) | _missed_s3(before_s3)
        before_aws.clear()
        before_s3.clear()
        run.mended("AWS works again")
        if missed:
            run.wrongs.append(f"no fault hit {', '.join(sorted(missed))}")

    return act


def _write_large(run: Run) -> None:
    """Let customers on every channel send webhooks that are too large for a table, until a fault hits S3.

    The product stores such a webhook in S3. A provider repeats a webhook that is not answered with 200.
    """
    numbers, conversations = count(), cycle(run.conversations)

    def write() -> bool:
        conversation = next(conversations)
        text = f"large {next(numbers)} {uuid.uuid4().hex[:6]}"
        noise = base64.b64encode(secrets.token_bytes(_INCOMPRESSIBLE_BYTES)).decode()
        run.written.append((conversation, text))
        run.under_test.simulators[conversation.channel].write(
            conversation.address, text, raw={"noise": noise}
        )
        return bool(run.under_test.before_s3.fired())

    for _ in range(_LARGE - 1):
        write()
    with suppress(TimeoutError):
        wait_until("a fault has hit S3", write, within_s=_HIT_WITHIN_S, every_s=0)


def _missed_s3(before_s3: Proxy) -> set[str]:
    return set() if before_s3.fired() else {"s3"}


def _missed(before_aws: Proxy) -> set[str]:
    """Wait until a fault has hit every service, and return the services without a fault."""
    missed = set(_SERVICES)

    def all_are_hit() -> bool:
        missed.difference_update(str(fault.get("service")) for fault in before_aws.fired())
        return not missed

    with suppress(TimeoutError):
        wait_until("a fault has hit every service", all_are_hit, within_s=_HIT_WITHIN_S)
    return missed


def _run_skewed(run: Run) -> None:
    run.struck("clocks minutes apart")
    run.load.wait_for_share(1.0)
    _check_skew(run)


def _check_skew(run: Run) -> None:
    """Check that a wrong clock shows: some message has a wrong time of acceptance."""
    posted = run.load.posted()
    for message in posted[-20:]:
        status = run.under_test.api.message_status(message.message_id)
        at = datetime.fromisoformat(status.status_history[0].at).astimezone(UTC).timestamp()
        if abs(at - message.at) > 60:
            return
    run.wrongs.append("no message shows a wrong clock")


@contextmanager
def _clocks_apart(under_test: CloudUnderTest) -> Iterator[None]:
    """Give every process of a function a clock that is two to five minutes fast or slow."""
    functions, stack = under_test.cloud.aws.functions(), under_test.cloud.stack
    layer = functions.publish_layer_version(
        LayerName=f"{stack}-skewed-clock", Content={"ZipFile": zipped([_SKEWED], "python/")}
    )
    before = {
        f"{stack}-{name}": [used["Arn"] for used in configuration(under_test.cloud, name)["Layers"]]
        for name in function_names(under_test.cloud)
    }
    for name, layers in before.items():
        functions.update_function_configuration(
            FunctionName=name,
            Handler="skewed_clock.handler",
            Layers=[*layers, layer["LayerVersionArn"]],
        )
    try:
        yield
    finally:
        for name, layers in before.items():
            functions.update_function_configuration(FunctionName=name, Handler="app.handler", Layers=layers)


AWS: Final = (
    Scenario(
        "aws-throttle",
        "DynamoDB, SQS and Secrets Manager throttle three calls in ten, S3 five.",
        _faulty("AWS throttles", THROTTLES, S3_THROTTLES),
        behind_proxies,
        check=read_once,
    ),
    Scenario(
        "aws-errors",
        "DynamoDB, SQS, S3 and Secrets Manager fail, reset connections, and drop answers of completed calls.",
        _faulty("AWS fails", ERRORS, S3_ERRORS),
        behind_proxies,
        check=read_once,
    ),
    Scenario(
        "aws-slow",
        "Calls take up to a second, and some take longer than the caller's timeout.",
        _faulty("AWS is slow", DELAYS, S3_DELAYS),
        behind_proxies,
        check=read_once,
    ),
    Scenario("clock", "Every process has a clock two to five minutes off.", _run_skewed, _clocks_apart),
)
