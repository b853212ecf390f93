"""A client of a simulator's `/_control`, for the demo, the tests and the benchmark.

>>> whatsapp = Simulator("http://127.0.0.1:4510")
>>> whatsapp.configure(webhook_url="http://127.0.0.1:4566/v1/webhooks/whatsapp")
>>> whatsapp.register("5511987654321", "Ana")
>>> whatsapp.write("5511987654321", "Hello")
InboundResult(provider_message_id='wamid.…', webhook_statuses=[200])
>>> [request.text for request in whatsapp.transcript().requests]
['Hello, Ana!']
>>> whatsapp.write_media("5511987654321", "image", "image/png", "See", size=5_000, seed=7).media
KeptMedia(media_id='…', size=5000, sha256='…')
"""

import base64
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx
import msgspec

from chat4all_local.simulators.control_api import (
    Customer,
    CustomerDetails,
    CustomerList,
    CustomerMedia,
    Fault,
    FaultKind,
    FaultList,
    FaultRequest,
    Health,
    InboundRequest,
    InboundResult,
    JsonObject,
    OpenWindows,
    OwnReport,
    Problem,
    Settings,
    Signature,
    TemplateChange,
    Transcript,
    Verification,
    WebhookAnswer,
    WebhookCall,
    WebhookLog,
)

T = TypeVar("T")


class SimulatorError(Exception):
    """The simulator refused a control request; `reasons` explain the refusal."""

    def __init__(self, status: int, reasons: list[str]) -> None:
        super().__init__(f"{status}: {'; '.join(reasons)}")
        self.status = status
        self.reasons = reasons


class LatencyChanges(TypedDict, total=False):
    min: int
    max: int


class ReceiptChanges(TypedDict, total=False):
    sent: bool
    delivered: bool
    read: bool
    delay_ms: int
    shuffle: bool
    repeat: int


class RetryChanges(TypedDict, total=False):
    first_ms: int
    max_ms: int
    attempts: int


class SettingsChanges(TypedDict, total=False):
    """The settings that `configure` can change.

    A setting that is left out, nested or not, keeps its value.
    """

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str
    sender: str
    webhook_url: str
    others: dict[str, dict[str, str]]
    token_expires_at: int
    latency_ms: LatencyChanges
    receipts: ReceiptChanges
    webhooks_in_flight: int
    webhook_retries: RetryChanges
    enforce_rates: bool
    window_hours: float
    link_timeout_ms: int
    media_url_valid_s: float


class InboundOptions(TypedDict, total=False):
    """Optional details of an inbound message; see InboundRequest."""

    quoted: str | None
    kind: str
    repeat: int
    parallel: bool
    raw: JsonObject | None
    media: CustomerMedia | None
    account: str | None


class MediaOptions(TypedDict, total=False):
    """Optional details of a customer's file; see CustomerMedia, whose `base64` is encoded from `data`."""

    size: int
    seed: int
    begins_as: str | None
    data: bytes | None
    filename: str | None


class FaultOptions(TypedDict, total=False):
    """Optional details of a fault; see FaultRequest."""

    count: int | None
    for_address: str | None
    status: int | None
    code: int | None
    retry_after: int | None
    seconds: float
    location: str
    extra_bytes: int


