"""A function's event source mapping is off within the block, and on again after it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.paused import paused

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

UUID = "4f0ac36e-1a33-4a2c-a63f-4a8a7f9b8a2c"


@pytest.fixture
def functions() -> "LambdaClient":
    return boto3.client(
        "lambda", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )


@pytest.fixture
def expected(functions: "LambdaClient") -> Iterator[Stubber]:
    """Expect these calls in their order; any other call fails."""
    with Stubber(functions) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def expect_mappings(expected: Stubber, *uuids: str) -> None:
    mappings = {"EventSourceMappings": [{"UUID": uuid} for uuid in uuids]}
    expected.add_response("list_event_source_mappings", mappings, {"FunctionName": "router"})


def expect_switch(expected: Stubber, *, enabled: bool, states: list[str]) -> None:
    expected.add_response("update_event_source_mapping", {}, {"UUID": UUID, "Enabled": enabled})
    for state in states:
        expected.add_response("get_event_source_mapping", {"State": state}, {"UUID": UUID})


def test_the_block_begins_when_the_pause_is_in_effect_and_ends_it(
    functions: "LambdaClient", expected: Stubber
) -> None:
    expect_mappings(expected, UUID)
    expect_switch(expected, enabled=False, states=["Disabling", "Disabled"])

    with paused(functions, "router"):
        expected.assert_no_pending_responses()
        expect_switch(expected, enabled=True, states=["Enabling", "Enabled"])


def test_a_block_that_fails_ends_the_pause_too(functions: "LambdaClient", expected: Stubber) -> None:
    expect_mappings(expected, UUID)
    expect_switch(expected, enabled=False, states=["Disabled"])
    expect_switch(expected, enabled=True, states=["Enabled"])

    with pytest.raises(CloudError, match="refused"), paused(functions, "router"):
        raise CloudError("refused")


@pytest.mark.parametrize("uuids", [(), (UUID, UUID[::-1])])
def test_a_function_without_a_mapping_of_its_own_is_not_paused(
    uuids: tuple[str, ...], functions: "LambdaClient", expected: Stubber
) -> None:
    expect_mappings(expected, *uuids)

    with pytest.raises(CloudError, match=f"router has {len(uuids)} event source mappings"):
        paused(functions, "router").__enter__()
