"""/v1/users/{user_id}/suggestions."""

import uuid

from tests.integration.http.conftest import Cast, a_phone, create_customer
from tests.integration.http.gateway import Gateway


def suggested(api: Gateway, user_id: str) -> dict[str, list[dict[str, str]]]:
    found = api.get(f"/v1/users/{user_id}/suggestions").json["suggestions"]
    return {suggestion["user_id"]: suggestion["reasons"] for suggestion in found}


def test_the_same_number_on_two_channels_is_suggested_to_both_until_it_is_dismissed(api: Gateway) -> None:
    phone = a_phone()
    one, other = create_customer(api, "whatsapp", phone), create_customer(api, "sms", f"+{phone}")

    reason = {"kind": "phone", "value": phone}
    assert reason in suggested(api, one)[other]
    assert reason in suggested(api, other)[one]

    dismissed = api.post(f"/v1/users/{other}/suggestions/{one}/dismiss", {})
    assert dismissed.status == 200
    assert one not in {each["user_id"] for each in dismissed.json["suggestions"]}
    assert other not in suggested(api, one)
    entry = api.get("/v1/audit", action="suggestion.dismiss", limit=1).json["entries"][0]
    assert (entry["subject"], entry["details"]["other"]) == (f"user:{other}", one)


def test_a_merge_approves_a_suggestion(api: Gateway) -> None:
    phone = a_phone()
    one, other = create_customer(api, "whatsapp", phone), create_customer(api)
    link = {"channel": "telegram", "address": str(uuid.uuid4().int % 10**9), "phone": f"+{phone}"}
    assert api.post(f"/v1/users/{other}/identities", link).status == 201
    assert other in suggested(api, one)

    assert api.post(f"/v1/users/{one}/merge", {"user_id": other}).status == 200
    assert other not in suggested(api, one)
    assert suggested(api, other) == {}


def test_who_has_no_suggestions(api: Gateway, cast: Cast) -> None:
    assert suggested(api, cast.agent) == {}
    nobody = str(uuid.uuid4())
    api.get(f"/v1/users/{nobody}/suggestions").refused(404, "USER_NOT_FOUND")
    api.post(f"/v1/users/{cast.customer}/suggestions/{nobody}/dismiss", {}).refused(404, "USER_NOT_FOUND")
    path = f"/v1/users/{cast.customer}/suggestions/{cast.customer}/dismiss"
    api.post(path, {}).refused(400, "VALIDATION_ERROR")
