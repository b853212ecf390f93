"""The circuits of all channels, for the functions that learn of failures by statuses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.operators import Operators
from chat4all.bootstrap import runtime
from chat4all.channels.registry import names
from chat4all.services.messaging.circuit import ChannelCircuits

_NO_PROBE: Final = timedelta()
"""These functions report failures, and send nothing that could be a probe."""


def circuits(stack: str, limits_table: str, count: Callable[[str], None]) -> dict[str, ChannelCircuits]:
    """Return the circuits by channel; `stack` names the stack to the operators."""
    breakers, announce = DynamoBreakers(limits_table), Operators(stack, count).circuit_changed
    return {name: ChannelCircuits(name, breakers, announce, runtime.now, _NO_PROBE) for name in names()}
