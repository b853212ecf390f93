"""The faults that were asked for, and the choice of the fault that meets a request."""

from collections.abc import Collection
from itertools import count

import msgspec

from chat4all_local.simulators.control_api import Fault, FaultKind, FaultRequest


class FaultPlan:
    """The faults in the order in which they were asked for. A request meets the first fault that fits."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = count(1)

    def add(self, request: FaultRequest) -> Fault:
        fault = Fault(f"fault-{next(self._ids)}", request, request.count)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def list(self) -> list[Fault]:
        return list(self._faults)

    def take(self, address: str, kinds: Collection[FaultKind]) -> FaultRequest | None:
        """Take the first fault of `kinds` that fits `address`, and count it as used once."""
        for index, fault in enumerate(self._faults):
            request = fault.request
            if request.kind in kinds and request.for_address in (None, address):
                self._use(index, fault)
                return request
        return None

    def _use(self, index: int, fault: Fault) -> None:
        if fault.left is None:
            return
        if fault.left > 1:
            self._faults[index] = msgspec.structs.replace(fault, left=fault.left - 1)
        else:
            del self._faults[index]
