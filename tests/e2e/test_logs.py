"""Judges the lines that functions logged during all tests. tests/conftest.py puts this test last."""

from chat4all_local.cloud.settings import STACK
from tests.e2e.function_lines import Line, invocations, logged, wrong_lines
from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually

SHOWN = 20
LOGGED_WITHIN_S = 15.0


def test_every_line_of_every_function_is_json_of_its_stack_and_request(stage: Stage) -> None:
    everything = invocations(stage.cloud)

    wrong = wrong_lines(everything, stage.cloud.stack)

    assert everything
    assert wrong == [], f"{len(wrong)} lines:\n" + "\n".join(wrong[:SHOWN])


def test_a_refusal_is_told_at_info_by_the_package_under_a_stack_of_any_name(stage: Stage) -> None:
    assert stage.cloud.stack != STACK
    stage.api.call("GET", "/messages/nowhere-at-all")

    def told() -> list[Line]:
        lines = [line for invocation in invocations(stage.cloud) for line in logged(invocation)]
        return [line for line in lines if "MESSAGE_NOT_FOUND" in str(line.get("message"))]

    (line, *_) = eventually(told, deadline_s=LOGGED_WITHIN_S)
    assert (line["level"], line["service"]) == ("INFO", stage.cloud.stack)
    assert line["request_id"]