class Simulator:
    """A client of the simulator at `base_url`. Several threads may share it."""

    def __init__(self, base_url: str, timeout_s: float = 60.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(base_url=f"{self.base_url}/_control", timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def health(self) -> Health:
        return self._get("/health", Health)

    def settings(self) -> Settings:
        return self._get("/config", Settings)

    def configure(self, **changes: Unpack[SettingsChanges]) -> Settings:
        """Change the named settings and keep the others."""
        return self._send("PUT", "/config", changes, Settings)

    def register(
        self,
        address: str,
        name: str,
        *,
        handle: str | None = None,
        phone: str | None = None,
        window_open: bool = True,
        blocked: bool = False,
    ) -> Customer:
        """Register a customer with the provider, or replace the details of a known customer."""
        details = CustomerDetails(name, handle, phone, window_open, blocked)
        return self._send("PUT", f"/customers/{quote(address, safe='')}", details, Customer)

    def open_windows(self, addresses: Sequence[str], wrote_at: float) -> None:
        """Let customers have written at `wrote_at`, in epoch seconds, without a webhook."""
        body = msgspec.json.encode(OpenWindows(tuple(addresses), wrote_at))
        self._request("PUT", "/windows", body)

    def customers(self) -> list[Customer]:
        return self._get("/customers", CustomerList).customers

    def write(
        self, address: str, text: str | None = None, *, wait: bool = True, **options: Unpack[InboundOptions]
    ) -> InboundResult:
        """Send a text from a customer. Without `wait`, the webhooks go out after this returns."""
        return self._inbound(InboundRequest(address, text, **options), wait=wait)

    def write_media(
        self,
        address: str,
        kind: str,
        content_type: str,
        caption: str | None = None,
        *,
        wait: bool = True,
        more: tuple[CustomerMedia, ...] = (),
        raw: JsonObject | None = None,
        **options: Unpack[MediaOptions],
    ) -> InboundResult:
        """Send a file from a customer; `kind` is the provider's word.

        `more` are further files of the same message. The fields of `raw` replace those of the message. The
        result has the first file's id, size and SHA-256.
        """
        media = _customer_media(content_type, **options)
        request = InboundRequest(address, caption, kind=kind, media=media, more_media=more, raw=raw)
        return self._inbound(request, wait=wait)

    def edit(
        self,
        address: str,
        provider_message_id: str,
        text: str | None = None,
        *,
        raw: JsonObject | None = None,
        wait: bool = True,
    ) -> InboundResult:
        """Change the text, or the fields of `raw`, of a message that a customer sent."""
        return self._inbound(InboundRequest(address, text, edit_of=provider_message_id, raw=raw), wait=wait)

    def change_template(self, change: TemplateChange) -> WebhookAnswer:
        """Decide on a template as the provider does; return the answer to the webhook about it."""
        return self._send("POST", "/template", change, WebhookAnswer)

    def report_on_us(self, report: OwnReport) -> WebhookAnswer:
        """Report of our accounts as the provider does; return the answer to the webhook."""
        return self._send("POST", "/report", report, WebhookAnswer)

    def call_webhook(
        self,
        body: str | JsonObject,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Signature = True,
        tamper: bool = False,
    ) -> WebhookAnswer:
        """Send a webhook of any content to Chat4All, once."""
        call = WebhookCall(body, dict(headers or {}), sign, tamper)
        return self._send("POST", "/webhook", call, WebhookAnswer)

    def add_fault(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Fault:
        return self._send("POST", "/faults", FaultRequest(kind, **options), Fault)

    def faults(self) -> list[Fault]:
        return self._get("/faults", FaultList).faults

    def clear_faults(self) -> None:
        self._request("DELETE", "/faults")

    def transcript(self, after: int = 0) -> Transcript:
        """Return the requests to send with a number greater than `after`."""
        return self._get(f"/transcript?after={after}", Transcript)

    def clear_transcript(self) -> None:
        self._request("DELETE", "/transcript")

    def webhooks(self, after: int = 0) -> WebhookLog:
        """Return the webhook calls with a number greater than `after`."""
        return self._get(f"/webhooks?after={after}", WebhookLog)

    def verify(self) -> Verification:
        """Let the provider verify Chat4All's webhook with a challenge."""
        return self._get("/verify", Verification)

    def _inbound(self, request: InboundRequest, *, wait: bool) -> InboundResult:
        return self._send("POST", f"/inbound?wait={'true' if wait else 'false'}", request, InboundResult)

    def _get(self, path: str, kind: type[T]) -> T:
        return msgspec.json.decode(self._request("GET", path), type=kind)

    def _send(self, method: str, path: str, body: msgspec.Struct | SettingsChanges, kind: type[T]) -> T:
        return msgspec.json.decode(self._request(method, path, msgspec.json.encode(body)), type=kind)

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        response = self._http.request(method, path, content=body)
        if response.is_success:
            return response.content
        try:
            reasons = msgspec.json.decode(response.content, type=Problem).reasons
        except msgspec.DecodeError:
            reasons = [response.text]
        raise SimulatorError(response.status_code, reasons)


def _customer_media(
    content_type: str,
    *,
    size: int = 1000,
    seed: int = 0,
    begins_as: str | None = None,
    data: bytes | None = None,
    filename: str | None = None,
) -> CustomerMedia:
    encoded = None if data is None else base64.b64encode(data).decode()
    return CustomerMedia(content_type, size, seed, begins_as, encoded, filename)
