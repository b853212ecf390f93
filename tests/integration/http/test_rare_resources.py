"""`api` loads what few requests are about when the first of them comes."""

import subprocess
import sys
from typing import Final

import pytest
from chalice.app import Chalice

from chat4all.bootstrap import api as api_function
from chat4all.bootstrap.settings import ApiSettings
from chat4all.entrypoints.http.conversations import ConversationViews
from chat4all.entrypoints.http.lazy import LazyApp
from chat4all.entrypoints.http.messages import MessageViews
from chat4all.entrypoints.http.routes import routes_of
from chat4all.entrypoints.http.windows import WindowViews
from tests.integration.aws import Aws
from tests.integration.http.gateway import Gateway
from tests.integration.template import environment, functions

FREQUENT: Final = {
    route.path for views in (MessageViews, ConversationViews, WindowViews) for route in routes_of(views)
}
RARE: Final = ("files", "dead_letters", "audit", "users", "channels", "health", "description")


def _loaded(api: LazyApp) -> Chalice:
    """Return the chalice app as a start leaves it."""
    return api._app


def test_a_request_about_messages_loads_no_other_resource(api_settings: ApiSettings, key: str) -> None:
    lazy, whole = api_function.app(api_settings), api_function.app(api_settings).whole()
    gateway = Gateway(whole, key, lazy)

    assert gateway.get("/v1/messages/unknown").status == 404
    assert gateway.get("/v1/conversations/unknown/messages").status == 404
    assert set(_loaded(lazy).routes) == FREQUENT


@pytest.mark.parametrize(
    "path", ["/v1/users", "/v1/health", "/v1/dead-letters", "/v1/audit", "/v1/channels", "/openapi.json"]
)
def test_the_first_request_about_another_resource_is_answered(
    path: str, api_settings: ApiSettings, key: str
) -> None:
    lazy, whole = api_function.app(api_settings), api_function.app(api_settings).whole()
    gateway = Gateway(whole, key, lazy)

    assert [gateway.get(path).status for _ in range(2)] == [200, 200]
    assert gateway.get("/v1/messages/unknown").status == 404
    assert set(_loaded(lazy).routes) == set(whole.routes)


def test_the_import_of_the_function_loads_no_rare_resource() -> None:
    names = ", ".join(f"'chat4all.entrypoints.http.{name}'" for name in RARE)
    code = f"import sys, chat4all.bootstrap.api; print(*({{{names}}} & sys.modules.keys()))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == []


def test_a_snapshot_has_every_resource(
    api_settings: ApiSettings, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(LazyApp, "whole", lambda self: loaded.append("whole"))
    for name, value in environment(functions(aws.template)["api"]).items():
        monkeypatch.setenv(name, str(value))

    api_function.handler()
    assert loaded == []

    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    api_function.handler()
    assert loaded == ["whole"]
