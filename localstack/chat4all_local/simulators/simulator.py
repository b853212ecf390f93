"""A simulated provider at work: it judges, records, answers and reports on each request."""

import asyncio
import random
import secrets
import time
from contextlib import suppress
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import (
    FaultKind,
    FaultRequest,
    InboundRequest,
    InboundResult,
    JsonObject,
    OwnReport,
    SendRecord,
    Settings,
    TemplateChange,
    Verification,
    WebhookAnswer,
    WebhookCall,
)
from chat4all_local.simulators.customer_media import check_media, sha256_of
from chat4all_local.simulators.directory import Directory, Unanswered
from chat4all_local.simulators.faults import FaultPlan
from chat4all_local.simulators.fetching import Fetcher
from chat4all_local.simulators.file_requests import FileRequests
from chat4all_local.simulators.journal import SendJournal, WebhookJournal
from chat4all_local.simulators.outbox import Outgoing, Webhook
from chat4all_local.simulators.provider import (
    Accepted,
    Answer,
    Call,
    ControlError,
    Download,
    HasReports,
    HasTemplates,
    Lookup,
    Order,
    Provider,
    Refused,
)
from chat4all_local.simulators.rates import RateCounter
from chat4all_local.simulators.reply import Ending, Reply
from chat4all_local.simulators.shared.media import Content, MediaProblem, OutgoingMedia, Unfetched
from chat4all_local.simulators.webhooks import WebhookSender

_NOT_ACCEPTED: Final = (FaultKind.ERROR, FaultKind.THROTTLE, FaultKind.HANG, FaultKind.RESET)
_NOT_ANSWERED: Final = (FaultKind.SLOW, FaultKind.LOSE_ANSWER)


class _Fetch(msgspec.Struct, frozen=True):
    """An accepted message whose files are still to be fetched; `n` is the number of its record."""

    accepted: Accepted
    n: int
    is_reported: bool


