"""The use of a function, from counted calls and from the reports in the logs."""

from chat4all_local.cloud.function_logs import LogLine
from chat4all_local.metering.meter import Call
from chat4all_local.metering.use import Observed, Use, shared, together, use_of

REPORT = (
    "REPORT RequestId: a\tDuration: 7.1 ms\tBilled Duration: {} ms"
    "\tMemory Size: 512 MB\tMax Memory Used: 60 MB"
)
OBSERVED = Observed(
    [
        Call("api", "sqs", "SendMessage", "stack-chat-events.fifo"),
        Call("api", "dynamodb", "PutItem", "stack-messages", write_units=3),
        Call("router", "dynamodb", "GetItem", "stack-messages", read_units=0.5),
        Call("router", "dynamodb", "GetItem", "stack-messages", read_units=0.5),
        Call("router", "secretsmanager", "GetSecretValue", ""),
        Call("router", "sqs", "SendMessageBatch", "stack-whatsapp.fifo"),
        Call("relay", "dynamodb", "Query", "stack-messages", read_units=4),
    ],
    [
        LogLine(1, "api", REPORT.format(8)),
        LogLine(2, "router", "START RequestId: a"),
        LogLine(3, "router", REPORT.format("12.5")),
        LogLine(4, "router", REPORT.format(4)),
        LogLine(5, "relay", REPORT.format(900)),
    ],
    "stack",
)


def test_a_function_of_http_takes_a_call_for_each_run_and_receives_no_batch() -> None:
    use = use_of("api", OBSERVED)

    assert (use.invocations, use.http, use.sqs, use.write_units) == (1, 1, 1, 3)
    assert use.calls == {"PutItem messages": 1, "SendMessage chat-events": 1}


def test_each_run_of_a_queue_s_function_is_a_receive_and_a_delete() -> None:
    use = use_of("router", OBSERVED)

    assert (use.invocations, use.http, use.sqs, use.read_units) == (2, 0, 1 + 2 * 2, 1)
    assert use.gb_seconds == 0.0165 / 2
    assert use.calls == {"GetItem messages": 2, "SendMessageBatch whatsapp": 1}


def test_what_runs_by_the_clock_belongs_to_no_message() -> None:
    assert OBSERVED.functions == ["api", "router"]


def test_uses_are_added_up_and_shared() -> None:
    uses = [Use(invocations=1, sqs=2, calls={"a b": 1}), Use(invocations=2, calls={"a b": 2, "c d": 1})]

    assert together(uses) == Use(invocations=3, sqs=2, calls={"a b": 3, "c d": 1})
    assert shared(uses, 2) == Use(invocations=1.5, sqs=1, calls={"a b": 1.5, "c d": 0.5})
