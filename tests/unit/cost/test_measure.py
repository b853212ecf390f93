"""The steps of messages, from made-up observations."""

from chat4all_local.cloud.function_logs import LogLine
from chat4all_local.cost.measure import steps_of
from chat4all_local.metering.meter import Call
from chat4all_local.metering.use import Observed

REPORT = "REPORT RequestId: a\tDuration: 7.1 ms\tBilled Duration: 8 ms\tMemory Size: 512 MB\tMax Memory Used"


def observed(*functions: str, write_units: float = 1) -> Observed:
    """Observe a run of each function, with one write."""
    return Observed(
        [
            Call(function, "dynamodb", "PutItem", "stack-messages", write_units=write_units)
            for function in functions
        ],
        [LogLine(1, function, REPORT) for function in functions],
        "stack",
    )


def test_a_message_is_divided_by_function_and_receipt() -> None:
    message = {
        "message": observed("api", "router", "whatsapp", "relay"),
        "sent": observed("webhooks"),
        "read": observed("webhooks", "status"),
    }

    assert [(step.name, step.function, step.receipt) for step in steps_of([message])] == [
        ("POST", "api", ""),
        ("router", "router", ""),
        ("channel: whatsapp", "whatsapp", ""),
        ("receipt: sent", "webhooks", "sent"),
        ("receipt: read", "webhooks", "read"),
        ("status: read", "status", "read"),
    ]


def test_the_use_of_a_step_is_the_mean_of_all_messages() -> None:
    cold, warm = observed("api", write_units=4), observed("api", "router", write_units=2)

    post, router = steps_of([{"message": cold}, {"message": warm}])

    assert (post.use.write_units, post.use.invocations) == (3, 1)
    assert (router.use.write_units, router.use.invocations) == (1, 0.5)
