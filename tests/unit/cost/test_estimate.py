"""The arithmetic of the cost estimate, and the stored use and prices."""

import math
import re
from typing import Final

import msgspec
import pytest
from typer.testing import CliRunner

from chat4all.channels.registry import manifest_of, names
from chat4all_local.cli.app import app
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.function_logs import LogLine
from chat4all_local.cost.estimate import FunctionUse, Price, PriceTable, Use, estimate, gb_seconds
from chat4all_local.cost.main import kept_use, price_table
from chat4all_local.cost.measure import CONVERSATIONS, uses

PRICES: Final = PriceTable(
    region="somewhere",
    as_of="2026-01",
    note="made up",
    prices={
        name: Price(usd, "one", "https://example.com")
        for name, usd in {
            "api_gateway_request": 4.0,
            "lambda_request": 1.0,
            "lambda_gb_second": 10.0,
            "sqs_fifo_request": 0.5,
            "dynamodb_read_unit": 0.25,
            "dynamodb_write_unit": 2.0,
            "logs_gb": 1_000_000.0,
            "xray_trace": 100.0,
        }.items()
    },
)
NOT_RUN: Final = FunctionUse(0.0, 0.0, 512)
USE: Final = Use(
    measured_at="2026-01-01",
    where="nowhere",
    how="thought out",
    channels=("telegram",),
    left_out=(),
    functions={
        "api": FunctionUse(1.0, 100.0, 1_024),
        "webhooks": FunctionUse(2.0, 100.0, 512),
        "inbound": NOT_RUN,
        "router": FunctionUse(0.5, 0.0, 512),
        "telegram": NOT_RUN,
        "status": NOT_RUN,
    },
    sqs_sends=3.0,
    dynamodb_read_units=4.0,
    dynamodb_write_units=5.0,
    log_kb=2.0,
)


def usd(of: Use = USE, messages: int = 1) -> dict[str, float]:
    return {line.price: line.usd for line in estimate(of, PRICES, messages).lines}


def test_each_line_is_a_quantity_times_a_price() -> None:
    assert usd() == pytest.approx(
        {
            "api_gateway_request": 3 * 4.0,
            "lambda_request": 3.5 * 1.0,
            "lambda_gb_second": 0.15 * 10.0,
            "sqs_fifo_request": (3 + 2 * 0.5) * 0.5,
            "dynamodb_read_unit": 4 * 0.25,
            "dynamodb_write_unit": 5 * 2.0,
            "logs_gb": 2.0,
            "xray_trace": 0.05 * 3 * 100.0,
        }
    )


def test_the_whole_is_the_sum_and_grows_with_the_messages() -> None:
    single, many = estimate(USE, PRICES, 1), estimate(USE, PRICES, 1_000)

    assert single.usd == pytest.approx(math.fsum(line.usd for line in single.lines))
    assert many.usd == pytest.approx(1_000 * single.usd)


def test_http_functions_are_called_by_no_queue_and_the_others_by_no_client() -> None:
    only_router = msgspec.structs.replace(
        USE,
        functions={**dict.fromkeys(USE.functions, NOT_RUN), "router": FunctionUse(1.0, 0.0, 512)},
        sqs_sends=0.0,
    )

    assert usd(only_router)["api_gateway_request"] == 0
    assert usd(only_router)["sqs_fifo_request"] == 2 * 0.5


@pytest.mark.parametrize(
    ("billed_ms", "memory_mb", "expected"), [(1_000.0, 1_024, 1.0), (500.0, 512, 0.25), (0.0, 512, 0.0)]
)
def test_gb_seconds(billed_ms: float, memory_mb: int, expected: float) -> None:
    assert gb_seconds(FunctionUse(1.0, billed_ms, memory_mb)) == expected


def test_reports_are_read_from_the_logs_and_shared_among_the_messages() -> None:
    report = (
        "REPORT RequestId: a\tDuration: 7.1 ms\tBilled Duration: {} ms"
        "\tMemory Size: 512 MB\tMax Memory Used: 60 MB"
    )
    lines = [
        LogLine(1, "api", report.format(8)),
        LogLine(2, "api", report.format("12.5")),
        LogLine(3, "api", "START RequestId: a"),
        LogLine(4, "relay", report.format(900)),
        LogLine(5, "status", report.format(4)),
    ]

    assert uses(lines, messages=4) == {
        "api": FunctionUse(0.5, 5.12, 512),
        "status": FunctionUse(0.25, 1.0, 512),
    }


def test_every_price_is_known_with_its_source_and_its_date() -> None:
    table = price_table()

    assert {line.price for line in estimate(kept_use(), table, 1).lines} == set(table.prices)
    assert re.fullmatch(r"20\d\d-\d\d", table.as_of)
    assert all(price.usd > 0 and price.source.startswith("https://") for price in table.prices.values())


def test_the_kept_measurement_is_of_every_function_that_messages_pass() -> None:
    assert set(kept_use().functions) == {
        "api",
        "webhooks",
        "inbound",
        "router",
        *kept_use().channels,
        "status",
    }


def test_the_kept_measurement_names_every_channel_measured_or_left_out() -> None:
    kept = kept_use()

    assert sorted((*kept.channels, *kept.left_out)) == sorted(names())


def test_a_measurement_made_now_is_of_every_channel() -> None:
    assert set(CONVERSATIONS) == set(names())
    assert all(CONVERSATIONS.values())


@pytest.mark.parametrize("missing", USE.functions)
def test_a_use_that_lacks_a_function_is_refused(missing: str) -> None:
    functions = {name: use for name, use in USE.functions.items() if name != missing}

    with pytest.raises(CloudError, match=missing):
        estimate(msgspec.structs.replace(USE, functions=functions), PRICES, 1)


def test_the_command_says_where_its_prices_come_from() -> None:
    shown = CliRunner().invoke(app, ["cost"])

    assert shown.exit_code == 0
    assert "Check them" in " ".join(shown.stdout.split())


def test_the_command_says_which_channels_it_knows_nothing_of() -> None:
    shown = " ".join(CliRunner().invoke(app, ["cost"]).stdout.split())

    for channel in kept_use().left_out:
        assert manifest_of(channel).title in shown.partition("not on")[2]


def test_the_command_prints_json_for_programs() -> None:
    shown = CliRunner().invoke(app, ["cost", "--messages", "10", "--json"])

    assert msgspec.json.decode(shown.stdout)["usd"] == pytest.approx(
        estimate(kept_use(), price_table(), 10).usd
    )
