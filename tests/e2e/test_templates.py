"""A template reaches a customer who never wrote, once the provider has approved it."""

import uuid

from chat4all_local.simulators.control_api import TemplateChange
from tests.e2e.stage import Customer, Stage, message_body
from tests.e2e.waiting import eventually


def created(stage: Stage) -> str:
    """Submit a template of a new name, and return the name."""
    name = f"order_{uuid.uuid4().hex}"
    body = {
        "name": name,
        "language": "pt_BR",
        "category": "UTILITY",
        "body": "Olá, {{1}}! O pedido está pronto.",
        "samples": {"1": "Ana"},
        "buttons": [{"type": "quick_reply", "text": "Obrigada"}],
    }
    answer = stage.api.call("POST", "/channels/whatsapp/templates", body)
    assert (answer.status_code, answer.json()["status"]) == (201, "PENDING"), answer.text
    return name


def stranger(stage: Stage) -> Customer:
    """Make a customer who never wrote: the window is closed."""
    address = stage.new_address("whatsapp")
    stage.simulators["whatsapp"].register(address, "Ana", window_open=False)
    user = stage.api.create_user("CUSTOMER", "Ana", [{"channel": "whatsapp", "address": address}])
    return Customer(user.user_id, "Ana", "whatsapp", address)


def test_an_approved_template_reaches_a_customer_who_never_wrote(stage: Stage) -> None:
    name, whatsapp, customer = created(stage), stage.simulators["whatsapp"], stranger(stage)
    content = {"type": "template", "name": name, "language": "pt_BR", "parameters": {"1": "Ana"}}
    body = {**message_body(stage.talk(customer), ""), "content": content}
    refused = stage.api.call("POST", "/messages", body)
    assert (refused.status_code, refused.json()["error"]) == (422, "TEMPLATE_NOT_USABLE"), refused.text

    assert whatsapp.change_template(TemplateChange(name, "pt_BR")).status == 200
    accepted = eventually(
        lambda: stage.api.call("POST", "/messages", body), lambda answer: answer.status_code == 202
    )

    stage.reaches(accepted.json()["message_id"], "READ")
    (arrived,) = stage.accepted(customer)
    assert (arrived.kind, arrived.text) == ("template", "Olá, Ana! O pedido está pronto.")

    assert whatsapp.change_template(TemplateChange(name, "pt_BR", "PAUSED")).status == 200
    paused = eventually(
        lambda: stage.api.call("POST", "/messages", {**body, "message_id": str(uuid.uuid4())}),
        lambda answer: answer.status_code == 422,
    )
    assert paused.json()["error"] == "TEMPLATE_NOT_USABLE"
    assert "PAUSED" in paused.json()["details"][0]["issue"]

    repeated = stage.api.call("POST", "/messages", {**body, "message_id": accepted.json()["message_id"]})
    assert repeated.status_code == 202, repeated.text


def test_the_providers_word_on_a_templates_quality_is_shown_with_it(stage: Stage) -> None:
    name, whatsapp = created(stage), stage.simulators["whatsapp"]

    for change in (TemplateChange(name, "pt_BR"), TemplateChange(name, "pt_BR", quality="RED")):
        assert whatsapp.change_template(change).status == 200
    listed = eventually(
        lambda: stage.api.call("GET", "/channels/whatsapp/templates", query={"name": name}).json(),
        lambda page: [each["quality"] for each in page["templates"]] == ["RED"],
    )

    assert listed["templates"][0]["status"] == "APPROVED"
    paused = TemplateChange(name, "pt_BR", "PAUSED")
    assert whatsapp.change_template(paused).status == 200
    eventually(
        lambda: stage.api.call("GET", "/channels/whatsapp/templates", query={"name": name}).json(),
        lambda page: [each["status"] for each in page["templates"]] == ["PAUSED"],
    )
