"""The providers' limits across all concurrent functions (G6), in virtual time."""

import math
import random
import uuid

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.limits import LEASE_S, DynamoLimiter
from chat4all.channels.telegram.manifest import CAPABILITIES as TELEGRAM
from chat4all.domain.channel import LimitScope, MediaRule, RateLimit, Transfer
from chat4all.domain.files.file import Attachment, MediaKind
from tests.fakes.connector import PIGEON
from tests.integration.aws import Aws

BEGINNING = 1_770_000_000.0
ROUNDING_S = 1e-3


def limiters(aws: Aws, count: int, *limits: RateLimit) -> list[DynamoLimiter]:
    """Make the limiters of `count` processes, which share only the table."""
    capabilities = {"pigeon": replace(PIGEON, rate_limits=limits)}
    return [DynamoLimiter(aws.output("Data.LimitsTable"), capabilities) for _ in range(count)]


@pytest.fixture
def account() -> str:
    return str(uuid.uuid4())


@pytest.mark.parametrize("lease", [1, 4])
@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_than_the_burst_and_the_refill(
    aws: Aws, account: str, lease: int, seed: int
) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10, lease=lease)
    processes = limiters(aws, 3, limit)
    source = random.Random(seed)  # noqa: S311 - a story's dice
    # A leased token may be spent up to LEASE_S seconds after it was taken.
    late = LEASE_S if lease > 1 else 0.0

    now, sent = BEGINNING, []
    for _ in range(120):
        now += source.choice([0.0, 0.0, 0.01, 0.05, 0.3])
        if source.choice(processes).wait_s("pigeon", account, "ana", now) == 0:
            sent.append(now)

    assert len(sent) > limit.burst
    for index, start in enumerate(sent):
        for more, end in enumerate(sent[index:], start=1):
            assert more <= limit.burst + (end - start + late + ROUNDING_S) / limit.interval_s


def test_after_the_named_wait_a_message_may_be_sent(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.ACCOUNT, interval_s=2.0, burst=2))
    now = BEGINNING
    for _ in range(8):
        wait_s = limiter.wait_s("pigeon", account, "ana", now)
        now += wait_s
        if wait_s:
            assert limiter.wait_s("pigeon", account, "ana", now) == 0


def test_a_limit_of_some_files_leaves_texts_alone(aws: Aws, account: str) -> None:
    video = Attachment("file-1", "film.mp4", "video/mp4", 1)
    rules = (MediaRule(MediaKind.VIDEO, ("video/mp4",), 10, Transfer.LINK),)
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=6.0, burst=1, kinds=(MediaKind.VIDEO,))
    limiter = DynamoLimiter(
        aws.output("Data.LimitsTable"), {"pigeon": replace(PIGEON, rate_limits=(limit,), media=rules)}
    )

    assert limiter.wait_s("pigeon", account, "ana", BEGINNING, video) == 0
    assert limiter.wait_s("pigeon", account, "ben", BEGINNING, video) == pytest.approx(6.0)
    assert limiter.wait_s("pigeon", account, "ben", BEGINNING) == 0


def test_people_have_buckets_of_their_own(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=1))

    assert limiter.wait_s("pigeon", account, "ana", BEGINNING) == 0
    assert limiter.wait_s("pigeon", account, "ana", BEGINNING) == pytest.approx(6.0)
    assert limiter.wait_s("pigeon", account, "ben", BEGINNING) == 0
    assert limiter.wait_s("pigeon", f"{account}-2", "ana", BEGINNING) == 0


def test_the_strictest_bucket_decides(aws: Aws, account: str) -> None:
    (limiter,) = limiters(
        aws,
        1,
        RateLimit(LimitScope.ACCOUNT, interval_s=0.5, burst=2),
        RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=1),
    )

    waits = [limiter.wait_s("pigeon", account, name, BEGINNING) for name in ("ana", "ana", "ben", "carla")]

    assert waits == [0, pytest.approx(6.0), 0, pytest.approx(0.5)]


def test_a_lease_costs_one_write_for_many_messages(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10, lease=5))
    written = []

    for _ in range(5):
        limiter.wait_s("pigeon", account, "ana", BEGINNING)
        written.append(full_at(aws, f"default#pigeon#{account}"))

    assert written == [pytest.approx(BEGINNING + 0.5)] * 5


