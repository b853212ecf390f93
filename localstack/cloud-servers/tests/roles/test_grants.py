"""A function's role and S3: nanio asks MiniStack."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from ministack import app
from ministack.services import iam, lambda_svc
from nanio.auth.middleware import SigV4Middleware
from nanio.errors import AccessDenied

from ministack_server import grants, roles
from nanio_server import role_grants

ACCOUNT = "000000000000"
FUNCTION = {
    "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
    "FunctionName": "f",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/files-role",
}
GRANTS = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
    "Resource": "arn:aws:s3:::bucket/files/*",
}
GRANTED = [
    ("GET", "/bucket/files/a", ""),
    ("HEAD", "/bucket/files/a", ""),
    ("PUT", "/bucket/files/a", ""),
    ("POST", "/bucket/files/a", "uploads"),
    ("PUT", "/bucket/files/a", "partNumber=1&uploadId=u"),
    ("POST", "/bucket/files/a", "uploadId=u"),
    ("DELETE", "/bucket/files/a", "uploadId=u"),
]
DENIED = [
    ("GET", "/bucket/other/a", ""),
    ("GET", "/other/files/a", ""),
    ("DELETE", "/bucket/files/a", ""),
    ("GET", "/bucket/files/a", "uploadId=u"),  # lists the parts
    ("GET", "/bucket", "list-type=2"),
    ("GET", "/", ""),
]


@pytest.fixture
def access_key(with_roles: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The access key of a function whose role has GRANTS, on a MiniStack with roles."""
    monkeypatch.setattr(app, "app", app.app)
    roles.install()
    policies = {"p": json.dumps({"Statement": GRANTS})}
    role = {"RoleName": "files-role", "InlinePolicies": policies, "AttachedPolicies": []}
    iam._roles.set_scoped(ACCOUNT, None, "files-role", role)
    grants.install()
    return str(lambda_svc.execution_credentials(FUNCTION)["AWS_ACCESS_KEY_ID"])


def _status(access_key: str, method: str, path: str, query: str) -> int:
    sent: list[dict[str, int]] = []
    asked = urlencode({"access_key": access_key, "method": method, "path": path, "query": query})
    scope = {"type": "http", "path": grants.PATH, "query_string": asked.encode()}

    async def send(message: dict[str, int]) -> None:
        sent.append(message)

    asyncio.run(app.app(scope, None, send))
    return sent[0]["status"]


@pytest.mark.parametrize(("method", "path", "query"), GRANTED)
def test_ministack_allows_what_the_role_grants(access_key: str, method: str, path: str, query: str) -> None:
    assert _status(access_key, method, path, query) == 200


@pytest.mark.parametrize(("method", "path", "query"), DENIED)
def test_ministack_denies_everything_else(access_key: str, method: str, path: str, query: str) -> None:
    assert _status(access_key, method, path, query) == 403


def test_an_unknown_key_is_granted_nothing(access_key: str) -> None:
    assert _status(f"{access_key}X", *GRANTED[0]) == 403


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """The questions to a MiniStack that grants GET only."""
    questions: list[dict[str, str]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            question = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            questions.append(question)
            self.send_response(200 if question["method"] == "GET" else 403)
            self.send_header("content-length", "0")
            self.end_headers()  # HTTP/1.0: the connection ends after each answer

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    monkeypatch.setattr(SigV4Middleware, "_verify", SigV4Middleware._verify)
    monkeypatch.setattr(role_grants, "_verify", lambda _, request: SimpleNamespace(access_key=request.key))
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        serving = Thread(target=server.serve_forever)
        serving.start()
        role_grants.install()
        yield questions
        server.shutdown()
        serving.join()


def _verified(key: str, method: str) -> object:
    url = SimpleNamespace(path="/bucket/files/a b", query="partNumber=1")
    middleware = SigV4Middleware(None, credentials=None)
    verified: object = middleware._verify(SimpleNamespace(key=key, method=method, url=url))
    return verified


def test_nanio_asks_for_what_a_function_signed_and_refuses_what_is_not_granted(
    asked: list[dict[str, str]],
) -> None:
    for _ in range(2):
        _verified("ASIA1", "GET")
    with pytest.raises(AccessDenied):
        _verified("ASIA1", "PUT")

    question = {"access_key": "ASIA1", "path": "/bucket/files/a b", "query": "partNumber=1"}
    assert asked == [{**question, "method": method} for method in ("GET", "GET", "PUT")]


def test_nanio_does_not_ask_for_the_account(asked: list[dict[str, str]]) -> None:
    _verified(ACCOUNT, "PUT")

    assert asked == []
