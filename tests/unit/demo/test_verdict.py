from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.registry import names
from chat4all.entrypoints.http.message_views import MessageView
from chat4all_local.demo.counting import Counts
from chat4all_local.demo.files.judging import FileRow, FilesVerdict, Way
from chat4all_local.demo.kinds.judging import Seen, judge_kinds
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.result import counts_of, latency, result
from chat4all_local.demo.script import write_script
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.verdict import judge
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP, SHOWN
from tests.unit.answers import delivery_view

Records = tuple[SendRecord, ...]
Messages = tuple[MessageView, ...]
KINDS = judge_kinds({"sms": {"place": Seen("as text")}})
FILES = FilesVerdict(
    rows=(FileRow("photo.jpg", 400, 1.23, {"telegram": Way("media", 1, "media", 400, sha256_ok=True)}),),
    repeats=0,
    lost=(),
    late=(),
    wrong=(),
    duplicates=(),
    strange=(),
)
SCRIPT = write_script(SHOWN)
N = len(SCRIPT.agent_lines["telegram"]) + len(SCRIPT.agent_lines[GROUP])


def provided(observed: Observed, channel: str, change: Callable[[Records], Records]) -> Observed:
    return replace(observed, provided={**observed.provided, channel: change(observed.provided[channel])})


def history(observed: Observed, conversation: str, change: Callable[[Messages], Messages]) -> Observed:
    return replace(
        observed, histories={**observed.histories, conversation: change(observed.histories[conversation])}
    )


def test_when_all_went_well_every_count_is_equal(sent: Sent, observed: Observed) -> None:
    verdict = judge(sent, observed)
    assert verdict.is_good
    assert counts_of(verdict, "whatsapp") == Counts(N, N, N, N, N)
    assert counts_of(verdict, "instagram") == Counts(N, N, N, N, N)
    assert counts_of(verdict, "telegram") == Counts(N, N, N, None, N)
    assert all(row.counts == row.goal for row in verdict.rows)


@pytest.mark.parametrize("channels", [names(), ("telegram", "sms")])
def test_the_verdict_counts_every_channel_that_takes_part(
    sent: Sent, observed: Observed, channels: tuple[str, ...]
) -> None:
    verdict = judge(sent, observed)
    assert verdict.is_good
    assert set(result(verdict, FILES, KINDS).channels) == set(channels)
    # Twilio reports deliveries, but never reads
    assert counts_of(verdict, "sms") == Counts(N, N, N, None, N)


@pytest.mark.parametrize("channels", [names()])
def test_a_message_that_only_a_channel_of_choice_lost_is_found(
    sent: Sent, observed: Observed, channels: tuple[str, ...]
) -> None:
    for channel in channels:
        verdict = judge(sent, provided(observed, channel, lambda records: records[:-1]))
        assert len(verdict.lost) == 1, channel


@pytest.mark.parametrize("channels", [names()])
def test_an_sms_that_is_only_sent_is_late(sent: Sent, observed: Observed, channels: tuple[str, ...]) -> None:
    key = sent.script.agent_lines["sms"][0].key
    on_its_way = replace(observed.statuses[key], deliveries=(delivery_view("sms", "SENT"),))
    verdict = judge(sent, replace(observed, statuses={**observed.statuses, key: on_its_way}))
    assert verdict.late == (f"{key} on {BY_CHANNEL['sms'].title}: not yet DELIVERED",)
    assert set(verdict.channels) == set(channels)


def test_the_result_has_the_promised_shape(sent: Sent, observed: Observed) -> None:
    shown = msgspec.json.decode(msgspec.json.encode(result(judge(sent, observed), FILES, KINDS)))
    everything = {"accepted": N, "delivered": N, "read": N, "received": N}
    assert shown == {
        "channels": {
            "whatsapp": everything,
            "telegram": {**everything, "read": None},
            "instagram": everything,
        },
        "lost": 0,
        "duplicates": 0,
        "out_of_order": 0,
        "latency_ms": {"p50": 250.0, "p95": 250.0},
        "files": {
            "photo.jpg": {
                "bytes": 400,
                "uploaded_s": 1.2,
                "channels": {"telegram": {"how": "media", "bytes": 400, "sha256_ok": True, "times": 1}},
            },
        },
        "kinds": {"place": {"sms": {"how": "as text", "fault": None}}},
    }


