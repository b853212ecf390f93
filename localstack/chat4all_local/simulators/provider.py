"""The port that a simulated provider implements: what it accepts, answers and reports, without HTTP."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from chat4all_local.simulators.control_api import Customer, InboundRequest, Json, Signature
from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.rates import RateLimit
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.media_shelf import ShelfItem


class Call(msgspec.Struct, frozen=True):
    """A request to the provider; `headers` have lower-case names.

    The body of a form with files is in `form`, and `body` is empty. Of a body that is larger than
    anything that the provider takes, or of a form that is none, only that is known.
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
    """What the provider answers; `code` is its error code, None where there is no error."""

    status: int
    body: bytes
    code: int | None = None
    retry_after: int | None = None
    content_type: str = "application/json"
    location: str | None = None


class Order(msgspec.Struct, frozen=True):
    """A well-formed request to send one text or file to one person, who may be unknown.

    `text` is the caption where there is `media`, None where it has none.
    """

    address: str
    text: str | None
    input: str
    """The person as the request spelled them."""
    callback_data: str | None = None
    callback_url: str = ""
    """Where this message is reported on, if not where all of them are."""
    quoted: str | None = None
    customer: Customer | None = None
    media: OutgoingMedia | None = None

    @property
    def kind(self) -> str:
        return self.media.kind if self.media else "text"


class Refused(msgspec.Struct, frozen=True):
    """A request to send that is not accepted; `order` is there as far as it could be read."""

    answer: Answer
    authorized: bool = True
    order: Order | None = None


class Accepted(msgspec.Struct, frozen=True):
    """A message that the provider took on, and the names of the reports that follow, in order.

    `failure` is the error code of a message that is accepted but will not arrive, `failure_details` what
    the provider says of it beyond the code's own text.
    """

    order: Order
    provider_message_id: str
    answer: Answer
    reports: tuple[str, ...]
    failure: int | None = None
    failure_details: str | None = None


class Lookup(msgspec.Struct, frozen=True):
    """A request that asks where a person's file is; `answer` says it."""

    item: ShelfItem
    answer: Answer


class Download(msgspec.Struct, frozen=True):
    """A request for the bytes of a person's file; `asked_before`: by a Lookup, which such files need."""

    item: ShelfItem
    content_type: str
    asked_before: bool


class Inbound(msgspec.Struct, frozen=True):
    """A webhook about what a person did, and the file that belongs to it."""

    provider_message_id: str
    body: bytes
    item: ShelfItem | None = None


class ControlError(ValueError):
    """A control request asks for what this provider has not."""


class Provider(Protocol):
    """One provider. Times are epoch seconds, passed in."""

    @property
    def name(self) -> str: ...

    @property
    def rate_limits(self) -> tuple[RateLimit, ...]: ...

    @property
    def has_challenge(self) -> bool:
        """Whether our endpoint is verified by a challenge before it is subscribed."""
        ...

    @property
    def fetches_later(self) -> bool:
        """Whether a link of a message is fetched after the message was accepted, else before."""
        ...

    @property
    def most_upload_bytes(self) -> int:
        """The largest file that a form may bring."""
        ...

    @property
    def inbound_kinds(self) -> frozenset[str]:
        """The kinds of messages that a person sends with a file."""
        ...

    def read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        """Judge a request: an Order can be accepted; an Answer is to what is no request to send."""
        ...

    def media_problem(self, media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
        """Why the file of a message is not taken, if so."""
        ...

    def refuse_media(self, problem: MediaProblem) -> Answer: ...

    def media_missing(self) -> Answer:
        """The answer to the first request for a file of which nothing is known."""
        ...

    def media_expired(self) -> Answer:
        """The answer where the address of a file's bytes is no longer good."""
        ...

    def accept(self, order: Order, at: float) -> Accepted: ...

    def throttled(self, code: int | None, wait_s: float) -> Answer: ...

    def broken(self, status: int | None, code: int | None) -> Answer: ...

    def report(self, report: str, accepted: Accepted, at: float) -> bytes:
        """The webhook that reports how far an accepted message has come."""
        ...

    def inbound(self, request: InboundRequest, customer: Customer, at: float) -> Inbound:
        """The webhook about what a person did; raises ControlError."""
        ...

    def check_address(self, address: str) -> None:
        """Raise ControlError for what can be no person's address."""
        ...

    def lane(self, address: str) -> str | None:
        """Webhooks of one lane are called one after the other; None: as they come."""
        ...

    def encode(self, body: Json) -> bytes: ...

    def headers(self, body: bytes, url: str, *, signature: Signature) -> dict[str, str]:
        """Return the headers of a webhook that goes to `url`."""
        ...
