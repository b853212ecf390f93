"""/v1/users/{user_id}/merge and /unmerge."""

import uuid

from tests.integration.http.conftest import Cast, a_phone, create_customer
from tests.integration.http.gateway import Answer, Gateway


def merge(api: Gateway, kept: str, merged: str) -> Answer:
    return api.post(f"/v1/users/{kept}/merge", {"user_id": merged})


def test_a_merge_is_shown_by_both_users_and_the_audit_trail(api: Gateway, cast: Cast) -> None:
    phone = a_phone()
    other = create_customer(api, "whatsapp", phone)

    kept = merge(api, cast.customer, other)

    assert kept.status == 200
    assert [known["address"] for known in kept.json["identities"]] == [cast.phone, phone]
    assert (kept.json["merged"], kept.json["merged_into"]) == ([other], None)
    gone = api.get(f"/v1/users/{other}").json
    assert (gone["identities"], gone["merged_into"]) == ([], cast.customer)
    assert gone["merged_at"] is not None
    entry = api.get("/v1/audit", action="user.merge", limit=1).json["entries"][0]
    assert (entry["subject"], entry["details"]["kept"]) == (f"user:{other}", cast.customer)
    assert merge(api, cast.customer, other).json == kept.json

    back = api.post(f"/v1/users/{other}/unmerge", {})
    assert (back.status, back.json["merged_into"]) == (200, None)
    assert [known["address"] for known in back.json["identities"]] == [phone]
    api.post(f"/v1/users/{other}/unmerge", {}).refused(409, "USER_NOT_MERGED")


def test_what_cannot_be_merged_is_refused_with_the_reason(api: Gateway, cast: Cast) -> None:
    other = create_customer(api)
    nobody = str(uuid.uuid4())
    merge(api, cast.customer, cast.customer).refused(400, "VALIDATION_ERROR")
    merge(api, cast.customer, cast.agent).refused(409, "CANNOT_MERGE")
    merge(api, cast.customer, nobody).refused(404, "USER_NOT_FOUND")
    merge(api, nobody, cast.customer).refused(404, "USER_NOT_FOUND")
    api.post(f"/v1/users/{cast.customer}/merge", {"user_id": 7}).refused(400, "VALIDATION_ERROR")
    api.post(f"/v1/users/{cast.customer}/merge", {"user_id": ""}).refused(400, "VALIDATION_ERROR")
    api.post(f"/v1/users/{cast.customer}/merge", {"user_id": "ä#\x00"}).refused(404, "USER_NOT_FOUND")
    body = {"user_id": other, "force": True}
    api.post(f"/v1/users/{cast.customer}/merge", body).refused(400, "VALIDATION_ERROR")
    assert merge(api, cast.customer, other).status == 200
    merge(api, create_customer(api), other).refused(409, "USER_MERGED")
    identity = {"channel": "whatsapp", "address": a_phone()}
    api.post(f"/v1/users/{other}/identities", identity).refused(409, "USER_MERGED")


def test_a_joined_conversation_refuses_messages_and_names_the_other(api: Gateway, cast: Cast) -> None:
    other = create_customer(api, "whatsapp", a_phone())
    begun = api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, other]}).json
    merge(api, cast.customer, other)

    joined = api.get(f"/v1/conversations/{begun['conversation_id']}").json
    assert (joined["state"], joined["joined_into"]) == ("ARCHIVED", cast.conversation)
    shown = api.get(f"/v1/conversations/{cast.conversation}").json
    assert shown["joined"] == [begun["conversation_id"]]
    message = {"conversation_id": begun["conversation_id"], "sender_id": cast.agent, "content": "hello"}
    refused = api.post("/v1/messages", message)
    refused.refused(409, "CONVERSATION_JOINED")
    assert cast.conversation in refused.text
    api.patch(f"/v1/conversations/{begun['conversation_id']}", {"state": "ACTIVE"}).refused(
        409, "CONVERSATION_JOINED"
    )


def test_links_are_in_the_audit_trail_and_a_taken_identity_offers_the_merge(api: Gateway, cast: Cast) -> None:
    phone = a_phone()
    stranger = create_customer(api, "whatsapp", phone)

    refused = api.post(f"/v1/users/{cast.customer}/identities", {"channel": "whatsapp", "address": phone})

    refused.refused(409, "IDENTITY_TAKEN")
    offer = {"field": "merge", "issue": f"POST /v1/users/{cast.customer}/merge with the user_id {stranger}"}
    assert offer in refused.json["details"]
    entry = api.get("/v1/audit", action="identity.link", limit=1).json["entries"][0]
    known = api.post("/v1/audit/fingerprint", {"text": f"+{phone}"}).json["fingerprint"]
    assert (entry["subject"], entry["details"]["address"]) == (f"user:{cast.customer}", known)
    assert phone not in str(entry)
    api.delete(f"/v1/users/{cast.customer}/identities/whatsapp/{cast.phone}")
    entry = api.get("/v1/audit", action="identity.unlink", limit=1).json["entries"][0]
    known = api.post("/v1/audit/fingerprint", {"text": cast.phone}).json["fingerprint"]
    assert entry["details"]["address"] == known
