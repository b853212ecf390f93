"""Permanently failed work is listed, and an operator brings it back in order, once."""

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
    """Send messages that fail permanently.

    A reset fails after three attempts; an error is a refusal.
    """
    simulator = stage.simulators[customer.channel]
    simulator.add_fault(kind, for_address=customer.address, status=400, code=400)
    message_ids = [stage.say(talk, text) for text in texts]
    for message_id in message_ids:
        stage.reaches(message_id, "FAILED")
    simulator.clear_faults()
    return message_ids


def letters(stage: Stage, channel: str, message_ids: list[str]) -> list[Any]:
    found = msgspec.json.decode(command(stage, "list", "--channel", channel, "--json"))
    return [letter for letter in found if letter["message_id"] in message_ids]


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
    assert [letter["message_id"] for letter in listed] == message_ids
    assert {letter["error"]["code"] for letter in listed} == {"400"}
    assert listed[0]["dead_letter_id"] in command(stage, "list", "--channel", channel)

    redriven = msgspec.json.decode(command(stage, "redrive", "--channel", channel, "--json"))

    assert redriven["redriven"] >= len(texts)
    for message_id in message_ids:
        stage.reaches(message_id, LAST_STATUS[channel])
    assert stage.texts(customer) == texts
    assert letters(stage, channel, message_ids) == []


def records(stage: Stage) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = msgspec.json.decode(command(stage, "list", "--json"))
    return [letter for letter in listed if letter["kind"] == "RECORD"]


def test_what_no_function_can_handle_ends_as_a_dead_letter_and_goes_back(stage: Stage) -> None:
    """SQS moves the record to the dead-letter queue in this form after a hundred receives."""
    before = records(stage)
    stage.put("inbound-dlq", "no JSON at all")

    stage.relay()

    (record,) = [letter for letter in records(stage) if letter not in before]
    assert (record["source"], record["error"]["code"]) == ("inbound", "NOT_HANDLED")
    assert stage.count("inbound-dlq") == 0
    command(stage, "redrive", record["dead_letter_id"])
    stage.relay()
    eventually(lambda: stage.count("inbound"), lambda left: left > 0)
    stage.purge("inbound")
