"""Pausing a consumer, so that the functions before it have the machine to themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.quiet import WITHIN_S
from chat4all_local.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@contextmanager
def paused(functions: "LambdaClient", function: str) -> Iterator[None]:
    """Keep the messages from `function` until the block ends.

    The function may still handle a batch that it received before the block. Raises CloudError.
    """
    mapping = _mapping(functions, function)
    try:
        _switch(functions, mapping, enabled=False)
        yield
    finally:
        _switch(functions, mapping, enabled=True)


def _mapping(functions: "LambdaClient", function: str) -> str:
    mappings = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    if len(mappings) != 1:
        raise CloudError(f"{function} has {len(mappings)} event source mappings; exactly 1 can be paused")
    return mappings[0]["UUID"]


def _switch(functions: "LambdaClient", mapping: str, *, enabled: bool) -> None:
    functions.update_event_source_mapping(UUID=mapping, Enabled=enabled)
    state = "Enabled" if enabled else "Disabled"
    wait_until(
        f"the event source mapping is {state}",
        lambda: functions.get_event_source_mapping(UUID=mapping)["State"] == state,
        within_s=WITHIN_S,
    )
