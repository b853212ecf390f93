from msgspec.structs import replace

from chat4all_local.demo.answering import due
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import write_script
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.participants import GROUP, SHOWN
from tests.unit.answers import delivery_view

CHANNEL = "telegram"
SCRIPT = write_script(SHOWN)
REPLIES = SCRIPT.replies[CHANNEL]


def test_nothing_is_answered_before_it_has_arrived(sent: Sent, observed: Observed) -> None:
    assert due(REPLIES, sent, replace(observed, provided={}), CHANNEL) == []


def test_a_text_in_parts_is_answered_when_the_last_one_is_there(sent: Sent, observed: Observed) -> None:
    long = SCRIPT.agent_lines[CHANNEL][-1].key
    records = observed.provided[CHANNEL]
    last = max(place for place, record in enumerate(records) if record.text and f"[{long}]" in record.text)

    def answered(until: int) -> set[str]:
        so_far = replace(observed, provided={CHANNEL: records[:until]})
        return {answer.reply.to for answer in due(REPLIES, sent, so_far, CHANNEL)}

    assert long not in answered(last)
    assert long in answered(last + 1)


def test_a_reply_in_the_group_quotes_what_it_answers(sent: Sent, observed: Observed) -> None:
    quoting = [answer for answer in due(REPLIES, sent, observed, CHANNEL) if answer.quoted is not None]
    assert {answer.reply.line.conversation for answer in quoting} == {GROUP}
    quoted = {record.provider_message_id: record.text for record in observed.provided[CHANNEL]}
    assert {quoted[answer.quoted] for answer in quoting} == {SCRIPT.agent_lines[GROUP][0].text}


def test_a_quoting_reply_waits_until_the_api_tells_sent(sent: Sent, observed: Observed) -> None:
    key = SCRIPT.agent_lines[GROUP][0].key
    pending = replace(observed.statuses[key], deliveries=(delivery_view(CHANNEL, "PENDING"),))
    so_far = replace(observed, statuses={**observed.statuses, key: pending})
    found = due(REPLIES, sent, so_far, CHANNEL)
    assert found
    assert all(answer.reply.line.conversation == CHANNEL for answer in found)
