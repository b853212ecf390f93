"""Bad input gets an answer that says what is wrong, never a 500, and changes nothing that is stored."""

import base64
import uuid
from collections.abc import Iterator

import msgspec
import pytest

from chat4all.bootstrap.settings import ApiSettings
from tests.integration.http.conftest import Cast, a_key, create_customer
from tests.integration.http.gateway import Answer, Gateway

UPPER = str(uuid.uuid4()).upper()
DEEP = "[" * 100_000
UNKNOWN = "00000000-0000-4000-8000-00000000dead"
LONG_ID = "x" * 3_000


@pytest.fixture
def undisturbed(api: Gateway, cast: Cast) -> Iterator[Cast]:
    """Make a conversation with an accepted message, and check that the test leaves both unchanged."""
    accepted = api.post("/v1/messages", body_of(cast)).json["message_id"]
    paths = [
        f"/v1/messages/{accepted}",
        f"/v1/conversations/{cast.conversation}",
        f"/v1/conversations/{cast.conversation}/messages",
        f"/v1/users/{cast.customer}",
    ]
    before = [api.get(path).json for path in paths]
    yield cast
    assert [api.get(path).json for path in paths] == before


def body_of(cast: Cast, **fields: object) -> dict[str, object]:
    return {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "hello", **fields}


def post(api: Gateway, body: str, path: str = "/v1/messages", **headers: str) -> Answer:
    return api.request("POST", path, body, headers=headers)


WRITES = [
    ("POST", "/v1/messages"),
    ("POST", "/v1/conversations"),
    ("PATCH", f"/v1/conversations/{UNKNOWN}"),
    ("POST", f"/v1/conversations/{UNKNOWN}/participants"),
    ("POST", "/v1/users"),
    ("POST", f"/v1/users/{UNKNOWN}/identities"),
    ("POST", f"/v1/users/{UNKNOWN}/merge"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "{",
        "nonsense",
        "\ufeff{}",
        '{"a": NaN}',
        "{'a': 1}",
        DEEP,
        '{"metadata":' * 10_000,
        "\ud800",
        '{"content": "\ud800"}',
    ],
)
def test_what_is_no_json_is_invalid(api: Gateway, method: str, path: str, body: str | None) -> None:
    api.request(method, path, body).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "body", ["null", "[]", "5", '"text"', "true", "{}", '{"x": {"y": []}}', f'{{"x": {DEEP}']
)
def test_json_of_another_shape_is_invalid(api: Gateway, method: str, path: str, body: str) -> None:
    api.request(method, path, body).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_body_over_256_kib_is_too_large(api: Gateway, method: str, path: str) -> None:
    api.request(method, path, f'{{"content": "{"x" * 300_000}"}}').refused(413, "TOO_LARGE")


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", "", "application/json5"]
)
def test_another_content_type_is_unsupported(api: Gateway, method: str, path: str, content_type: str) -> None:
    answer = api.request(method, path, "{}", headers={"content-type": content_type})

    answer.refused(415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_may_be_named_in_any_way(api: Gateway, cast: Cast, content_type: str) -> None:
    body = msgspec.json.encode(body_of(cast)).decode()

    assert api.request("POST", "/v1/messages", body, headers={"content-type": content_type}).status == 202


def test_a_body_in_base64_is_read(api: Gateway, cast: Cast) -> None:
    body = base64.b64encode(msgspec.json.encode(body_of(cast))).decode()

    assert api.request("POST", "/v1/messages", body, base64=True).status == 202


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"content": 5}, ["content"]),
        ({"content": None}, ["content"]),
        ({"content": ["hello"]}, ["content"]),
        ({"content": ""}, ["content"]),
        ({"content": " \n\t"}, ["content"]),
        ({"content": "x" * 10_001}, ["content"]),
        ({"content": "a\x00b"}, ["content"]),
        ({"content": {}}, ["content.type"]),
        ({"content": {"text": "hello"}}, ["content.type"]),
        ({"content": {"type": 5, "text": "hello"}}, ["content.type"]),
        ({"content": {"type": "TEXT", "text": "hello"}}, ["content.type"]),
        ({"content": {"type": "unsupported", "provider_kind": "poll", "raw": "{}"}}, ["content.type"]),
        ({"content": {"type": "text"}}, ["content.text"]),
        ({"content": {"type": "text", "text": None}}, ["content.text"]),
        ({"content": {"type": "text", "text": " "}}, ["content.text"]),
        ({"content": {"type": "text", "text": "hello", "html": "<b>"}}, ["content.html"]),
        ({"content": {"type": "media", "text": "look"}}, ["content.file_id"]),
        ({"content": {"type": "media", "file_id": None}}, ["content.file_id"]),
        ({"content": {"type": "media", "file_id": "f", "file": {}}}, ["content.file"]),
        ({"file_id": "f"}, ["file_id"]),
        ({"conversation_id": 5}, ["conversation_id"]),
        ({"conversation_id": ""}, ["conversation_id"]),
        ({"conversation_id": LONG_ID}, ["conversation_id"]),
        ({"sender_id": {}}, ["sender_id"]),
        ({"message_id": 7}, ["message_id"]),
        ({"message_id": ""}, ["message_id"]),
        ({"message_id": "no uuid"}, ["message_id"]),
        ({"message_id": UPPER}, ["message_id"]),
        ({"message_id": str(uuid.uuid1())}, ["message_id"]),
        ({"message_id": uuid.uuid4().hex}, ["message_id"]),
        ({"message_id": f"{{{uuid.uuid4()}}}"}, ["message_id"]),
        ({"message_id": f"urn:uuid:{uuid.uuid4()}"}, ["message_id"]),
        ({"channel": "carrier"}, ["channel"]),
        ({"channel": ""}, ["channel"]),
        ({"channels": []}, ["channels"]),
        ({"channels": ["whatsapp"] * 6}, ["channels"]),
        ({"reply_to": UNKNOWN}, ["reply_to"]),
        ({"reply_to": ""}, ["reply_to"]),
        ({"reply_to": LONG_ID}, ["reply_to"]),
        ({"metadata": {"a": 1}}, ["metadata[...]"]),
        ({"metadata": None}, ["metadata"]),
        ({"metadata": {"a": "x" * 5_000}}, ["metadata"]),
        ({"nonsense": 1}, ["nonsense"]),
    ],
)
def test_a_message_with_a_wrong_field_is_invalid_and_names_it(
    api: Gateway, undisturbed: Cast, fields: dict[str, object], named: list[str]
) -> None:
    answer = api.post("/v1/messages", body_of(undisturbed, **fields))

    assert answer.refused(400, "VALIDATION_ERROR") == named


