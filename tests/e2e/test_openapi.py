"""The running API matches its description for every request that schemathesis makes.

No answer is a 500, or has a status, type, header or shape that is not described.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.stage import CHANNELS, Stage
from tests.integration.template import ROOT


def takes_something(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Return whether a request can be wrong at all: in a parameter, in its body or in its key."""
    raw = operation.definition.raw
    return bool(raw["parameters"] or raw["security"] or "requestBody" in raw)


EXAMPLES: Final = 10
REFUSED: Final = [400, 401, 403, 404, 409, 413, 415, 422]
CONFIG: Final = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
)
SCHEMA: Final = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json", config=CONFIG)
OPERATIONS: Final = {
    result.ok().definition.raw["operationId"]: result.ok()
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok)
}
CASES: Final = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or takes_something(operation)
]
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
]

Known = dict[str, object]


@pytest.fixture(scope="module")
def known(running_stage: Stage) -> Known:
    """Return existing ids by the names of the parameters and fields that take them."""
    customer = running_stage.customer("instagram")
    talk = running_stage.group(customer, running_stage.customer("instagram"))
    return {
        "conversation_id": talk.conversation_id,
        "message_id": running_stage.say(talk, "hello"),
        "sender_id": talk.agent_id,
        "participant_id": talk.agent_id,
        "user_id": customer.user_id,
        "participants": [talk.agent_id, customer.user_id],
        "channel": customer.channel,
        "address": customer.address,
    }


@pytest.fixture(scope="module", autouse=True)
def _enabled_again(running_stage: Stage) -> Iterator[None]:
    """Enable the first accounts, which a made request may have disabled, for the tests that follow."""
    yield
    for channel in CHANNELS:
        enabled = running_stage.api.call("POST", f"/channels/{channel}/accounts/main/enable")
        assert enabled.json()["state"] == "ENABLED", enabled.text


def test_every_operation_is_tried() -> None:
    assert len(OPERATIONS) == sum(len(operations) for operations in SCHEMA.raw_schema["paths"].values())


@pytest.mark.parametrize(("name", "mode"), CASES, ids=str)
def test_every_answer_is_described(
    running_stage: Stage, known: Known, name: str, mode: GenerationMode
) -> None:
    # The first failing example ends the test, so it is neither explained nor shrunk.
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(OPERATIONS[name].as_strategy(generation_mode=mode), st.booleans())
    def holds(case: schemathesis.Case[Any], of_what_is_there: bool) -> None:  # noqa: FBT001
        if of_what_is_there and mode is GenerationMode.POSITIVE:
            case.path_parameters = _with(case.path_parameters, known)
            case.query = _with(case.query, known)
            case.body = _with(case.body, known)
        case.call_and_validate(
            base_url=running_stage.cloud.api_url,
            headers={"x-api-key": running_stage.cloud.api_key},
            checks=CHECKS,
            allow_redirects=False,
        )

    holds()


def _with(given: Any, known: Known) -> Any:  # noqa: ANN401 - whatever schemathesis made
    """Return the given fields, with an existing id for each field whose name has one."""
    return (
        {name: known.get(name, value) for name, value in given.items()} if isinstance(given, dict) else given
    )
