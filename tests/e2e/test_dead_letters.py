"""What failed for good is listed, and brought back: by hand, in order, once."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import LAST_STATUS, Customer, Stage, Talk
from tests.e2e.waiting import eventually

PROGRAM = str(Path(sys.executable).with_name("chat4all"))


def command(stage: Stage, *arguments: str) -> str:
    line = [PROGRAM, "dead-letters", *arguments, "--state", str(stage.cloud.folder.path)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout


def failed(stage: Stage, talk: Talk, texts: Sequence[str], customer: Customer, kind: FaultKind) -> list[str]:
    """Messages to somebody to whom nothing could be sent: resets fail after three attempts, errors are refusals."""
    simulator = stage.simulators[customer.channel]
    simulator.add_fault(kind, for_address=customer.address, status=400, code=400)
    message_ids = [stage.say(talk, text) for text in texts]
    for message_id in message_ids:
        stage.reaches(message_id, "FAILED")
    simulator.clear_faults()
    return message_ids


def letters(stage: Stage, channel: str, message_ids: list[str]) -> list[Any]:
    found = msgspec.json.decode(command(stage, "list", "--channel", channel, "--json"))
    return [one for one in found if one["message_id"] in message_ids]


def test_a_failed_message_is_retried_and_arrives_once(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    (message_id,) = failed(stage, talk, ["again, please"], customer, FaultKind.RESET)

    answer = stage.api.call("POST", f"/messages/{message_id}/retry", {})

    assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
    stage.reaches(message_id, "READ")
    assert stage.texts(customer) == ["again, please"]
    refused = stage.api.call("POST", f"/messages/{message_id}/retry", {})
    assert (refused.status_code, refused.json()["error"]) == (409, "NOT_FAILED")


@pytest.mark.parametrize("channel", ["telegram"])
def test_a_channels_dead_letters_are_redriven_in_order(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    texts = [f"text {number}" for number in range(4)]
    message_ids = failed(stage, talk, texts, customer, FaultKind.ERROR)
    listed = letters(stage, channel, message_ids)
    assert [one["message_id"] for one in listed] == message_ids
    assert {one["error"]["code"] for one in listed} == {"400"}
    assert listed[0]["dead_letter_id"] in command(stage, "list", "--channel", channel)

    redriven = msgspec.json.decode(command(stage, "redrive", "--channel", channel, "--json"))

    assert redriven["redriven"] >= len(texts)
    for message_id in message_ids:
        stage.reaches(message_id, LAST_STATUS[channel])
    assert stage.texts(customer) == texts
    assert letters(stage, channel, message_ids) == []


def records(stage: Stage) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = msgspec.json.decode(command(stage, "list", "--json"))
    return [one for one in listed if one["kind"] == "RECORD"]


def test_what_no_function_can_handle_ends_as_a_dead_letter_and_goes_back(stage: Stage) -> None:
    """A record of the dead-letter queue, as SQS puts it there after a hundred receives."""
    before = records(stage)
    stage.put("inbound-dlq", "no JSON at all")

    stage.relay()

    (record,) = [one for one in records(stage) if one not in before]
    assert (record["source"], record["error"]["code"]) == ("inbound", "NOT_HANDLED")
    assert stage.count("inbound-dlq") == 0
    command(stage, "redrive", record["dead_letter_id"])
    stage.relay()
    eventually(lambda: stage.count("inbound"), lambda left: left > 0)
    stage.purge("inbound")
