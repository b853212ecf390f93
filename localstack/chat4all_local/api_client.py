"""A small client of the public API, for the command line, the demo and the tests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from msgspec.structs import asdict

from chat4all.domain.content import Plain
from chat4all.domain.templates import NewTemplate
from chat4all.entrypoints.http.answers import ErrorBody
from chat4all.entrypoints.http.batches import (
    BatchRecipientPage,
    BatchRecipientView,
    BatchView,
    CreatedBatchView,
    PostedRecipient,
)
from chat4all.entrypoints.http.conversations import ConversationPage, ConversationView
from chat4all.entrypoints.http.dead_letters import DeadLetterPage, DeadLetterView
from chat4all.entrypoints.http.files import FileView, LinkView, UploadView
from chat4all.entrypoints.http.message_views import MessagePage, MessageView, ProgressView
from chat4all.entrypoints.http.messages import AcceptedView
from chat4all.entrypoints.http.search import HitPage
from chat4all.entrypoints.http.templates import TemplateView
from chat4all.entrypoints.http.users import PostIdentity, UserPage, UserView
from chat4all.services.inbound.replay_webhooks import Replayed
from chat4all.services.recovery.redrive import Redriven
from chat4all.services.search.ports import Rebuild

Shape = TypeVar("Shape")
Body = Mapping[str, object]

_PAGE = 100


class ApiError(Exception):
    """The API refused the request: `status` is the HTTP status, `body` the body of its answer."""

    def __init__(self, status: int, body: ErrorBody) -> None:
        super().__init__(f"{status} {body.error}: {body.message}")
        self.status = status
        self.body = body


class ApiUnreachable(Exception):
    """The API did not answer, or its answer is not valid JSON of the expected shape."""


class ApiClient:
    """A thread-safe client that keeps up to `connections` connections open. `api_url` ends before `/v1`.

    The client retries nothing. If the answer of a POST is lost, the caller repeats it with the same
    message_id.
    """

    def __init__(self, api_url: str, api_key: str, *, timeout: float = 30.0, connections: int = 10) -> None:
        self._base = f"{api_url}/v1"
        self._key = api_key
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False, timeout=timeout)

    def create_user(
        self,
        kind: str,
        display_name: str,
        identities: Sequence[PostIdentity] = (),
        metadata: Body | None = None,
    ) -> UserView:
        """Create a user; `kind` is AGENT or CUSTOMER."""
        linked = [_without_none(asdict(identity)) for identity in identities]
        body = {"type": kind, "display_name": display_name, "identities": linked, "metadata": metadata}
        return self._call("POST", "/users", UserView, _without_none(body))

    def user(self, user_id: str) -> UserView:
        return self._call("GET", f"/users/{_segment(user_id)}", UserView)

    def users(self, kind: str) -> Iterator[UserView]:
        """Yield every user of a kind, AGENT or CUSTOMER, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._call("GET", _paged("/users", cursor, _PAGE, type=kind), UserPage)
            yield from page.users
            cursor = page.next_cursor

    def create_conversation(
        self,
        kind: str,
        participants: Sequence[str],
        *,
        title: str | None = None,
        primary_channel: str | None = None,
    ) -> ConversationView:
        """Create a conversation; `kind` is 1:1 or GROUP, and `participants` are user ids."""
        body = {
            "type": kind,
            "participants": list(participants),
            "title": title,
            "primary_channel": primary_channel,
        }
        return self._call("POST", "/conversations", ConversationView, _without_none(body))

    def conversation(self, conversation_id: str) -> ConversationView:
        return self._call("GET", f"/conversations/{_segment(conversation_id)}", ConversationView)

    def conversations(self) -> Iterator[ConversationView]:
        """Yield all conversations, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._call("GET", _paged("/conversations", cursor, _PAGE), ConversationPage)
            yield from page.conversations
            cursor = page.next_cursor

    def send(
        self,
        conversation_id: str,
        sender_id: str,
        content: str | Plain,
        *,
        message_id: str | None = None,
        channel: str | None = None,
        reply_to: str | None = None,
        file_id: str | None = None,
    ) -> AcceptedView:
        body = {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "sender_id": sender_id,
            "content": content if file_id is None else {"type": "media", "file_id": file_id, "text": content},
            "channel": channel,
            "reply_to": reply_to,
        }
        return self._call("POST", "/messages", AcceptedView, _without_none(body))

    def message_status(self, message_id: str) -> ProgressView:
        return self._call("GET", f"/messages/{_segment(message_id)}/status", ProgressView)

    def create_template(self, channel: str, template: NewTemplate) -> TemplateView:
        """Submit a template to the provider, which reviews it."""
        path = f"/channels/{_segment(channel)}/templates"
        return self._call("POST", path, TemplateView, msgspec.to_builtins(template))

    def create_batch(
        self, batch_id: str, sender_id: str, text: str, recipients: Sequence[PostedRecipient]
    ) -> CreatedBatchView:
        named = [_without_none(asdict(recipient)) for recipient in recipients]
        body = {"batch_id": batch_id, "sender_id": sender_id, "content": text, "recipients": named}
        return self._call("POST", "/batches", CreatedBatchView, body)

    def batch(self, batch_id: str) -> BatchView:
        return self._call("GET", f"/batches/{_segment(batch_id)}", BatchView)

    def batch_recipients(self, batch_id: str) -> Iterator[BatchRecipientView]:
        """Yield every recipient of the batch, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            path = _paged(f"/batches/{_segment(batch_id)}/recipients", cursor, _PAGE)
            page = self._call("GET", path, BatchRecipientPage)
            yield from page.recipients
            cursor = page.next_cursor

    def history_page(self, conversation_id: str, *, limit: int = _PAGE, cursor: str = "") -> MessagePage:
        path = f"/conversations/{_segment(conversation_id)}/messages"
        return self._call("GET", _paged(path, cursor, limit), MessagePage)

    def history(self, conversation_id: str) -> Iterator[MessageView]:
        """Yield every message of the conversation, newest first."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.history_page(conversation_id, cursor=cursor)
            yield from page.messages
            cursor = page.next_cursor

    def replay_webhooks(
        self, webhook_ids: Sequence[str], *, channel: str | None, since: str | None, until: str | None
    ) -> Iterator[Replayed]:
        """Replay the webhooks `webhook_ids`, or all that arrived in the time span, page by page."""
        time = {"channel": channel, "from": since, "to": until}
        for start in range(0, len(webhook_ids), _PAGE):
            named = {**time, "webhook_ids": list(webhook_ids[start : start + _PAGE])}
            yield self._call("POST", "/webhooks/replay", Replayed, _without_none(named))
        cursor: str | None = "" if not webhook_ids else None
        while cursor is not None:
            asked = {**time, "cursor": cursor or None}
            page = self._call("POST", "/webhooks/replay", Replayed, _without_none(asked))
            yield page
            cursor = page.next_cursor

    def search(self, words: str, kind: str, limit: int) -> HitPage:
        """Return the first page of results; `kind` is message, person or note."""
        query = urlencode({"q": words, "type": kind, "limit": limit})
        return self._call("GET", f"/search?{query}", HitPage)

    def start_rebuild(self) -> Rebuild:
        """Begin to build the index of words again."""
        return self._call("POST", "/search/rebuild", Rebuild)

    def rebuild(self) -> Rebuild:
        """Return how far the latest rebuild is."""
        return self._call("GET", "/search/rebuild", Rebuild)

    def dead_letters(self, channel: str | None) -> Iterator[DeadLetterView]:
        """Yield the dead letters of `channel`, or all.

        Those of a conversation are in the order in which the API accepted the messages.
        """
        cursor: str | None = ""
        filters = {"channel": channel} if channel else {}
        while cursor is not None:
            page = self._call("GET", _paged("/dead-letters", cursor, _PAGE, **filters), DeadLetterPage)
            yield from page.dead_letters
            cursor = page.next_cursor

    def redrive(self, dead_letter_id: str) -> Redriven:
        return self._call("POST", "/dead-letters/redrive", Redriven, {"dead_letter_id": dead_letter_id})

    def redrive_many(self, channel: str | None) -> Iterator[Redriven]:
        """Redrive every dead letter of `channel`, or all, page by page."""
        chosen: Body = {"channel": channel} if channel else {"all": True}
        cursor: str | None = ""
        while cursor is not None:
            asked = {**chosen, "cursor": cursor or None}
            page = self._call("POST", "/dead-letters/redrive", Redriven, _without_none(asked))
            yield page
            cursor = page.next_cursor

    def retry(self, message_id: str) -> AcceptedView:
        return self._call("POST", f"/messages/{_segment(message_id)}/retry", AcceptedView, {})

    @property
    def url(self) -> str:
        """Return the address of the API, with its version."""
        return self._base

    def create_file(
        self, filename: str, size: int, content_type: str, conversation_id: str | None = None
    ) -> UploadView:
        body = {
            "filename": filename,
            "size": size,
            "content_type": content_type,
            "conversation_id": conversation_id,
        }
        return self._call("POST", "/files", UploadView, _without_none(body))

    def file(self, file_id: str) -> FileView:
        return self._call("GET", f"/files/{_segment(file_id)}", FileView)

    def file_parts(self, file_id: str, start: int) -> UploadView:
        return self._call("GET", f"/files/{_segment(file_id)}/parts?from={start}", UploadView)

    def complete_file(self, file_id: str) -> FileView:
        return self._call("POST", f"/files/{_segment(file_id)}/complete", FileView, {})

    def file_link(self, file_id: str) -> LinkView:
        return self._call("GET", f"/files/{_segment(file_id)}/download", LinkView)

    def _call(self, method: str, path: str, shape: type[Shape], body: Body | None = None) -> Shape:
        """Call the API, and return its answer decoded as `shape`. Raises ApiError, ApiUnreachable."""
        headers = {"X-API-Key": self._key}
        payload = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = msgspec.json.encode(body)
        try:
            answer = self._pool.request(method, self._base + path, body=payload, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(f"the API does not answer at {self._base}: {error}") from error
        if answer.status >= 400:
            raise _error_of(answer.status, answer.data)
        try:
            return msgspec.json.decode(answer.data, type=shape)
        except msgspec.MsgspecError as error:
            raise ApiUnreachable(f"the answer to {method} {path} has the wrong form: {error}") from error


def _error_of(status: int, data: bytes) -> Exception:
    try:
        return ApiError(status, msgspec.json.decode(data, type=ErrorBody))
    except msgspec.MsgspecError:
        return ApiUnreachable(f"the API answered {status}: {data[:200].decode(errors='replace')}")


def _segment(identifier: str) -> str:
    """Percent-encode a segment of a path."""
    return quote(identifier, safe="")


def _paged(path: str, cursor: str, limit: int, **filters: str) -> str:
    query = {"limit": str(limit), **filters} | ({"cursor": cursor} if cursor else {})
    return f"{path}?{urlencode(query)}"


def _without_none(body: Body) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
