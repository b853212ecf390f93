"""The arithmetic of the estimate, what is kept for it, and what the command prints."""

import math
import re
from typing import Final

import msgspec
import pytest
from typer.testing import CliRunner

from chat4all_local.cli.app import app
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cost.estimate import (
    MILLION,
    RECEIPTS,
    Change,
    Estimate,
    KeptUse,
    Price,
    PriceTable,
    Size,
    Step,
    estimate,
    size_for,
    usd_per_million,
)
from chat4all_local.cost.main import kept_use, price_table
from chat4all_local.metering.use import Use

PRICES: Final = PriceTable(
    region="somewhere",
    as_of="2026-01",
    note="made up",
    prices={
        name: Price(usd / MILLION, "one", "https://example.com")
        for name, usd in {
            "api_gateway_request": 4.0,
            "lambda_request": 1.0,
            "lambda_gb_second": 10.0,
            "lambda_gb_second_arm64": 8.0,
            "sqs_fifo_request": 0.5,
            "dynamodb_read_unit": 0.25,
            "dynamodb_write_unit": 2.0,
            "dynamodb_provisioned_read_hour": 0.25 * 3_600 * 0.7 / 5,
            "dynamodb_provisioned_write_hour": 2.0 * 3_600 * 0.7 / 4,
            "kinesis_put_unit": 0.25,
            "kinesis_shard_hour": 1.0 * MILLION,
            "logs_gb": 1_000_000.0,
            "xray_trace": 100.0,
        }.items()
    },
)
POST: Final = Step(
    "POST", "api", "", Use(invocations=1, http=1, sqs=1, write_units=3, calls={"SendMessage chat-events": 1})
)
ROUTER: Final = Step(
    "router",
    "router",
    "",
    Use(invocations=1, sqs=3, read_units=2, gb_seconds=0.5, calls={"SendMessageBatch whatsapp": 1}),
)
READ: Final = Step("receipt: read", "webhooks", "read", Use(invocations=1, http=1, write_units=2, log_kb=2))
KEPT: Final = KeptUse(
    measured_at="2026-01-01",
    where="nowhere",
    how="thought out",
    channel="whatsapp",
    sizes=(Size(200, (POST, ROUTER, READ)), Size(1_000, (POST,))),
)


def made(messages: int = MILLION, characters: int = 200) -> Estimate:
    return estimate(KEPT, PRICES, messages, characters)


def change(beginning: str) -> Change:
    (found,) = (change for change in made().changes if change.choice.startswith(beginning))
    return found


def test_a_step_costs_each_of_its_quantities_times_its_price() -> None:
    use = Use(1, 1, 2, 3, 4, 0.5, 2.0)

    assert usd_per_million(use, PRICES) == pytest.approx(
        1 * 1.0 + 1 * 4.0 + 2 * 0.5 + 3 * 2.0 + 4 * 0.25 + 0.5 * 10.0 + 2.0 + 0.05 * 100.0
    )


def test_the_whole_is_the_sum_of_the_steps_and_of_the_services() -> None:
    result = made()

    assert [line.step for line in result.lines] == ["POST", "router", "receipt: read"]
    assert result.whole.usd_per_million == pytest.approx(
        math.fsum(line.usd_per_million for line in result.lines)
    )
    assert result.whole.usd_per_million == pytest.approx(
        math.fsum(service.usd_per_million for service in result.services)
    )
    assert result.whole.use.write_units == 5


def test_a_message_without_receipts_takes_the_steps_of_every_message() -> None:
    result = made()

    assert result.without_receipts.usd_per_million == pytest.approx(
        result.lines[0].usd_per_million + result.lines[1].usd_per_million
    )


def test_the_dollars_grow_with_the_messages() -> None:
    assert made(10 * MILLION).usd == pytest.approx(10 * made().usd)


@pytest.mark.parametrize(("characters", "expected"), [(1, 200), (200, 200), (201, 1_000), (1_000, 1_000)])
def test_the_next_measured_size_counts(characters: int, expected: int) -> None:
    assert size_for(KEPT, characters).characters == expected


