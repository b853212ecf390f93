"""The port that a simulated provider implements: what it accepts, answers and reports, without HTTP."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from chat4all_local.simulators.control_api import Customer, InboundRequest, Json, Signature
from chat4all_local.simulators.rates import RateLimit


class Call(msgspec.Struct, frozen=True):
    """A request to the provider; `headers` have lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True):
    """What the provider answers; `code` is its error code, None where there is no error."""

    status: int
    body: bytes
    code: int | None = None
    retry_after: int | None = None


class Order(msgspec.Struct, frozen=True):
    """A well-formed request to send one text to one person, who may be unknown."""

    address: str
    text: str
    input: str
    """The person as the request spelled them."""
    callback_data: str | None = None
    quoted: str | None = None
    customer: Customer | None = None


class Refused(msgspec.Struct, frozen=True):
    """A request to send that is not accepted; `order` is there as far as it could be read."""

    answer: Answer
    authorized: bool = True
    order: Order | None = None


class Accepted(msgspec.Struct, frozen=True):
    """A message that the provider took on, and the names of the reports that follow, in order.

    `failure` is the error code of a message that is accepted but will not arrive.
    """

    order: Order
    provider_message_id: str
    answer: Answer
    reports: tuple[str, ...]
    failure: int | None = None


class Inbound(msgspec.Struct, frozen=True):
    """A webhook about what a person did."""

    provider_message_id: str
    body: bytes


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

    def read(self, call: Call, at: float) -> Order | Refused | Answer:
        """Judge a request: an Order can be accepted; an Answer is to what is no request to send."""
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

    def headers(self, body: bytes, *, signature: Signature) -> dict[str, str]: ...