def test_a_lease_not_used_in_time_is_lost(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.ACCOUNT, interval_s=10.0, burst=5, lease=5))
    assert limiter.wait_s("pigeon", account, "ana", BEGINNING) == 0

    assert limiter.wait_s("pigeon", account, "ana", BEGINNING + LEASE_S) > 0


@pytest.mark.parametrize(("expected", "taken"), [(1, 1), (3, 3), (9, 5)])
def test_a_lease_has_no_more_tokens_than_messages_are_expected(
    aws: Aws, account: str, expected: int, taken: int
) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=10, lease=5))
    limiter.expect(expected)

    limiter.wait_s("pigeon", account, "ana", BEGINNING)

    assert full_at(aws, f"default#pigeon#{account}") == pytest.approx(BEGINNING + taken)


def test_the_last_lease_of_a_batch_has_as_many_tokens_as_are_left_to_send(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1, RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=10, lease=5))
    limiter.expect(7)

    for _ in range(7):
        assert limiter.wait_s("pigeon", account, "ana", BEGINNING) == 0

    assert full_at(aws, f"default#pigeon#{account}") == pytest.approx(BEGINNING + 7)


def test_many_slow_processes_waste_no_token_of_the_account(aws: Aws, account: str) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=20, lease=10)
    processes = limiters(aws, 20, limit)
    for limiter in processes:
        limiter.expect(1)

    assert [limiter.wait_s("pigeon", account, "ana", BEGINNING) for limiter in processes] == [0.0] * 20


def test_when_a_lease_is_too_much_one_token_is_taken(aws: Aws, account: str) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=5, lease=4)
    first, second = limiters(aws, 2, limit)
    assert first.wait_s("pigeon", account, "ana", BEGINNING) == 0

    assert second.wait_s("pigeon", account, "ana", BEGINNING) == 0
    assert second.wait_s("pigeon", account, "ana", BEGINNING) > 0


def test_without_limits_nothing_waits(aws: Aws, account: str) -> None:
    (limiter,) = limiters(aws, 1)

    assert limiter.wait_s("pigeon", account, "ana", BEGINNING) == 0


def full_at(aws: Aws, bucket: str) -> float:
    return attribute_of(aws, bucket, "full_at")


def attribute_of(aws: Aws, bucket: str, attribute: str) -> float:
    table = aws.output("Data.LimitsTable")
    item = aws.dynamodb.get_item(TableName=table, Key={"bucket": {"S": bucket}})["Item"]
    assert int(item["expires_at"]["N"]) > BEGINNING
    return float(item[attribute]["N"])


@pytest.mark.parametrize("skews", [(0.0, -300.0), (300.0, -300.0), (-200.0, 250.0), (0.0, -15.0)])
def test_clocks_apart_delay_nobody_and_keep_the_limit(
    aws: Aws, account: str, skews: tuple[float, float]
) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10)
    processes = limiters(aws, 2, limit)

    refused: list[tuple[float, int]] = []
    for step in range(100):
        now, process = BEGINNING + step * 0.125, step % 2
        if processes[process].wait_s("pigeon", account, "ana", now + skews[process]) > 0:
            refused.append((now, process))

    # The processes stay below the limit. A process that has not seen the faster clock may wait briefly.
    assert [refusal for refusal in refused if refusal[0] > BEGINNING + 2] == []


def test_with_clocks_minutes_apart_the_limit_holds_but_for_one_burst(aws: Aws, account: str) -> None:
    """A process that has not seen the faster clock takes the bucket for full, but only at the beginning."""
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10)
    processes = limiters(aws, 2, limit)

    sent = [
        step
        for step in range(400)
        if processes[step % 2].wait_s("pigeon", account, "ana", BEGINNING + step * 0.02 + 300 * (step % 2))
        == 0
    ]

    assert len(sent) <= 2 * limit.burst + (400 * 0.02 + ROUNDING_S) / limit.interval_s


