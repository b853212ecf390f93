"""The public API over plain HTTP, so that a test can send requests that no well-behaved client sends."""

from typing import TypeVar

import httpx
import msgspec

from tests.e2e.shapes import (
    Accepted,
    Conversation,
    ConversationPage,
    ErrorBody,
    History,
    Message,
    Progress,
    User,
)
from tests.fakes.windows import just_now

Shape = TypeVar("Shape")


class Api:
    """A client of the API at `url`, which ends before `/v1`.

    It retries nothing. Several threads may share it.
    """

    def __init__(self, url: str, key: str | None) -> None:
        headers = {"x-api-key": key} if key is not None else {}
        self._http = httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=60.0, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request. `body` is sent as JSON, `content` as it is."""
        data = msgspec.json.encode(body) if body is not None else content
        sent = {"content-type": "application/json"} if data is not None else {}
        return self._http.request(
            method, path, content=data, headers={**sent, **(headers or {})}, params=query
        )

    def post_message(self, body: dict[str, str]) -> httpx.Response:
        return self.call("POST", "/messages", body)

    def create_user(self, kind: str, name: str, identities: list[dict[str, str]]) -> User:
        """Create a user. Whoever has an identity has just written from there, unless it has a `wrote_at`."""
        known = [{"wrote_at": just_now(), **identity} for identity in identities]
        body = {"type": kind, "display_name": name, "identities": known}
        return read(self.call("POST", "/users", body), User, 201)

    def create_conversation(self, kind: str, participants: list[str]) -> Conversation:
        body = {"type": kind, "participants": participants}
        return read(self.call("POST", "/conversations", body), Conversation, 201)

    def conversations_of(self, user_id: str) -> tuple[Conversation, ...]:
        found = self.call("GET", "/conversations", query={"user_id": user_id})
        return read(found, ConversationPage).conversations

    def send(self, body: dict[str, str]) -> Accepted:
        return read(self.post_message(body), Accepted, 202)

    def message(self, message_id: str) -> Message:
        return read(self.call("GET", f"/messages/{message_id}"), Message)

    def progress(self, message_id: str) -> Progress:
        return read(self.call("GET", f"/messages/{message_id}/status"), Progress)

    def history_page(self, conversation_id: str, **query: str) -> History:
        return read(self.call("GET", f"/conversations/{conversation_id}/messages", query=query), History)


def read(answer: httpx.Response, shape: type[Shape], status: int = 200) -> Shape:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    return msgspec.json.decode(answer.content, type=shape)


def refusal(answer: httpx.Response) -> ErrorBody:
    """Return the error of an answer, which must have the API's error shape."""
    assert answer.status_code >= 400, answer.text
    return msgspec.json.decode(answer.content, type=ErrorBody)
