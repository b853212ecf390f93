"""infra/dashboard.yaml: the widgets of the dashboard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.channels.shared.manifest import Manifest
from chat4all_local.generate.functions import TABLES, function_names, oldest_ages_s

Metric = tuple[str | Mapping[str, str], ...]
_PREFIX: Final = "${NamePrefix}"


class Widget(msgspec.Struct, frozen=True, kw_only=True):
    """A graph of `metrics`; each uses `stat` over a minute unless it has its own statistic."""

    title: str
    stat: str = "Sum"
    metrics: tuple[Metric, ...]


def _body(channels: Sequence[Manifest]) -> str:
    widgets = ",\n".join(
        _drawn(widget, number, is_last=number == len(all_widgets) - 1)
        for all_widgets in (_widgets(channels),)
        for number, widget in enumerate(all_widgets)
    )
    return f'DashboardBody: !Sub |\n  {{\n    "widgets": [\n{widgets}\n    ]\n  }}'


def _drawn(widget: Widget, number: int, *, is_last: bool) -> str:
    x, y, width = number % 2 * 12, number // 2 * 6, 24 if is_last and number % 2 == 0 else 12
    metrics = ",\n".join(f"          {_json(metric)}" for metric in widget.metrics)
    return (
        f'      {{"type": "metric", "x": {x}, "y": {y}, "width": {width}, "height": 6, "properties": {{\n'
        f'        "title": {_json(widget.title)}, "region": "${{AWS::Region}}", "view": "timeSeries",'
        f' "stat": "{widget.stat}", "period": 60,\n'
        f'        "metrics": [\n{metrics}\n        ] }} }}'
    )


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def _widgets(channels: Sequence[Manifest]) -> tuple[Widget, ...]:
    names = [channel.name for channel in channels]
    functions, queues = function_names(channels), tuple(oldest_ages_s(channels))
    return (
        Widget(
            title="Messages: accepted, delivered, read, failed",
            metrics=(
                _ours("Records", "router", "accepted"),
                *(_ours(f"Status{name.title()}", "status", name) for name in ("delivered", "read", "failed")),
            ),
        ),
        Widget(
            title="Deliveries: sent and failed by channel",
            metrics=_by_channel(names, {"DeliveriesSent": "sent", "DeliveriesFailed": "failed"}),
        ),
        Widget(
            title="Age of the oldest record in each queue, s",
            stat="Maximum",
            metrics=tuple(_queue("ApproximateAgeOfOldestMessage", queue, ".fifo") for queue in queues),
        ),
        Widget(
            title="Records in dead-letter queues",
            stat="Maximum",
            metrics=(
                *(_queue("ApproximateNumberOfMessagesVisible", queue, "-dlq.fifo") for queue in queues),
                _ours("DeadRecords", "relay", "moved to dead letters"),
            ),
        ),
        Widget(
            title="API latency, ms",
            stat="p95",
            metrics=tuple(_api("Latency", stat, stat=stat) for stat in ("p50", "p95", "p99")),
        ),
        Widget(
            title="API requests and errors",
            metrics=(_api("Count", "requests"), _api("4XXError", "4xx"), _api("5XXError", "5xx")),
        ),
        Widget(
            title="Function durations, p95, ms",
            stat="p95",
            metrics=tuple(_function("Duration", function, function) for function in functions),
        ),
        Widget(
            title="Function errors and throttles",
            metrics=tuple(
                _function(name, function, f"{function} {name.lower()}")
                for name in ("Errors", "Throttles")
                for function in functions
            ),
        ),
        Widget(
            title="Circuits opened, closed; possible repeats",
            metrics=_by_channel(
                names,
                {
                    "CircuitOpened": "opened",
                    "CircuitClosed": "closed",
                    "PossibleRepeats": "possible repeats",
                },
            ),
        ),
        Widget(
            title="Webhooks that cannot be read, or are missing from their list",
            metrics=tuple(
                _ours(metric, "webhooks", f"{name} {label}", channel=name)
                for metric, label in (("UnreadableWebhooks", "unreadable"), ("UnlistedWebhooks", "unlisted"))
                for name in names
            ),
        ),
        Widget(
            title="Recovered by the relay",
            metrics=(
                _ours("MessagesRepublished", "relay", "routed again"),
                _ours("DeliveriesBroughtBack", "relay", "moved out of holding queues"),
                _ours("StatusesRecovered", "relay", "statuses recovered"),
                _ours("FallbacksTaken", "relay", "next channel taken"),
            ),
        ),
        Widget(
            title="Throttled reads and writes by table",
            metrics=tuple(
                ("AWS/DynamoDB", name, "TableName", f"{_PREFIX}-{table}", {"label": f"{table} {label}"})
                for name, label in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes"))
                for table in TABLES
            ),
        ),
    )


def _by_channel(names: Sequence[str], labels: Mapping[str, str]) -> tuple[Metric, ...]:
    return tuple(_ours(metric, name, f"{name} {label}") for metric, label in labels.items() for name in names)


def _ours(metric: str, function: str, label: str, **dimensions: str) -> Metric:
    more = tuple(word for pair in dimensions.items() for word in pair)
    return ("Chat4All", metric, "service", _PREFIX, "function", function, *more, {"label": label})


def _queue(metric: str, queue: str, suffix: str) -> Metric:
    return ("AWS/SQS", metric, "QueueName", f"{_PREFIX}-{queue}{suffix}", {"label": queue})


def _function(metric: str, function: str, label: str) -> Metric:
    return ("AWS/Lambda", metric, "FunctionName", f"{_PREFIX}-{function}", {"label": label})


def _api(metric: str, label: str, **options: str) -> Metric:
    return ("AWS/ApiGateway", metric, "ApiName", _PREFIX, "Stage", "api", {"label": label, **options})


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {"body": _body}