@pytest.mark.parametrize("missing", ["conversation_id", "sender_id", "content"])
def test_a_message_without_a_field_is_invalid_and_names_it(api: Gateway, cast: Cast, missing: str) -> None:
    body = body_of(cast)
    del body[missing]

    assert api.post("/v1/messages", body).refused(400, "VALIDATION_ERROR") == [missing]


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\ud800\ud800", r"a\udfffb"])
def test_half_a_character_is_invalid(api: Gateway, undisturbed: Cast, escape: str) -> None:
    body = msgspec.json.encode(body_of(undisturbed, content="HERE")).decode().replace("HERE", escape)

    post(api, body).refused(400, "VALIDATION_ERROR")


def test_an_escaped_nul_is_invalid(api: Gateway, undisturbed: Cast) -> None:
    body = msgspec.json.encode(body_of(undisturbed, content="HERE")).decode().replace("HERE", r"\u0000")

    assert post(api, body).refused(400, "VALIDATION_ERROR") == ["content"]


def test_who_and_where_must_be_known(api: Gateway, undisturbed: Cast) -> None:
    outsider = create_customer(api)

    api.post("/v1/messages", body_of(undisturbed, conversation_id=UNKNOWN)).refused(
        404, "CONVERSATION_NOT_FOUND"
    )
    for sender_id in (outsider, UNKNOWN, "\x00"):
        api.post("/v1/messages", body_of(undisturbed, sender_id=sender_id)).refused(403, "NOT_A_PARTICIPANT")


def test_a_person_without_an_identity_on_the_channel_cannot_be_reached(
    api: Gateway, undisturbed: Cast
) -> None:
    answer = api.post("/v1/messages", body_of(undisturbed, channel="telegram"))

    assert answer.refused(422, "NO_IDENTITY") == ["conversation_id"]
    assert undisturbed.customer in answer.json["details"][0]["issue"]


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, ["content.name"]),
        ({"name": 1}, ["content.name"]),
        ({"name": "Order", "language": "pt-BR"}, ["content.name", "content.language"]),
        ({"name": "a", "language": "en", "file": {}}, ["content.file"]),
        ({"name": "a", "language": "en", "text": "made up"}, ["content.text"]),
        ({"name": "a", "language": "en", "parameters": {"1": "a\nb"}}, ["content.parameters.1"]),
        ({"name": "a", "language": "en", "parameters": ["a"]}, ["content.parameters"]),
        ({"name": "a", "language": "en", "header": {"type": "gif"}}, ["content.header.type"]),
        (
            {"name": "a", "language": "en", "buttons": [{"index": 10, "type": "url", "value": "a"}]},
            ["content.buttons[0].index"],
        ),
        (
            {"name": "a", "language": "en", "buttons": [{"index": 1, "type": "phone_number", "value": "a"}]},
            ["content.buttons[0].type"],
        ),
    ],
)
def test_a_template_that_no_account_could_have_is_invalid(
    api: Gateway, undisturbed: Cast, fields: dict[str, object], refused: list[str]
) -> None:
    answer = api.post("/v1/messages", body_of(undisturbed, content={"type": "template", **fields}))

    assert answer.refused(400, "VALIDATION_ERROR") == refused


