"""AWS misbehaves, and the processes' clocks do not agree."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from chat4all_local.chaos.machine_room import MachineRoom
from chat4all_local.chaos.proxy import FUNCTIONS, Proxy, Rule, proxy
from chat4all_local.chaos.scenario import Run, Scenario

_FROM: Final = 0.25
_TO: Final = 0.7
_SERVICES: Final = ("dynamodb", "sqs")
_MET_WITHIN_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.1
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
DELAYS: Final[Sequence[Rule]] = (
    {"service": "*", "probability": 0.02, "latency": 6000},
    {"service": "*", "probability": 0.3, "latency": {"min": 100, "max": 1000}},
)


def _faulty(what: str, rules: Sequence[Rule]) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        with proxy(run.room) as between:
            run.load.wait_for_share(_FROM)
            between.inject(rules)
            run.struck(what)
            run.load.wait_for_share(_TO)
            missed = _missed(between)
            between.clear()
            run.mended("AWS works again")
            if missed:
                run.wrongs.append(f"the faults never met {', '.join(sorted(missed))}")
            # What was begun through the proxy is finished before it goes.
            run.load.wait_for_share(1.0)

    return act


def _missed(between: Proxy) -> set[str]:
    """The services that no fault has met, though waited for: few messages make few calls."""
    deadline = time.monotonic() + _MET_WITHIN_S
    missed = set(_SERVICES)
    while missed and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
        missed -= {str(one.get("service")) for one in between.fired()}
    return missed


def _skewed(run: Run) -> None:
    with _clocks_apart(run.room):
        run.struck("clocks minutes apart")
        run.load.wait_for_share(1.0)
        _check_skew(run)
    run.mended("the clocks agree again")


def _check_skew(run: Run) -> None:
    """Some message says that it was accepted at another time than it was."""
    posted = run.load.posted()
    for one in posted[-20:]:
        status = run.room.api.message_status(one.message_id)
        at = datetime.fromisoformat(status.status_history[0].at).astimezone(UTC).timestamp()
        if abs(at - one.at) > 60:
            return
    run.wrongs.append("no clock was seen to be wrong")


@contextmanager
def _clocks_apart(room: MachineRoom) -> Iterator[None]:
    """Every function's process has a clock two to five minutes off, ahead or behind."""
    functions, stack = room.cloud.aws.functions(), room.cloud.stack
    layer = functions.publish_layer_version(LayerName=f"{stack}-skewed-clock", Content={"ZipFile": _zipped()})
    names = [f"{stack}-{name}" for name in FUNCTIONS]
    before = {
        name: [one["Arn"] for one in functions.get_function_configuration(FunctionName=name)["Layers"]]
        for name in names
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


def _zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(_SKEWED, f"python/{_SKEWED.name}")
    return packed.getvalue()


AWS: Final = (
    Scenario(
        "aws-throttle",
        "DynamoDB, SQS and Secrets Manager throttle three calls in ten.",
        _faulty("AWS throttles", THROTTLES),
    ),
    Scenario(
        "aws-errors",
        "DynamoDB, SQS and Secrets Manager fail, reset connections, and lose answers of what they did.",
        _faulty("AWS fails", ERRORS),
    ),
    Scenario(
        "aws-slow",
        "Calls take up to a second, and some longer than is waited for.",
        _faulty("AWS is slow", DELAYS),
    ),
    Scenario("clock", "Every process has a clock two to five minutes off.", _skewed),
)
