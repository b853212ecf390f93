"""A message has a plan: other contents and other channels follow where the first do not reach the person."""

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import Customer, Stage, message_body

TEMPLATE = "Your order is ready"
SHORT = "Order ready"


def on_two(stage: Stage, *, window_open: bool = True) -> tuple[Customer, Customer]:
    """Make a customer who is known on WhatsApp and by SMS."""
    address = stage.new_address("whatsapp")
    stage.simulators["whatsapp"].register(address, "Carla", window_open=window_open)
    number = stage.new_address("sms")
    identities = [{"channel": "whatsapp", "address": address}, {"channel": "sms", "address": number}]
    user_id = stage.api.create_user("CUSTOMER", "Carla", identities).user_id
    return Customer(user_id, "Carla", "whatsapp", address), Customer(user_id, "Carla", "sms", number)


def post(
    stage: Stage, customer: Customer, text: str, fallback: list[dict[str, str]], **fields: object
) -> str:
    body = {**message_body(stage.talk(customer), text), "fallback": fallback, **fields}
    answer = stage.api.call("POST", "/messages", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["message_id"])


def plan_of(stage: Stage, message_id: str) -> list[tuple[int, str, str]]:
    plan = stage.api.call("GET", f"/messages/{message_id}/status").json()["plan"]
    return [(step["step"], step["channel"], step["decision"]) for step in plan]


def test_a_closed_window_leads_to_the_next_content_and_then_to_the_next_channel(stage: Stage) -> None:
    whatsapp, sms = on_two(stage, window_open=False)
    fallback = [{"content": TEMPLATE}, {"channel": "sms", "content": SHORT}]

    message_id = post(stage, whatsapp, "Hello Carla", fallback, channel="whatsapp")

    progress = stage.reaches(message_id, "DELIVERED")
    assert [
        (delivery.channel, delivery.step, delivery.status, delivery.error.code if delivery.error else None)
        for delivery in progress.deliveries
    ] == [
        ("sms", 2, "DELIVERED", None),
        ("whatsapp", 0, "FAILED", "131047"),
        ("whatsapp", 1, "FAILED", "131047"),
    ]
    assert stage.texts(whatsapp) == ["Hello Carla", TEMPLATE]
    assert stage.texts(sms) == [SHORT]
    assert plan_of(stage, message_id) == [
        (0, "whatsapp", "tried"),
        (1, "whatsapp", "tried"),
        (2, "sms", "tried"),
    ]


def test_a_second_content_on_the_same_channel_is_enough_when_it_is_taken(stage: Stage) -> None:
    whatsapp, sms = on_two(stage)
    stage.simulators["whatsapp"].add_fault(
        FaultKind.ERROR, status=400, code=131026, for_address=whatsapp.address, count=1
    )
    fallback = [{"content": TEMPLATE}, {"channel": "sms", "content": SHORT}]

    message_id = post(stage, whatsapp, "Hello Carla", fallback, channel="whatsapp", delivery_timeout_s=30)

    progress = stage.reaches(message_id, "READ")
    assert [(delivery.step, delivery.status) for delivery in progress.deliveries] == [
        (0, "FAILED"),
        (1, "READ"),
    ]
    stage.relay()
    stage.settle()
    assert (stage.texts(whatsapp), stage.texts(sms)) == ([TEMPLATE], [])
    assert plan_of(stage, message_id)[2] == (2, "sms", "next")


def test_the_preview_shows_the_steps(stage: Stage) -> None:
    whatsapp, _ = on_two(stage)
    body = {
        **message_body(stage.talk(whatsapp), "Hello"),
        "fallback": [{"channel": "sms"}, {"channel": "telegram"}],
    }

    shown = stage.api.call("POST", "/messages/preview", body).json()["renderings"]

    assert [(step["channel"], step["decision"], step["is_charged"]) for step in shown] == [
        ("whatsapp", "tried", True),
        ("sms", "next", True),
        ("telegram", "skipped", False),
    ]
