"""/v1/users/{user_id}/consents, and messages to people who opted out."""

from typing import Any

import pytest

from tests.integration.http.conftest import Cast
from tests.integration.http.gateway import Gateway

OUT = {"channel": "whatsapp", "purpose": "marketing", "state": "OPTED_OUT"}
IN = {**OUT, "state": "OPTED_IN"}


def path_of(cast: Cast) -> str:
    return f"/v1/users/{cast.customer}/consents"


def a_message(cast: Cast, **more: object) -> dict[str, object]:
    return {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "20 % off", **more}


def audited(api: Gateway, cast: Cast) -> list[dict[str, Any]]:
    entries = api.get("/v1/audit", action="consent.changed", limit="100").json["entries"]
    return [entry for entry in entries if entry["subject"] == f"user:{cast.customer}"]


def test_an_opt_out_is_recorded_read_and_audited(api: Gateway, cast: Cast) -> None:
    assert api.get(path_of(cast)).json == {"consents": []}

    put = api.put(path_of(cast), {**OUT, "evidence": "call of the person"})

    assert put.status == 200
    (consent,) = put.json["consents"]
    assert {name: consent[name] for name in OUT} == OUT
    assert (consent["source"], consent["evidence"]) == ("client", "call of the person")
    assert api.get(path_of(cast)).json == put.json
    assert api.get(f"/v1/users/{cast.customer}").json["consents"] == put.json["consents"]
    (entry,) = audited(api, cast)
    assert entry["details"]["new"] == "OPTED_OUT"
    assert "old" not in entry["details"]


def test_the_same_opt_out_again_is_no_further_change(api: Gateway, cast: Cast) -> None:
    for _ in range(3):
        assert api.put(path_of(cast), OUT).status == 200

    assert len(audited(api, cast)) == 1


def test_an_opt_in_after_an_opt_out_needs_evidence(api: Gateway, cast: Cast) -> None:
    api.put(path_of(cast), OUT)

    refused = api.put(path_of(cast), IN)
    refused.refused(409, "CONSENT_WITHDRAWN")
    assert refused.json["details"][0]["field"] == "evidence"
    taken = api.put(path_of(cast), {**IN, "evidence": "form of today"})

    assert [consent["state"] for consent in taken.json["consents"]] == ["OPTED_IN"]
    assert len(audited(api, cast)) == 2


def test_an_import_of_the_past_leaves_what_is_newer(api: Gateway, cast: Cast) -> None:
    api.put(path_of(cast), OUT)

    old = api.put(path_of(cast), {**IN, "evidence": "old form", "at": "2020-01-31T12:00:00Z"})

    assert [consent["state"] for consent in old.json["consents"]] == ["OPTED_OUT"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": "carrier"}, "channel"),
        ({"purpose": "spam"}, "purpose"),
        ({"state": "MAYBE"}, "state"),
        ({"state": None}, "state"),
        ({"evidence": "x" * 501}, "evidence"),
        ({"evidence": "a\u0000b"}, "evidence"),
        ({"evidence": 7}, "evidence"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2999-01-31T12:00:00Z"}, "at"),
        ({"source": "keyword"}, "source"),
        ({"means": "block"}, "means"),
    ],
)
def test_a_wrong_consent_is_refused_with_its_field(
    api: Gateway, cast: Cast, wrong: dict[str, object], field: str
) -> None:
    refused = api.put(path_of(cast), {**OUT, **wrong})

    refused.refused(400, "VALIDATION_ERROR")
    assert refused.json["details"][0]["field"] == field
    assert api.get(path_of(cast)).json == {"consents": []}


def test_nobody_has_no_consents(api: Gateway) -> None:
    api.get("/v1/users/nobody/consents").refused(404, "USER_NOT_FOUND")
    api.put("/v1/users/nobody/consents", OUT).refused(404, "USER_NOT_FOUND")


def test_marketing_to_who_opted_out_is_refused_and_service_is_not(api: Gateway, cast: Cast) -> None:
    api.post("/v1/messages", a_message(cast))  # the user is in memory now
    api.put(path_of(cast), OUT)

    refused = api.post("/v1/messages", a_message(cast, purpose="marketing"))

    refused.refused(422, "OPTED_OUT")
    (detail,) = refused.json["details"]
    assert detail["field"] == "conversation_id"
    for part in (cast.customer, "marketing", "whatsapp", "since 20", "source: client"):
        assert part in detail["issue"]
    assert api.post("/v1/messages", a_message(cast)).status == 202
    api.post("/v1/messages/preview", a_message(cast, purpose="marketing")).refused(422, "OPTED_OUT")


def test_another_purpose_is_another_body(api: Gateway, cast: Cast) -> None:
    body = a_message(cast, message_id="0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e05")
    assert api.post("/v1/messages", {**body, "purpose": "service"}).status == 202

    assert api.post("/v1/messages", body).headers["idempotent-replay"] == "true"
    api.post("/v1/messages", {**body, "purpose": "marketing"}).refused(409, "CONFLICT")


def test_a_message_says_its_purpose(api: Gateway, cast: Cast) -> None:
    accepted = api.post("/v1/messages", a_message(cast, purpose="marketing"))

    assert api.get(f"/v1/messages/{accepted.json['message_id']}").json["purpose"] == "marketing"
    api.post("/v1/messages", a_message(cast, purpose="spam")).refused(400, "VALIDATION_ERROR")
