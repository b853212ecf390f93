"""Requests for customers' files. Each is answered correctly or with the fault that meets it."""

from typing import Final

from chat4all_local.simulators.control_api import FaultKind, FaultRequest
from chat4all_local.simulators.faults import FaultPlan
from chat4all_local.simulators.provider import Answer, Download, Lookup, Provider
from chat4all_local.simulators.reply import Reply
from chat4all_local.simulators.serving import Serving

_NOT_FOUND: Final = (FaultKind.FETCH_ERROR, FaultKind.FETCH_MISSING)
_NOT_SERVED: Final = (FaultKind.FETCH_EXPIRED, FaultKind.FETCH_REDIRECT)
_BADLY_SERVED: Final = (
    FaultKind.FETCH_SLOW,
    FaultKind.FETCH_HANG,
    FaultKind.FETCH_CUT,
    FaultKind.FETCH_MORE,
)


class FileRequests:
    """The file requests of a provider."""

    def __init__(self, provider: Provider, faults: FaultPlan) -> None:
        self._provider = provider
        self._faults = faults

    def look_up(self, lookup: Lookup, latency_s: float) -> Reply:
        fault = self._faults.take(lookup.item.address, _NOT_FOUND)
        return Reply(self._not_found(fault) if fault else lookup.answer, latency_s)

    def serve(self, download: Download) -> Reply:
        item = download.item
        if not download.asked_before and (fault := self._faults.take(item.address, _NOT_FOUND)):
            return Reply(self._not_found(fault))
        if fault := self._faults.take(item.address, _NOT_SERVED):
            if fault.kind is FaultKind.FETCH_EXPIRED:
                return Reply(self._provider.media_expired())
            return Reply(Answer(302, b"", location=fault.location))
        fault = self._faults.take(item.address, _BADLY_SERVED)
        return Reply(None, serving=Serving(item.media, item.size, download.content_type, fault))

    def _not_found(self, fault: FaultRequest) -> Answer:
        if fault.kind is FaultKind.FETCH_MISSING:
            return self._provider.media_missing()
        return self._provider.broken(fault.status, fault.code)