def test_a_reply_to_another_conversation_is_invalid(api: Gateway, undisturbed: Cast, cast: Cast) -> None:
    other = api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, cast.customer]}).json
    elsewhere = api.post("/v1/messages", body_of(cast, conversation_id=other["conversation_id"])).json

    answer = api.post("/v1/messages", body_of(undisturbed, reply_to=elsewhere["message_id"]))

    assert answer.refused(400, "VALIDATION_ERROR") == ["reply_to"]


CONVERSATION = {"type": "1:1", "participants": ["a", "b"]}
USER = {"type": "CUSTOMER", "display_name": "Ana"}
IDENTITY = {"channel": "whatsapp", "address": "4915112345678"}


@pytest.mark.parametrize(
    ("path", "body", "code", "named"),
    [
        ("/v1/conversations", {**CONVERSATION, "type": "CHANNEL"}, "VALIDATION_ERROR", ["type"]),
        ("/v1/conversations", {**CONVERSATION, "participants": "ab"}, "VALIDATION_ERROR", ["participants"]),
        (
            "/v1/conversations",
            {**CONVERSATION, "participants": [1, 2]},
            "VALIDATION_ERROR",
            ["participants[0]"],
        ),
        ("/v1/conversations", {**CONVERSATION, "participants": ["a"]}, "VALIDATION_ERROR", ["participants"]),
        (
            "/v1/conversations",
            {**CONVERSATION, "participants": ["a", "a"]},
            "VALIDATION_ERROR",
            ["participants"],
        ),
        (
            "/v1/conversations",
            {"type": "GROUP", "participants": ["a"] * 101},
            "VALIDATION_ERROR",
            ["participants"],
        ),
        ("/v1/conversations", CONVERSATION, "UNKNOWN_USER", ["participants[0]", "participants[1]"]),
        (
            "/v1/conversations",
            {**CONVERSATION, "participants": ["a", LONG_ID]},
            "VALIDATION_ERROR",
            ["participants[1]"],
        ),
        (
            "/v1/conversations",
            {**CONVERSATION, "participants": ["a", ""]},
            "VALIDATION_ERROR",
            ["participants[1]"],
        ),
        (
            "/v1/conversations",
            {**CONVERSATION, "primary_channel": "x"},
            "VALIDATION_ERROR",
            ["primary_channel"],
        ),
        ("/v1/conversations", {**CONVERSATION, "title": ""}, "VALIDATION_ERROR", ["title"]),
        ("/v1/conversations", {**CONVERSATION, "title": "x" * 201}, "VALIDATION_ERROR", ["title"]),
        ("/v1/conversations", {**CONVERSATION, "title": "a\x00"}, "VALIDATION_ERROR", ["title"]),
        ("/v1/conversations", {**CONVERSATION, "owner": "x"}, "VALIDATION_ERROR", ["owner"]),
        ("/v1/users", {**USER, "type": "ROBOT"}, "VALIDATION_ERROR", ["type"]),
        ("/v1/users", {**USER, "display_name": " "}, "VALIDATION_ERROR", ["display_name"]),
        ("/v1/users", {**USER, "display_name": "x" * 201}, "VALIDATION_ERROR", ["display_name"]),
        (
            "/v1/users",
            {**USER, "identities": [{"channel": "x", "address": "1"}]},
            "VALIDATION_ERROR",
            ["channel"],
        ),
        ("/v1/users", {**USER, "identities": [{**IDENTITY, "address": ""}]}, "VALIDATION_ERROR", ["address"]),
        (
            "/v1/users",
            {**USER, "identities": [{**IDENTITY, "address": "no phone"}]},
            "VALIDATION_ERROR",
            ["address"],
        ),
        ("/v1/users", {**USER, "identities": [{**IDENTITY, "phone": ""}]}, "VALIDATION_ERROR", ["phone"]),
        (
            "/v1/users",
            {**USER, "identities": [{**IDENTITY, "handle": "x" * 101}]},
            "VALIDATION_ERROR",
            ["handle"],
        ),
        ("/v1/users", {**USER, "identities": [IDENTITY, IDENTITY]}, "VALIDATION_ERROR", ["identities"]),
        ("/v1/users", {**USER, "identities": [IDENTITY] * 21}, "VALIDATION_ERROR", ["identities"]),
        ("/v1/users", {**USER, "metadata": {"x": "y" * 4_096}}, "VALIDATION_ERROR", ["metadata"]),
        ("/v1/users", {**USER, "nested": {"a": 1}}, "VALIDATION_ERROR", ["nested"]),
    ],
)
def test_a_wrong_field_is_named(
    api: Gateway, path: str, body: dict[str, object], code: str, named: list[str]
) -> None:
    assert api.post(path, body).refused(400, code) == named


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", " 5", "\u0665", "9" * 5_000])
@pytest.mark.parametrize("path", ["/v1/users", "/v1/conversations", "/v1/messages?sender_id=x"])
def test_a_limit_is_1_to_100(api: Gateway, path: str, limit: str) -> None:
    path, _, criterion = path.partition("?")
    query = dict([criterion.split("=")]) if criterion else {}

    assert api.get(path, limit=limit, **query).refused(400, "VALIDATION_ERROR") == ["limit"]


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ä",
        "A",
        "[]",
        cursor([]),
        cursor([""]),
        cursor(["x" * 1_025]),
        cursor(["", ""]),
        cursor(["", "x"]),
        cursor([1, 2, 3]),
        cursor({}),
    ],
)
def test_a_cursor_of_nobody_is_invalid(api: Gateway, undisturbed: Cast, text: str) -> None:
    lists = [
        ("/v1/users", {}),
        ("/v1/conversations", {}),
        ("/v1/conversations", {"user_id": undisturbed.agent}),
        ("/v1/messages", {"sender_id": undisturbed.agent}),
        ("/v1/messages", {"status": "FAILED"}),
        ("/v1/dead-letters", {}),
        (f"/v1/conversations/{undisturbed.conversation}/messages", {}),
    ]
    for path, query in lists:
        assert api.get(path, cursor=text, **query).refused(400, "VALIDATION_ERROR") == ["cursor"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/messages", {}),
        ("/v1/messages", {"sender_id": "a", "status": "FAILED"}),
        ("/v1/messages", {"status": "SENT"}),
        ("/v1/messages", {"status": "LOST"}),
        ("/v1/messages", {"status": ""}),
        ("/v1/messages", {"sender_id": ""}),
        ("/v1/messages", {"sender_id": LONG_ID}),
        ("/v1/messages", {"conversation_id": ""}),
        ("/v1/messages", {"sender_id": "a", "sort": "sideways"}),
        ("/v1/conversations", {"user_id": ""}),
        ("/v1/conversations", {"user_id": LONG_ID}),
        ("/v1/users", {"type": "ROBOT"}),
        ("/v1/identities/resolve", {}),
        ("/v1/identities/resolve", {"channel": "whatsapp"}),
        ("/v1/identities/resolve", {"channel": "carrier", "address": "1"}),
        ("/v1/identities/resolve", {"channel": "whatsapp", "address": "no phone"}),
    ],
)
def test_a_wrong_query_is_invalid(api: Gateway, path: str, query: dict[str, str]) -> None:
    api.get(path, **query).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", [UNKNOWN, "nonsense", "%00", "%ED%A0%80", "..", "a%23b%7Cc", "%F0%9F%98%80"])
