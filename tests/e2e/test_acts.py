"""Our side edits, deletes, reads and types where the channel can, and is refused where it cannot."""

from collections.abc import Callable

from chat4all_local.simulators.control_api import SendRecord
from tests.e2e.api import refusal
from tests.e2e.shapes import ActOutcome, Delivery, Message
from tests.e2e.stage import LAST_STATUS, Customer, Stage, Talk
from tests.e2e.waiting import eventually


def sent(stage: Stage, customer: Customer) -> tuple[Talk, str]:
    """Send a text to the customer; return the conversation, and the message's id once it has arrived."""
    talk = stage.talk(customer)
    message_id = stage.say(talk, "Hello")
    stage.reaches(message_id, LAST_STATUS[customer.channel])
    return talk, message_id


def edit(stage: Stage, talk: Talk, message_id: str, text: str) -> None:
    answer = stage.api.call("PATCH", f"/messages/{message_id}", {"sender_id": talk.agent_id, "content": text})
    assert answer.status_code == 202, answer.text


def delete(stage: Stage, talk: Talk, message_id: str) -> None:
    query = {"sender_id": talk.agent_id}
    answer = stage.api.call("DELETE", f"/messages/{message_id}", query=query)
    assert answer.status_code == 202, answer.text


def settled(
    stage: Stage, message_id: str, which: Callable[[Delivery], ActOutcome | None]
) -> tuple[Message, ActOutcome]:
    def outcome() -> ActOutcome | None:
        (delivery,) = stage.api.progress(message_id).deliveries
        return which(delivery)

    found = eventually(outcome, lambda seen: seen is not None and seen.status != "PENDING")
    assert found is not None
    return stage.api.message(message_id), found


def signs(stage: Stage, customer: Customer, *kinds: str) -> list[SendRecord]:
    """Wait until the provider has shown signs of all these kinds to the customer; return them."""

    def shown() -> list[SendRecord]:
        return [record for record in stage.accepted(customer) if record.kind in kinds]

    return eventually(shown, lambda seen: {record.kind for record in seen} == set(kinds))


def wrote(stage: Stage, customer: Customer, talk: Talk) -> str:
    """Let the customer write; return the provider's id of their message once it is in the conversation."""
    name = stage.simulators[customer.channel].write(customer.address, "Hi").provider_message_id
    eventually(lambda: stage.history(talk), lambda seen: bool(seen) and seen[0].sender_id == customer.user_id)
    return name


def test_telegram_edits_and_deletes_what_the_customer_sees(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk, message_id = sent(stage, customer)

    edit(stage, talk, message_id, "Hello, all")
    edit(stage, talk, message_id, "Hello, everybody")
    eventually(lambda: stage.api.message(message_id), lambda seen: seen.content.text == "Hello, everybody")
    message, outcome = settled(stage, message_id, lambda delivery: delivery.edit)

    assert [former.content.text for former in message.edits] == ["Hello", "Hello, all"]
    assert outcome.status == "APPLIED"
    delete(stage, talk, message_id)
    delete(stage, talk, message_id)
    message, outcome = settled(stage, message_id, lambda delivery: delivery.deletion)
    assert (message.content.type, message.edits, outcome.status) == ("deleted", (), "APPLIED")
    assert message.deleted_at is not None
    (first, *acts) = stage.accepted(customer)
    assert [(act.kind, act.text, act.quoted) for act in acts] == [
        ("edit", "Hello, all", first.provider_message_id),
        ("edit", "Hello, everybody", first.provider_message_id),
        ("delete", None, first.provider_message_id),
    ]
    late = {"sender_id": talk.agent_id, "content": "late"}
    assert refusal(stage.api.call("PATCH", f"/messages/{message_id}", late)).error == "MESSAGE_DELETED"


def test_whatsapp_shows_that_we_read_and_type(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    theirs = wrote(stage, customer, talk)
    path = f"/conversations/{talk.conversation_id}"

    read = stage.api.call("POST", f"{path}/read", {})
    again = stage.api.call("POST", f"{path}/read", {})
    typing = stage.api.call("POST", f"{path}/typing", {"state": "on", "sender_id": talk.agent_id})

    assert (read.status_code, read.json()["read_before"], again.json()["read_before"]) == (202, False, True)
    shown_to = [{"user_id": customer.user_id, "channel": "whatsapp"}]
    assert (typing.status_code, typing.json()["shown_to"]) == (202, shown_to)
    seen = signs(stage, customer, "read", "typing")
    assert sorted((record.kind, record.quoted) for record in seen) == [("read", theirs), ("typing", theirs)]


def test_instagram_shows_that_we_saw_and_type(stage: Stage) -> None:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    wrote(stage, customer, talk)
    path = f"/conversations/{talk.conversation_id}"

    assert stage.api.call("POST", f"{path}/read").status_code == 202
    assert stage.api.call("POST", f"{path}/typing", {"state": "on"}).status_code == 202
    assert stage.api.call("POST", f"{path}/typing", {"state": "off"}).status_code == 202

    signs(stage, customer, "mark_seen", "typing_on", "typing_off")


def test_sms_has_no_acts(stage: Stage) -> None:
    customer = stage.customer("sms")
    talk, message_id = sent(stage, customer)
    wrote(stage, customer, talk)
    path = f"/conversations/{talk.conversation_id}"
    body = {"sender_id": talk.agent_id, "content": "Hello, all"}

    answers = [
        stage.api.call("PATCH", f"/messages/{message_id}", body),
        stage.api.call("DELETE", f"/messages/{message_id}", query={"sender_id": talk.agent_id}),
        stage.api.call("POST", f"{path}/read", {}),
        stage.api.call("POST", f"{path}/typing", {"state": "on"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert {refusal(answer).error for answer in answers} == {"ACT_NOT_POSSIBLE"}
    assert stage.texts(customer) == ["Hello"]


def test_a_group_is_edited_where_it_can_be(stage: Stage) -> None:
    telegram, whatsapp = stage.customer("telegram"), stage.customer("whatsapp")
    talk = stage.group(telegram, whatsapp)
    message_id = stage.say(talk, "Hello")
    stage.reaches(message_id, "SENT", "DELIVERED", "READ")

    edit(stage, talk, message_id, "Hello, all")

    def outcomes() -> dict[str, str | None]:
        found = stage.api.progress(message_id).deliveries
        return {delivery.channel: delivery.edit.status if delivery.edit else None for delivery in found}

    eventually(outcomes, lambda seen: seen == {"telegram": "APPLIED", "whatsapp": "NOT_POSSIBLE"})
    assert stage.texts(whatsapp) == ["Hello"]
    assert stage.texts(telegram) == ["Hello", "Hello, all"]
