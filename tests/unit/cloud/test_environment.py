import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.checkout import runtime
from chat4all_local.cloud.environment import component_environment, tool_environment
from chat4all_local.cloud.settings import RUN_MARK
from tests.unit.serving import serving

FOREIGN = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "a real one",
    "AWS_ACCESS_KEY_ID": "a real one",
    "AWS_ENDPOINT_URL": "https://elsewhere.example",
    "PYTHONPATH": "/elsewhere",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@pytest.fixture(autouse=True)
def _someone_with_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("make", [component_environment, tool_environment])
def test_nothing_of_the_users_aws_settings_comes_through(
    make: Callable[[str, dict[str, str]], dict[str, str]],
) -> None:
    made = make("run", {})
    assert not {name for name, value in FOREIGN.items() if made.get(name) == value}
    assert made["AWS_CONFIG_FILE"] == os.devnull
    assert made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_everything_started_carries_the_mark_of_its_run() -> None:
    assert component_environment("run-1", {})[RUN_MARK] == "run-1"
    assert tool_environment("run-1", {})[RUN_MARK] == "run-1"


def test_what_a_component_asks_for_wins() -> None:
    assert component_environment("run", {"TZ": "America/Sao_Paulo"})["TZ"] == "America/Sao_Paulo"


def test_the_interpreter_of_the_functions_runtime_is_found_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    first = tool_environment("run", {})["PATH"].split(os.pathsep)[0]
    assert os.access(Path(first) / runtime(), os.X_OK)


def test_a_tool_reaches_the_registry_as_the_user_does_and_the_cloud_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    made = tool_environment("run", {})
    assert made["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert made["NO_PROXY"] == "127.0.0.1"
    monkeypatch.setenv("NO_PROXY", "pypi.example")
    assert tool_environment("run", {})["no_proxy"] == "pypi.example,127.0.0.1"
    assert "HTTPS_PROXY" not in component_environment("run", {})


def test_the_cloud_is_asked_directly_whatever_proxy_the_user_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with serving(Answers) as here:
        assert "QueueUrls" not in Aws(here, here).sqs().list_queues()
