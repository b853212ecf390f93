"""EventStream=kinesis on a running cloud: LocalStack, whose event source mappings read a real stream.

The chaos ledger judges every accepted message by the providers' transcripts and by the API.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import pytest
from typer.testing import CliRunner

from chat4all_local.chaos.cloud_under_test import CloudUnderTest, cloud_under_test
from chat4all_local.chaos.outcome import Outcome
from chat4all_local.chaos.run import BEFORE_THE_LOAD, run_scenario
from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.chaos.workers import kill, workers
from chat4all_local.cli.app import app
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.progress import silent
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.replay.stack import Stack, local
from chat4all_local.traffic.participants import Conversation, channels_in_turn, start_conversations
from chat4all_local.waiting import wait_until

pytestmark = pytest.mark.skipif(
    not (ROOT / ".envs/kinesis").exists(), reason="Kinesis is not installed: it needs Node.js and npm"
)

CONVERSATIONS: Final = 30
MESSAGES: Final = 150
UNREADABLE: Final = 3
RELAYED_WITHIN_S: Final = 60.0


@dataclass
class Stage:
    under_test: CloudUnderTest
    conversations: Sequence[Conversation]
    stack: Stack
    outcome: Outcome = field(init=False)

    def replay(self, *arguments: str) -> str:
        """Return the output of `chat4all replay`."""
        folder = str(self.under_test.cloud.folder.path)
        result = CliRunner().invoke(app, ["replay", "--state", folder, "--from", "1h", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Put a load on a stream that begins with unreadable records, and kill the router meanwhile."""
    folder = tmp_path_factory.mktemp("kinesis")
    with cloud_under_test(folder, silent, LocalStack(EventStream.KINESIS)) as under_test:
        conversations = start_conversations(
            under_test.api, under_test.simulators, channels_in_turn(CONVERSATIONS)
        )
        stage = Stage(under_test, conversations, local(under_test.cloud))
        scenario = Scenario("kinesis", "bad records, kill -9", lambda run: troubled(run, stage))
        stage.outcome = run_scenario(scenario, under_test, stage.conversations, MESSAGES, lambda _: None)
        yield stage


def troubled(run: Run, stage: Stage) -> None:
    for number, conversation in enumerate(stage.conversations[:UNREADABLE]):
        run.load.wait_for_share((number + 1) / (UNREADABLE + 1))
        stage.stack.kinesis.put_record(
            StreamName=stage.stack.stream(),
            PartitionKey=conversation.conversation_id,
            Data=b"\xff nobody reads this",
        )
        run.struck("a record that nobody can read")
        killed = kill(workers(run.under_test.cloud, "router"))
        run.struck("kill -9 router", kills=killed)


def test_nothing_is_lost_out_of_order_or_repeated_on_any_channel(stage: Stage) -> None:
    account = stage.outcome.account

    assert stage.outcome.wrongs == []
    assert (account.accepted, account.delivered, account.failed) == (MESSAGES, MESSAGES, 0)
    assert (account.lost, account.out_of_order, account.repeated) == (0, 0, 0)
    assert {conversation.channel for conversation in stage.conversations} == set(CHANNELS)
    assert stage.outcome.kills >= UNREADABLE


def test_what_nobody_could_read_is_a_dead_letter(stage: Stage) -> None:
    def all_are_dead_letters() -> bool:
        stage.stack.functions.invoke(FunctionName=f"{stage.stack.name}-relay")
        letters = [letter for letter in stage.under_test.api.dead_letters(None) if letter.kind == "RECORD"]
        return len(letters) == UNREADABLE

    wait_until("every record is a dead letter", all_are_dead_letters, within_s=RELAYED_WITHIN_S, every_s=1.0)


def test_the_stream_has_every_message_in_the_order_of_its_conversation(stage: Stage) -> None:
    events = [msgspec.json.decode(line) for line in stage.replay("--into", "-").splitlines()]

    sequences: dict[str, list[int]] = {}
    for event in events:
        sequences.setdefault(event["conversation_id"], []).append(event["sequence"])
    assert len({event["message_id"] for event in events}) == BEFORE_THE_LOAD + MESSAGES
    assert all(numbers == sorted(numbers) for numbers in sequences.values())


def test_a_replay_sends_nothing_twice(stage: Stage) -> None:
    before = len(stage.under_test.accepted())

    counted = msgspec.json.decode(stage.replay("--json"))

    messages = BEFORE_THE_LOAD + MESSAGES
    assert counted["read"] == messages + UNREADABLE
    assert (counted["done"], counted["unreadable"]) == (messages, UNREADABLE)
    assert not counted.get("routed")
    # Messages that the replay caused come before the messages of this scenario.
    scenario = Scenario("after", "the replay", lambda _: None)
    after = run_scenario(
        scenario, stage.under_test, stage.conversations, len(stage.conversations), lambda _: None
    )
    assert after.wrongs == []
    assert len(stage.under_test.accepted()) == before + BEFORE_THE_LOAD + len(stage.conversations)
