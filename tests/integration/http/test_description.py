"""/openapi.json and /docs are served without a key, exactly as they are committed."""

import msgspec
import pytest

from tests.integration.http.description import Description
from tests.integration.http.gateway import Gateway
from tests.integration.template import ROOT

COMMITTED = msgspec.json.decode((ROOT / "docs" / "openapi.json").read_bytes())
FOUND: dict[str, object] = {
    "user_id": "u",
    "type": "AGENT",
    "display_name": "A",
    "identities": [],
    "metadata": {},
    "created_at": "t",
    "consents": [],
    "merged": [],
    "merged_into": None,
    "merged_at": None,
    "erased_at": None,
}
JSON = {"content-type": "application/json"}


def test_the_description_is_the_one_that_is_committed(api: Gateway) -> None:
    answer = api.with_key(None).get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json == COMMITTED


def test_the_page_is_html_that_may_run_nothing(api: Gateway) -> None:
    answer = api.with_key(None).get("/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "/v1/messages/{message_id}" in answer.text


def test_the_judge_lets_a_described_answer_pass() -> None:
    Description(COMMITTED).check("GET", "/v1/users/{user_id}", 200, JSON, msgspec.json.encode(FOUND).decode())


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (418, JSON, FOUND),
        (429, JSON, {"message": "Too Many Requests"}),
        (200, {"content-type": "text/plain"}, FOUND),
        (200, JSON, {**FOUND, "colour": "blue"}),
        (200, JSON, {**FOUND, "type": "ROBOT"}),
        (200, JSON, {name: value for name, value in FOUND.items() if name != "metadata"}),
        (404, JSON, {"error": "FILE_NOT_FOUND", "message": "No.", "details": [], "trace_id": "1"}),
    ],
    ids=["status", "of API Gateway", "type", "a field more", "a value", "a field less", "an error"],
)
def test_the_judge_refuses_an_answer_that_is_not_described(
    status: int, headers: dict[str, str], body: dict[str, object]
) -> None:
    with pytest.raises(AssertionError):
        Description(COMMITTED).check(
            "GET", "/v1/users/{user_id}", status, headers, msgspec.json.encode(body).decode()
        )
