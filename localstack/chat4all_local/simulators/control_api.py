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
    sender: str = ""
    """Our number, where the requests to send name it."""
    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^(http://[^\s/?#][^\s]*)?$")] = ""
    latency_ms: LatencyMs = LatencyMs()
    receipts: ReceiptSettings = ReceiptSettings()
    webhooks_in_flight: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    webhook_retries: WebhookRetries = WebhookRetries()
    enforce_rates: bool = True
    window_hours: Annotated[float, msgspec.Meta(ge=0)] = 24
    """How long free text is allowed after a person's last message (not on Telegram)."""
    link_timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] = 15_000
    """How long the provider waits for the file that a message of ours links to."""
    media_url_valid_s: Annotated[float, msgspec.Meta(ge=0)] = 300
    """How long the address of a person's file is good."""


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


class CustomerMedia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that a person sends: the bytes of `base64`, else `size` bytes made of `seed`.

    `content_type` is what the provider says of it, and may lie: made bytes begin as a file of type
    `begins_as` does, which is `content_type` where it is left out, and have no sign where it is empty.
    """

    content_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+/[^\s/;]+(; ?[^\s]+)?$")]
    size: Annotated[int, msgspec.Meta(ge=0, le=4 * 2**30)] = 1000
    seed: int = 0
    begins_as: str | None = None
    base64: str | None = None
    filename: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class InboundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """A person writes, or with `edit_of` changes what they wrote.

    `kind` names what is not a text in the provider's word (`image`, `location`, `photo`), `media` is the
    file of a kind that has one, and `text` then its caption; without `media` a small one is made. `raw` is
    laid over the provider's message object. The same bytes are sent `repeat` times, at once if `parallel`.
    """

    sender: str
    text: str | None = None
    quoted: str | None = None
    kind: str = "text"
    edit_of: str | None = None
    repeat: Count = 1
    parallel: bool = False
    raw: JsonObject | None = None
    media: CustomerMedia | None = None


class KeptMedia(msgspec.Struct, frozen=True):
    """A person's file as the provider keeps it for us to fetch; `media_id` is the provider's id of it."""

    media_id: str
    size: int
    sha256: str


class InboundResult(msgspec.Struct, frozen=True):
    """`webhook_statuses` are our first answers, one per repeat; 0 where none came."""

    provider_message_id: str
    webhook_statuses: list[int]
    media: KeptMedia | None = None


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
    """How a request that would have been accepted goes wrong: one to send, or with FETCH one for a file."""

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
    FETCH_ERROR = "fetch_error"
    """The first request for a file, which asks where it is if the provider has such, fails as ERROR does."""
    FETCH_MISSING = "fetch_missing"
    """The first request for a file is answered as if there were none of that id."""
    FETCH_EXPIRED = "fetch_expired"
    """The address of the bytes is no longer valid."""
    FETCH_SLOW = "fetch_slow"
    """The bytes come in ten pieces that take `seconds` together."""
    FETCH_HANG = "fetch_hang"
    """Half of the bytes come, then for `seconds` nothing; then the connection closes."""
    FETCH_CUT = "fetch_cut"
    """Half of the bytes come, then the connection closes."""
    FETCH_REDIRECT = "fetch_redirect"
    """The address of the bytes sends on to `location`."""
    FETCH_MORE = "fetch_more"
    """`extra_bytes` more come than were announced, without a Content-Length."""


class FaultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` requests go wrong, or all until removed; with `for_address` only that person's.

    A send is its addressee's, a file the one's who sent it.
    """

    kind: FaultKind
    count: Count | None = None
    for_address: str | None = None
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    code: int | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Seconds = 30
    location: str = "http://169.254.169.254/latest/meta-data/"
    extra_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**40)] = 2**20


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

    Of a message with a file, `kind` is the provider's word, `text` the caption, and the last three are of
    the very bytes that came or were fetched, None where none were. What WhatsApp fetches after its answer
    is added when it is there: such a record changes.
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
    kind: str = "text"
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None


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
