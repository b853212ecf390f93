"""The windows over HTTP: a closed window is refused with what is still possible, and can be looked up."""

import uuid
from datetime import timedelta

import pytest

from chat4all.domain.clock import iso, parse_iso
from tests.fakes.windows import hours_ago, just_now
from tests.integration.http.conftest import a_phone
from tests.integration.http.gateway import Answer, Gateway, in_path

LONG_AGO = "2020-01-31T12:00:00.000Z"


def a_person(api: Gateway, channel: str, address: str, wrote_at: str | None) -> tuple[str, dict[str, object]]:
    """Create a customer who wrote at `wrote_at`, and return their id and the body of a message to them."""
    identity = {"channel": channel, "address": address} | ({"wrote_at": wrote_at} if wrote_at else {})
    agent = api.post("/v1/users", {"type": "AGENT", "display_name": "Support"}).json["user_id"]
    body = {"type": "CUSTOMER", "display_name": "Ana", "identities": [identity]}
    customer = api.post("/v1/users", body).json["user_id"]
    made = api.post("/v1/conversations", {"type": "1:1", "participants": [agent, customer]})
    message = {"conversation_id": made.json["conversation_id"], "sender_id": agent, "content": "hello"}
    return customer, message


def an_igsid() -> str:
    return f"17841{uuid.uuid4().int % 10**12:012d}"


def issues(answer: Answer) -> list[str]:
    return [detail["issue"] for detail in answer.json["details"]]


@pytest.mark.parametrize("wrote_at", [None, LONG_AGO])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/preview"])
def test_a_closed_window_is_refused_and_says_what_is_needed(
    api: Gateway, path: str, wrote_at: str | None
) -> None:
    customer, message = a_person(api, "whatsapp", a_phone(), wrote_at)

    answer = api.post(path, message)

    assert answer.refused(422, "WINDOW_CLOSED") == ["content"]
    (issue,) = issues(answer)
    told = "has never written" if wrote_at is None else "closed at 2020-02-01T12:00:00.000Z"
    assert all(words in issue for words in (customer, "whatsapp", told, "send a template"))


def test_a_closed_step_is_skipped_and_the_preview_says_why(api: Gateway) -> None:
    phone = a_phone()
    customer, message = a_person(api, "whatsapp", phone, LONG_AGO)
    api.post(f"/v1/users/{customer}/identities", {"channel": "sms", "address": f"+{phone}"})
    planned = {**message, "channel": "whatsapp", "fallback": [{"channel": "sms"}]}

    previewed = api.post("/v1/messages/preview", planned)
    accepted = api.post("/v1/messages", planned)

    shown = [(step["channel"], step["decision"], step["code"]) for step in previewed.json["renderings"]]
    assert shown == [("sms", "tried", None), ("whatsapp", "skipped", "WINDOW_CLOSED")]
    assert "closed at" in previewed.json["renderings"][1]["reason"]
    assert accepted.status == 202


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/preview"])
def test_a_message_of_which_every_step_is_closed_is_refused(api: Gateway, path: str) -> None:
    _, message = a_person(api, "whatsapp", a_phone(), LONG_AGO)
    fallback = [{"content": "once more"}, {"channel": "sms"}]

    answer = api.post(path, {**message, "fallback": fallback})

    assert answer.refused(422, "WINDOW_CLOSED") == ["content"]


def test_an_open_window_takes_the_message(api: Gateway) -> None:
    _, message = a_person(api, "whatsapp", a_phone(), hours_ago(23))

    assert api.post("/v1/messages", message).status == 202


def test_a_person_answers_on_instagram_for_a_week(api: Gateway) -> None:
    _, message = a_person(api, "instagram", an_igsid(), hours_ago(30))

    plain = api.post("/v1/messages", message)
    tagged = api.post("/v1/messages", {**message, "tag": "HUMAN_AGENT"})

    assert plain.refused(422, "WINDOW_CLOSED") == ["content"]
    assert "HUMAN_AGENT" in issues(plain)[0]
    assert tagged.status == 202


def test_after_a_week_the_tag_does_not_help(api: Gateway) -> None:
    _, message = a_person(api, "instagram", an_igsid(), hours_ago(24 * 8))

    answer = api.post("/v1/messages", {**message, "tag": "HUMAN_AGENT"})

    answer.refused(422, "WINDOW_CLOSED")
    assert "wait until they write" in issues(answer)[0]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/preview"])
def test_a_tag_elsewhere_is_refused(api: Gateway, path: str) -> None:
    _, message = a_person(api, "whatsapp", a_phone(), just_now())

    answer = api.post(path, {**message, "tag": "HUMAN_AGENT"})

    assert answer.refused(422, "TAG_NOT_POSSIBLE") == ["tag"]


@pytest.mark.parametrize("tag", ["human_agent", "ACCOUNT_UPDATE", "", 5, []])
def test_another_tag_is_invalid(api: Gateway, tag: object) -> None:
    _, message = a_person(api, "instagram", an_igsid(), just_now())

    assert api.post("/v1/messages", {**message, "tag": tag}).refused(400, "VALIDATION_ERROR") == ["tag"]


def test_a_reaction_has_no_tag(api: Gateway) -> None:
    _, message = a_person(api, "instagram", an_igsid(), just_now())
    first = api.post("/v1/messages", message).json["message_id"]
    reaction = {**message, "content": {"type": "reaction", "emoji": "👍"}, "reply_to": first}

    answer = api.post("/v1/messages", {**reaction, "tag": "HUMAN_AGENT"})

    assert answer.refused(400, "VALIDATION_ERROR") == ["tag"]


