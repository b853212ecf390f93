"""The steps of messages, from made-up observations."""

import pytest

from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.function_logs import LogLine
from chat4all_local.cost.measure import check_moments, steps_of
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


def moments(*, message: int = 0, sent: int = 2, delivered: int = 2, read: int = 2) -> dict[str, Observed]:
    """Observe so many runs of `webhooks` in each moment."""
    counts = {"message": message, "sent": sent, "delivered": delivered, "read": read}
    return {moment: observed(*["webhooks"] * count) for moment, count in counts.items()}


def test_a_receipt_of_each_part_belongs_to_its_moment() -> None:
    check_moments(moments(), parts=2)


@pytest.mark.parametrize("mixed", [moments(message=1, sent=1), moments(sent=3, delivered=1), moments(read=1)])
def test_receipts_that_came_too_early_are_refused(mixed: dict[str, Observed]) -> None:
    with pytest.raises(CloudError, match="a receipt came before"):
        check_moments(mixed, parts=2)
