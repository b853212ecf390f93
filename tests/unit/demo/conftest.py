"""A demo in which everything went well. Each test changes a part of it."""

from collections.abc import Iterator

import pytest

from chat4all.domain.content import Text
from chat4all.entrypoints.http.message_views import MessageView, ProgressView
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Line, relayed, write_script
from chat4all_local.demo.sent import Accepted, Sent
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, GROUP, SHOWN
from tests.unit.answers import delivery_view, message_view, progress_view

PART = 3000
POSTED_AT, ARRIVED_AT = 1000.0, 1000.25


@pytest.fixture
def channels() -> tuple[str, ...]:
    """Return the channels of the demo. A test that needs other channels parametrizes `channels`."""
    return SHOWN


@pytest.fixture
def sent(channels: tuple[str, ...]) -> Sent:
    script = write_script(channels)
    whole = Sent(script)
    for lines in script.agent_lines.values():
        for line in lines:
            whole.accept(Accepted(line, message_id=line.key, posted_at=POSTED_AT, repeats=0))
    for replies in script.replies.values():
        for reply in replies:
            whole.write(reply.line)
    return whole


@pytest.fixture
def observed(sent: Sent) -> Observed:
    """Build what the demo observed; the message id of each line is the line's key."""
    lines = {conversation: list(_lines(sent, conversation)) for conversation in sent.script.conversations}
    return Observed(
        provided={
            channel: _provided([*lines[channel], *lines[GROUP]], channel) for channel in sent.script.channels
        },
        histories={
            conversation: tuple(_message(number, line) for number, line in enumerate(own_lines, start=1))
            for conversation, own_lines in lines.items()
        },
        statuses={
            line.key: _status(line, sent.script.channels)
            for own_lines in lines.values()
            for line in own_lines
            if line.speaker == AGENT or line.conversation == GROUP
        },
    )


def _lines(sent: Sent, conversation: str) -> Iterator[Line]:
    yield from (accepted.line for accepted in sent.accepted(conversation))
    yield from sent.replies(conversation)


def _provided(lines: list[Line], channel: str) -> tuple[SendRecord, ...]:
    texts = [
        line.text if line.speaker == AGENT else relayed(line) for line in lines if line.speaker != channel
    ]
    parts = [text[at : at + PART] for text in texts for at in range(0, len(text), PART)]
    return tuple(
        SendRecord(
            n=n,
            at=ARRIVED_AT,
            address=BY_CHANNEL[channel].address,
            text=part,
            provider_message_id=f"{channel}-id-{n}",
            callback_data=None,
            quoted=None,
            status=200,
            error_code=None,
            authorized=True,
        )
        for n, part in enumerate(parts, start=1)
    )


def _message(number: int, line: Line) -> MessageView:
    return message_view(
        line.key,
        sequence=f"{number:020d}",
        sender_id=line.speaker,
        content=Text(line.text),
        status="DELIVERED",
    )


def _status(line: Line, everybody: tuple[str, ...]) -> ProgressView:
    channels = everybody if line.conversation == GROUP else (line.conversation,)
    deliveries = (
        delivery_view(channel, BY_CHANNEL[channel].final_status)
        for channel in channels
        if channel != line.speaker
    )
    return progress_view(line.key, *deliveries)
