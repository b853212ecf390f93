"""Every queue, function, channel and table has its alarms, and every alarm its runbook."""

import json
import re
from typing import Any

import pytest

from chat4all.adapters.webhook_outcomes import WebhookOutcomes
from chat4all.channels.registry import names
from chat4all.domain.webhooks import ListedWebhook, WebhookId, WebhookOutcome
from tests.integration.template import ROOT, STACK, Template, functions, read

TEMPLATE = Template()
ON_KINESIS = Template(parameters={"EventStream": "kinesis"})
ALARMS = TEMPLATE.resources("AWS::CloudWatch::Alarm") | ON_KINESIS.resources("AWS::CloudWatch::Alarm")
PREFIX = "chat4all-"
RUNBOOKS = sorted(path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md") if path.stem != "README")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "layers/core/chat4all").rglob("*.py")
)
QUEUES = {
    resource["QueueName"]
    for template in (TEMPLATE, ON_KINESIS)
    for resource in template.resources("AWS::SQS::Queue").values()
}
STREAMS = {resource["Name"] for resource in ON_KINESIS.resources("AWS::Kinesis::Stream").values()}
FUNCTIONS = {function["FunctionName"] for function in functions(TEMPLATE).values()}
TABLES = {resource["TableName"] for resource in TEMPLATE.resources("AWS::DynamoDB::Table").values()}


def runbook_of(alarm: dict[str, Any]) -> str:
    found = re.search(r" Runbook: docs/runbooks/([a-z0-9-]+)\.md$", alarm["AlarmDescription"])
    assert found, alarm["AlarmDescription"]
    return found[1]


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    if "MetricName" in alarm:
        return [alarm]
    return [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]


def watched(runbook: str) -> set[str]:
    """Return what the alarms of a runbook watch: the value of each alarm's last dimension."""
    return {
        metric["Dimensions"][-1]["Value"]
        for alarm in ALARMS.values()
        if runbook_of(alarm) == runbook
        for metric in metrics_of(alarm)
    }


def widgets() -> list[dict[str, Any]]:
    (dashboard,) = TEMPLATE.resources("AWS::CloudWatch::Dashboard").values()
    found: list[dict[str, Any]] = json.loads(dashboard["DashboardBody"])["widgets"]
    return found


