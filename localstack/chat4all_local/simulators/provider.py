"""The port that a simulated provider implements: what it accepts, answers and reports, without HTTP."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from chat4all_local.simulators.control_api import (
    Customer,
    InboundRequest,
    Json,
    OwnReport,
    Signature,
    TemplateChange,
    WebhookAnswer,
)
from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.rates import RateLimit
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.media_shelf import ShelfItem


class Call(msgspec.Struct, frozen=True):
    """A request to the provider; `headers` have lower-case names.

    For a form with files, `form` holds the body and `body` is empty. If the body is larger than the provider
    takes, only `too_large` is set. If the body is a malformed form, only `form_problem` is set.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    form: Form | None = None
    form_problem: str | None = None
    too_large: bool = False


class Answer(msgspec.Struct, frozen=True):
    """The provider's answer; `code` is its error code, or None without an error."""

    status: int
    body: bytes
    code: int | None = None
    retry_after: int | None = None
    content_type: str = "application/json"
    location: str | None = None


class Order(msgspec.Struct, frozen=True):
    """A well-formed request to send a message to a customer, who may be unknown.

    With `media`, `text` is the caption, or None without a caption. A message that is neither a text nor a
    file has its `content` as the request gave it, and the provider's word for it in `sent_as`.
    """

    address: str
    text: str | None
    input: str
    """The recipient as the request spelled them."""
    callback_data: str | None = None
    callback_url: str = ""
    """The URL for reports on this message, if it is not the URL for all messages."""
    quoted: str | None = None
    customer: Customer | None = None
    media: OutgoingMedia | None = None
    account_id: str | None = None
    """The account that sends, where a business has several."""
    sent_as: str = "text"
    content: Json = None
    album: tuple["Order", ...] = ()
    """The messages that are sent with this one, as one album."""
    more_media: tuple[OutgoingMedia, ...] = ()
    """The further files of this message."""
    most_bytes: int | None = None
    """Of all files of this message together; None: the provider has no such limit."""

    @property
    def files(self) -> tuple[OutgoingMedia, ...]:
        return (self.media, *self.more_media) if self.media is not None else ()

    def with_files(self, files: Sequence[OutgoingMedia]) -> "Order":
        first, *others = files
        return msgspec.structs.replace(self, media=first, more_media=tuple(others))

    @property
    def kind(self) -> str:
        return self.media.kind if self.media and self.sent_as != "template" else self.sent_as


class Refused(msgspec.Struct, frozen=True):
    """A request to send that is refused; `order` is set if the request could be read."""

    answer: Answer
    authorized: bool = True
    order: Order | None = None


class Accepted(msgspec.Struct, frozen=True):
    """A message that the provider accepted, and the names of the reports that follow, in order.

    `failure` is the error code of a message that is accepted but will not arrive. `failure_details` replaces
    the usual text of that code.
    """

    order: Order
    provider_message_id: str
    answer: Answer
    reports: tuple[str, ...]
    failure: int | None = None
    failure_details: str | None = None
    album_ids: tuple[str, ...] = ()
    """The names of the messages of the order's album."""


class Lookup(msgspec.Struct, frozen=True):
    """A request for the address of a customer's file; `answer` gives the address."""

    item: ShelfItem
    answer: Answer


class Download(msgspec.Struct, frozen=True):
    """A request for the bytes of a customer's file; `asked_before` means that a Lookup came first."""

    item: ShelfItem
    content_type: str
    asked_before: bool


class Inbound(msgspec.Struct, frozen=True):
    """A webhook about a customer's message, and the file that belongs to the message."""

    provider_message_id: str
    body: bytes
    item: ShelfItem | None = None


class ControlError(ValueError):
    """A control request asks for something that this provider does not have."""


class Provider(Protocol):
    """A provider. Times are epoch seconds, passed in."""

    @property
    def name(self) -> str: ...

    @property
    def rate_limits(self) -> tuple[RateLimit, ...]: ...

    @property
    def has_challenge(self) -> bool:
        """Whether the provider verifies Chat4All's webhook with a challenge before it subscribes it."""
        ...

    @property
    def fetches_later(self) -> bool:
        """Whether the provider fetches a message's link after it accepted the message, or before."""
        ...

    @property
    def most_upload_bytes(self) -> int:
        """The size of the largest file that a form may carry."""
        ...

    @property
    def inbound_kinds(self) -> frozenset[str]:
        """The kinds of inbound messages that carry a file."""
        ...

    @property
    def has_albums(self) -> bool:
        """Whether an inbound message may carry several files."""
        ...

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        """Judge a request. An Order can be accepted; an Answer replies to a request that does not send."""
        ...

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        """Return the reason for which the provider rejects the file of a message, if it does."""
        ...

    def refuse_media(self, problem: MediaProblem) -> Answer: ...

    def media_missing(self) -> Answer:
        """Return the answer to the first request for a file that is not known."""
        ...

    def media_expired(self) -> Answer:
        """Return the answer to a request for bytes whose address has expired."""
        ...

    def accept(self, order: Order, at: float) -> Accepted: ...

    def throttled(self, code: int | None, wait_s: float) -> Answer: ...

    def broken(self, status: int | None, code: int | None) -> Answer: ...

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        """Build the webhook that reports on an accepted message."""
        ...

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        """Build the webhook about a customer's message. Raises ControlError."""
        ...

    def hear(self, answer: WebhookAnswer, at: float) -> None:
        """Read the answer to a webhook that Chat4All accepted."""
        ...

    def check_address(self, address: str) -> None:
        """Raise ControlError if `address` cannot be a customer's address."""
        ...

    def lane(self, address: str) -> str | None:
        """Return the lane of a customer's webhooks. Webhooks of a lane go out one after the other."""
        ...

    def encode(self, body: Json) -> bytes: ...

    def headers(
        self, body: bytes, url: str, *, signature: Signature, account: str | None = None
    ) -> dict[str, str]:
        """Return the headers of a webhook that goes to `url`, signed for an account."""
        ...


@runtime_checkable
class HasTemplates(Protocol):
    """A provider that reviews templates."""

    def change_template(self, change: TemplateChange, at: float) -> bytes:
        """Change a template, and build the webhook about it. Raises ControlError."""
        ...


@runtime_checkable
class HasReports(Protocol):
    """A provider that reports of our accounts."""

    def report_on_us(self, report: OwnReport, at: float) -> bytes:
        """Build the webhook of a report. Raises ControlError."""
        ...
