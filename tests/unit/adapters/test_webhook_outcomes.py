"""The log lines and metrics of webhooks of which parts led to no event."""

import logging
from collections.abc import Mapping

import pytest

from chat4all.adapters.webhook_outcomes import MOST_METRICS, OTHER, WebhookOutcomes
from chat4all.domain.webhooks import ListedWebhook, WebhookId, WebhookOutcome
from tests.fakes.counted import Counted

PLACE = WebhookId("pigeon", "main", "2026-01-31T12:00:00.000Z", "d1")


def ignored(kinds: Mapping[str, int]) -> ListedWebhook:
    return ListedWebhook(PLACE, WebhookOutcome.IGNORED, 0, kinds, None, 0)


def unreadable() -> ListedWebhook:
    return ListedWebhook(PLACE, WebhookOutcome.UNREADABLE, 0, {}, "The webhook is no pigeon.", 0)


def test_each_part_is_counted_by_channel_and_kind() -> None:
    counted = Counted()
    outcomes = WebhookOutcomes(counted)

    outcomes.taken(ignored({"account_update": 2, "status deleted": 1}))
    outcomes.taken(ignored({"account_update": 1}))

    assert counted.counts == {
        ("IgnoredParts", (("channel", "pigeon"), ("kind", "account_update"))): 3,
        ("IgnoredParts", (("channel", "pigeon"), ("kind", "status deleted"))): 1,
    }


@pytest.mark.parametrize("kind", ["", " ", "_", "x" * 41, "größe", "a:b", "a\n", "a\x00", "٣", "<b>"])
def test_a_kind_that_is_no_short_name_is_counted_as_other(kind: str) -> None:
    counted = Counted()

    WebhookOutcomes(counted).taken(ignored({kind: 3}))

    assert counted.by_kind("IgnoredParts") == {OTHER: 3}


def test_a_provider_that_invents_kinds_makes_a_limited_number_of_metrics() -> None:
    counted = Counted()
    outcomes = WebhookOutcomes(counted)

    for number in range(MOST_METRICS + 50):
        outcomes.taken(ignored({f"kind {number}": 1}))
    outcomes.taken(ignored({"kind 0": 1}))

    assert len(counted.by_kind("IgnoredParts")) == MOST_METRICS + 1
    assert (counted.by_kind("IgnoredParts")["kind 0"], counted.by_kind("IgnoredParts")[OTHER]) == (2, 50)


def test_a_webhook_is_one_line_with_the_fields_that_find_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        WebhookOutcomes(Counted()).taken(ignored({"account_update": 2, "poll": 1}))

    (line,) = caplog.records
    assert line.levelno == logging.INFO
    fields = {name: vars(line)[name] for name in ("webhook_id", "channel", "outcome", "ignored")}
    assert fields == {
        "webhook_id": str(PLACE),
        "channel": "pigeon",
        "outcome": "ignored",
        "ignored": {"account_update": 2, "poll": 1},
    }


def test_a_webhook_that_cannot_be_read_is_a_warning_that_says_why(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()

    WebhookOutcomes(counted).taken(unreadable())

    (line,) = caplog.records
    assert (line.levelno, line.getMessage()) == (
        logging.WARNING,
        "a signed webhook cannot be read: The webhook is no pigeon.",
    )
    assert vars(line)["webhook_id"] == str(PLACE)
    assert counted.counts == {("UnreadableWebhooks", (("channel", "pigeon"),)): 1}


def test_a_fault_is_logged_with_its_traceback_and_without_the_words_of_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise KeyError("Ana's words")  # noqa: TRY301
    except KeyError as fault:
        WebhookOutcomes(Counted()).failed(unreadable(), fault)

    (line,) = caplog.records
    assert (line.levelno, vars(line)["webhook_id"]) == (logging.ERROR, str(PLACE))
    assert "test_webhook_outcomes.py" in vars(line)["traceback"]
    assert "KeyError" in line.getMessage()
    assert line.exc_info is None


def test_a_webhook_that_is_not_listed_is_named_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()

    WebhookOutcomes(counted).not_listed(unreadable())

    (line,) = caplog.records
    assert vars(line)["webhook_id"] == str(PLACE)
    assert counted.counts == {("UnlistedWebhooks", (("channel", "pigeon"),)): 1}
