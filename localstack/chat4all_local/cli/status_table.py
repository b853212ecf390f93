"""The table that `chat4all status` prints."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text
from urllib3.util import parse_url

from chat4all_local.cloud.inspection import ComponentUse, FunctionUse, Health, Inspection
from chat4all_local.cloud.state import Phase
from chat4all_local.console.tables import plain_table

_COLOURS = {Health.UP: "green", Health.REFUSING: "red", Health.SILENT: "yellow", Health.DOWN: "red"}


def megabytes(memory: int) -> str:
    return f"{memory / 1e6:.0f} MB"


def ports(urls: Iterable[str]) -> str:
    return " ".join(str(parse_url(url).port) for url in urls)


def status_table(inspection: Inspection) -> RenderableType:
    if inspection.phase is Phase.STOPPED:
        why = f": {inspection.ended}" if inspection.ended else ""
        return Text(f"The local cloud is not running{why}. Start it with: chat4all up --detach")
    table = plain_table("COMPONENT", numbers=("PID", "PORT", "MEMORY"))
    table.add_column("HEALTH")
    for component in inspection.components:
        table.add_row(*_component_row(component))
    for function in inspection.functions:
        table.add_row(*_function_row(function))
    table.add_row("total", "", "", megabytes(inspection.memory), "", style="bold")
    problems = [
        Text(f"{component.name} refuses changes until it can store them: {component.problem}", style="red")
        for component in inspection.components
        if component.problem
    ]
    return Group(
        Text(f"{inspection.phase.value}  {inspection.folder}  {inspection.api_url}", style="dim"),
        table,
        *problems,
    )


def _component_row(component: ComponentUse) -> tuple[str, str, str, str, Text]:
    process = component.process
    pid, memory = (str(process.pid), megabytes(process.memory)) if process else ("", "")
    return component.name, pid, ports(component.urls.values()), memory, _health(component.health)


def _function_row(function: FunctionUse) -> tuple[str, str, str, str, Text]:
    pids = " ".join(str(worker.pid) for worker in function.workers)
    memory = megabytes(sum(worker.memory for worker in function.workers))
    return f"  {function.name}", pids, "", memory, _health(Health.UP)


def _health(health: Health) -> Text:
    return Text(health.value, style=_COLOURS[health])
