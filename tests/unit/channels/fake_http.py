"""A fake HTTP client: it gives the answers that a test sets, and records the requests."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all.channels.shared.file_part import FilePart, SourceFailed
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.domain.channel import Transfer
from chat4all.domain.content import Text
from chat4all.domain.files.file import FILE_TYPES
from chat4all.domain.sending import OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret, Connector, WebhookRequest

DELIVERY_ID = "11111111-1111-4111-8111-111111111111|u-1|channel|1"
SECRET = ChannelSecret(
    account_id="106540352242922",
    access_token="123456:token",
    webhook_secret="webhook-secret",
    verify_token="verify-token",
)


def webhook_request(headers: dict[str, str], body: bytes) -> WebhookRequest:
    return WebhookRequest("https://chat.example/v1/webhooks/channel", headers, body)


class Request(msgspec.Struct, frozen=True):
    url: str
    body: bytes
    headers: dict[str, str]
    linked_bytes: int = 0


class PostedForm(msgspec.Struct, frozen=True):
    url: str
    fields: dict[str, Sequence[str]]
    headers: dict[str, str]


class Upload(msgspec.Struct, frozen=True):
    url: str
    fields: dict[str, str]
    file: FilePart


class FakeHttp(HttpClient):
    """A client that needs a prepared answer for each request; `spent` tells whether all answers were used."""

    def __init__(self, *answers: HttpAnswer | NetworkFailure | SourceFailed) -> None:
        super().__init__()
        self._answers = list(answers)
        self.requests: list[Request] = []
        self.called: list[tuple[str, str]] = []
        """The methods and addresses of requests without a body."""
        self.forms: list[PostedForm] = []
        self.uploads: list[Upload] = []

    def post_json(
        self, url: str, body: bytes, headers: Mapping[str, str] | None = None, linked_bytes: int = 0
    ) -> HttpAnswer | NetworkFailure:
        assert self._answers, f"nobody expected a request to {url}"
        msgspec.json.decode(body)
        self.requests.append(Request(url, body, dict(headers or {}), linked_bytes))
        return self._next()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer | NetworkFailure:
        return self._call("GET", url)

    def delete(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer | NetworkFailure:
        return self._call("DELETE", url)

    def _call(self, method: str, url: str) -> HttpAnswer | NetworkFailure:
        assert self._answers, f"nobody expected a request to {url}"
        self.called.append((method, url))
        return self._next()

    def post_form(
        self, url: str, fields: Mapping[str, Sequence[str]], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer | NetworkFailure:
        assert self._answers, f"nobody expected a request to {url}"
        self.forms.append(PostedForm(url, dict(fields), dict(headers or {})))
        return self._next()

    def post_multipart(
        self, url: str, fields: Mapping[str, str], file: FilePart
    ) -> HttpAnswer | NetworkFailure:
        assert self._answers, f"nobody expected an upload to {url}"
        self.uploads.append(Upload(url, dict(fields), file))
        return self._next()

    def _next(self) -> HttpAnswer | NetworkFailure:
        answer = self._answers.pop(0)
        if isinstance(answer, SourceFailed):
            raise answer
        return answer

    @property
    def spent(self) -> bool:
        return not self._answers

    def sent_json(self) -> object:
        (request,) = self.requests
        return msgspec.json.decode(request.body)


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> HttpAnswer:
    return HttpAnswer(status, headers or {}, msgspec.json.encode(body))


def graph_error(status: int, code: int, headers: dict[str, str] | None = None) -> HttpAnswer:
    error = {"message": f"(#{code}) whatever", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return answer(status, {"error": error}, headers)


def submission(address: str, text: str = "Hello", quoted: str | None = None) -> Submission:
    return Submission(DELIVERY_ID, "main", address, Text(text), quoted_provider_message_id=quoted)


def file_submission(
    address: str,
    content_type: str,
    *,
    caption: str = "",
    transfer: Transfer = Transfer.LINK,
    quoted: str | None = None,
) -> Submission:
    """Build a submission of the file `invoice` at https://store.example/invoice."""
    file_type = FILE_TYPES[content_type]
    name = f"invoice.{file_type.extensions[0]}"
    url = "https://store.example/invoice?signed=1"
    media = OutgoingMedia(file_type.kind, content_type, name, 1000, transfer, url, caption)
    return Submission(DELIVERY_ID, "main", address, media, quoted_provider_message_id=quoted)


def error_of(connector: Connector, address: str) -> SendError:
    result = connector.send(submission(address), SECRET)
    assert isinstance(result, SendError)
    return result


def sent_of(connector: Connector, address: str) -> Sent:
    result = connector.send(submission(address), SECRET)
    assert isinstance(result, Sent)
    return result
