from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from chat4all_local.api_shapes import Delivery, Message
from chat4all_local.demo.cast import CHANNELS, GROUP
from chat4all_local.demo.counting import Counts
from chat4all_local.demo.files.judging import FileRow, FilesVerdict, Way
from chat4all_local.demo.result import counts_of, latency, result
from chat4all_local.demo.said import Said
from chat4all_local.demo.script import AGENT_LINES, REPLIES
from chat4all_local.demo.seen import Seen
from chat4all_local.demo.verdict import judge
from chat4all_local.simulators.control_api import SendRecord

Records = tuple[SendRecord, ...]
Messages = tuple[Message, ...]
FILES = FilesVerdict(
    rows=(FileRow("photo.jpg", 400, 1.23, {"telegram": Way("media", 1, "media", 400, sha256_ok=True)}),),
    repeats=0,
    lost=(),
    late=(),
    wrong=(),
    duplicates=(),
    strange=(),
)
N = len(AGENT_LINES["telegram"]) + len(AGENT_LINES[GROUP])


def provided(seen: Seen, channel: str, change: Callable[[Records], Records]) -> Seen:
    return replace(seen, provided={**seen.provided, channel: change(seen.provided[channel])})


def history(seen: Seen, conversation: str, change: Callable[[Messages], Messages]) -> Seen:
    return replace(seen, histories={**seen.histories, conversation: change(seen.histories[conversation])})


def test_when_all_went_well_every_count_is_equal(said: Said, seen: Seen) -> None:
    verdict = judge(said, seen)
    assert verdict.is_good
    assert counts_of(verdict, "whatsapp") == Counts(N, N, N, N, N)
    assert counts_of(verdict, "instagram") == Counts(N, N, N, N, N)
    assert counts_of(verdict, "telegram") == Counts(N, N, N, None, N)
    assert all(row.counts == row.goal for row in verdict.rows)


def test_the_result_has_the_promised_shape(said: Said, seen: Seen) -> None:
    shown = msgspec.json.decode(msgspec.json.encode(result(judge(said, seen), FILES)))
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
    }


def test_the_result_counts_messages_and_files_together(said: Said, seen: Seen) -> None:
    files = replace(FILES, lost=("photo.jpg at Telegram",), duplicates=("video.mp4 at Telegram",) * 2)
    spoilt = provided(seen, "telegram", lambda records: (*records[1:], records[1]))
    counted = result(judge(said, spoilt), files)
    assert (counted.lost, counted.duplicates) == (2, 3)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_part_that_a_provider_never_got_is_lost(said: Said, seen: Seen, channel: str) -> None:
    verdict = judge(said, provided(seen, channel, lambda records: records[:-1]))
    assert not verdict.is_complete
    assert len(verdict.lost) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_that_a_provider_got_twice_is_a_duplicate(said: Said, seen: Seen, channel: str) -> None:
    verdict = judge(said, provided(seen, channel, lambda records: (*records, records[0])))
    assert verdict.is_complete
    assert not verdict.is_good
    assert len(verdict.duplicates) == 1


def test_a_message_that_was_overtaken_is_out_of_order(said: Said, seen: Seen) -> None:
    verdict = judge(said, provided(seen, "whatsapp", lambda records: (records[1], records[0], *records[2:])))
    assert not verdict.is_good
    assert len(verdict.out_of_order) == 1


def test_what_reached_another_person_is_strange_and_lost(said: Said, seen: Seen) -> None:
    def misdirect(records: Records) -> Records:
        return (replace(records[0], address="999"), *records[1:])

    verdict = judge(said, provided(seen, "telegram", misdirect))
    assert len(verdict.strange) == 1
    assert len(verdict.lost) == 1


def test_a_reply_in_the_wrong_history_is_missing_in_the_right_one(said: Said, seen: Seen) -> None:
    # Given a reply that should have been kept in the group
    stray = seen.histories[GROUP][-1]
    moved = history(seen, GROUP, lambda messages: messages[:-1])
    moved = history(moved, "instagram", lambda messages: (*messages, stray))
    # Then it is lost there and strange here, and no longer counted as received
    verdict = judge(said, moved)
    assert len(verdict.lost) == 1
    assert len(verdict.strange) == 1
    assert counts_of(verdict, "instagram").received == N - 1


def test_replies_that_changed_places_in_the_history_are_out_of_order(said: Said, seen: Seen) -> None:
    def swap(messages: Messages) -> Messages:
        return (*messages[:-2], messages[-1], messages[-2])

    assert len(judge(said, history(seen, "telegram", swap)).out_of_order) == 1


def test_a_reply_kept_twice_is_a_duplicate(said: Said, seen: Seen) -> None:
    verdict = judge(said, history(seen, "whatsapp", lambda messages: (*messages, messages[-1])))
    assert len(verdict.duplicates) == 1


def test_a_status_that_has_not_come_is_late(said: Said, seen: Seen) -> None:
    key = AGENT_LINES["whatsapp"][0].key
    unread = replace(seen.statuses[key], deliveries=(Delivery("whatsapp", "whatsapp", "DELIVERED"),))
    verdict = judge(said, replace(seen, statuses={**seen.statuses, key: unread}))
    assert not verdict.is_complete
    assert len(verdict.late) == 1
    counts = counts_of(verdict, "whatsapp")
    assert (counts.delivered, counts.read) == (N, N - 1)


def test_a_relayed_message_needs_its_last_status_too(said: Said, seen: Seen) -> None:
    relayed = next(reply.line.key for reply in REPLIES["telegram"] if reply.line.conversation == GROUP)
    statuses = {key: status for key, status in seen.statuses.items() if key != relayed}
    verdict = judge(said, replace(seen, statuses=statuses))
    assert len(verdict.late) == len(CHANNELS) - 1


def test_at_the_beginning_everything_is_unsaid() -> None:
    verdict = judge(Said(), Seen())
    lines = sum(map(len, AGENT_LINES.values())) + sum(map(len, REPLIES.values()))
    assert len(verdict.unsaid) == lines
    assert not verdict.is_complete


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([], None, None), ([7.0], 7.0, 7.0), (list(range(1, 101)), 50, 95), ([3, 1, 2], 2, 3)],
)
def test_percentiles_are_values_that_were_measured(
    values: list[float], p50: float | None, p95: float | None
) -> None:
    assert (latency(values).p50, latency(values).p95) == (p50, p95)
