"""Customers write in their apps, and their messages appear in the conversation."""

import pytest

from tests.channels import sample
from tests.e2e.api import read
from tests.e2e.shapes import User
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage, Talk
from tests.e2e.waiting import eventually


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_reply_stands_in_the_conversation(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stage.reaches(stage.say(talk, "hello?"), LAST_STATUS[channel])

    written = stage.simulators[channel].write(customer.address, "olá 👋🏽 שלום")

    reply, question = eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)
    assert written.webhook_statuses == [200]
    assert (reply.sender_id, reply.content.type, reply.content.text) == (
        customer.user_id,
        "text",
        "olá 👋🏽 שלום",
    )
    assert reply.channel == channel
    assert reply.sequence > question.sequence


def test_words_in_a_group_are_passed_on_with_their_authors_name(stage: Stage) -> None:
    ana = stage.customer("whatsapp", "Ana")
    bo = stage.customer("telegram", "Bo")
    cy = stage.customer("instagram", "Cy")
    talk = stage.group(ana, bo, cy)

    stage.simulators["telegram"].write(bo.address, "good morning")

    [message] = eventually(lambda: stage.history(talk))
    stage.reaches(message.message_id, "READ")
    assert message.content.text == "good morning"
    assert stage.texts(ana) == stage.texts(cy) == ["Bo: good morning"]
    assert stage.requests(bo) == []


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if sample(channel).QUOTES])
def test_a_reply_that_quotes_goes_to_the_conversation_of_the_quoted_message(
    stage: Stage, channel: str
) -> None:
    customer = stage.customer(channel)
    older, newer = stage.talk(customer), stage.talk(customer)
    quoted_id = stage.say(older, "which colour?")
    stage.reaches(quoted_id, LAST_STATUS[channel])
    [asked] = stage.accepted(customer)
    stage.reaches(stage.say(newer, "anything else?"), LAST_STATUS[channel])

    stage.simulators[channel].write(customer.address, "no, thanks")
    stage.simulators[channel].write(customer.address, "blue", quoted=asked.provider_message_id)

    thanks, _ = eventually(lambda: stage.history(newer), lambda seen: len(seen) == 2)
    blue, _ = eventually(lambda: stage.history(older), lambda seen: len(seen) == 2)
    assert (blue.content.text, blue.reply_to) == ("blue", quoted_id)
    assert (thanks.content.text, thanks.reply_to) == ("no, thanks", None)


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_unknown_person_becomes_a_user_with_a_conversation(stage: Stage, channel: str) -> None:
    address = stage.new_address(channel)
    stage.simulators[channel].register(address, "Nia Nova", handle="nia")

    for number in range(3):
        stage.simulators[channel].write(address, f"hello {number}")
    stage.settle()

    found = stage.api.call("GET", "/identities/resolve", query={"channel": channel, "address": address})
    user = read(found, User)
    assert user.type == "CUSTOMER"
    # WhatsApp names the person's user id beside the number.
    assert (channel, address) in {(identity.channel, identity.address) for identity in user.identities}
    assert {identity.channel for identity in user.identities} == {channel}
    assert user.display_name == ("Nia Nova" if sample(channel).NAMES_PEOPLE else address)
    [conversation] = stage.api.conversations_of(user.user_id)
    history = stage.history(Talk(conversation.conversation_id, ""))
    assert sorted(message.content.text for message in history) == ["hello 0", "hello 1", "hello 2"]


@pytest.mark.parametrize(
    ("channel", "kind", "fields"),
    [("whatsapp", "poll", {"unsupported": {"type": "poll"}}), ("instagram", "unsupported", None)],
)
def test_of_a_kind_that_is_not_supported_everything_is_kept(
    stage: Stage, channel: str, kind: str, fields: object
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    stage.simulators[channel].write(customer.address, kind=kind)

    [message] = eventually(lambda: stage.history(talk))
    assert (message.content.type, message.sender_id) == ("unsupported", customer.user_id)
    assert message.content.provider_kind == "unsupported"
    told = message.provider_fields
    assert ({"unsupported": told["unsupported"]} if isinstance(told, dict) else told) == fields
    assert message.sent_at is not None


def test_a_card_and_the_reaction_to_it_are_kinds(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    telegram = stage.simulators["telegram"]
    written = telegram.write(customer.address, kind="contact")
    [card] = eventually(lambda: stage.history(talk))

    telegram.write(customer.address, "\u2764", kind="reaction", quoted=written.provider_message_id)

    kinds = eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)
    assert {(kind.content.type, kind.content.text) for kind in kinds} == {
        ("contacts", "Ana: +5511987654321"),
        ("reaction", "\u2764"),
    }
    assert {kind.reply_to for kind in kinds} == {None, card.message_id}


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if sample(channel).EDITS])
def test_an_edit_changes_the_text_and_keeps_the_old_one(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    written = stage.simulators[channel].write(customer.address, "tomorow at 5")
    [before] = eventually(lambda: stage.history(talk))

    stage.simulators[channel].edit(customer.address, written.provider_message_id, "tomorrow at 6")

    [after] = eventually(lambda: stage.history(talk), lambda seen: seen[0].content.text == "tomorrow at 6")
    assert after.message_id == before.message_id
    assert [edit.content.text for edit in after.edits] == ["tomorow at 5"]


def test_what_a_person_writes_keeps_its_order(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    texts = [f"line {number}" for number in range(12)]

    for text in texts:
        stage.simulators["telegram"].write(customer.address, text, wait=False)

    newest_first = eventually(lambda: stage.history(talk), lambda seen: len(seen) == len(texts))
    assert [message.content.text for message in reversed(newest_first)] == texts