def shown() -> list[tuple[str, str, dict[str, str]]]:
    """Return the namespace, name and dimensions of every metric on the dashboard."""
    found = []
    for widget in widgets():
        for namespace, name, *rest in widget["properties"]["metrics"]:
            pairs = [word for word in rest if isinstance(word, str)]
            found.append((namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm() -> None:
    assert sorted({runbook_of(alarm) for alarm in ALARMS.values()}) == RUNBOOKS


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
def test_an_alarm_is_called_by_its_runbook_and_tells_the_topic(alarm: dict[str, Any]) -> None:
    (topic,) = TEMPLATE.resources("AWS::SNS::Topic").values()

    assert alarm["AlarmName"].startswith(PREFIX + runbook_of(alarm))
    assert alarm["AlarmActions"] == alarm["OKActions"]
    assert [action.rsplit(":", 1)[1] for action in alarm["AlarmActions"]] == [topic["TopicName"]]


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_a_runbook_says_what_it_means_how_to_look_what_to_do_and_when_to_worry(runbook: str) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{runbook}.md").read_text(encoding="utf-8")

    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == ["What it means", "How to look", "What to do", "When to worry"]
    assert f"`{PREFIX}{runbook}" in text


def test_no_two_alarms_have_one_name() -> None:
    assert len({alarm["AlarmName"] for alarm in ALARMS.values()}) == len(ALARMS)


def test_every_queue_is_watched() -> None:
    dead = {queue for queue in QUEUES if queue.removesuffix(".fifo").endswith("-dlq")}

    assert watched("dead-letter-queue") == dead
    assert watched("queue-age") == QUEUES - dead


def test_every_stream_is_watched_where_there_is_one() -> None:
    assert watched("stream-age") == STREAMS
    assert not any(
        runbook_of(resource) == "stream-age"
        for resource in TEMPLATE.resources("AWS::CloudWatch::Alarm").values()
    )


@pytest.mark.parametrize("runbook", ["function-errors", "function-throttles", "function-duration"])
def test_every_function_is_watched(runbook: str) -> None:
    assert watched(runbook) == FUNCTIONS


@pytest.mark.parametrize(
    "runbook",
    ["channel-circuit", "failed-deliveries", "possible-repeats", "unlisted-webhooks", "unreadable-webhooks"],
)
def test_every_channel_is_watched(runbook: str) -> None:
    assert watched(runbook) == set(names())


def test_the_credentials_of_every_channel_are_watched_at_once_and_daily() -> None:
    assert watched("account-credentials") == {*names(), "relay"}


def test_every_table_is_watched() -> None:
    assert watched("table-throttles") == TABLES


def test_a_duration_is_near_the_functions_own_timeout() -> None:
    timeouts = {function["FunctionName"]: function["Timeout"] for function in functions(TEMPLATE).values()}
    for alarm in ALARMS.values():
        if runbook_of(alarm) != "function-duration":
            continue
        (metric,) = metrics_of(alarm)
        timeout_s = float(timeouts[metric["Dimensions"][0]["Value"]])
        if "Threshold" in alarm and "MetricName" in alarm:
            assert alarm["Threshold"] == timeout_s * 900
        else:
            assert alarm["Metrics"][0]["Expression"] == f"longest / {timeout_s:g} / 10"
            assert alarm["Threshold"] == 90


def test_alarms_and_dashboard_know_our_metrics_as_the_code_emits_them() -> None:
    ours = [
        (metric["MetricName"], {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]})
        for alarm in ALARMS.values()
        for metric in metrics_of(alarm)
        if metric["Namespace"] == "Chat4All"
    ]
    ours += [(name, dimensions) for namespace, name, dimensions in shown() if namespace == "Chat4All"]

    assert ours
    for name, dimensions in ours:
        assert dimensions["service"] == STACK
        assert f"{PREFIX}{dimensions['function']}" in FUNCTIONS
        of_a_status = name.startswith("Status") and 'f"Status{update.status' in SOURCES
        assert of_a_status or re.search(rf'"{name}"|\b{name}=', SOURCES), name


@pytest.mark.parametrize("metric", ["UnreadableWebhooks", "UnlistedWebhooks"])
def test_a_webhook_is_watched_and_shown_with_the_dimensions_that_are_counted(metric: str) -> None:
    counted = []
    outcomes = WebhookOutcomes(lambda name, value=1, **dimensions: counted.append((name, dimensions)))
    of_telegram = WebhookId("telegram", "main", "2026-11-30T12:00:00.000Z", "0" * 64)
    listed = ListedWebhook(of_telegram, WebhookOutcome.UNREADABLE, 0, {}, "is no JSON", 0)

    outcomes.taken(listed)
    outcomes.not_listed(listed)

    (dimensions,) = [dimensions for name, dimensions in counted if name == metric]
    expected = {"service": STACK, "function": "webhooks", **dimensions}
    alarms = [
        {pair["Name"]: pair["Value"] for pair in watching["Dimensions"]}
        for alarm in ALARMS.values()
        for watching in metrics_of(alarm)
        if watching["MetricName"] == metric
    ]
    assert expected in alarms
    assert ("Chat4All", metric, expected) in shown()


def test_what_functions_count_is_of_their_stack_alone() -> None:
    """An account may have several stacks, and each stack has its own alarms."""
    timeouts = dict.fromkeys(("ApiTimeout", "ConsumerTimeout", "UploadTimeout", "FilesTimeout"), 30)
    alarms = Template("infra/alarms.yaml", {"NamePrefix": "another", **timeouts})

    counted = [
        {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}["service"]
        for alarm in alarms.resources("AWS::CloudWatch::Alarm").values()
        for metric in metrics_of(alarm)
        if metric["Namespace"] == "Chat4All"
    ]
    assert set(counted) == {"another"}
    everybodys = read("template.yaml")["Globals"]["Function"]["Environment"]["Variables"]
    assert everybodys["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_the_dashboard_shows_what_there_is() -> None:
    known = {"QueueName": QUEUES, "FunctionName": FUNCTIONS, "TableName": TABLES}

    for namespace, name, dimensions in shown():
        if namespace.startswith("AWS/") and namespace != "AWS/ApiGateway":
            ((kind, value),) = dimensions.items()
            assert value in known[kind], name


@pytest.mark.parametrize("parameters", [{"Cloud": "local"}, {"Monitoring": "false"}])
def test_nothing_of_it_is_made_where_it_is_not_wanted(parameters: dict[str, str]) -> None:
    template = Template(parameters=parameters)

    kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic")
    assert {kind: template.resources(kind) for kind in kinds} == {kind: {} for kind in kinds}
