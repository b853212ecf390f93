"""A provider continues with its webhooks when Chat4All is up again."""

import asyncio
import errno
import os
from pathlib import Path

import httpx
import msgspec
import pytest

from chat4all_local.simulators import store as store_module
from chat4all_local.simulators.client import SimulatorError
from chat4all_local.simulators.outbox import Outbox, Webhook
from chat4all_local.simulators.store import Store
from tests.unit.simulators.calls import CHAT, PHONE, send_telegram, send_whatsapp
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.receiver import Receiver, eventually

SENT = Webhook("sent", b"\x00{}", {"x-hub-signature-256": "sha256=0"}, "wamid.1")
READ = Webhook("read", b"{}", {}, "wamid.1")


def left_over(path: Path) -> list[tuple[Webhook, str | None]]:
    with Store(path) as store:
        return [(outgoing.webhook, outgoing.lane) for outgoing in Outbox(store).left_over()]


def test_what_is_not_done_is_left_over_in_its_order(tmp_path: Path) -> None:
    with Store(tmp_path / "box") as store:
        outbox = Outbox(store)
        outbox.add(SENT, None)
        done = outbox.add(READ, None)
        outbox.add(READ, "ana")

        outbox.done(done)

    assert left_over(tmp_path / "box") == [(SENT, None), (READ, "ana")]
    assert left_over(tmp_path / "box") == [(SENT, None), (READ, "ana")]


def test_what_was_left_over_is_done_by_the_next_process(tmp_path: Path) -> None:
    with Store(tmp_path / "box") as store:
        Outbox(store).add(SENT, None)
    with Store(tmp_path / "box") as store:
        after = Outbox(store)
        new = after.add(READ, None)

        after.done(after.left_over()[0])

    assert left_over(tmp_path / "box") == [(READ, None)]
    with Store(tmp_path / "box") as store:
        Outbox(store).done(new)
    assert left_over(tmp_path / "box") == []


def test_what_a_killed_process_left_unfinished_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "box"
    with Store(path) as store:
        Outbox(store).add(SENT, None)
    with path.open("ab") as file:
        file.write(b'{"done": 9}\n\xff\n[]\n{"n": 2, "webhook": {"kind": "re')

    assert left_over(path) == [(SENT, None)]
    with Store(path) as store:
        Outbox(store).add(READ, None)
    assert left_over(path) == [(SENT, None), (READ, None)]


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_COMPACTED_AFTER_BYTES", 10_000)
    path = tmp_path / "box"

    async def work() -> None:
        with Store(path) as store:
            outbox = Outbox(store)
            for _ in range(2_000):
                outbox.done(outbox.add(READ, None))
                await outbox.synced()
            assert path.stat().st_size < 1_002 * len(msgspec.json.encode(READ))

    asyncio.run(work())


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    outbox = Outbox(Store())

    outbox.done(outbox.add(READ, None))

    assert list(tmp_path.iterdir()) == []
    assert outbox.left_over() == []


def test_receipts_that_were_still_to_come_come_after_a_restart(
    tmp_path: Path, receiver: Receiver, http: httpx.Client
) -> None:
    with running_simulators(tmp_path) as before:
        before.whatsapp.configure(webhook_url=receiver.url, receipts={"delay_ms": 600_000})
        before.whatsapp.register(PHONE, "Ana")
        wamid = send_whatsapp(http, before.whatsapp).json()["messages"][0]["id"]
        assert before.whatsapp.health().webhooks_pending == 3
    assert receiver.received == []

    with running_simulators(tmp_path) as after:
        assert after.whatsapp.health().webhooks_pending == 3
        after.whatsapp.configure(webhook_url=receiver.url)
        came = [webhook.json["entry"][0]["changes"][0]["value"] for webhook in receiver.wait_for(3)]
        eventually(lambda: after.whatsapp.health().webhooks_pending == 0)

    reports = [value["statuses"][0] for value in came]
    assert [report["status"] for report in reports] == ["sent", "delivered", "read"]
    assert {report["id"] for report in reports} == {wamid}
    with running_simulators(tmp_path) as once_more:
        assert once_more.whatsapp.health().webhooks_pending == 0


def test_what_somebody_wrote_while_we_were_away_comes_when_we_are_back(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_simulators(tmp_path) as before:
        before.telegram.configure(
            webhook_url=receiver.url, webhook_retries={"first_ms": 600_000, "max_ms": 600_000}
        )
        receiver.answers.extend([503])
        for text in ("one", "two"):
            before.telegram.write(CHAT, text, wait=False)
        receiver.wait_for(1)

    with running_simulators(tmp_path) as after:
        after.telegram.configure(webhook_url=receiver.url)
        came = receiver.wait_for(3)

    assert [webhook.json["message"]["text"] for webhook in came] == ["one", "one", "two"]


def test_nothing_is_answered_or_told_before_it_is_on_the_disk(
    tmp_path: Path, receiver: Receiver, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with running_simulators(tmp_path) as running:
        running.telegram.configure(webhook_url=receiver.url, webhook_retries={"first_ms": 10, "max_ms": 10})
        running.telegram.register(CHAT, "Ana")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fail)
            with pytest.raises(SimulatorError):
                running.telegram.write(CHAT, "one")
            assert send_telegram(http, running.telegram).status_code == 500
            assert receiver.received == []

        assert [webhook.json["message"]["text"] for webhook in receiver.wait_for(1)] == ["one"]
        eventually(lambda: running.telegram.health().webhooks_pending == 0)
        assert send_telegram(http, running.telegram).is_success
