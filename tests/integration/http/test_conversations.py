"""/v1/conversations."""

from chat4all.channels.registry import accounts
from tests.integration.http.conftest import Cast, a_phone, create_customer
from tests.integration.http.gateway import Gateway


def group_of(api: Gateway, *users: str) -> str:
    answer = api.post("/v1/conversations", {"type": "GROUP", "participants": list(users)})
    assert answer.status == 201, answer.text
    return str(answer.json["conversation_id"])


def test_a_conversation_is_created_and_read(api: Gateway, cast: Cast) -> None:
    body = {
        "type": "1:1",
        "participants": [cast.agent, cast.customer],
        "primary_channel": "whatsapp",
        "title": "Order 7",
        "metadata": {"order": "7"},
    }

    created = api.post("/v1/conversations", body)

    assert created.status == 201
    shown = api.get(f"/v1/conversations/{created.json['conversation_id']}").json
    assert shown == created.json
    assert {name: shown[name] for name in ("type", "primary_channel", "title", "metadata")} == {
        name: body[name] for name in ("type", "primary_channel", "title", "metadata")
    }
    assert (shown["state"], shown["participant_count"]) == ("ACTIVE", 2)
    assert [participant["user_id"] for participant in shown["participants"]] == [cast.agent, cast.customer]
    assert shown["created_at"] == shown["last_activity_at"]


def test_conversations_are_listed_by_user_and_altogether(api: Gateway, cast: Cast) -> None:
    other = create_customer(api)
    group = group_of(api, cast.agent, cast.customer, other)

    of_agent = api.get("/v1/conversations", user_id=cast.agent).json["conversations"]
    everything = api.get("/v1/conversations", limit=100).json["conversations"]
    first = api.get("/v1/conversations", user_id=cast.agent, limit=1).json
    second = api.get("/v1/conversations", user_id=cast.agent, limit=1, cursor=first["next_cursor"]).json

    assert {conversation["conversation_id"] for conversation in of_agent} == {group, cast.conversation}
    assert {group, cast.conversation} <= {conversation["conversation_id"] for conversation in everything}
    paged = [page["conversations"][0]["conversation_id"] for page in (first, second)]
    assert paged == [conversation["conversation_id"] for conversation in of_agent]
    assert second["next_cursor"] is None


def test_an_archived_conversation_takes_no_message_until_it_is_reactivated(api: Gateway, cast: Cast) -> None:
    path = f"/v1/conversations/{cast.conversation}"
    body = {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "hello"}

    assert api.patch(path, {"state": "ARCHIVED"}).json["state"] == "ARCHIVED"
    api.post("/v1/messages", body).refused(409, "CONVERSATION_ARCHIVED")
    assert api.patch(path, {"state": "ACTIVE"}).json["state"] == "ACTIVE"

    assert api.post("/v1/messages", body).status == 202


def test_participants_come_and_go_and_see_from_when_they_came(api: Gateway, cast: Cast) -> None:
    ben, carla = (create_customer(api, "whatsapp", a_phone()) for _ in range(2))
    group = group_of(api, cast.agent, cast.customer, ben)
    message = {"conversation_id": group, "sender_id": cast.agent, "content": "before"}
    api.post("/v1/messages", message)

    joined = api.post(f"/v1/conversations/{group}/participants", {"user_id": carla})
    api.post("/v1/messages", {**message, "content": "after"})

    assert (joined.status, joined.json["participant_count"]) == (200, 4)
    seen = api.get(f"/v1/conversations/{group}/messages", participant_id=carla).json["messages"]
    assert [message["content"]["text"] for message in seen] == ["after"]

    left = api.delete(f"/v1/conversations/{group}/participants/{carla}")
    assert (left.status, left.json["participant_count"]) == (200, 3)
    api.get(f"/v1/conversations/{group}/messages", participant_id=carla).refused(403, "NOT_A_PARTICIPANT")


def test_the_largest_group_is_taken(api: Gateway, cast: Cast) -> None:
    users = [create_customer(api) for _ in range(98)]

    group = group_of(api, cast.agent, cast.customer, *users)

    assert api.get(f"/v1/conversations/{group}").json["participant_count"] == 100
    one_more = create_customer(api)
    api.post(f"/v1/conversations/{group}/participants", {"user_id": one_more}).refused(409, "GROUP_FULL")


def test_the_account_of_an_identity_is_shown(api: Gateway, cast: Cast) -> None:
    user = api.get(f"/v1/users/{cast.customer}").json

    (identity,) = user["identities"]
    assert identity["account"] == accounts()[identity["channel"]][0]