def test_what_does_not_exist_is_not_found(api: Gateway, name: str) -> None:
    state = {"state": "ARCHIVED"}
    whatsapp = {"channel": "whatsapp", "address": "4915112345678"}

    api.get(f"/v1/messages/{name}").refused(404, "MESSAGE_NOT_FOUND")
    api.get(f"/v1/messages/{name}/status").refused(404, "MESSAGE_NOT_FOUND")
    api.get(f"/v1/conversations/{name}").refused(404, "CONVERSATION_NOT_FOUND")
    api.get(f"/v1/conversations/{name}/messages").refused(404, "CONVERSATION_NOT_FOUND")
    api.patch(f"/v1/conversations/{name}", state).refused(404, "CONVERSATION_NOT_FOUND")
    api.post(f"/v1/conversations/{name}/participants", {"user_id": "a"}).refused(
        404, "CONVERSATION_NOT_FOUND"
    )
    api.delete(f"/v1/conversations/{name}/participants/a").refused(404, "CONVERSATION_NOT_FOUND")
    api.get(f"/v1/users/{name}").refused(404, "USER_NOT_FOUND")
    api.post(f"/v1/users/{name}/identities", whatsapp).refused(404, "USER_NOT_FOUND")
    api.delete(f"/v1/users/{name}/identities/whatsapp/4915112345678").refused(404, "USER_NOT_FOUND")