def test_times_that_are_a_little_old_do_not_add_up(aws: Aws, account: str) -> None:
    """Each process asks with a time that was read a little before."""
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10)
    processes = limiters(aws, 3, limit)
    source = random.Random(7)  # noqa: S311 - a story's dice

    sent = 0
    for step in range(600):
        stale_s = source.choice([0.0, 0.5, 1.0, 1.9])
        now = BEGINNING + step * 0.02 - stale_s
        sent += source.choice(processes).wait_s("pigeon", account, "ana", now) == 0

    assert sent <= limit.burst + (600 * 0.02 + ROUNDING_S) / limit.interval_s


def test_a_telegram_group_is_sent_twenty_a_minute_and_holds_up_nobody_else(aws: Aws, account: str) -> None:
    limiter = DynamoLimiter(aws.output("Data.LimitsTable"), {"telegram": TELEGRAM})

    sent = [
        second
        for second in range(120)
        if limiter.wait_s("telegram", account, "-1001234567890", BEGINNING + second) == 0
    ]

    assert all(sum(start <= second < start + 60 for second in sent) <= 20 for start in range(60))
    assert len(sent) >= 30
    assert limiter.wait_s("telegram", account, "7012345678", BEGINNING + 120) == 0


@pytest.mark.parametrize("messages", [60, 240])
def test_each_of_many_messages_comes_back_once(aws: Aws, account: str, messages: int) -> None:
    """The batches of four processes, in virtual time. SQS hides a record for whole seconds."""
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10, lease=3)
    processes = limiters(aws, 4, limit)
    waiting, receives, sent = [(BEGINNING, number) for number in range(messages)], 0, []

    while waiting:
        waiting.sort()
        now = waiting[0][0]
        batch = [entry for entry in waiting if entry[0] <= now][:10]
        waiting = [entry for entry in waiting if entry not in batch]
        receives += len(batch)
        limiter = processes[receives % len(processes)]
        limiter.expect(len(batch))
        for _, number in batch:
            wait_s = limiter.wait_s("pigeon", account, f"person {number}", now)
            if wait_s > 0:
                waiting.append((now + math.ceil(wait_s), number))
            else:
                sent.append(now)

    assert receives <= 2.5 * messages
    assert max(sent) - BEGINNING <= 1.5 * messages * limit.interval_s + 2


def test_a_message_that_finds_a_token_does_not_wait_behind_the_line(aws: Aws, account: str) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=2)
    many, other = limiters(aws, 2, limit)
    many.expect(10)
    waits = [many.wait_s("pigeon", account, f"person {number}", BEGINNING) for number in range(10)]
    assert waits == [0, 0, *(pytest.approx(seconds) for seconds in range(1, 9))]

    assert other.wait_s("pigeon", account, "ben", BEGINNING + 1) == 0
    assert other.wait_s("pigeon", account, "carla", BEGINNING + 1) == pytest.approx(8)


def test_places_in_line_for_a_batch_cost_one_write(aws: Aws, account: str) -> None:
    limit = RateLimit(LimitScope.ACCOUNT, interval_s=1.0, burst=1)
    (limiter,) = limiters(aws, 1, limit)
    limiter.expect(10)
    limiter.wait_s("pigeon", account, "ana", BEGINNING)
    written = []

    for number in range(9):
        limiter.wait_s("pigeon", account, f"person {number}", BEGINNING)
        written.append(attribute_of(aws, f"default#pigeon#{account}", "line_at"))

    assert written == [pytest.approx(BEGINNING + 10)] * 9


def test_a_signal_takes_the_accounts_token_and_no_place_in_line(aws: Aws, account: str) -> None:
    limits = (
        RateLimit(LimitScope.ACCOUNT, interval_s=5.0, burst=1),
        RateLimit(LimitScope.RECIPIENT, interval_s=60.0, burst=1),
    )
    (limiter,) = limiters(aws, 1, *limits)

    assert limiter.account_wait_s("pigeon", account, BEGINNING) == 0
    assert limiter.account_wait_s("pigeon", account, BEGINNING) == pytest.approx(5.0)
    assert limiter.account_wait_s("pigeon", account, BEGINNING) == pytest.approx(5.0)
    # No signal waits in line before the message, and none took the person's token.
    assert limiter.wait_s("pigeon", account, "ana", BEGINNING + 5.0) == 0
