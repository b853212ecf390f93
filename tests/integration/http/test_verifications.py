"""/v1/identities/verify and its confirmation."""

import uuid
from typing import Any

import pytest

from chat4all.bootstrap.settings import ApiSettings
from chat4all.channels.registry import manifest_of
from chat4all.channels.sms.connector import Sms
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.sending import SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret
from tests.integration.aws import Aws
from tests.integration.http.conftest import a_key, a_phone, create_customer
from tests.integration.http.gateway import Gateway
from tests.integration.template import functions

VERIFY = "/v1/identities/verify"
CONFIRM = "/v1/identities/verify/confirm"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Submission]:
    """What is sent over SMS and WhatsApp, which take everything."""
    submissions: list[Submission] = []

    def send(_connector: object, submission: Submission, _secret: ChannelSecret) -> Sent | SendError:
        submissions.append(submission)
        return Sent(f"theirs-{len(submissions)}")

    monkeypatch.setattr(Sms, "send", send)
    monkeypatch.setattr(WhatsApp, "send", send)
    return submissions


@pytest.fixture
def wanted(api: Gateway) -> dict[str, Any]:
    """A request for a code to a customer of our own."""
    phone = f"+{a_phone()}"
    return {"user_id": create_customer(api, "sms", phone), "channel": "sms", "address": phone}


def code_in(submission: Submission) -> str:
    return submission.content.text[:6]


def test_a_code_verifies_the_identity_of_its_user(
    api: Gateway, sent: list[Submission], wanted: dict[str, Any]
) -> None:
    before = api.get(f"/v1/users/{wanted['user_id']}").json["identities"]
    assert [identity["verified_at"] for identity in before] == [None]
    answer = api.post(VERIFY, wanted)
    assert (answer.status, set(answer.json)) == (202, {"verification_id", "expires_at"})
    code = code_in(sent[0])
    entered = f" {code[:3]}-{code[3:]} ".translate(dict(zip(range(48, 58), range(0x660, 0x66A), strict=True)))

    confirmed = api.post(CONFIRM, {"verification_id": answer.json["verification_id"], "code": entered})

    assert confirmed.status == 200, confirmed.text
    (identity,) = api.get(f"/v1/users/{wanted['user_id']}").json["identities"]
    assert confirmed.json == {"user_id": wanted["user_id"], "identity": identity}
    assert identity["verified_at"] is not None
    for action in ("identity.verify", "identity.confirm"):
        entry = api.get("/v1/audit", action=action, limit=1).json["entries"][0]
        assert entry["subject"] == f"user:{wanted['user_id']}"
        assert entry["details"]["verification"] == answer.json["verification_id"][32:]
        assert answer.json["verification_id"][:32] not in str(entry), "the half that follows from the address"
        assert wanted["address"] not in str(entry)
        assert code not in entry["details"].values()


def test_the_row_of_a_code_holds_neither_code_nor_address(
    api: Gateway, sent: list[Submission], wanted: dict[str, Any], api_settings: ApiSettings, aws: Aws
) -> None:
    id_ = api.post(VERIFY, wanted).json["verification_id"]

    key = {"entry_id": {"S": f"default#VERIFY#{id_[:32]}"}}
    row = aws.dynamodb.get_item(TableName=api_settings.directory_table, Key=key)["Item"]

    assert code_in(sent[0]) not in str(row["code"])
    assert wanted["address"] not in str(row)
    assert int(row["expires_at"]["N"]) > 0


def test_refusals_have_their_codes(api: Gateway, sent: list[Submission], wanted: dict[str, Any]) -> None:
    id_ = api.post(VERIFY, wanted).json["verification_id"]
    again = api.post(VERIFY, wanted)
    again.refused(429, "THROTTLED")
    assert int(again.headers["retry-after"]) > 0
    wrong = f"{(int(code_in(sent[0])) + 1) % 10**6:06d}"
    for _ in range(5):
        api.post(CONFIRM, {"verification_id": id_, "code": wrong}).refused(422, "CODE_WRONG")
    right = {"verification_id": id_, "code": code_in(sent[0])}
    assert api.post(CONFIRM, right).refused(409, "CODE_OVER") == ["verification_id"]
    api.post(CONFIRM, {**right, "verification_id": "0" * 64}).refused(404, "VERIFICATION_NOT_FOUND")
    stranger = {**wanted, "user_id": str(uuid.uuid4())}
    api.post(VERIFY, stranger).refused(404, "IDENTITY_NOT_FOUND")
    assert len(sent) == 1


