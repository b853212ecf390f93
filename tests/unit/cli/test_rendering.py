from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console, RenderableType

from chat4all.domain.content import Text
from chat4all.entrypoints.http.message_views import ErrorView, MessageView
from chat4all_local.cli.messages import changed_messages, render_message
from chat4all_local.cli.status_table import status_table
from chat4all_local.cli.welcome import next_commands, welcome
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import ComponentUse, FunctionUse, Health, Inspection, ProcessUse
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.state import Phase, State
from tests.unit.answers import message_view


def text(renderable: RenderableType) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def message(number: int, status: str = "PENDING", content: str = "hello") -> MessageView:
    return message_view(
        f"m{number}",
        sequence=str(number),
        content=Text(content),
        status=status,
        accepted_at="2026-01-01T12:34:56.789Z",
    )


def test_every_component_is_shown_with_process_port_memory_and_health() -> None:
    seen = Inspection(
        folder="/a/folder",
        phase=Phase.READY,
        api_url="http://127.0.0.1:1/api",
        components=(
            ComponentUse(
                "ministack", Health.UP, ProcessUse(101, 94_000_000), {"ministack": "http://127.0.0.1:4711"}
            ),
            ComponentUse("nanio", Health.DOWN, None, {"nanio": "http://127.0.0.1:4712"}),
        ),
        functions=(FunctionUse("chat4all-api", (ProcessUse(102, 40_000_000), ProcessUse(103, 41_000_000))),),
        memory=175_000_000,
        ended="",
    )
    rows = [line.split() for line in text(status_table(seen)).splitlines()]
    assert ["ministack", "101", "4711", "94", "MB", "UP"] in rows
    assert ["nanio", "4712", "DOWN"] in rows
    assert ["chat4all-api", "102", "103", "81", "MB", "UP"] in rows
    assert ["total", "175", "MB"] in rows


def test_only_what_is_new_or_went_on_is_shown_oldest_first() -> None:
    shown: dict[str, str] = {}
    assert [
        shown_message.sequence for shown_message in changed_messages((message(2), message(1)), shown)
    ] == ["1", "2"]
    assert list(changed_messages((message(2), message(1)), shown)) == []
    went_on = (message(3), message(2, "SENT"), message(1))
    assert [
        (shown_message.sequence, shown_message.status) for shown_message in changed_messages(went_on, shown)
    ] == [("2", "SENT"), ("3", "PENDING")]


def test_a_message_is_shown_with_time_number_status_and_sender() -> None:
    line = render_message(message(7, "READ", "[red]olá[/]"), "Maria").plain
    assert line == "12:34:56 READ      Maria: [red]olá[/]"


def test_a_failed_message_is_shown_with_the_reason() -> None:
    failed = replace(message(7, "FAILED"), error=ErrorView("UNREACHABLE", "not on WhatsApp"))
    assert render_message(failed, "Ann").plain.endswith("Ann: hello  (UNREACHABLE: not on WhatsApp)")


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(
        api_url="http://127.0.0.1:1/api",
        api_key="c4a_00000000_x",
        simulators={},
        aws=Aws("http://127.0.0.1:1", "http://127.0.0.1:2"),
        folder=StateFolder(tmp_path),
        backend="ministack",
    )


def test_up_ends_with_the_addresses_the_key_and_three_commands(cloud: Cloud) -> None:
    shown = text(welcome(cloud))
    assert "http://127.0.0.1:1/api/v1\n" in shown
    assert "http://127.0.0.1:1/api/docs\n" in shown
    assert "c4a_00000000_x" in shown
    assert "clean stop" not in shown
    assert len(next_commands(cloud)) == 3
    assert all(command in shown for command in next_commands(cloud))


def test_up_says_what_was_recovered_after_a_kill(cloud: Cloud) -> None:
    cloud.folder.create()
    cloud.folder.write(State(recovery="replayed 1,234 changes of 3 services in 0.2 s"))

    first, *_ = text(welcome(cloud)).splitlines()

    assert first == (
        "The local cloud did not end with a clean stop: replayed 1,234 changes of 3 services in 0.2 s."
    )
