"""Identities are verified by codes that arrive in the app, and files go to nobody else where that is set."""

import re
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat4all.channels.whatsapp.versions import API_VERSION
from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.reconfigured import reconfigured
from chat4all_local.simulators.control_api import FaultKind, TemplateChange
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.e2e.stage import CHANNELS, LAST_STATUS, Customer, Stage, message_body
from tests.e2e.test_albums import a_photo

DIGITS = re.compile(r"\b[0-9]{6}\b")


def ask(stage: Stage, customer: Customer, **more: object) -> httpx.Response:
    """Ask for a code to the customer."""
    wanted = {"user_id": customer.user_id, "channel": customer.channel, "address": customer.address}
    return stage.api.call("POST", "/identities/verify", {**wanted, **more})


def confirm(stage: Stage, asked: httpx.Response, code: str) -> httpx.Response:
    assert asked.status_code == 202, asked.text
    body = {"verification_id": asked.json()["verification_id"], "code": code}
    return stage.api.call("POST", "/identities/verify/confirm", body)


def code_of(stage: Stage, customer: Customer) -> str:
    """Return the code in the latest message that the customer reads."""
    (code,) = DIGITS.findall(stage.texts(customer)[-1] or "")
    return str(code)


def verified(stage: Stage, customer: Customer) -> list[str | None]:
    user = stage.api.call("GET", f"/users/{customer.user_id}").json()
    return [identity["verified_at"] for identity in user["identities"]]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_arrives_in_the_app_and_leaves_no_trace(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    asked = ask(stage, customer)
    code = code_of(stage, customer)
    assert verified(stage, customer) == [None]

    assert confirm(stage, asked, f" {code[:3]} {code[3:]} ").status_code == 200

    assert verified(stage, customer) == [confirm(stage, asked, code).json()["identity"]["verified_at"]]
    stage.settle()  # the receipts, and the echo of the provider
    assert stage.history(talk) == []
    assert len(stage.texts(customer)) == 1
    logs = [path.read_text(errors="replace") for path in stage.cloud.folder.logs.rglob("*.log")]
    assert not any(code in re.findall(r"(?<![0-9a-f-])[0-9]{6}(?![0-9a-f-])", log) for log in logs)


def test_guesses_and_confirmations_at_once(stage: Stage) -> None:
    customer = stage.customer("sms")
    asked = ask(stage, customer)
    code = code_of(stage, customer)
    wrong = [f"{(int(code) + number) % 10**6:06d}" for number in range(1, 21)]
    with ThreadPoolExecutor(8) as threads:
        guessed = list(threads.map(lambda each: confirm(stage, asked, each).json()["error"], wrong))
    assert sorted(set(guessed)) == ["CODE_OVER", "CODE_WRONG"]
    assert guessed.count("CODE_WRONG") == 5
    assert confirm(stage, asked, code).status_code == 409
    assert verified(stage, customer) == [None]

    other = stage.customer("sms")
    asked = ask(stage, other)
    code = code_of(stage, other)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: confirm(stage, asked, code), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["identity"]["verified_at"] for answer in answers}) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_of_a_channel_that_fails_does_not_arrive_later(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    simulator = stage.simulators[channel]
    simulator.add_fault(FaultKind.ERROR, for_address=customer.address, count=1)

    assert ask(stage, customer).status_code == 503

    stage.settle()
    stage.relay()
    assert stage.texts(customer) == []
    again = ask(stage, customer)  # the provider may have taken the code, so there is a pause
    assert (again.status_code, again.json()["error"]) == (429, "THROTTLED")


def test_codes_are_few_for_an_identity(stage: Stage) -> None:
    customer = stage.customer("telegram")
    first = ask(stage, customer)
    soon = ask(stage, customer)

    assert (first.status_code, soon.status_code) == (202, 429)
    assert 0 < int(soon.headers["retry-after"]) <= 30
    assert len(stage.texts(customer)) == 1


def test_who_unlinks_the_address_ends_the_code(stage: Stage) -> None:
    customer = stage.customer("sms")
    asked = ask(stage, customer)
    place = f"/users/{customer.user_id}/identities"
    assert stage.api.call("DELETE", f"{place}/sms/{customer.address}").status_code == 200
    again = stage.api.call("POST", place, {"channel": "sms", "address": customer.address})
    assert again.status_code == 201

    assert confirm(stage, asked, code_of(stage, customer)).json()["error"] == "CODE_OVER"


def who_never_wrote(stage: Stage, channel: str) -> Customer:
    address = stage.new_address(channel)
    stage.simulators[channel].register(address, "Ana", window_open=False)
    identities = [{"channel": channel, "address": address}]
    body = {"type": "CUSTOMER", "display_name": "Ana", "identities": identities}
    user = stage.api.call("POST", "/users", body).json()["user_id"]
    return Customer(user, "Ana", channel, address)


@contextmanager
def template_for_codes(stage: Stage) -> Iterator[None]:
    """Create a template for codes in the business account, as its owner does at Meta."""
    settings, name = BY_CHANNEL["whatsapp"], f"login_{uuid.uuid4().hex}"
    buttons = {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
    body = {
        "name": name,
        "language": "en_US",
        "category": "AUTHENTICATION",
        "components": [{"type": "BODY", "add_security_recommendation": True}, buttons],
    }
    simulator = stage.simulators["whatsapp"]
    url = f"{simulator.base_url}/{API_VERSION}/{settings.business_account_id}/message_templates"
    created = httpx.post(url, json=body, headers={"authorization": f"Bearer {settings.access_token}"})
    assert created.status_code == 200, created.text
    simulator.change_template(TemplateChange(name, "en_US"))
    try:
        yield
    finally:
        assert stage.api.call("DELETE", f"/channels/whatsapp/templates/{name}").status_code == 200


def test_a_closed_window_of_whatsapp_takes_a_template_for_codes(stage: Stage) -> None:
    customer = who_never_wrote(stage, "whatsapp")
    assert ask(stage, customer).json()["error"] == "WINDOW_CLOSED"

    with template_for_codes(stage):
        asked = ask(stage, customer)
        (arrived,) = stage.accepted(customer)
        assert arrived.kind == "template"
        assert confirm(stage, asked, code_of(stage, customer)).status_code == 200
    assert verified(stage, customer) != [None]


def test_a_closed_window_of_instagram_takes_no_code(stage: Stage) -> None:
    customer = who_never_wrote(stage, "instagram")

    assert ask(stage, customer).json()["error"] == "WINDOW_CLOSED"
    assert stage.requests(customer) == []


def test_files_go_to_verified_identities_only_where_that_is_set(stage: Stage, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(a_photo(1))
    api = ApiClient(stage.cloud.api_url, stage.cloud.api_key)
    file_id = upload(api, photo, remembered=Remembered(tmp_path / "memory")).file_id
    content = {"type": "media", "file_id": file_id, "text": "Look"}
    customer = stage.customer("telegram")
    talk = stage.talk(customer)

    def strict(_function: str) -> Mapping[str, str]:
        return {"VERIFIED_FOR_FILES": "telegram"}

    with reconfigured(stage.cloud, strict):
        body: dict[str, Any] = {**message_body(talk, ""), "content": content}
        refused = stage.api.call("POST", "/messages", body)
        assert (refused.status_code, refused.json()["error"]) == (422, "IDENTITY_NOT_VERIFIED"), refused.text
        preview = stage.api.call("POST", "/messages/preview", body)
        assert (preview.status_code, preview.json()["error"]) == (422, "IDENTITY_NOT_VERIFIED"), preview.text
        stage.reaches(stage.say(talk, "a text"), LAST_STATUS["telegram"])

        asked = ask(stage, customer)
        assert confirm(stage, asked, code_of(stage, customer)).status_code == 200

        accepted = stage.api.call("POST", "/messages", body)
        assert accepted.status_code == 202, accepted.text
        stage.reaches(accepted.json()["message_id"], LAST_STATUS["telegram"])
    assert [sent.kind for sent in stage.accepted(customer)] == ["text", "text", "photo"]
