"""The `/_control` API of a simulator: settings, customers, faults, journals and the customers' messages."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat4all_local.simulators.control_api import (
    CustomerDetails,
    CustomerList,
    FaultList,
    FaultRequest,
    Health,
    InboundRequest,
    JsonObject,
    OpenWindows,
    OwnReport,
    Problem,
    TemplateChange,
    WebhookCall,
)
from chat4all_local.simulators.provider import ControlError
from chat4all_local.simulators.simulator import Simulator
from chat4all_local.simulators.store import Store

T = TypeVar("T")
Handler: TypeAlias = Callable[[Request], Awaitable[msgspec.Struct | None]]


def control_routes(simulator: Simulator) -> list[Route]:
    """Build the routes of `/_control`.

    Every answer is a Struct of control_api as JSON. A bad request gets status 400 and a Problem.
    """
    control = _Control(simulator)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/health", control.health),
        ("GET", "/config", control.settings),
        ("PUT", "/config", control.configure),
        ("GET", "/customers", control.customers),
        ("PUT", "/customers/{address}", control.register),
        ("PUT", "/windows", control.open_windows),
        ("POST", "/inbound", control.inbound),
        ("POST", "/template", control.change_template),
        ("POST", "/report", control.report_on_us),
        ("POST", "/webhook", control.call_webhook),
        ("GET", "/faults", control.faults),
        ("POST", "/faults", control.add_fault),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/transcript", control.transcript),
        ("DELETE", "/transcript", control.clear_transcript),
        ("GET", "/webhooks", control.webhooks),
        ("GET", "/verify", control.verify),
    ]
    store = simulator.account.store
    return [Route(path, _answering(handler, store), methods=[method]) for method, path, handler in table]


class _Control:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def health(self, request: Request) -> msgspec.Struct:
        return Health("UP", self._simulator.account.webhooks_pending)

    async def settings(self, request: Request) -> msgspec.Struct:
        return self._simulator.account.settings

    async def configure(self, request: Request) -> msgspec.Struct:
        return self._simulator.configure(await _body(request, JsonObject))

    async def customers(self, request: Request) -> msgspec.Struct:
        return CustomerList(list(self._simulator.account.customers.values()))

    async def register(self, request: Request) -> msgspec.Struct:
        address: str = request.path_params["address"]
        self._simulator.provider.check_address(address)
        details = await _body(request, CustomerDetails)
        return self._simulator.account.register(address, details, time.time())

    async def open_windows(self, request: Request) -> None:
        opened = await _body(request, OpenWindows)
        for address in opened.addresses:
            self._simulator.provider.check_address(address)
        for address in opened.addresses:
            self._simulator.account.wrote(address, opened.wrote_at)

    async def inbound(self, request: Request) -> msgspec.Struct:
        wait = _flag(request, "wait", default=True)
        inbound = await _body(request, InboundRequest)
        return await self._simulator.inbound(inbound, time.time(), wait=wait)

    async def change_template(self, request: Request) -> msgspec.Struct:
        return await self._simulator.change_template(await _body(request, TemplateChange), time.time())

    async def report_on_us(self, request: Request) -> msgspec.Struct:
        report: OwnReport = msgspec.json.decode(await request.body(), type=OwnReport)
        return await self._simulator.report_on_us(report, time.time())

    async def call_webhook(self, request: Request) -> msgspec.Struct:
        return await self._simulator.call_webhook(await _body(request, WebhookCall))

    async def faults(self, request: Request) -> msgspec.Struct:
        return FaultList(self._simulator.faults.list())

    async def add_fault(self, request: Request) -> msgspec.Struct:
        return self._simulator.faults.add(await _body(request, FaultRequest))

    async def clear_faults(self, request: Request) -> None:
        self._simulator.faults.clear()

    async def transcript(self, request: Request) -> msgspec.Struct:
        return self._simulator.sends.after(_number(request, "after"))

    async def clear_transcript(self, request: Request) -> None:
        self._simulator.sends.clear()

    async def webhooks(self, request: Request) -> msgspec.Struct:
        return self._simulator.webhooks.after(_number(request, "after"))

    async def verify(self, request: Request) -> msgspec.Struct:
        return await self._simulator.verify()


def _answering(handler: Handler, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            result = await handler(request)
            await store.synced()
        except (msgspec.DecodeError, UnicodeDecodeError, ControlError) as problem:
            return _json(Problem("the simulator cannot carry out the control request", [str(problem)]), 400)
        return Response(status_code=204) if result is None else _json(result, 200)

    return answer


async def _body(request: Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.body(), type=kind)


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not text.isdecimal():
        raise ControlError(f"`{name}` must be a whole number, not {text!r}")
    return int(text)


def _flag(request: Request, name: str, *, default: bool) -> bool:
    text = request.query_params.get(name)
    if text not in (None, "true", "false"):
        raise ControlError(f"`{name}` must be true or false, not {text!r}")
    return default if text is None else text == "true"


def _json(value: msgspec.Struct, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