def test_the_result_counts_messages_and_files_together(sent: Sent, observed: Observed) -> None:
    files = replace(FILES, lost=("photo.jpg at Telegram",), duplicates=("video.mp4 at Telegram",) * 2)
    spoilt = provided(observed, "telegram", lambda records: (*records[1:], records[1]))
    counted = result(judge(sent, spoilt), files, KINDS)
    assert (counted.lost, counted.duplicates) == (2, 3)


@pytest.mark.parametrize("channel", SHOWN)
def test_a_part_that_a_provider_never_got_is_lost(sent: Sent, observed: Observed, channel: str) -> None:
    verdict = judge(sent, provided(observed, channel, lambda records: records[:-1]))
    assert not verdict.is_complete
    assert len(verdict.lost) == 1


@pytest.mark.parametrize("channel", SHOWN)
def test_a_message_that_a_provider_got_twice_is_a_duplicate(
    sent: Sent, observed: Observed, channel: str
) -> None:
    verdict = judge(sent, provided(observed, channel, lambda records: (*records, records[0])))
    assert verdict.is_complete
    assert not verdict.is_good
    assert len(verdict.duplicates) == 1


def test_a_message_that_was_overtaken_is_out_of_order(sent: Sent, observed: Observed) -> None:
    verdict = judge(
        sent, provided(observed, "whatsapp", lambda records: (records[1], records[0], *records[2:]))
    )
    assert not verdict.is_good
    assert len(verdict.out_of_order) == 1


def test_what_reached_another_person_is_strange_and_lost(sent: Sent, observed: Observed) -> None:
    def misdirect(records: Records) -> Records:
        return (replace(records[0], address="999"), *records[1:])

    verdict = judge(sent, provided(observed, "telegram", misdirect))
    assert len(verdict.strange) == 1
    assert len(verdict.lost) == 1


def test_a_reply_in_the_wrong_history_is_missing_in_the_right_one(sent: Sent, observed: Observed) -> None:
    # Given a reply in the wrong history, which belongs in the group's history
    stray = observed.histories[GROUP][-1]
    moved = history(observed, GROUP, lambda messages: messages[:-1])
    moved = history(moved, "instagram", lambda messages: (*messages, stray))
    # Then it is lost in the right history and strange in the wrong one, and not counted as received
    verdict = judge(sent, moved)
    assert len(verdict.lost) == 1
    assert len(verdict.strange) == 1
    assert counts_of(verdict, "instagram").received == N - 1


def test_replies_that_changed_places_in_the_history_are_out_of_order(sent: Sent, observed: Observed) -> None:
    def swap(messages: Messages) -> Messages:
        return (*messages[:-2], messages[-1], messages[-2])

    assert len(judge(sent, history(observed, "telegram", swap)).out_of_order) == 1


def test_a_reply_kept_twice_is_a_duplicate(sent: Sent, observed: Observed) -> None:
    verdict = judge(sent, history(observed, "whatsapp", lambda messages: (*messages, messages[-1])))
    assert len(verdict.duplicates) == 1


def test_a_status_that_has_not_come_is_late(sent: Sent, observed: Observed) -> None:
    key = SCRIPT.agent_lines["whatsapp"][0].key
    unread = replace(observed.statuses[key], deliveries=(delivery_view("whatsapp", "DELIVERED"),))
    verdict = judge(sent, replace(observed, statuses={**observed.statuses, key: unread}))
    assert not verdict.is_complete
    assert len(verdict.late) == 1
    counts = counts_of(verdict, "whatsapp")
    assert (counts.delivered, counts.read) == (N, N - 1)


def test_a_relayed_message_needs_its_last_status_too(sent: Sent, observed: Observed) -> None:
    relayed = next(reply.line.key for reply in SCRIPT.replies["telegram"] if reply.line.conversation == GROUP)
    statuses = {key: status for key, status in observed.statuses.items() if key != relayed}
    verdict = judge(sent, replace(observed, statuses=statuses))
    assert len(verdict.late) == len(SHOWN) - 1


def test_at_the_beginning_everything_is_unsaid() -> None:
    verdict = judge(Sent(SCRIPT), Observed())
    lines = sum(map(len, SCRIPT.agent_lines.values())) + sum(map(len, SCRIPT.replies.values()))
    assert len(verdict.unsent) == lines
    assert not verdict.is_complete


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([], None, None), ([7.0], 7.0, 7.0), (list(range(1, 101)), 50, 95), ([3, 1, 2], 2, 3)],
)
def test_percentiles_are_values_that_were_measured(
    values: list[float], p50: float | None, p95: float | None
) -> None:
    assert (latency(values).p50, latency(values).p95) == (p50, p95)
