import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from chat4all_local.cloud.answering import wait_until_answering
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.errors import ComponentFailed
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.launch import Launched
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.state import Component, ProcessId
from tests.unit.cloud.conftest import Start
from tests.unit.serving import serving


class Handler(BaseHTTPRequestHandler):
    """The API for GET, which repeats the last of its answers, and CloudWatch Logs for POST."""

    answers: ClassVar[list[tuple[int, bytes]]]
    asked: ClassVar[list[str]]
    logged: ClassVar[tuple[int, object]]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self._send(*(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.logged
        self._send(status, msgspec.json.encode(body))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


CloudAt = Callable[[str], Cloud]


@pytest.fixture
def cloud_on(tmp_path: Path) -> Iterator[CloudAt]:
    Handler.asked = []
    Handler.logged = (200, {"events": [{"timestamp": 1, "message": "no module named chat4all\n"}]})
    with serving(Handler) as here:
        yield lambda backend: Cloud(
            f"{here}/api", "key", {}, Aws(here, here), StateFolder(tmp_path), backend=backend
        )


def test_it_waits_until_the_api_says_that_it_is_well(cloud_on: CloudAt) -> None:
    Handler.answers = [(502, b""), (503, b'{"status": "DOWN"}'), (200, b'{"status": "UP"}')]

    wait_until_answering(cloud_on("ministack"), [])

    assert Handler.asked == ["/api/v1/health"] * 3


def test_what_never_is_well_is_told_with_its_last_answer_and_what_it_logged(cloud_on: CloudAt) -> None:
    Handler.answers = [(502, b'{"message": "Internal server error"}')]
    cloud = cloud_on("ministack")

    with pytest.raises(ComponentFailed, match="/api/v1/health: 502") as failure:
        wait_until_answering(cloud, [], within=0)

    assert failure.value.log.splitlines() == [
        '{"message": "Internal server error"}',
        "no module named chat4all",
    ]
    assert str(cloud.folder.logs) in failure.value.advice


def test_somebody_elses_cloud_may_hold_what_is_in_the_way(cloud_on: CloudAt) -> None:
    Handler.answers = [(502, b"")]

    with pytest.raises(ComponentFailed) as failure:
        wait_until_answering(cloud_on("external"), [], within=0)

    assert "restart that cloud with no data" in failure.value.advice


def test_logs_that_cannot_be_read_hide_no_failure(cloud_on: CloudAt) -> None:
    Handler.answers = [(500, b"")]
    Handler.logged = (400, {"__type": "AccessDeniedException", "message": "not you"})

    with pytest.raises(ComponentFailed, match="/api/v1/health: 500") as failure:
        wait_until_answering(cloud_on("ministack"), [], within=0)

    assert "cannot be read" in failure.value.log


def test_a_component_that_ends_meanwhile_is_not_waited_for(
    cloud_on: CloudAt, python: Start, tmp_path: Path
) -> None:
    Handler.answers = [(502, b"")]
    process = python("raise SystemExit(3)")
    process.wait()
    component = Component("ministack", ProcessId(process.pid, 0), {}, "ministack.log")

    with pytest.raises(ComponentFailed, match=re.escape("ministack ended (exit 3)")):
        wait_until_answering(
            cloud_on("ministack"), [Launched(component, process, tmp_path / "ministack.log", 1)]
        )