def test_a_text_that_is_longer_than_every_measured_text_is_refused() -> None:
    with pytest.raises(CloudError, match="1001 characters"):
        size_for(KEPT, 1_001)


def test_a_function_url_saves_the_calls_of_http_of_the_webhooks() -> None:
    assert change("WebhookFront=FunctionUrl").usd_per_million == pytest.approx(-4.0)


def test_kinesis_saves_the_requests_of_the_queues_that_it_replaces_and_costs_by_the_hour() -> None:
    kinesis = change("EventStream=kinesis")

    # The send, and the receive and the delete of the router's batch; the send to the channel's queue stays.
    assert kinesis.usd_per_million == pytest.approx(0.25 - 3 * 0.5)
    assert kinesis.usd_a_month == pytest.approx(20 * 730)
    assert kinesis.pays_from == pytest.approx(20 * 730 / 1.25)


def test_provisioned_capacity_costs_the_share_that_is_used() -> None:
    assert change("provisioned capacity").usd_per_million == pytest.approx(
        -5 * 2.0 * 3 / 4 - 2 * 0.25 * 4 / 5
    )


def test_the_search_costs_a_write_and_a_read_for_each_word_and_a_call() -> None:
    prices = {name: price.usd for name, price in PRICES.prices.items()}

    units = 26 * (prices["dynamodb_write_unit"] + prices["dynamodb_read_unit"])
    call = prices["lambda_request"] + 0.02 * prices["lambda_gb_second"]
    assert change("SearchIndex=table").usd_per_million == pytest.approx(MILLION * (units + call))


def test_arm64_changes_the_price_of_the_time_only() -> None:
    assert change("Architecture=arm64").usd_per_million == pytest.approx(-0.5 * 2.0)


def test_a_choice_that_saves_nothing_never_pays() -> None:
    assert Change("dear", 1.0, 10.0).pays_from is None


def test_every_price_is_known_with_its_source_and_its_date() -> None:
    table = price_table()

    assert set(PRICES.prices) == set(table.prices)
    assert re.fullmatch(r"20\d\d-\d\d", table.as_of)
    assert all(price.usd > 0 and price.source.startswith("https://") for price in table.prices.values())


def test_the_kept_sizes_reach_from_200_to_10000_characters() -> None:
    sizes = [size.characters for size in kept_use().sizes]

    assert (sizes[0], sizes[-1]) == (200, 10_000)
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("size", kept_use().sizes, ids=lambda size: str(size.characters))
def test_the_kept_use_has_one_number_of_receipts_for_everything(size: Size) -> None:
    """A webhook for each receipt of each part is an invocation, and a call of HTTP."""
    parts = sum(step.use.calls.get("SendMessageBatch whatsapp", 0) for step in size.steps)

    assert {step.receipt for step in size.steps} == {"", *RECEIPTS}
    assert sum(step.use.http for step in size.steps) == 1 + len(RECEIPTS) * parts
    assert sum(step.use.invocations for step in size.steps if step.receipt) == len(RECEIPTS) * parts


def printed(*options: str) -> str:
    shown = CliRunner().invoke(app, ["cost", *options], env={"COLUMNS": "300"})
    assert shown.exit_code == 0
    return " ".join(shown.stdout.split())


def test_the_command_prints_a_line_for_each_step_and_each_choice() -> None:
    text = printed()

    assert all(step.name in text for step in size_for(kept_use(), 200).steps)
    for choice in ("WebhookFront=FunctionUrl", "EventStream=kinesis", "provisioned capacity", "arm64"):
        assert choice in text


def test_the_command_says_which_text_it_counts_and_where_its_prices_come_from() -> None:
    text = printed("--characters", "900")

    assert "texts of 1,000 characters, each with its 3 receipts: sent, delivered, read" in text
    assert "Check them" in text


def test_the_command_prints_json_for_programs() -> None:
    shown = CliRunner().invoke(app, ["cost", "--messages", "10", "--json"])

    assert msgspec.json.decode(shown.stdout)["usd"] == pytest.approx(
        estimate(kept_use(), price_table(), 10, 200).usd
    )
