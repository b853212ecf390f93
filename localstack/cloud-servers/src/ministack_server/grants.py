"""The answer to nanio's question whether a function's role grants a request of S3.

nanio keeps the files, and MiniStack the roles. `GET /_roles/s3?access_key=...&method=...&path=...&query=...`
is answered with 200 if the role grants the request, and with 403 if it does not.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region

PATH: Final = "/_roles/s3"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def install() -> None:
    """Put the answer before MiniStack's application."""
    application = app.app

    async def answer_or_pass(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await _answer(scope, send)
        else:
            await application(scope, receive, send)

    app.app = answer_or_pass


async def _answer(scope: Scope, send: Send) -> None:
    asked = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    is_granted = _is_granted(asked["access_key"], asked["method"], asked["path"], asked.get("query", ""))
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200 if is_granted else 403, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _is_granted(access_key: str, method: str, path: str, query: str) -> bool:
    """Return whether the role of `access_key` grants the action on the bucket or object."""
    parameters = parse_qs(query, keep_blank_values=True)
    action = iam_actions.extract_iam_action("s3", method, path, {}, b"", parameters)
    resource = iam_actions.extract_resource_arn("s3", method, path, {}, b"", parameters, "", "")
    return (
        action is not None and iam_evaluator.enforce(access_key, action, "s3", get_region(), resource) is None
    )
