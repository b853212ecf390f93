"""What became of a step's messages, with made-up providers and queues."""

from collections.abc import Callable
from typing import cast

import httpx
import pytest

from chat4all_local.bench.load import aftermath
from chat4all_local.bench.load.aftermath import Aftermath
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Health, SendRecord, Transcript
from chat4all_local.traffic.delivered import Verdict
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation

CONVERSATION = Conversation("c", "agent", "telegram", "42")
MESSAGE = Posted("m1", CONVERSATION, "first", began_at=1.0, at=2.0, tries=1)


class Provider:
    """A provider with one transcript; `looks` counts the questions for its pending webhooks."""

    def __init__(self, at_look: Callable[["Provider"], int]) -> None:
        self.texts: list[str] = []
        self.looks = 0
        self._at_look = at_look

    def transcript(self, after: int) -> Transcript:
        records = [
            SendRecord(n, 10.0 + n, "42", text, f"p{n}", None, None, 200, None, authorized=True)
            for n, text in enumerate(self.texts, start=1)
        ]
        return Transcript(records[after:], len(records))

    def health(self) -> Health:
        self.looks += 1
        return Health("ok", self._at_look(self))


def drained(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> tuple[Verdict, float | None]:
    monkeypatch.setattr(aftermath, "queues_of", lambda _: [])
    monkeypatch.setattr(aftermath, "_LOOK_EVERY_S", 0.001)
    aws = Aws("http://127.0.0.1:9", "http://127.0.0.1:9")
    cloud = Cloud("http://127.0.0.1:9", "key", {}, aws, cast("StateFolder", None), "made-up")
    after = Aftermath(cloud, {"telegram": cast("Simulator", provider)}, [CONVERSATION])
    return after.drain([MESSAGE], [], within_s=0.3)


def test_a_repeat_that_comes_while_webhooks_are_pending_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def repeat_late(provider: Provider) -> int:
        if provider.looks == 3:
            provider.texts.append("first")
        return 1 if provider.looks < 4 else 0

    provider = Provider(repeat_late)
    provider.texts.append("first")

    found, drained_s = drained(provider, monkeypatch)

    assert found == Verdict(lost=0, repeated=1, out_of_order=0)
    assert drained_s is not None


def test_a_message_that_never_arrives_is_lost_and_the_step_not_drained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert drained(Provider(lambda _: 0), monkeypatch) == (Verdict(1, 0, 0), None)


def test_a_provider_that_stops_answering_ends_with_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Provider) -> int:
        raise httpx.ReadTimeout("no answer")

    provider = Provider(fail)
    provider.texts.append("first")

    assert drained(provider, monkeypatch) == (Verdict(0, 0, 0), None)


def test_a_message_to_a_cloud_that_is_gone_never_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftermath, "queues_of", lambda _: [])
    aws = Aws("http://127.0.0.1:9", "http://127.0.0.1:9")
    cloud = Cloud("http://127.0.0.1:9", "key", {}, aws, cast("StateFolder", None), "made-up")

    polite = Aftermath(cloud, {}, [CONVERSATION]).post_politely(0.0)

    assert polite.ms == float("inf")
