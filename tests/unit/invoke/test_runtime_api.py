from collections.abc import Iterator
from http import HTTPStatus

import pytest
import urllib3

from chat4all_local.invoke.runtime_api import Answer, Begun, Failure, Invocation, RuntimeApi, serving

INVOCATION = Invocation("request-1", "arn:aws:lambda:us-east-1:123456789012:function:it", b'{"a": 1}', 30.0)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with serving(INVOCATION) as running:
        yield running


def ask(api: RuntimeApi, method: str, path: str, body: bytes = b"") -> urllib3.BaseHTTPResponse:
    url = f"http://{api.address}/2018-06-01/runtime/{path}"
    return urllib3.request(method, url, body=body, retries=False, timeout=10.0)


def test_it_listens_on_this_machine_only(api: RuntimeApi) -> None:
    assert api.address.startswith("127.0.0.1:")


def test_the_event_is_given_out_with_what_belongs_to_it(api: RuntimeApi) -> None:
    given = ask(api, "GET", "invocation/next")

    assert (given.status, given.data) == (HTTPStatus.OK, INVOCATION.event)
    assert given.headers["Content-Type"] == "application/json"
    assert given.headers["Lambda-Runtime-Aws-Request-Id"] == "request-1"
    assert given.headers["Lambda-Runtime-Invoked-Function-Arn"] == INVOCATION.function_arn
    assert given.headers["Lambda-Runtime-Deadline-Ms"].isdigit()
    assert api.news.get(timeout=10) == Begun()


def test_an_answer_is_news(api: RuntimeApi) -> None:
    taken = ask(api, "POST", "invocation/request-1/response", b'{"done": true}')

    assert taken.status == HTTPStatus.ACCEPTED
    assert api.news.get(timeout=10) == Answer(b'{"done": true}')


@pytest.mark.parametrize("path", ["invocation/request-1/error", "init/error"])
def test_an_error_is_news(api: RuntimeApi, path: str) -> None:
    said = b'{"errorMessage": "no table", "errorType": "KeyError", "stackTrace": []}'

    assert ask(api, "POST", path, said).status == HTTPStatus.ACCEPTED
    assert api.news.get(timeout=10) == Failure("KeyError", "no table")


def test_an_error_in_another_form_is_told_as_it_is(api: RuntimeApi) -> None:
    ask(api, "POST", "init/error", b"out of luck")

    assert api.news.get(timeout=10) == Failure("Runtime.Unknown", "out of luck")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "invocation/request-1"), ("POST", "invocation/request-2/response"), ("POST", "invocation/next")],
)
def test_what_the_runtime_api_does_not_have_is_not_found(api: RuntimeApi, method: str, path: str) -> None:
    assert ask(api, method, path).status == HTTPStatus.NOT_FOUND
    assert api.news.empty()
