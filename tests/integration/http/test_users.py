"""/v1/users and /v1/identities."""

from tests.integration.http.conftest import Cast, a_phone, create_customer
from tests.integration.http.gateway import Gateway, in_path


def test_a_user_is_created_and_read(api: Gateway) -> None:
    phone = a_phone()
    body = {
        "type": "CUSTOMER",
        "display_name": "Ana 😀",
        "identities": [
            {"channel": "whatsapp", "address": f"+{phone}", "phone": f"+{phone}", "handle": "ana"}
        ],
        "metadata": {"vip": "yes"},
    }

    created = api.post("/v1/users", body)

    assert created.status == 201
    assert api.get(f"/v1/users/{created.json['user_id']}").json == created.json
    (identity,) = created.json["identities"]
    known = {"channel", "account", "address", "linked_at", "phone", "handle", "wrote_at", "verified_at"}
    assert set(identity) == known
    assert (identity["address"], identity["account"]) == (phone, "main")
    assert (created.json["display_name"], created.json["metadata"]) == ("Ana 😀", {"vip": "yes"})


def test_a_customer_is_found_by_any_spelling_of_an_identity(api: Gateway, cast: Cast) -> None:
    spelled = f"+{cast.phone[:2]} {cast.phone[2:]}"

    found = api.get("/v1/identities/resolve", channel="whatsapp", address=spelled)

    assert found.json["user_id"] == cast.customer


def test_an_identity_belongs_to_one_user(api: Gateway, cast: Cast) -> None:
    body = {
        "type": "CUSTOMER",
        "display_name": "B",
        "identities": [{"channel": "whatsapp", "address": cast.phone}],
    }

    api.post("/v1/users", body).refused(409, "IDENTITY_TAKEN")
    other = create_customer(api)
    api.post(f"/v1/users/{other}/identities", body["identities"][0]).refused(409, "IDENTITY_TAKEN")


def test_an_identity_is_linked_and_unlinked(api: Gateway, cast: Cast) -> None:
    second = a_phone()

    linked = api.post(f"/v1/users/{cast.customer}/identities", {"channel": "whatsapp", "address": second})
    assert (linked.status, len(linked.json["identities"])) == (201, 2)

    path = f"/v1/users/{cast.customer}/identities/whatsapp/{in_path('+' + second)}"
    assert len(api.delete(path).json["identities"]) == 1
    api.delete(path).refused(404, "IDENTITY_NOT_FOUND")
    api.get("/v1/identities/resolve", channel="whatsapp", address=second).refused(404, "IDENTITY_NOT_FOUND")


def test_users_are_listed_by_type_latest_first_page_by_page(api: Gateway) -> None:
    made = [api.post("/v1/users", {"type": "AGENT", "display_name": "A"}).json["user_id"] for _ in range(3)]

    first = api.get("/v1/users", type="AGENT", limit=2).json
    second = api.get("/v1/users", type="AGENT", limit=2, cursor=first["next_cursor"]).json

    shown = [user["user_id"] for page in (first, second) for user in page["users"]]
    assert set(made) <= set(shown)
    assert len(set(shown)) == 4
    customers = api.get("/v1/users", limit=2).json["users"]
    assert all(customer["type"] == "CUSTOMER" for customer in customers)
