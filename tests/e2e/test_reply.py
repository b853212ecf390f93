"""`chat4all reply` plays the customer: the reply comes in through the provider's webhook."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.channels import sample
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage, Talk
from tests.e2e.waiting import DEADLINE_S, eventually
from tests.fakes.samples import EVERY_TYPE

PROGRAM = str(Path(sys.executable).with_name("chat4all"))


def reply(stage: Stage, talk: Talk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [PROGRAM, "reply", talk.conversation_id, *arguments, "--state", str(stage.cloud.folder.path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_only_customer_writes_into_the_conversation(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    done = reply(stage, talk, "from the terminal 🙂")

    assert (done.returncode, done.stderr) == (0, "")
    [message] = eventually(lambda: stage.history(talk))
    assert (message.sender_id, message.content.text) == (customer.user_id, "from the terminal 🙂")
    [webhook] = [
        record
        for record in stage.simulators[channel].webhooks().webhooks
        if record.provider_message_id == done.stdout.strip()
    ]
    assert (webhook.kind, webhook.status) == ("inbound", 200)


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if sample(channel).QUOTES])
def test_a_customer_of_a_group_writes_into_it_by_a_quote(stage: Stage, channel: str) -> None:
    ana = stage.customer(channel, "Ana")
    bo = stage.customer("instagram", "Bo")
    alone, group = stage.talk(ana), stage.group(ana, bo)
    for talk in (group, alone):
        stage.reaches(stage.say(talk, "which colour?"), LAST_STATUS[channel])
    latest = stage.say(group, "and which size?")
    stage.reaches(latest, "SENT", "DELIVERED", "READ")
    stage.settle()

    assert reply(stage, group, "blue").returncode == 1, (
        "a conversation with two customers needs the customer's name"
    )
    assert reply(stage, group, "blue", "--as", ana.user_id).returncode == 0

    blue = eventually(lambda: stage.history(group), lambda seen: len(seen) == 3)[0]
    assert (blue.sender_id, blue.content.text, blue.reply_to) == (ana.user_id, "blue", latest)
    assert len(stage.history(alone)) == 1


def test_words_to_a_group_of_which_nothing_was_received_come_with_a_warning(stage: Stage) -> None:
    ana, bo = stage.customer("whatsapp", "Ana"), stage.customer("telegram", "Bo")
    group = stage.group(ana, bo)

    done = reply(stage, group, "hello?", "--as", ana.user_id)

    assert done.returncode == 0
    assert "Ana has received nothing from this group" in done.stderr


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_photo_comes_with_the_text_as_its_caption(stage: Stage, tmp_path: Path, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    photo = tmp_path / "my cat.jpg"
    photo.write_bytes(EVERY_TYPE["image/jpeg"])

    done = reply(stage, talk, "my cat", "--photo", str(photo))

    assert (done.returncode, done.stderr) == (0, "")
    messages = eventually(
        lambda: stage.history(talk), lambda seen: any(message.content.file is not None for message in seen)
    )
    assert "my cat" in [message.content.text for message in messages]
    [file] = [message.content.file for message in messages if message.content.file is not None]
    assert file.content_type == "image/jpeg"
