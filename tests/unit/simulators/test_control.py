"""`/_control`: the requests that it accepts and refuses, and the start and stop of the processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from chat4all_local.simulators.client import SimulatorError
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.registry import names
from tests.unit.simulators.calls import CHAT, PERSON, PHONE
from tests.unit.simulators.conftest import DEADLINE_S, Simulators, is_free

CHECKOUT = Path(__file__).parents[3]
FOLDERS = ("localstack", "layers/core")


def test_a_simulator_starts_with_the_default_credentials(simulators: Simulators) -> None:
    for simulator, credentials in zip(simulators, BY_CHANNEL.values(), strict=True):
        settings = simulator.settings()
        assert settings.account_id == credentials.account_id
        assert settings.access_token == credentials.access_token
        assert settings.webhook_secret == credentials.webhook_secret
        assert settings.verify_token == credentials.verify_token
        assert settings.enforce_rates
        assert simulator.health().status == "UP"


def test_a_change_of_settings_leaves_the_rest_as_it_was(simulators: Simulators) -> None:
    before = simulators.whatsapp.settings()

    after = simulators.whatsapp.configure(receipts={"read": False}, access_token="new")

    receipts = msgspec.structs.replace(before.receipts, read=False)
    assert after == msgspec.structs.replace(before, receipts=receipts, access_token="new")
    assert simulators.whatsapp.settings() == after


@pytest.mark.parametrize(
    ("path", "method", "body", "reason"),
    [
        ("config", "PUT", b'{"colour": "red"}', "colour"),
        ("config", "PUT", b'{"webhook_url": "https://example.com"}', "$.webhook_url"),
        ("config", "PUT", b'{"latency_ms": {"min": 5, "max": 1}}', "$.latency_ms"),
        ("config", "PUT", b'{"receipts": {"repeat": 0}}', "$.receipts.repeat"),
        ("config", "PUT", b'{"receipts": {"colour": 1}}', "colour"),
        ("config", "PUT", b'{"webhooks_in_flight": 0}', "$.webhooks_in_flight"),
        ("config", "PUT", b'{"latency_ms": null}', "$.latency_ms"),
        ("config", "PUT", b"[]", "object"),
        ("config", "PUT", b"{", "truncated"),
        ("customers/ana", "PUT", b'{"name": "Ana"}', "ana"),
        (f"customers/{PHONE}", "PUT", b"{}", "name"),
        (f"customers/{PHONE}", "PUT", b'{"name": "Ana", "age": 3}', "age"),
        ("inbound", "POST", b'{"text": "x"}', "from"),
        ("inbound", "POST", b'{"from": "ana", "text": "x"}', "ana"),
        ("inbound", "POST", b'{"from": "5511987654321", "text": "x"}', "webhook_url"),
        ("inbound", "POST", b'{"from": "5511987654321", "repeat": 0}', "$.repeat"),
        ("inbound?wait=maybe", "POST", b'{"from": "5511987654321"}', "wait"),
        ("webhook", "POST", b'{"body": "x"}', "webhook_url"),
        ("webhook", "POST", b'{"body": "x", "sign": "lower"}', "$.sign"),
        ("faults", "POST", b'{"kind": "flood"}', "$.kind"),
        ("faults", "POST", b'{"kind": "error", "status": 200}', "$.status"),
        ("faults", "POST", b'{"kind": "error", "count": 0}', "$.count"),
        ("transcript?after=x", "GET", b"", "after"),
        ("verify", "GET", b"", "webhook_url"),
    ],
)
def test_a_bad_request_is_refused_with_its_reason(
    simulators: Simulators, http: httpx.Client, *, path: str, method: str, body: bytes, reason: str
) -> None:
    before = simulators.whatsapp.settings()

    answer = http.request(method, f"{simulators.whatsapp.base_url}/_control/{path}", content=body)

    assert answer.status_code == 400
    assert reason in " ".join(answer.json()["reasons"])
    assert simulators.whatsapp.settings() == before


def test_the_client_tells_why_it_was_refused(simulators: Simulators) -> None:
    with pytest.raises(SimulatorError) as refused:
        simulators.telegram.register("@ana", "Ana")

    assert refused.value.status == 400
    assert "@ana" in refused.value.reasons[0]


def test_customers_are_listed_as_they_were_registered(simulators: Simulators) -> None:
    simulators.whatsapp.register("BR.1502", "Bia", handle="bia", phone=PHONE)
    simulators.telegram.register(CHAT, "Ana", blocked=True)

    (bia,) = simulators.whatsapp.customers()
    (ana,) = simulators.telegram.customers()

    assert (bia.address, bia.name, bia.handle, bia.phone, bia.blocked) == (
        "BR.1502",
        "Bia",
        "bia",
        PHONE,
        False,
    )
    assert ana.blocked
    assert simulators.instagram.customers() == []
    assert simulators.instagram.register(PERSON, "Cid") == simulators.instagram.customers()[0]


def test_telegram_verifies_no_challenge(simulators: Simulators) -> None:
    with pytest.raises(SimulatorError, match="challenge"):
        simulators.telegram.verify()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_its_ports_and_ends_cleanly_on_a_signal(
    http: httpx.Client, number: signal.Signals
) -> None:
    with _process() as process:
        try:
            assert process.stdout is not None
            ports = msgspec.json.decode(process.stdout.readline(), type=dict[str, int])
            urls = [f"http://127.0.0.1:{port}" for port in ports.values()]
            assert tuple(ports) == names()
            assert [http.get(f"{url}/_control/health").json()["status"] for url in urls] == ["UP"] * len(
                names()
            )
            process.send_signal(number)
            _, errors = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()

    assert process.returncode == 0
    assert errors == b""
    assert all(is_free(url) for url in urls)


def test_a_taken_port_is_said_and_nothing_is_left_running(simulators: Simulators) -> None:
    taken = simulators.whatsapp.base_url.rpartition(":")[2]

    with _process("--telegram-port", taken) as process:
        try:
            output, errors = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()

    assert process.returncode == 1
    assert output == b""
    assert b"in use" in errors


def _process(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "chat4all_local.simulators", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(CHECKOUT / folder) for folder in FOLDERS)},
    )