def test_the_windows_of_a_conversation_are_looked_up(api: Gateway) -> None:
    phone, wrote_at = a_phone(), hours_ago(30)
    customer, message = a_person(api, "whatsapp", phone, wrote_at)
    api.post(f"/v1/users/{customer}/identities", {"channel": "telegram", "address": f"1{phone[-8:]}"})

    answer = api.get(f"/v1/conversations/{message['conversation_id']}/window")

    assert answer.status == 200
    of_agent, of_customer = answer.json["participants"]
    assert of_agent == {"user_id": message["sender_id"], "windows": []}
    whatsapp, telegram = of_customer["windows"]
    assert whatsapp == {
        "channel": "whatsapp",
        "account": "main",
        "address": phone,
        "is_open": False,
        "closes_at": iso(parse_iso(wrote_at) + timedelta(hours=24)),
        "wrote_at": wrote_at,
        "tag": None,
        "kinds": ["template"],
    }
    assert (telegram["is_open"], telegram["closes_at"], telegram["wrote_at"]) == (True, None, None)


def test_an_unknown_conversation_has_no_windows(api: Gateway) -> None:
    api.get(f"/v1/conversations/{uuid.uuid4()}/window").refused(404, "CONVERSATION_NOT_FOUND")


def test_an_identity_learns_when_the_person_wrote(api: Gateway) -> None:
    phone, wrote_at = a_phone(), hours_ago(1)
    customer, message = a_person(api, "whatsapp", phone, None)
    path = f"/v1/users/{customer}/identities/whatsapp/{in_path('+' + phone)}"

    told = api.patch(path, {"wrote_at": wrote_at})
    earlier = api.patch(path, {"wrote_at": LONG_AGO, "account": "main"})

    assert (told.status, earlier.status) == (200, 200)
    times = [answer.json["identities"][0]["wrote_at"] for answer in (told, earlier)]
    assert times == [wrote_at, wrote_at], "a later known time stays"
    assert api.post("/v1/messages", message).status == 202


def test_linking_an_identity_again_tells_when_the_person_wrote(api: Gateway) -> None:
    phone, wrote_at = a_phone(), hours_ago(1)
    customer, _ = a_person(api, "whatsapp", phone, None)
    path = f"/v1/users/{customer}/identities"
    identity = {"channel": "whatsapp", "address": phone}

    linked = api.post(path, {**identity, "wrote_at": wrote_at})
    again = api.post(path, identity)

    assert [answer.json["identities"][0]["wrote_at"] for answer in (linked, again)] == [wrote_at, wrote_at]


def test_a_time_a_little_ahead_counts_as_now_and_a_zone_is_understood(api: Gateway) -> None:
    phone = a_phone()
    customer, _ = a_person(api, "whatsapp", phone, None)
    path = f"/v1/users/{customer}/identities/whatsapp/{phone}"

    in_rome = api.patch(path, {"wrote_at": "2026-01-31T13:00:00+01:00"}).json["identities"][0]["wrote_at"]
    ahead = api.patch(path, {"wrote_at": hours_ago(-1 / 60)}).json["identities"][0]["wrote_at"]

    assert in_rome == "2026-01-31T12:00:00.000Z"
    assert ahead <= just_now()


@pytest.mark.parametrize(
    "wrote_at", ["", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "9999-12-31T23:59:59Z", 5, True, {}]
)
def test_a_bad_time_is_refused_with_its_field(api: Gateway, wrote_at: object) -> None:
    phone = a_phone()
    customer, _ = a_person(api, "whatsapp", phone, None)
    identity = {"channel": "whatsapp", "address": a_phone(), "wrote_at": wrote_at}
    user = {"type": "CUSTOMER", "display_name": "Ana", "identities": [identity]}

    patched = api.patch(f"/v1/users/{customer}/identities/whatsapp/{phone}", {"wrote_at": wrote_at})
    linked = api.post(f"/v1/users/{customer}/identities", identity)
    created = api.post("/v1/users", user)

    assert patched.refused(400, "VALIDATION_ERROR") == ["wrote_at"]
    assert linked.refused(400, "VALIDATION_ERROR") == ["wrote_at"]
    (field,) = created.refused(400, "VALIDATION_ERROR")
    assert field in {"wrote_at", "identities[0].wrote_at"}


def test_an_hour_ahead_is_the_future(api: Gateway) -> None:
    customer, _ = a_person(api, "whatsapp", a_phone(), None)
    identity = {"channel": "whatsapp", "address": a_phone(), "wrote_at": hours_ago(-1)}

    answer = api.post(f"/v1/users/{customer}/identities", identity)

    assert answer.refused(400, "VALIDATION_ERROR") == ["wrote_at"]


def test_an_unknown_identity_learns_nothing(api: Gateway) -> None:
    customer, _ = a_person(api, "whatsapp", a_phone(), None)
    known = f"/v1/users/{customer}/identities/whatsapp"

    api.patch(f"{known}/{a_phone()}", {"wrote_at": LONG_AGO}).refused(404, "IDENTITY_NOT_FOUND")
    api.patch(f"{known}/no-phone", {"wrote_at": LONG_AGO}).refused(400, "VALIDATION_ERROR")
    unknown = f"/v1/users/{uuid.uuid4()}/identities/whatsapp/{a_phone()}"
    api.patch(unknown, {"wrote_at": LONG_AGO}).refused(404, "USER_NOT_FOUND")
    elsewhere = f"/v1/users/{customer}/identities/pigeon/1"
    assert api.patch(elsewhere, {"wrote_at": LONG_AGO}).refused(400, "VALIDATION_ERROR") == ["channel"]
