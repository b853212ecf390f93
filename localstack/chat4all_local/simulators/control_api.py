"""What travels over `/_control`: the Structs that the simulators and their client share."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
    JsonObject: TypeAlias = dict[str, Json]
else:
    # msgspec can not follow a type that names itself.
    Json = Any
    JsonObject = dict[str, Any]

Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Signature = bool | Literal["upper", "wrong"]
"""How a webhook is signed: rightly, not at all, in upper case, or with another secret."""


class LatencyMs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the provider takes to answer a send: evenly spread between the two."""

    min: Milliseconds = 5
    max: Milliseconds = 20


class ReceiptSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which reports follow an accepted message, each `delay_ms` after the one before.

    `sent` is the echo on Instagram. `repeat` is how often each report is made; with `shuffle` they go out
    in any order and at once. A failure is always reported. Telegram reports nothing.
    """

    sent: bool = True
    delivered: bool = True
    read: bool = True
    delay_ms: Milliseconds = 10
    shuffle: bool = False
    repeat: Count = 1


class WebhookRetries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook not answered with 2xx is sent again after `first_ms`, then twice that, up to `max_ms`."""

    first_ms: Milliseconds = 200
    max_ms: Milliseconds = 10_000
    attempts: Annotated[int, msgspec.Meta(ge=0)] = 30
    """In all; 0: until it is accepted."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one simulator behaves. Without a `webhook_url` it calls nobody."""

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""
    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^(http://[^\s/?#]+[^\s]*)?$")] = ""
    latency_ms: LatencyMs = LatencyMs()
    receipts: ReceiptSettings = ReceiptSettings()
    webhooks_in_flight: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    webhook_retries: WebhookRetries = WebhookRetries()
    enforce_rates: bool = True
    window_hours: Annotated[float, msgspec.Meta(ge=0)] = 24
    """How long free text is allowed after a person's last message (not on Telegram)."""


class CustomerDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person, as registered. Without `window_open` their last message is older than the window."""

    name: str
    handle: str | None = None
    phone: str | None = None
    window_open: bool = True
    blocked: bool = False


class Customer(msgspec.Struct, frozen=True):
    """A person whom the provider knows; `last_wrote_at` in epoch seconds."""

    address: str
    name: str
    last_wrote_at: float
    handle: str | None = None
    phone: str | None = None
    blocked: bool = False

    def window_open(self, at: float, hours: float) -> bool:
        return at - self.last_wrote_at < hours * 3600


class CustomerList(msgspec.Struct, frozen=True):
    customers: list[Customer]


class InboundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """A person writes, or with `edit_of` changes what they wrote.

    `kind` names what is not a text in the provider's word (`image`, `location`, `photo`). `raw` is laid
    over the provider's message object. The same bytes are sent `repeat` times, at once if `parallel`.
    """

    sender: str
    text: str | None = None
    quoted: str | None = None
    kind: str = "text"
    edit_of: str | None = None
    repeat: Count = 1
    parallel: bool = False
    raw: JsonObject | None = None


class InboundResult(msgspec.Struct, frozen=True):
    """`webhook_statuses` are our first answers, one per repeat; 0 where none came."""

    provider_message_id: str
    webhook_statuses: list[int]


class WebhookCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any webhook, once. With `tamper` the body is changed after it was signed, and stays valid JSON."""

    body: str | JsonObject
    headers: dict[str, str] = {}
    sign: Signature = True
    tamper: bool = False


class WebhookAnswer(msgspec.Struct, frozen=True):
    """What our endpoint answered; status 0 where it did not."""

    status: int
    body: str


class FaultKind(StrEnum):
    """How a request that would have been accepted goes wrong."""

    ERROR = "error"
    """Refused with `status` and `code`, else with the provider's passing failure."""
    THROTTLE = "throttle"
    """Refused with the provider's rate limit error; `retry_after` where the provider names one."""
    HANG = "hang"
    """Not accepted; the connection stays open for `seconds` without an answer, then closes."""
    RESET = "reset"
    """Not accepted; the connection is reset."""
    SLOW = "slow"
    """Accepted; answered `seconds` late."""
    LOSE_ANSWER = "lose_answer"
    """Accepted; the connection closes without an answer."""
    LOSE_WEBHOOKS = "lose_webhooks"
    """Accepted and answered; nothing is reported about it."""


class FaultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` sends go wrong, or all until removed; only those to `for_address` where it is given."""

    kind: FaultKind
    count: Count | None = None
    for_address: str | None = None
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    code: int | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Seconds = 30


class Fault(msgspec.Struct, frozen=True):
    """A fault that was asked for; `left` are the sends that it still meets, None: all."""

    fault_id: str
    request: FaultRequest
    left: int | None


class FaultList(msgspec.Struct, frozen=True):
    faults: list[Fault]


class SendRecord(msgspec.Struct, frozen=True):
    """One request to send, in the order of arrival; `at` is when its last byte had come.

    It was accepted if and only if `provider_message_id` is there. `status` is what was answered, 0 where
    nothing was. `address` and `text` are missing where the request was refused unread.
    """

    n: int
    at: float
    address: str | None
    text: str | None
    provider_message_id: str | None
    callback_data: str | None
    quoted: str | None
    status: int
    error_code: int | None
    authorized: bool


class Transcript(msgspec.Struct, frozen=True):
    """The requests after a number, and the number of the last one."""

    requests: list[SendRecord]
    last: int


class WebhookRecord(msgspec.Struct, frozen=True):
    """One call of our endpoint; `status` 0 where it gave no answer."""

    n: int
    at: float
    kind: str
    provider_message_id: str | None
    attempt: int
    status: int
    body_sha256: str


class WebhookLog(msgspec.Struct, frozen=True):
    webhooks: list[WebhookRecord]
    last: int


class Health(msgspec.Struct, frozen=True):
    """`webhooks_pending` are those not yet accepted by our endpoint, planned ones included."""

    status: str
    webhooks_pending: int


class Verification(msgspec.Struct, frozen=True):
    """Whether our endpoint gave the subscription's challenge back."""

    verified: bool
    status: int
    body: str


class Problem(msgspec.Struct, frozen=True):
    """Why a control request was refused."""

    error: str
    reasons: list[str]
