"""The providers know every person who is made through Chat4All's API, and no other person."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from chat4all.domain.person import Identity
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.directory import DirectoryTable
from chat4all_local.simulators.registry import names
from tests.fakes.windows import hours_ago, just_now
from tests.unit.serving import serving
from tests.unit.simulators.calls import (
    ADDRESSES,
    CHAT,
    PHONE,
    SEND,
    send_telegram,
)
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.receiver import Receiver

NAME = "a-stack-directory"


class Table(BaseHTTPRequestHandler):
    """A DynamoDB with the rows of a directory that answers GetItem; while `is_broken`, it fails."""

    rows: ClassVar[dict[str, dict[str, dict[str, str]]]] = {}
    asked: ClassVar[list[str]] = []
    is_broken: ClassVar[bool] = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = msgspec.json.decode(body, type=dict[str, Any])
        entry_id = request["Key"]["entry_id"]["S"]
        self.asked.append(entry_id)
        if self.is_broken or request["TableName"] != NAME or "AWS4-HMAC" not in self.headers["Authorization"]:
            self._answer(500, {})
        else:
            self._answer(200, {"Item": self.rows[entry_id]} if entry_id in self.rows else {})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        data = msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def know(channel: str, address: str, wrote_at: str | None = None) -> None:
    """Put Ana into the directory, who wrote at `wrote_at`, or just now."""
    at = wrote_at or just_now()
    identity = Identity(
        channel, "main", address, linked_at="2026-01-01T00:00:00.000Z", handle="ana", wrote_at=at
    )
    Table.rows[f"default#IDENTITY#{channel}#main#{address}"] = {"user_id": {"S": "u1"}}
    Table.rows["default#USER#u1"] = {
        "display_name": {"S": "Ana"},
        "identities": {"S": msgspec.json.encode([identity]).decode()},
    }


@pytest.fixture
def knowing() -> Iterator[dict[str, Simulator]]:
    """Start simulators that look into a directory."""
    Table.rows, Table.asked, Table.is_broken = {}, [], False
    with serving(Table) as here, running_simulators(directory=DirectoryTable(here, NAME)) as simulators:
        yield simulators.by_name


def outcome(simulator: Simulator) -> tuple[str | None, int | None]:
    """Return the id and the error code of the only message."""
    [record] = simulator.transcript().requests
    return record.provider_message_id, record.error_code


@pytest.mark.parametrize("channel", names())
def test_a_person_of_the_directory_is_reached_without_a_registration(
    knowing: dict[str, Simulator], http: httpx.Client, channel: str
) -> None:
    know(channel, ADDRESSES[channel])

    assert SEND[channel](http, knowing[channel]).is_success

    assert outcome(knowing[channel])[0]
    [ana] = knowing[channel].customers()
    assert (ana.address, ana.name, ana.handle, ana.blocked) == (ADDRESSES[channel], "Ana", "ana", False)


def test_a_person_of_the_directory_has_the_window_of_their_last_message(
    knowing: dict[str, Simulator], http: httpx.Client, receiver: Receiver
) -> None:
    knowing["whatsapp"].configure(webhook_url=receiver.url)
    for channel in ("whatsapp", "instagram"):
        know(channel, ADDRESSES[channel], hours_ago(25))

        SEND[channel](http, knowing[channel])

    assert outcome(knowing["instagram"]) == (None, 10)
    [failed] = receiver.wait_for(1)
    assert b"131047" in failed.body


@pytest.mark.parametrize("channel", names())
def test_a_known_person_is_looked_up_only_once(
    knowing: dict[str, Simulator], http: httpx.Client, channel: str
) -> None:
    know(channel, ADDRESSES[channel])

    for _ in range(3):
        SEND[channel](http, knowing[channel])

    assert Table.asked == [f"default#IDENTITY#{channel}#main#{ADDRESSES[channel]}", "default#USER#u1"]


def test_an_address_that_nobody_made_stays_unknown(
    knowing: dict[str, Simulator], http: httpx.Client, receiver: Receiver
) -> None:
    knowing["whatsapp"].configure(webhook_url=receiver.url)
    answers = {channel: SEND[channel](http, knowing[channel]) for channel in names()}

    assert answers["telegram"].json()["description"] == "Bad Request: chat not found"
    assert answers["instagram"].json()["error"]["error_subcode"] == 2534014
    assert answers["sms"].json()["status"] == "queued"
    [failed] = receiver.wait_for(1)
    assert b"131026" in failed.body
    [unknown] = knowing["sms"].transcript().requests
    assert unknown.provider_message_id == answers["sms"].json()["sid"]
    assert all(simulator.customers() == [] for simulator in knowing.values())


@pytest.mark.parametrize(("channel", "code"), [("telegram", 403), ("instagram", 551)])
def test_a_person_who_has_blocked_us_stays_blocked(
    knowing: dict[str, Simulator], http: httpx.Client, channel: str, code: int
) -> None:
    know(channel, ADDRESSES[channel])
    knowing[channel].register(ADDRESSES[channel], "Ana", blocked=True)

    SEND[channel](http, knowing[channel])

    assert outcome(knowing[channel]) == (None, code)
    assert Table.asked == []


@pytest.mark.parametrize("channel", names())
def test_while_the_directory_does_not_answer_the_provider_fails_for_the_moment(
    knowing: dict[str, Simulator], http: httpx.Client, channel: str
) -> None:
    know(channel, ADDRESSES[channel])
    Table.is_broken = True
    assert SEND[channel](http, knowing[channel]).status_code == 500

    Table.is_broken = False

    assert SEND[channel](http, knowing[channel]).is_success


def test_a_person_who_is_unlinked_meanwhile_stays_unknown(
    knowing: dict[str, Simulator], http: httpx.Client
) -> None:
    know("telegram", CHAT)
    del Table.rows["default#USER#u1"]

    assert send_telegram(http, knowing["telegram"]).status_code == 400


def test_an_address_that_the_provider_cannot_have_stays_unknown(
    knowing: dict[str, Simulator], http: httpx.Client
) -> None:
    know("telegram", "@family")

    assert send_telegram(http, knowing["telegram"], chat_id="@family").status_code == 400
    assert knowing["telegram"].customers() == []


def test_a_group_in_the_directory_can_be_written_to(
    knowing: dict[str, Simulator], http: httpx.Client
) -> None:
    know("telegram", "-100")

    assert send_telegram(http, knowing["telegram"], chat_id=-100).status_code == 200


def test_a_person_of_the_directory_writes_under_their_name(
    knowing: dict[str, Simulator], receiver: Receiver
) -> None:
    know("whatsapp", PHONE)
    knowing["whatsapp"].configure(webhook_url=receiver.url)

    knowing["whatsapp"].write(PHONE, "hello")

    [webhook] = receiver.wait_for(1)
    assert b'"name":"Ana"' in webhook.body
