"""The Structs that the simulators and their client exchange over `/_control`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
    JsonObject: TypeAlias = dict[str, Json]
else:
    # msgspec cannot handle a type that refers to itself.
    Json = Any
    JsonObject = dict[str, Any]

Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Signature = bool | Literal["upper", "wrong"]
"""How a webhook is signed: correctly, not at all, in upper case, or with a wrong secret."""


class LatencyMs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time that the provider takes to answer a send, drawn evenly between `min` and `max`."""

    min: Milliseconds = 5
    max: Milliseconds = 20


class ReceiptSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reports that follow an accepted message, each `delay_ms` after the report before.

    `sent` is the echo on Instagram. Each report is sent `repeat` times. With `shuffle`, the reports go out at
    once and in random order. A failure is always reported. Telegram reports nothing.
    """

    sent: bool = True
    delivered: bool = True
    read: bool = True
    delay_ms: Milliseconds = 10
    shuffle: bool = False
    repeat: Count = 1


class WebhookRetries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The retries of a webhook that is not answered with 2xx.

    The first retry follows after `first_ms`. Each further delay is twice the delay before, up to `max_ms`.
    """

    first_ms: Milliseconds = 200
    max_ms: Milliseconds = 10_000
    attempts: Annotated[int, msgspec.Meta(ge=0)] = 30
    """The total number of attempts; 0 repeats the webhook until it is accepted."""


WebhookUrl = Annotated[str, msgspec.Meta(pattern=r"^(http://[^\s/?#][^\s]*)?$")]


class OtherAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further account with credentials of its own. What is empty is as for the first account."""

    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    webhook_secret: str = ""
    webhook_url: WebhookUrl = ""
    sender: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The behaviour of a simulator. Without a `webhook_url`, the simulator sends no webhooks."""

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""
    business_account_id: str = ""
    """The account that has the templates, on WhatsApp."""
    sender: str = ""
    """Chat4All's own number, for providers whose requests to send name it."""
    webhook_url: WebhookUrl = ""
    others: dict[str, OtherAccount] = {}
    """The further accounts, by the provider's id."""
    token_expires_at: int = 0
    """The end of the tokens in epoch seconds, for providers that tell it; 0: they have none."""
    latency_ms: LatencyMs = LatencyMs()
    receipts: ReceiptSettings = ReceiptSettings()
    webhooks_in_flight: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    webhook_retries: WebhookRetries = WebhookRetries()
    enforce_rates: bool = True
    window_hours: Annotated[float, msgspec.Meta(ge=0)] = 24
    """How long after a customer's last message free text is allowed (not on Telegram)."""
    link_timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] = 15_000
    """How long the provider waits for a file that a message of Chat4All links to."""
    media_url_valid_s: Annotated[float, msgspec.Meta(ge=0)] = 300
    """How long the address of a customer's file stays valid."""

    def of(self, account_id: str | None) -> "Settings":
        """Return the settings with the credentials and the webhooks of one account."""
        other = self.others.get(account_id or "")
        if account_id is None or other is None:
            return self
        own = {name: text for name, text in msgspec.structs.asdict(other).items() if text}
        return msgspec.structs.replace(self, account_id=account_id, **own)

    def with_token(self, token: str) -> "Settings | None":
        """Return the settings of the account that the token gives access to."""
        every = (self, *(self.of(account_id) for account_id in self.others))
        return next((account for account in every if account.access_token == token), None)


class CustomerDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The details of a customer to register. Without `window_open`, the messaging window is closed.

    `wrote_at` is when they wrote last, in epoch seconds; None: now, or long ago if the window is closed.
    """

    name: str
    handle: str | None = None
    phone: str | None = None
    window_open: bool = True
    blocked: bool = False
    wrote_at: float | None = None


class OpenWindows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers who wrote at `wrote_at`, in epoch seconds. Chat4All hears nothing of it."""

    addresses: tuple[str, ...]
    wrote_at: float


class Customer(msgspec.Struct, frozen=True):
    """A customer whom the provider knows; `last_wrote_at` is in epoch seconds."""

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
    """A file that a customer sends: the bytes of `base64`, or `size` bytes generated from `seed`.

    The provider declares `content_type`, which may be false. Generated bytes begin like a file of type
    `begins_as`, or of `content_type` if `begins_as` is left out. With an empty `begins_as` they have no
    signature of any file type.
    """

    content_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+/[^\s/;]+(; ?[^\s]+)?$")]
    size: Annotated[int, msgspec.Meta(ge=0, le=4 * 2**30)] = 1000
    seed: int = 0
    begins_as: str | None = None
    base64: str | None = None
    filename: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class InboundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """A message from a customer, or, with `edit_of`, a new text for an earlier message.

    `kind` is the provider's word for a message other than text (`image`, `location`, `photo`), or what the
    customer does: `block` and `unblock` on Telegram, `preference` on WhatsApp with `stop` or `resume`. If the
    kind has a file, `media` is the file, `text` is its caption, and a small file is generated without
    `media`. `more_media` are further files of the same message, where the provider has several in one. On
    Telegram, each file of an album is a message, with the same `media_group_id` in `raw`. The fields of
    `raw` replace those of the provider's message object. The same bytes are sent `repeat` times, all at once
    if `parallel`.
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
    more_media: Annotated[tuple[CustomerMedia, ...], msgspec.Meta(max_length=9)] = ()
    account: str | None = None
    """The account that the customer writes to, if it is not the first one."""


class TemplateChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider decides on a template of the business, and reports by a webhook.

    A `category`, a `quality` or a `body` changes that; else `event` is the new status.
    """

    name: str
    language: str
    event: Literal["APPROVED", "REJECTED", "PAUSED", "DISABLED", "ARCHIVED"] = "APPROVED"
    reason: str | None = None
    category: str | None = None
    quality: str | None = None
    body: str | None = None


class QualityReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="quality"):
    """What the provider reports of a number of ours: how people take its messages, or its new limit."""

    event: Literal["FLAGGED", "UNFLAGGED", "UPGRADE", "DOWNGRADE", "ONBOARDING", "THROUGHPUT_UPGRADE"]
    limit: Literal["TIER_50", "TIER_250", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED"]
    account: str | None = None
    """The number's id, if it is not the first one."""


class BusinessReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="business"):
    """What the provider reports of our business: a ban, a restriction or a violation, with its `reason`."""

    event: Literal["DISABLED_UPDATE", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "ACCOUNT_DELETED"]
    reason: str = ""


OwnReport = QualityReport | BusinessReport
"""A report of a provider about us, by its `type`."""


class KeptMedia(msgspec.Struct, frozen=True):
    """A customer's file that Chat4All can fetch from the provider; `media_id` is the provider's id of it."""

    media_id: str
    size: int
    sha256: str


class InboundResult(msgspec.Struct, frozen=True):
    """The outcome of an inbound message. `webhook_statuses` has the first answer to each repeat, or 0."""

    provider_message_id: str
    webhook_statuses: list[int]
    media: KeptMedia | None = None


class WebhookCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook of any content, sent once. `tamper` changes the signed body but keeps it valid JSON."""

    body: str | JsonObject
    headers: dict[str, str] = {}
    sign: Signature = True
    tamper: bool = False


class WebhookAnswer(msgspec.Struct, frozen=True):
    """Chat4All's answer to a webhook; status 0 means no answer."""

    status: int
    body: str
    content_type: str = ""


class FaultKind(StrEnum):
    """The ways in which a request that the provider would accept goes wrong.

    A FETCH fault meets a request for a file. Every other fault meets a request to send.
    """

    ERROR = "error"
    """Refused with `status` and `code`, or with the provider's temporary failure if they are left out."""
    THROTTLE = "throttle"
    """Refused with the provider's rate limit error, and with `retry_after` if the provider names a wait."""
    HANG = "hang"
    """Not accepted. The connection stays open for `seconds` without an answer, then closes."""
    RESET = "reset"
    """Not accepted. The connection is reset."""
    SLOW = "slow"
    """Accepted, but answered `seconds` late."""
    LOSE_ANSWER = "lose_answer"
    """Accepted, but the connection closes without an answer."""
    LOSE_WEBHOOKS = "lose_webhooks"
    """Accepted and answered, but never reported on."""
    FETCH_ERROR = "fetch_error"
    """The first request for a file fails as ERROR does, even a request for the file's address."""
    FETCH_MISSING = "fetch_missing"
    """The first request for a file is answered as if no file had that id."""
    FETCH_EXPIRED = "fetch_expired"
    """The address of the bytes has expired."""
    FETCH_SLOW = "fetch_slow"
    """The bytes arrive in ten pieces over `seconds`."""
    FETCH_HANG = "fetch_hang"
    """Half of the bytes arrive. Nothing follows for `seconds`, then the connection closes."""
    FETCH_CUT = "fetch_cut"
    """Half of the bytes arrive, then the connection closes."""
    FETCH_REDIRECT = "fetch_redirect"
    """The address of the bytes redirects to `location`."""
    FETCH_MORE = "fetch_more"
    """The answer announces no Content-Length and carries `extra_bytes` more than the file has."""


class FaultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault to inject into `count` requests, or into all requests until the fault is removed.

    With `for_address`, the fault meets only that customer's requests: messages to them, and files from them.
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
    """A fault that was asked for. `left` counts the requests that it will still meet; None means all."""

    fault_id: str
    request: FaultRequest
    left: int | None


class FaultList(msgspec.Struct, frozen=True):
    faults: list[Fault]


class SendRecord(msgspec.Struct, frozen=True):
    """A request to send, numbered in the order of arrival; `at` is the time at which its last byte arrived.

    The request was accepted if and only if `provider_message_id` is set. `status` is the answer's status, 0
    if there was no answer. `address` and `text` are None if the request was refused before it was read.

    `kind` is the provider's word. `content` is what the request gave of a message that is neither a text nor
    a file. For a message with a file, `text` is the caption. `content_type`, `size`
    and
    `sha256` describe the bytes that were uploaded or fetched, and are None if there were none. A provider
    that
    fetches the file after its answer adds them later, so such a record changes.
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
    content: Json = None
    account_id: str | None = None
    """The account that sends, where the request or its token names it."""
    more_sha256: tuple[str, ...] = ()
    """Of the further files of the message."""


class Transcript(msgspec.Struct, frozen=True):
    """The requests to send after a given number, and the number of the last request."""

    requests: list[SendRecord]
    last: int


class WebhookRecord(msgspec.Struct, frozen=True):
    """A webhook call to Chat4All; `status` is 0 if there was no answer."""

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
    """The state of a simulator. `webhooks_pending` counts planned and unaccepted webhooks."""

    status: str
    webhooks_pending: int


class Verification(msgspec.Struct, frozen=True):
    """Whether Chat4All answered the subscription's challenge correctly."""

    verified: bool
    status: int
    body: str


class Problem(msgspec.Struct, frozen=True):
    """The reasons for which a control request was refused."""

    error: str
    reasons: list[str]
