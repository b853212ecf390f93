"""What a simulator answered survives `kill -9` of its process."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest

from chat4all_local.simulators.client import RetryChanges, Simulator
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.simulators.registry import names
from tests.unit.simulators.calls import (
    ADDRESSES,
    CHAT,
    PERSON,
    PHONE,
    SEND,
    WHATSAPP,
    file_of,
    send_telegram,
    send_whatsapp,
    upload_whatsapp,
    whatsapp_file,
)
from tests.unit.simulators.conftest import DEADLINE_S, Simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually
from tests.unit.simulators.sms import calls as sms

BEARER = {"authorization": f"Bearer {WHATSAPP.access_token}"}
NEVER: RetryChanges = {"first_ms": 600_000, "max_ms": 600_000}


@contextmanager
def killed_at_the_end(folder: Path, stderr: IO[str] | None = None) -> Iterator[Simulators]:
    """Run all simulators in a process of their own, and kill the process at the end."""
    command = (sys.executable, "-m", "chat4all_local.simulators", "--customers", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as process:
        assert process.stdout is not None
        try:
            running: dict[str, Simulator] = {}
            ports = msgspec.json.decode(process.stdout.readline(), type=dict[str, int])
            running = {
                name: Simulator(f"http://127.0.0.1:{port}", timeout_s=DEADLINE_S)
                for name, port in ports.items()
            }
            for simulator in running.values():
                simulator.configure(latency_ms={"min": 0, "max": 0}, receipts={"delay_ms": 0})
            yield Simulators(running)
        finally:
            process.kill()
            assert process.wait(DEADLINE_S) == -signal.SIGKILL
            for simulator in running.values():
                simulator.close()


def accepted(answer: httpx.Response) -> Any:  # noqa: ANN401 (the answer of any provider)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.parametrize("name", names())
def test_the_transcript_is_kept_and_goes_on(tmp_path: Path, http: httpx.Client, *, name: str) -> None:
    send = SEND[name]
    with killed_at_the_end(tmp_path) as before:
        before.by_name[name].register(ADDRESSES[name], "Ana")
        for _ in range(3):
            accepted(send(http, before.by_name[name]))
        before.by_name[name].add_fault(FaultKind.ERROR, count=1)
        assert not send(http, before.by_name[name]).is_success
        transcript = before.by_name[name].transcript()
        customers = before.by_name[name].customers()

    with killed_at_the_end(tmp_path) as after:
        assert after.by_name[name].transcript() == transcript
        assert after.by_name[name].customers() == customers
        accepted(send(http, after.by_name[name]))
        new = after.by_name[name].transcript(after=transcript.last)

    assert [record.n for record in new.requests] == [transcript.last + 1]
    assert new.requests[0].provider_message_id not in {
        record.provider_message_id for record in transcript.requests
    }


def test_a_cleared_transcript_stays_cleared_and_its_numbers_go_on(tmp_path: Path, http: httpx.Client) -> None:
    with killed_at_the_end(tmp_path) as before:
        before.telegram.register(CHAT, "Ana")
        for _ in range(2):
            accepted(send_telegram(http, before.telegram))
        before.telegram.clear_transcript()

    with killed_at_the_end(tmp_path) as after:
        assert after.telegram.transcript().requests == []
        accepted(send_telegram(http, after.telegram))
        assert [record.n for record in after.telegram.transcript().requests] == [3]


def test_no_answered_message_is_lost_when_the_kill_comes_in_the_middle(
    tmp_path: Path, receiver: Receiver
) -> None:
    answered: list[str] = []
    enough = threading.Event()

    def keep_sending(url: str) -> None:
        with httpx.Client(timeout=DEADLINE_S, trust_env=False) as client, suppress(httpx.TransportError):
            while True:
                answer = client.post(f"{url}{sms.PATH}", headers=sms.basic(), data=fields)
                answered.append(accepted(answer)["sid"])
                if len(answered) >= 100:
                    enough.set()

    fields = {**sms.FIELDS, "StatusCallback": receiver.url}
    with killed_at_the_end(tmp_path) as before:
        before.sms.configure(webhook_url=receiver.url, receipts={"delay_ms": 600_000}, enforce_rates=False)
        before.sms.register(sms.PHONE, "Ana")
        threads = [threading.Thread(target=keep_sending, args=(before.sms.base_url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(DEADLINE_S)
    for thread in threads:
        thread.join(DEADLINE_S)

    with killed_at_the_end(tmp_path) as after:
        kept = [record.provider_message_id for record in after.sms.transcript().requests]
        after.sms.configure(webhook_url=receiver.url)
        eventually(lambda: after.sms.health().webhooks_pending == 0)

    assert set(answered) <= set(kept)
    assert len(set(kept)) == len(kept)
    reported = [parse_qs(webhook.body.decode())["MessageSid"][0] for webhook in receiver.received]
    assert {sid: reported.count(sid) for sid in answered} == dict.fromkeys(answered, 2)


def test_receipts_and_messages_of_customers_are_sent_by_the_next_process(
    tmp_path: Path, receiver: Receiver, http: httpx.Client
) -> None:
    with killed_at_the_end(tmp_path) as before:
        before.whatsapp.configure(webhook_url=receiver.url, receipts={"delay_ms": 600_000})
        before.whatsapp.register(PHONE, "Ana")
        wamid = accepted(send_whatsapp(http, before.whatsapp))["messages"][0]["id"]
        before.telegram.configure(webhook_url=receiver.url, webhook_retries=NEVER)
        receiver.answers.extend([503])
        written = [before.telegram.write(CHAT, text, wait=False) for text in ("one", "two")]
        receiver.wait_for(1)

    with killed_at_the_end(tmp_path) as after:
        after.whatsapp.configure(webhook_url=receiver.url)
        receiver.wait_for(4)
        after.telegram.configure(webhook_url=receiver.url)
        came = [webhook.json for webhook in receiver.wait_for(6)]
        three = after.telegram.write(CHAT, "three")

    statuses = [webhook["entry"][0]["changes"][0]["value"]["statuses"][0] for webhook in came[1:4]]
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in statuses} == {wamid}
    assert [webhook["message"]["text"] for webhook in (came[0], *came[4:])] == ["one", "one", "two"]
    ids = [int(message.provider_message_id) for message in (*written, three)]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    updates = [webhook.json["update_id"] for webhook in (receiver.received[-2], receiver.received[-1])]
    assert updates[1] == updates[0] + 1


def test_a_file_that_was_still_being_fetched_is_fetched_and_reported_by_the_next_process(
    tmp_path: Path, receiver: Receiver, files: FileHost, http: httpx.Client
) -> None:
    data = file_of("image/png")
    link = files.put("/a.png", Page(data, "image/png", hangs=True))
    with killed_at_the_end(tmp_path) as before:
        before.whatsapp.configure(webhook_url=receiver.url)
        before.whatsapp.register(PHONE, "Ana")
        accepted(send_whatsapp(http, before.whatsapp, **whatsapp_file("image", link=link)))
        eventually(lambda: files.asked == ["/a.png"])
    files.put("/a.png", Page(data, "image/png"))

    with killed_at_the_end(tmp_path) as after:
        assert after.whatsapp.health().webhooks_pending == 1
        after.whatsapp.configure(webhook_url=receiver.url)
        came = [webhook.json["entry"][0]["changes"][0]["value"] for webhook in receiver.wait_for(3)]
        eventually(lambda: after.whatsapp.health().webhooks_pending == 0)
        [record] = after.whatsapp.transcript().requests

    assert [value["statuses"][0]["status"] for value in came] == ["sent", "delivered", "read"]
    assert record.size == len(data)


def test_files_are_served_and_sent_by_the_next_process(
    tmp_path: Path, receiver: Receiver, http: httpx.Client
) -> None:
    pdf = file_of("application/pdf")
    with killed_at_the_end(tmp_path) as before:
        for simulator in before:
            simulator.configure(webhook_url=receiver.url)
        before.whatsapp.register(PHONE, "Ana")
        uploaded = accepted(upload_whatsapp(http, before.whatsapp, pdf, "application/pdf"))["id"]
        given = before.whatsapp.write_media(PHONE, "document", "application/pdf", data=pdf).media
        made = before.telegram.write_media(CHAT, "document", "application/pdf", size=10_000, seed=3).media
        before.instagram.write_media(PERSON, "image", "image/png", size=5_000)
        attachment = receiver.wait_for(3)[-1].json["entry"][0]["messaging"][0]["message"]["attachments"][0]
        port = before.instagram.base_url
        get_file = f"/bot{before.telegram.settings().access_token}/getFile"

    assert given is not None
    assert made is not None
    with killed_at_the_end(tmp_path) as after:
        about = accepted(http.get(f"{after.whatsapp.base_url}/v23.0/{given.media_id}", headers=BEARER))
        assert http.get(about["url"], headers=BEARER).content == pdf
        found = http.get(after.telegram.base_url + get_file, params={"file_id": made.media_id})
        assert accepted(found)["result"]["file_size"] == 10_000
        url = attachment["payload"]["url"].replace(port, after.instagram.base_url)
        assert len(http.get(url).content) == 5_000
        message = whatsapp_file("document", id=uploaded)
        accepted(send_whatsapp(http, after.whatsapp, **message))


def test_who_unsubscribed_stays_unsubscribed(tmp_path: Path, receiver: Receiver, http: httpx.Client) -> None:
    with killed_at_the_end(tmp_path) as before:
        before.sms.configure(webhook_url=receiver.url)
        before.sms.write(sms.PHONE, "STOP")

    with killed_at_the_end(tmp_path) as after:
        assert sms.send_sms(http, after.sms).json()["code"] == 21610


def test_a_message_of_a_chat_is_changed_and_quoted_after_a_kill(
    tmp_path: Path, receiver: Receiver, http: httpx.Client
) -> None:
    with killed_at_the_end(tmp_path) as before:
        before.telegram.configure(webhook_url=receiver.url)
        written = before.telegram.write(CHAT, "Helo").provider_message_id
        before.telegram.edit(CHAT, written, "Hell")

    with killed_at_the_end(tmp_path) as after:
        after.telegram.configure(webhook_url=receiver.url)
        after.telegram.edit(CHAT, written, "Hello")
        reply = {"message_id": int(written)}
        sent = accepted(send_telegram(http, after.telegram, reply_parameters=reply))["result"]

    assert receiver.received[-1].json["edited_message"]["message_id"] == int(written)
    assert sent["reply_to_message"]["text"] == "Hello"


def test_a_start_cuts_half_a_change_off_and_names_the_place(tmp_path: Path, http: httpx.Client) -> None:
    with killed_at_the_end(tmp_path) as before:
        before.telegram.register(CHAT, "Ana")
        accepted(send_telegram(http, before.telegram))
    journal = tmp_path / "telegram.journal"
    whole = journal.stat().st_size
    with journal.open("ab") as file:
        file.write(b'1a2b3c4d ["sends","2",{"n":')

    with (tmp_path / "stderr").open("w") as stderr, killed_at_the_end(tmp_path, stderr) as after:
        accepted(send_telegram(http, after.telegram))
        assert [record.n for record in after.telegram.transcript().requests] == [1, 2]

    printed = (tmp_path / "stderr").read_text()
    assert f"{journal} was cut at byte {whole}" in printed
