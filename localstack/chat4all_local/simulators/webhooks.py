"""Webhook calls to Chat4All: a few at a time, each with the same bytes again until it is accepted.

- Meta retries with decreasing frequency for 36 hours:
  https://developers.facebook.com/docs/graph-api/webhooks/getting-started
- WhatsApp retries for up to 7 days:
  https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
- Telegram repeats an update until the answer is 2xx: https://core.telegram.org/bots/api#setwebhook

The delays of the real providers grow to hours. Here they are short and can be configured.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from typing import Final
from weakref import WeakValueDictionary

import httpx
from msgspec.structs import replace

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import WebhookAnswer
from chat4all_local.simulators.journal import WebhookJournal
from chat4all_local.simulators.outbox import Outbox, Outgoing, Webhook

NO_ANSWER: Final = 0
TIMEOUT_S: Final = 30.0


class WebhookSender:
    """Sends the webhooks of a simulator. `resume` sends those that the outbox already holds."""

    def __init__(
        self,
        account: Account,
        journal: WebhookJournal,
        outbox: Outbox,
        http: httpx.AsyncClient,
        *,
        hear: Callable[[WebhookAnswer, float], None],
    ) -> None:
        """`hear` gets the answer to each accepted webhook, and the time."""
        self._account = account
        self._journal = journal
        self._outbox = outbox
        self._left_over = outbox.left_over()
        account.webhooks_pending += len(self._left_over)
        self._http = http
        self._hear = hear
        self._in_flight = account.settings.webhooks_in_flight
        self._slots = asyncio.Semaphore(self._in_flight)
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` in the background until it ends or the simulator stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def resume(self) -> None:
        """Send the webhooks that an earlier process did not finish, in order for each message."""
        for outgoing in self._left_over:
            lane = outgoing.lane or outgoing.webhook.provider_message_id
            self.start(self.until_accepted(replace(outgoing, lane=lane)))
        self._left_over = []

    def expect(self, webhook: Webhook, lane: str | None = None) -> Outgoing:
        """Put a webhook in the outbox for later. It is pending from now on and survives this process."""
        self._account.webhooks_pending += 1
        return self._outbox.add(webhook, lane)

    def deliver(self, webhook: Webhook, lane: str | None) -> "asyncio.Future[int]":
        """Send a webhook in the background until it is accepted.

        The future gets the status of the first answer.
        """
        first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.start(self.until_accepted(self.expect(webhook, lane), first))
        return first

    async def until_accepted(self, outgoing: Outgoing, first: "asyncio.Future[int] | None" = None) -> None:
        """Send an expected webhook until it is accepted or the attempts are used up."""
        try:
            if outgoing.lane is None:
                await self._repeat(outgoing.webhook, first)
            else:
                async with self._lanes.setdefault(outgoing.lane, asyncio.Lock()):
                    await self._repeat(outgoing.webhook, first)
            self._outbox.done(outgoing)
        finally:
            self._account.webhooks_pending -= 1

    async def once(self, webhook: Webhook, attempt: int = 1) -> WebhookAnswer:
        """Send a webhook once, whatever the answer."""
        async with self._slot():
            at = time.time()
            answer = await self._post(webhook)
        if 200 <= answer.status < 300:
            self._hear(answer, time.time())
        self._journal.add(
            at=at,
            kind=webhook.kind,
            provider_message_id=webhook.provider_message_id,
            attempt=attempt,
            status=answer.status,
            body_sha256=hashlib.sha256(webhook.body).hexdigest(),
        )
        return answer

    async def challenge(self, challenge: str) -> WebhookAnswer:
        """Ask for the challenge, as Meta does to verify a webhook.

        https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
        """
        settings = self._account.settings
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": settings.verify_token,
        }
        try:
            response = await self._http.get(settings.webhook_url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            return WebhookAnswer(NO_ANSWER, str(problem))
        return WebhookAnswer(response.status_code, response.text)

    async def _repeat(self, webhook: Webhook, first: "asyncio.Future[int] | None") -> None:
        attempt = 0
        while self._account.settings.webhook_url:
            attempt += 1
            answer = await self.once(webhook, attempt)
            if first is not None and not first.done():
                first.set_result(answer.status)
            retries = self._account.settings.webhook_retries
            if 200 <= answer.status < 300 or attempt == retries.attempts:
                return
            delay_ms = min(retries.max_ms, retries.first_ms * 2 ** min(attempt - 1, 30))
            await asyncio.sleep(delay_ms / 1000)
        if first is not None and not first.done():
            first.set_result(NO_ANSWER)

    async def _post(self, webhook: Webhook) -> WebhookAnswer:
        url = webhook.url or self._account.settings.webhook_url
        try:
            await self._outbox.synced()  # Chat4All must hear of nothing that a power cut could undo
            response = await self._http.post(url, content=webhook.body, headers=webhook.headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            return WebhookAnswer(NO_ANSWER, str(problem))
        content_type = response.headers.get("content-type", "")
        return WebhookAnswer(response.status_code, response.text, content_type)

    def _slot(self) -> asyncio.Semaphore:
        """Return the semaphore of concurrent calls. A changed limit applies from the next call on."""
        wanted = self._account.settings.webhooks_in_flight
        if wanted != self._in_flight:
            self._in_flight = wanted
            self._slots = asyncio.Semaphore(wanted)
        return self._slots