def test_what_has_too_long_a_name_is_not_found(api: Gateway) -> None:
    for path in ("messages", "conversations", "users", "channels"):
        tail = "/capabilities" if path == "channels" else ""
        api.get(f"/v1/{path}/{LONG_ID}{tail}").refused(404, "NOT_FOUND")


READS = [
    "/v1/messages",
    "/v1/messages/x",
    "/v1/messages/x/status",
    "/v1/conversations",
    "/v1/conversations/x",
]
READS += [
    "/v1/conversations/x/messages",
    "/v1/users",
    "/v1/users/x",
    "/v1/identities/resolve",
    "/v1/channels",
]
ENDPOINTS = [
    *(("GET", path) for path in [*READS, "/v1/channels/whatsapp/capabilities"]),
    *WRITES,
    ("DELETE", "/v1/conversations/x/participants/y"),
    ("DELETE", "/v1/users/x/identities/whatsapp/y"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_nothing_is_open_without_a_key_of_ours(
    api: Gateway, api_settings: ApiSettings, method: str, path: str
) -> None:
    disabled = a_key(api_settings, "messages:read", "messages:write", disabled=True)
    foreign = "c4a_00000000_" + "A" * 43

    for key in (None, "", "nonsense", foreign, disabled, "c4a_ä"):
        api.with_key(key).request(method, path, "{}").refused(401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_key_opens_only_what_its_scopes_say(
    api: Gateway, api_settings: ApiSettings, method: str, path: str
) -> None:
    nothing = api.with_key(a_key(api_settings, "channels:read" if "channels" not in path else "users:read"))

    nothing.request(method, path, "{}").refused(403, "MISSING_SCOPE")


def test_a_key_that_reads_does_not_write(api: Gateway, api_settings: ApiSettings, undisturbed: Cast) -> None:
    reader = api.with_key(a_key(api_settings, "messages:read", "conversations:read", "users:read"))

    assert reader.get(f"/v1/conversations/{undisturbed.conversation}").status == 200
    reader.post("/v1/messages", body_of(undisturbed)).refused(403, "MISSING_SCOPE")
    reader.patch(f"/v1/conversations/{undisturbed.conversation}", {"state": "ARCHIVED"}).refused(
        403, "MISSING_SCOPE"
    )


def test_a_group_keeps_its_size_and_a_pair_its_two(api: Gateway, undisturbed: Cast) -> None:
    users = [create_customer(api) for _ in range(2)]
    group = api.post("/v1/conversations", {"type": "GROUP", "participants": [undisturbed.agent, *users]}).json
    in_group = f"/v1/conversations/{group['conversation_id']}/participants"
    in_pair = f"/v1/conversations/{undisturbed.conversation}/participants"

    api.delete(f"{in_group}/{users[0]}").refused(409, "GROUP_TOO_SMALL")
    api.delete(f"{in_group}/{undisturbed.customer}").refused(404, "NOT_A_PARTICIPANT")
    api.post(in_group, {"user_id": UNKNOWN}).refused(400, "UNKNOWN_USER")
    api.post(in_group, {"user_id": ""}).refused(400, "VALIDATION_ERROR")
    api.post(in_pair, {"user_id": users[0]}).refused(409, "NOT_A_GROUP")
    api.delete(f"{in_pair}/{undisturbed.customer}").refused(409, "NOT_A_GROUP")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("users", {"type": "CUSTOMER"}),
        ("conversations", {}),
        ("messages", {"status": "FAILED"}),
        ("dead-letters", {}),
        ("audit", {}),
        ("batches", {}),
        ("channels/whatsapp/templates", {}),
        ("identities/resolve", {"channel": "whatsapp", "address": "4915112345678"}),
    ],
)
def test_every_list_names_a_parameter_that_it_does_not_have(
    api: Gateway, path: str, query: dict[str, str]
) -> None:
    answer = api.get(f"/v1/{path}", **query, colour="blue")

    assert (answer.status, answer.json["details"][0]["field"]) == (400, "colour")