def test_a_never_opened_window_is_closed(api: Gateway, sent: list[Submission]) -> None:
    user = api.post("/v1/users", {"type": "CUSTOMER", "display_name": "Ana"}).json["user_id"]
    phone = a_phone()
    api.post(f"/v1/users/{user}/identities", {"channel": "instagram", "address": phone})

    wanted = {"user_id": user, "channel": "instagram", "address": phone}

    api.post(VERIFY, wanted).refused(422, "WINDOW_CLOSED")
    assert sent == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"address": "nobody's"}, "address"),
        ({"address": ""}, "address"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "x" * 129}, "user_id"),
        ({"text": "no place"}, "text"),
        ({"text": "{code} and {code}"}, "text"),
        ({"text": "{code}" + "x" * 500}, "text"),
        ({"text": "{code}\u0000"}, "text"),
        ({"text": ""}, "text"),
        ({"template": {"name": "Log in", "language": "en"}}, "template.name"),
        ({"template": {"name": "login", "language": "english"}}, "template.language"),
        ({"template": {"name": "login"}}, "template"),
        ({"text": "{code}", "template": {"name": "login", "language": "en"}}, "template"),
        ({"code": "123456"}, "code"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(
    api: Gateway, sent: list[Submission], wanted: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    fields = api.post(VERIFY, {**wanted, **change}).refused(400, "VALIDATION_ERROR")

    assert any(each.startswith(field) for each in fields), fields
    assert sent == []


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "x" * 65, 123456, None])
def test_what_is_no_code_is_refused_and_uses_up_no_try(
    api: Gateway, sent: list[Submission], wanted: dict[str, Any], code: object
) -> None:
    id_ = api.post(VERIFY, wanted).json["verification_id"]
    for _ in range(6):
        body = {"verification_id": id_, "code": code}
        assert api.post(CONFIRM, body).refused(400, "VALIDATION_ERROR") == ["code"]

    assert api.post(CONFIRM, {"verification_id": id_, "code": code_in(sent[0])}).status == 200


def test_nobody_sets_the_proof_by_hand(api: Gateway) -> None:
    identity = {"channel": "sms", "address": f"+{a_phone()}", "verified_at": "2026-01-31T12:00:00Z"}
    body = {"type": "CUSTOMER", "display_name": "Ana", "identities": [identity]}

    api.post("/v1/users", body).refused(400, "VALIDATION_ERROR")


def test_it_needs_a_scope_of_its_own(api: Gateway, api_settings: ApiSettings, wanted: dict[str, Any]) -> None:
    others = api.with_key(a_key(api_settings, "users:write", "messages:write"))

    others.post(VERIFY, wanted).refused(403, "MISSING_SCOPE")
    others.post(CONFIRM, {"verification_id": "0" * 64, "code": "123456"}).refused(403, "MISSING_SCOPE")


@pytest.mark.parametrize("name", ["api", "router", "inbound", "batches", "relay"])
def test_every_function_that_weighs_a_message_knows_the_setting(aws: Aws, name: str) -> None:
    variables = functions(aws.template)[name]["Environment"]["Variables"]

    assert "VERIFIED_FOR_FILES" in variables


def test_the_capabilities_tell_the_setting(api: Gateway) -> None:
    for channel in ("sms", "telegram"):
        assert manifest_of(channel).capabilities.verified_for_files is False
        shown = api.get(f"/v1/channels/{channel}/capabilities").json
        assert shown["verified_for_files"] is False
