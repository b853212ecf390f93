"""Every function once through `chat4all invoke`, with the recorded events and the running cloud."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from chat4all_local.invoke.recorded_events import EVENTS, RECORDED_KEY
from tests.e2e.stage import CHANNELS, Stage
from tests.e2e.waiting import DEADLINE_S

PROGRAM: Final = str(Path(sys.executable).with_name("chat4all"))
CONSUMERS: Final = ("router", *CHANNELS, "inbound", "status", "files")


def invoke(stage: Stage, function: str, event: bytes) -> "subprocess.CompletedProcess[bytes]":
    command = [PROGRAM, "invoke", function, "-", "--state", str(stage.cloud.folder.path)]
    return subprocess.run(command, input=event, capture_output=True, timeout=DEADLINE_S, check=False)


def answered(stage: Stage, function: str, event: str) -> Any:  # noqa: ANN401 - each function has its own
    """Return the function's result for a recorded event with the key of this cloud."""
    given = (
        (EVENTS / f"{event}.json").read_bytes().replace(RECORDED_KEY.encode(), stage.cloud.api_key.encode())
    )
    done = invoke(stage, function, given)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return msgspec.json.decode(done.stdout)


def test_api_creates_a_user_whom_the_cloud_then_knows(stage: Stage) -> None:
    answer = answered(stage, "api", "api-create-user")

    assert answer["statusCode"] == 201, answer
    user_id = msgspec.json.decode(answer["body"])["user_id"]
    assert stage.api.call("GET", f"/users/{user_id}").status_code == 200


def test_webhooks_takes_a_signed_webhook_that_then_goes_its_way(stage: Stage) -> None:
    answer = answered(stage, "webhooks", "webhooks-telegram")

    assert (answer["statusCode"], msgspec.json.decode(answer["body"])) == (200, {"events": 1})
    stage.settle()
    address = str(msgspec.json.decode((EVENTS / "webhooks-telegram.json").read_bytes(), type=_Webhook).sender)
    assert stage.resolve("telegram", address)


@pytest.mark.parametrize("function", CONSUMERS)
def test_a_queues_function_says_which_records_it_hands_back(stage: Stage, function: str) -> None:
    event = msgspec.json.decode((EVENTS / f"{function}.json").read_bytes())

    failures = answered(stage, function, function)["batchItemFailures"]

    named = {failure["itemIdentifier"] for failure in failures}
    assert named <= {record["messageId"] for record in event["Records"]}


def test_relay_says_what_it_did(stage: Stage) -> None:
    assert "StatusesRecovered" in answered(stage, "relay", "relay")


def test_a_handler_that_raises_is_an_exit_code_and_an_error_type(stage: Stage) -> None:
    done = invoke(stage, "router", b"{}")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"error: the function failed: WrongEvent: The function takes records" in done.stderr
    assert b"but it was given an empty object." in done.stderr


def test_an_unknown_function_is_told_which_there_are(stage: Stage) -> None:
    done = invoke(stage, "routers", b"{}")

    assert done.returncode == 1
    assert b"there is no function routers" in done.stderr
    assert (
        ", ".join(sorted(("api", "batches", "privacy", "relay", "search", "webhooks", *CONSUMERS))).encode()
        in done.stderr
    )


def test_sam_env_has_what_every_function_of_the_template_is_given(stage: Stage) -> None:
    command = [PROGRAM, "sam-env", "--host", "docker", "--state", str(stage.cloud.folder.path)]
    done = subprocess.run(command, capture_output=True, timeout=DEADLINE_S, check=True)

    environments = msgspec.json.decode(done.stdout, type=dict[str, dict[str, str]])
    assert len(environments) == len(CONSUMERS) + len(
        ("api", "batches", "privacy", "webhooks", "search", "relay")
    )
    endpoint = stage.cloud.aws.endpoint.replace("127.0.0.1", "docker")
    assert {environment["AWS_ENDPOINT_URL"] for environment in environments.values()} == {endpoint}
    assert environments["TelegramFunction"]["BASE_URL"] == stage.cloud.simulators["telegram"].replace(
        "127.0.0.1", "docker"
    )
    assert environments["ApiFunction"]["API_URL"].startswith("http://127.0.0.1:")


class _Webhook(msgspec.Struct):
    body: str

    @property
    def sender(self) -> int:
        sender: int = msgspec.json.decode(self.body)["message"]["from"]["id"]
        return sender