class Simulator:
    """A provider with its account, faults, rate limits and journals."""

    def __init__(
        self,
        provider: Provider,
        account: Account,
        sender: WebhookSender,
        webhooks: WebhookJournal,
        fetcher: Fetcher,
        *,
        directory: Directory,
    ) -> None:
        self.provider = provider
        self.account = account
        self.webhooks = webhooks
        self.faults = FaultPlan()
        self.sends = SendJournal(account.store)
        self._fetches = account.store.table("fetches", _Fetch)
        self._left_over = list(self._fetches.values())
        account.webhooks_pending += len(self._left_over)
        self._sender = sender
        self._fetcher = fetcher
        self._directory = directory
        self._rates = RateCounter(provider.rate_limits)
        self._files = FileRequests(provider, self.faults)

    def configure(self, changes: JsonObject) -> Settings:
        """Change the settings. An invalid change raises msgspec.ValidationError and changes nothing."""
        settings = self.account.change(changes)
        if settings.webhook_url:
            self._sender.resume()
            self._resume()
        return settings

    def _resume(self) -> None:
        """Fetch the files that an earlier process did not fetch."""
        for fetch in self._left_over:
            self._sender.start(self._fetch_later(fetch))
        self._left_over = []

    async def receive(self, call: Call, at: float) -> Reply:
        """Judge and record a request that had arrived completely at `at`.

        A fault or a rate limit meets only a request that would be accepted without it. The file of a message
        is the exception: it is checked after them. A request that meets a fault does not count for the rate
        limit.
        """
        match await self._read(call, at):
            case Answer() as answer:
                return Reply(answer)
            case Lookup() as lookup:
                return self._files.look_up(lookup, self._latency_s())
            case Download() as download:
                return self._files.serve(download)
            case Refused() as refused:
                return self._refuse(refused, at)
            case Order() as order:
                return await self._take_on(order, at)

    async def _read(self, call: Call, at: float) -> Order | Refused | Answer | Lookup | Download:
        """Judge a request. If its recipient is unknown, look in the directory and judge it again."""
        judged = self.provider.read(call, at)
        order = judged.order if isinstance(judged, Refused) else judged
        if not isinstance(order, Order) or order.customer is not None:
            return judged
        try:
            await self._register_from_directory(order.address)
        except Unanswered:
            return Refused(self.provider.broken(None, None), order=order)
        return self.provider.read(call, at)

    async def _register_from_directory(self, address: str) -> None:
        """Register an unknown person who is in the directory. Raises Unanswered."""
        found = await self._directory.look_up(address)
        for own_address, details in found.items():
            with suppress(ControlError):  # the provider has no such address: it may belong to a group
                self.provider.check_address(own_address)
                self.account.register_unknown(own_address, details, time.time())

    async def inbound(self, request: InboundRequest, at: float, *, wait: bool) -> InboundResult:
        """Send a customer's message to Chat4All, and with `wait` await its first answers.

        Raises ControlError.
        """
        self.provider.check_address(request.sender)
        if not self.account.settings.webhook_url:
            raise ControlError("no webhook_url is set: set it with PUT /_control/config")
        if request.account is not None and request.account not in self.account.settings.others:
            raise ControlError(f"there is no account `{request.account}`: add it to `others`")
        self._check_files(request)
        if request.media is not None:
            # Hash the file in a thread, because a large file takes a while to generate. The webhook carries
            # the hash.
            await asyncio.to_thread(sha256_of, request.media)
        if request.sender not in self.account.customers:
            with suppress(Unanswered):  # an unreadable directory makes the person a new customer
                await self._register_from_directory(request.sender)
        customer = self.account.wrote(request.sender, at)
        inbound = self.provider.inbound(request, customer, at)
        webhook = self._signed("inbound", inbound.body, inbound.provider_message_id, account=request.account)
        lane = None if request.parallel else self.provider.lane(request.sender)
        statuses: list[int] = []
        if request.parallel or not wait:
            answers = [self._sender.deliver(webhook, lane) for _ in range(request.repeat)]
            statuses = list(await asyncio.gather(*answers)) if wait else []
        else:
            for _ in range(request.repeat):
                statuses.append(await self._sender.deliver(webhook, lane))
        kept = inbound.item.kept() if inbound.item else None
        return InboundResult(inbound.provider_message_id, statuses, kept)

    def _check_files(self, request: InboundRequest) -> None:
        """Raise ControlError if the message cannot have its files."""
        files = [media for media in (request.media, *request.more_media) if media is not None]
        if files and request.kind not in self.provider.inbound_kinds:
            raise ControlError(f"a message of kind `{request.kind}` has no file")
        if request.more_media and not self.provider.has_albums:
            raise ControlError(f"a message on {self.provider.name} has one file: leave out `more_media`")
        try:
            for media in files:
                check_media(media)
        except ValueError as problem:
            raise ControlError(f"`media.base64` is not valid base64: {problem}") from None

    async def change_template(self, change: TemplateChange, at: float) -> WebhookAnswer:
        """Change a template of the business, and report it. Raises ControlError."""
        if not isinstance(self.provider, HasTemplates):
            raise ControlError(f"{self.provider.name} has no templates")
        body = self.provider.change_template(change, at)
        if not self.account.settings.webhook_url:
            return WebhookAnswer(0, "")
        return WebhookAnswer(await self._sender.deliver(self._signed("template", body, None), None), "")

    async def report_on_us(self, report: OwnReport, at: float) -> WebhookAnswer:
        """Report of our accounts. Raises ControlError."""
        if not isinstance(self.provider, HasReports):
            raise ControlError(f"{self.provider.name} reports nothing of accounts")
        body = self.provider.report_on_us(report, at)
        if not self.account.settings.webhook_url:
            return WebhookAnswer(0, "")
        return WebhookAnswer(await self._sender.deliver(self._signed("account", body, None), None), "")

    async def call_webhook(self, call: WebhookCall) -> WebhookAnswer:
        """Send a webhook of any content, once. Raises ControlError."""
        if not self.account.settings.webhook_url:
            raise ControlError("no webhook_url is set: set it with PUT /_control/config")
        body = call.body.encode() if isinstance(call.body, str) else self.provider.encode(call.body)
        headers = self.provider.headers(body, self.account.settings.webhook_url, signature=call.sign)
        headers |= {name.lower(): value for name, value in call.headers.items()}
        # The JSON with an added space is still valid, so only a signature over the raw bytes can detect the
        # change.
        return await self._sender.once(Webhook("control", body + b" " if call.tamper else body, headers))

    async def verify(self) -> Verification:
        """Verify Chat4All's webhook with a challenge. Raises ControlError."""
        if not self.provider.has_challenge:
            raise ControlError(f"{self.provider.name} does not verify webhooks with a challenge")
        if not self.account.settings.webhook_url:
            raise ControlError("no webhook_url is set: set it with PUT /_control/config")
        challenge = str(secrets.randbelow(10**10))
        answer = await self._sender.challenge(challenge)
        verified = answer.status == 200 and answer.body == challenge
        return Verification(verified, answer.status, answer.body)

    async def _take_on(self, order: Order, at: float) -> Reply:
        if fault := self.faults.take(order.address, _NOT_ACCEPTED):
            return self._fail(order, fault, at)
        enforced = self.account.settings.enforce_rates
        if enforced and (excess := self._rates.take(order.address, at, order.kind, 1 + len(order.album))):
            throttled = self.provider.throttled(excess.limit.code, excess.wait_s)
            return self._refuse(Refused(throttled, order=order), at)
        if order.media is None or self.provider.fetches_later:
            return self._accept(order, at)
        return await self._accept_with_files(order, at)

    def _refuse(self, refused: Refused, at: float) -> Reply:
        answer = refused.answer
        self._record(at, refused.order, status=answer.status, code=answer.code, authorized=refused.authorized)
        return Reply(answer, self._latency_s())

    def _fail(self, order: Order, fault: FaultRequest, at: float) -> Reply:
        if fault.kind is FaultKind.THROTTLE:
            throttled = self.provider.throttled(fault.code, fault.retry_after or 1)
            return self._refuse(Refused(throttled, order=order), at)
        if fault.kind is FaultKind.ERROR:
            broken = self.provider.broken(fault.status, fault.code)
            return self._refuse(Refused(broken, order=order), at)
        self._record(at, order, status=0)
        if fault.kind is FaultKind.HANG:
            return Reply(None, fault.seconds, Ending.CLOSE)
        return Reply(None, 0, Ending.RESET)

    async def _accept_with_files(self, order: Order, at: float) -> Reply:
        """Check the files of a message, and those of its album, then accept the message."""
        order, problem = await self._with_files(order)
        album = []
        for item in order.album:
            if problem is None:
                obtained, problem = await self._with_files(item)
                album.append(obtained)
        if problem is not None:
            return self._refuse(Refused(self.provider.refuse_media(problem), order=order), at)
        return self._accept(msgspec.structs.replace(order, album=tuple(album)), at)

    async def _with_files(self, order: Order) -> tuple[Order, MediaProblem | None]:
        """Return the order with the contents of its files, and the problem of the first bad file."""
        files, problem = list(order.files), None
        left = order.most_bytes
        for number, media in enumerate(files):
            most = media.most_bytes if left is None else min(media.most_bytes, left)
            got = await self._obtain(msgspec.structs.replace(media, most_bytes=most))
            if isinstance(got, Content):
                files[number] = msgspec.structs.replace(media, content=got)
                left = None if left is None else left - got.size
            if problem := self.provider.media_problem(media, got):
                break
        return order.with_files(files), problem

    async def _obtain(self, media: OutgoingMedia) -> Content | Unfetched:
        if media.content is not None:
            return media.content
        timeout_s = self.account.settings.link_timeout_ms / 1000
        return await self._fetcher.fetch(media.link or "", media.most_bytes, timeout_s)

    def _accept(self, order: Order, at: float) -> Reply:
        accepted = self.provider.accept(order, at)
        fault = self.faults.take(order.address, _NOT_ANSWERED)
        lost = fault is not None and fault.kind is FaultKind.LOSE_ANSWER
        status = 0 if lost else accepted.answer.status
        n = self._record(at, order, status=status, provider_message_id=accepted.provider_message_id)
        for item, name in zip(order.album, accepted.album_ids, strict=True):
            self._record(at, item, status=status, provider_message_id=name)
        latency_s = self._latency_s()
        is_reported = not self.faults.take(order.address, (FaultKind.LOSE_WEBHOOKS,))
        if order.media is not None and self.provider.fetches_later and accepted.failure is None:
            # The number of reports is not known yet. Until then, this fetch counts as a pending webhook.
            fetch = _Fetch(accepted, n, is_reported)
            self._fetches.put(accepted.provider_message_id, fetch)
            self.account.webhooks_pending += 1
            self._sender.start(self._fetch_later(fetch))
        elif is_reported:
            self._report(accepted, latency_s)
        if lost:
            return Reply(None, latency_s, Ending.CLOSE)
        return Reply(accepted.answer, latency_s + (fault.seconds if fault else 0))

    async def _fetch_later(self, fetch: _Fetch) -> None:
        """Fetch the files of an accepted message, and only then report on the message."""
        accepted = fetch.accepted
        try:
            order, problem = await self._with_files(accepted.order)
            self.sends.add_contents(fetch.n, [file.content for file in order.files if file.content])
            if problem is not None:
                accepted = msgspec.structs.replace(
                    accepted,
                    failure=problem.code,
                    failure_details=problem.details,
                    reports=("failed",) if accepted.reports else (),
                )
            if fetch.is_reported:
                self._report(accepted, self._latency_s())
            self._fetches.remove(accepted.provider_message_id)
        finally:
            self.account.webhooks_pending -= 1

    def _report(self, accepted: Accepted, latency_s: float) -> None:
        """Plan the reports on an accepted message. The reports do not wait for a delayed answer."""
        settings = self.account.settings
        wanted = {
            "sent": settings.receipts.sent,
            "delivered": settings.receipts.delivered,
            "read": settings.receipts.read,
            "failed": True,
        }
        reports = [name for name in accepted.reports if wanted[name]] * settings.receipts.repeat
        if not reports or not settings.webhook_url:
            return
        if settings.receipts.shuffle:
            random.shuffle(reports)
            for report in reports:
                self._report_in_turn([report], accepted, latency_s)
        else:
            reports.sort(key=accepted.reports.index)
            self._report_in_turn(reports, accepted, latency_s)

    def _report_in_turn(self, reports: list[str], accepted: Accepted, latency_s: float) -> None:
        """Put all reports in the outbox at once, so that a restart loses none.

        Each carries its planned time.
        """
        delay_s = self.account.settings.receipts.delay_ms / 1000
        began, expected = time.time() + latency_s, []
        for number, report in enumerate(reports, 1):
            body = self.provider.report(report, accepted, began + number * delay_s)
            webhook = self._signed(
                report,
                body,
                accepted.provider_message_id,
                accepted.order.callback_url,
                account=accepted.order.account_id,
            )
            expected.append(self._sender.expect(webhook))
        self._sender.start(self._send_in_turn(expected, latency_s, delay_s))

    async def _send_in_turn(self, expected: list[Outgoing], latency_s: float, delay_s: float) -> None:
        await asyncio.sleep(latency_s)
        for outgoing in expected:
            await asyncio.sleep(delay_s)
            await self._sender.until_accepted(outgoing)

    def _record(
        self,
        at: float,
        order: Order | None,
        *,
        status: int,
        code: int | None = None,
        provider_message_id: str | None = None,
        authorized: bool = True,
    ) -> int:
        n = self.sends.next_number()
        media = order.media if order else None
        content = media.content if media else None
        more = [file.content for file in order.more_media if file.content] if order else []
        self.sends.add(
            SendRecord(
                n=n,
                at=at,
                address=order.address if order else None,
                text=order.text if order else None,
                provider_message_id=provider_message_id,
                callback_data=order.callback_data if order else None,
                quoted=order.quoted if order else None,
                status=status,
                error_code=code,
                authorized=authorized,
                kind=order.kind if order else "text",
                filename=media.filename if media else None,
                content_type=content.content_type if content else None,
                size=content.size if content else None,
                sha256=content.sha256 if content else None,
                content=order.content if order else None,
                account_id=order.account_id if order else None,
                more_sha256=tuple(other.sha256 for other in more),
            )
        )
        return n

    def _signed(
        self,
        kind: str,
        body: bytes,
        provider_message_id: str | None,
        url: str = "",
        *,
        account: str | None = None,
    ) -> Webhook:
        settings = self.account.settings
        own_url = settings.of(account).webhook_url if account in settings.others else ""
        url = url or own_url
        headers = self.provider.headers(body, url or settings.webhook_url, signature=True, account=account)
        return Webhook(kind, body, headers, provider_message_id, url)

    def _latency_s(self) -> float:
        latency = self.account.settings.latency_ms
        return random.uniform(latency.min, latency.max) / 1000  # noqa: S311 (no secret)
