"""Deliver one provider message: wait for the rate limits, claim, send, record.

::

    circuit ── while the account's breaker is open, nothing is attempted: Later
       │
    wait ── a person's file that is not READY yet: Later; the deliveries behind this one wait, too
       │
    consent ── a marketing message to a person who has opted out since fails; the user is read for it
       │
    limiter ── take tokens from the account's and the recipient's buckets, else Later
       │
    file ── if there is a file: an address for the provider, or a link in a text; a file that is no longer
       │    READY fails the delivery
       │
    claim ── a conditional write; if the delivery is settled: report its status again; if another process has
       │     the claim: Later
       │
    time ── if there is too little time to send and to record, the claim is given back: a function that ends
       │    by its timeout in between would leave the delivery in doubt
       │
    send ── one HTTP request to the provider; a half-open circuit sends only the probe. If the provider
       │     refuses the account, and its credentials have changed, the message is sent once more with them
       │
    record ── SENT with the provider's id, or FAILED with its code, or the claim is given back; `status`
       │      records an outcome that cannot be recorded here
       │
    report ── to the breaker; and what the provider's answer tells of the person, to `inbound`: a new address,
              which it gives to the user, or that the person wants no more of these messages

The case that can repeat a message at the provider (G3): the process dies after `send` and before `record`.
The claim then expires, and another process takes it over. A status that names the delivery may arrive
earlier; it settles the delivery without a second send.
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.acts import ProviderAct
from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.clock import Clock, NewId, iso, parse_iso
from chat4all.domain.consent import ConsentState, refused_at
from chat4all.domain.content import Album, Deleted, Media, Notice, Text, Unsupported, file_of
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    DeliveryRequested,
    InboundConsent,
    InboundMove,
    Refusal,
    StatusUpdate,
    TemplateChanged,
    WebhookEvent,
    sending_id,
)
from chat4all.domain.files.file import StoredFile
from chat4all.domain.kinds import Reaction, Template
from chat4all.domain.retry import DELIVERY_GRACE, MAX_ATTEMPTS, MAX_FAILURES, Jitter, backoff_s
from chat4all.domain.sending import (
    EARLIER_PART,
    Outcome,
    OutgoingContent,
    OutgoingMedia,
    SendError,
    Sent,
    Submission,
)
from chat4all.domain.status import Status
from chat4all.domain.templates import TemplateNews
from chat4all.services.files.outgoing_file import OutgoingFile, file_wait_s
from chat4all.services.messaging.carry_out_act import CarryOutAct
from chat4all.services.messaging.check_consent import CheckConsent
from chat4all.services.messaging.circuit import Attempt, ChannelCircuits, Wait
from chat4all.services.messaging.connector import ChannelSecret, Connector
from chat4all.services.messaging.credentials import FIRST_ACCOUNT
from chat4all.services.messaging.ports import Deliveries, Events, Limiter, Secrets

_ADDRESS_CHANGES: Final = 2
_RECORD_TRIES: Final = 2
_NO_HEADER: Final = SendError(
    Outcome.PERMANENT, "FILE_GONE", "The file of the template's header can no longer be sent."
)
_NO_ALBUM: Final = SendError(
    Outcome.PERMANENT, "FILE_GONE", "A file of the album was deleted, or it can no longer be sent."
)
_UNTOLD: Final = "untold:"
"""The id of a file in an album of which the provider's answer does not tell the ids."""
_AFTER_A_FAILURE: Final = SendError(
    Outcome.PERMANENT, EARLIER_PART, "An earlier part of this message failed."
)


class Later(msgspec.Struct, frozen=True):
    """The delivery was not sent; try again after `wait_s` seconds."""

    wait_s: float


class Settled(msgspec.Struct, frozen=True):
    """The delivery has an outcome, and its message must follow.

    `recorded`: the row of the delivery has the status. `taken_over`: another process held the claim before,
    so the provider may have got the message twice.
    """

    delivery: DeliveryPart
    at: str
    recorded: bool = True
    taken_over: bool = False

    @property
    def update(self) -> StatusUpdate:
        """Return the status as `status-updates` carries it."""
        return StatusUpdate(
            channel=self.delivery.channel,
            account=self.delivery.account,
            status=self.delivery.status,
            at=self.at,
            provider_message_id=self.delivery.provider_message_id,
            delivery_id=str(self.delivery.delivery_id),
            error_code=self.delivery.error_code,
            error_reason=self.delivery.error_reason,
            recorded=self.recorded,
        )


class Outdated(msgspec.Struct, frozen=True):
    """The message was redriven after this request; the request of its new round comes later, in its order."""


Delivering = Settled | Later | Outdated
"""The outcome of one delivery."""
Ask = Callable[[ChannelSecret], tuple[Sent | SendError, str]]
"""Asks the provider with the credentials; returns the last answer, and the address that gave it."""


class Deliver:
    def __init__(
        self,
        *,
        connector: Connector,
        deliveries: Deliveries,
        events: Events,
        limiter: Limiter,
        circuits: ChannelCircuits,
        secrets: Secrets,
        file: OutgoingFile,
        check_consent: CheckConsent,
        carry_out: CarryOutAct,
        clock: Clock,
        new_id: NewId,
        jitter: Jitter,
        claim_time: timedelta,
        in_time: Callable[[], bool] = lambda: True,
    ) -> None:
        """`claim_time` is longer than a function may run: the process of an expired claim has died.

        `in_time` returns whether there is time to send and to record before the function ends.
        """
        self._connector = connector
        self._deliveries = deliveries
        self._events = events
        self._limiter = limiter
        self._circuits = circuits
        self._secrets = secrets
        self._file = file
        self._check_consent = check_consent
        self._carry_out = carry_out
        self._clock = clock
        self._new_id = new_id
        self._jitter = jitter
        self._claim_time = claim_time
        self._in_time = in_time

    def __call__(self, requested: DeliveryRequested) -> Delivering:
        settled = self._settled_before(requested)
        if settled is not None:
            return settled
        if requested.album_place:
            return self._follow(requested)
        if requested.refusal is not None:
            return self._refuse(requested, requested.refusal)
        return self._deliver(requested)

    def _deliver(self, requested: DeliveryRequested) -> Delivering:
        to = requested.recipient
        open_s = self._circuits.of(to.account).wait_s()
        if open_s > 0:
            return Later(open_s)
        # Read before the claim: if this read failed after it, the claim would look like the claim of a dead
        # process.
        secret = self._secrets.of(to.channel, to.account)
        quoted = self._quoted(requested)
        earlier = self._earlier_part(requested)
        if earlier is not None and earlier.round > requested.round and earlier.status is Status.PENDING:
            return Outdated()
        unwanted = self._check_consent(requested)
        stored = self._stored_file(requested)
        now = self._clock()
        wait_s = 0.0 if unwanted is not None else self._wait_s(requested, stored, now)
        if wait_s > 0:
            return Later(wait_s)
        outgoing = self._outgoing(requested, stored)
        header = self._header(requested, stored)
        album = self._album(requested)
        claimed = self._claim(requested, now)
        if isinstance(claimed, ClaimRefused):
            return self._refused(claimed, requested)
        earlier_part_failed = earlier is not None and earlier.status is Status.FAILED
        hopeless = _hopeless(claimed.delivery.attempts, earlier_part_failed=earlier_part_failed)
        lacking = next((file for file in (header, album) if isinstance(file, SendError)), None)
        to_send = hopeless or unwanted or _aimless(outgoing, quoted) or lacking or outgoing
        return self._hand_over(claimed, requested, to_send, header, album, quoted=quoted, secret=secret)

    def _follow(self, requested: DeliveryRequested) -> Delivering:
        """Record a file that was sent with an earlier part, whose record has its id. Nothing is sent.

        The file takes its tokens now: the provider has counted it.
        """
        first = self._deliveries.get(
            msgspec.structs.replace(requested.delivery_id, part=requested.part - requested.album_place)
        )
        if first is None or first.status is Status.PENDING:
            is_later = first is not None and first.round > requested.round
            return Outdated() if is_later else Later(1.0)
        now = self._clock()
        is_sent = first.status is not Status.FAILED
        wait_s = self._wait_s(requested, None, now) if is_sent else 0.0
        if wait_s > 0:
            return Later(wait_s)
        claimed = self._claim(requested, now)
        if isinstance(claimed, ClaimRefused):
            return self._refused(claimed, requested)
        if not is_sent:
            return self._failed(claimed, _AFTER_A_FAILURE)
        known = first.album_ids[requested.album_place :]
        return self._sent(claimed, Sent(known[0] if known else f"{_UNTOLD}{requested.delivery_id}"))

    def _album(self, requested: DeliveryRequested) -> tuple[OutgoingMedia, ...] | SendError:
        """Return the files that are sent with the part's own."""
        capabilities, address = self._connector.capabilities, requested.recipient.address
        files = [
            self._file(media, self._file.stored(media), capabilities, address) for media in requested.album
        ]
        ready = tuple(file for file in files if isinstance(file, OutgoingMedia))
        return ready if len(ready) == len(files) else _NO_ALBUM

    def _hand_over(
        self,
        claimed: Claimed,
        requested: DeliveryRequested,
        to_send: OutgoingContent | SendError,
        header: OutgoingMedia | SendError | None,
        album: tuple[OutgoingMedia, ...] | SendError,
        *,
        quoted: str | None,
        secret: ChannelSecret | SendError,
    ) -> Settled | Later:
        """Send a claimed message, or change the message that its act names."""
        if isinstance(to_send, SendError):
            return self._failed(claimed, to_send)
        if requested.act is not None:
            aimed = self._carry_out.aimed(requested, requested.act, to_send)
            return self._change(claimed, requested, aimed, secret)
        to = requested.recipient
        submission = Submission(
            delivery_id=str(claimed.delivery.delivery_id),
            account=to.account,
            address=to.address,
            thread=to.thread,
            content=to_send,
            quoted_provider_message_id=quoted,
            tag=requested.tag,
            header=header if isinstance(header, OutgoingMedia) else None,
            album=album if isinstance(album, tuple) else (),
        )
        ask = functools.partial(self._send, submission)
        template = to_send if isinstance(to_send, Template) else None
        return self._attempt(claimed, to.account, to.address, secret, ask, template=template)

    def _change(
        self,
        claimed: Claimed,
        requested: DeliveryRequested,
        aimed: ProviderAct | SendError | Sent,
        secret: ChannelSecret | SendError,
    ) -> Settled | Later:
        """Change a message that was sent, if it was."""
        if isinstance(aimed, SendError):
            return self._failed(claimed, aimed)
        if isinstance(aimed, Sent):
            return self._sent(claimed, aimed)
        act = aimed

        def ask(secret: ChannelSecret) -> tuple[Sent | SendError, str]:
            return self._carry_out(requested, act, secret), act.address

        return self._attempt(claimed, act.account, act.address, secret, ask)

    def _claim(self, requested: DeliveryRequested, now: datetime) -> Claimed | ClaimRefused:
        """Claim the delivery until the claim time is over."""
        return self._deliveries.claim(
            requested, self._new_id(), now.timestamp(), (now + self._claim_time).timestamp()
        )

    def _refuse(self, requested: DeliveryRequested, refusal: Refusal) -> Delivering:
        """Fail a delivery that is not possible any more, whether or not its account's circuit is open."""
        claimed = self._claim(requested, self._clock())
        if isinstance(claimed, ClaimRefused):
            return self._refused(claimed, requested)
        error = SendError(Outcome.PERMANENT, refusal.code, refusal.reason)
        return self._failed(claimed, error if requested.part == 0 else _AFTER_A_FAILURE)

    def _settled_before(self, requested: DeliveryRequested) -> Settled | None:
        """Detect a redelivered request that is settled, by a read, before it consumes rate-limit tokens.

        Two kinds of requests are redelivered: requests from a holding queue, and requests that were PENDING
        for so long that `relay` routed them again.
        """
        routed_again_at = parse_iso(requested.accepted_at) + DELIVERY_GRACE
        if requested.brought_back is None and self._clock() < routed_again_at:
            return None
        known = self._deliveries.get(requested.delivery_id)
        if known is None or known.status is Status.PENDING:
            return None
        return self._settled(known, requested)

    def _settled(self, delivery: DeliveryPart, requested: DeliveryRequested) -> Settled:
        """Return the settled delivery, after a recount of the message's recipients.

        A recipient who left before their delivery began is no recipient any more when the message is routed
        again. Otherwise the message would wait for them, and stay PENDING.
        """
        if requested.recipient_count < delivery.recipient_count:
            delivery = self._deliveries.recount(delivery, requested.recipient_count)
        return Settled(delivery, iso(self._clock()))

    def _refused(self, refused: ClaimRefused, requested: DeliveryRequested) -> Delivering:
        if refused.until is not None:
            return Later(max(1.0, refused.until - self._clock().timestamp()))
        if refused.delivery.status is Status.PENDING:
            return Outdated()
        return self._settled(refused.delivery, requested)

    def _attempt(
        self,
        claimed: Claimed,
        account: str,
        address: str,
        secret: ChannelSecret | SendError,
        ask: Ask,
        *,
        template: Template | None = None,
    ) -> Settled | Later:
        if not self._in_time():
            return self._give_back(claimed, Counts.NOTHING, 0.0)
        circuit = self._circuits.of(account)
        attempt = circuit.begin()
        if isinstance(attempt, Wait):
            return self._give_back(claimed, Counts.NOTHING, attempt.seconds)
        answer, sent_to = self._ask(account, address, secret, ask)
        outcome = self._record(claimed, attempt, answer)
        circuit.report(attempt, address, answer)
        if sent_to != address:
            self._report_move(claimed.delivery, address, sent_to)
        if isinstance(answer, SendError):
            self._report_opt_out(claimed.delivery, sent_to, answer)
            self._report_template(claimed.delivery, template, secret, answer)
        return outcome

    def _report_move(self, delivery: DeliveryPart, address: str, new_address: str) -> None:
        """Queue the move of the chat for `inbound`.

        If the queue does not take the move, or if the process dies before this, the next send to the former
        address learns of the move again.
        """
        self._tell(delivery, InboundMove(address, new_address, iso(self._clock()), delivery.account))

    def _report_opt_out(self, delivery: DeliveryPart, address: str, error: SendError) -> None:
        """Queue for `inbound` that the person wants no such messages. A group is no person.

        What is lost here, the next send to the person tells again.
        """
        if error.opt_out is None or self._connector.capabilities.is_group(address):
            return
        told = InboundConsent(
            address=address,
            purposes=error.opt_out.purposes,
            state=ConsentState.OPTED_OUT,
            at=refused_at(self._clock()),
            evidence=f"error {error.code}",
            account=delivery.account,
            means=error.opt_out.means,
        )
        self._tell(delivery, told)

    def _tell(self, delivery: DeliveryPart, event: InboundMove | InboundConsent | TemplateChanged) -> None:
        origin = sending_id(delivery.delivery_id)
        with suppress(Unavailable):
            self._events.webhook_events([WebhookEvent(delivery.channel, delivery.account, origin, event)])

    def _report_template(
        self,
        delivery: DeliveryPart,
        template: Template | None,
        secret: ChannelSecret | SendError,
        error: SendError,
    ) -> None:
        """Queue what a refusal tells of the template, for `inbound`; the next refusal tells it again."""
        if error.template_status is None or template is None or isinstance(secret, SendError):
            return
        news = TemplateNews(status=error.template_status)
        at = iso(self._clock())
        told = TemplateChanged(secret.business_account_id, template.name, template.language, at, news)
        self._tell(delivery, told)

    def _record(self, claimed: Claimed, attempt: Attempt, answer: Sent | SendError) -> Settled | Later:
        if isinstance(answer, Sent):
            return self._sent(claimed, answer)
        wait_s = backoff_s(claimed.failures + 1, self._jitter())
        match answer.outcome:
            case Outcome.THROTTLED:
                return self._give_back(claimed, Counts.NOTHING, answer.retry_after_s or 1.0)
            case Outcome.CHANNEL_PAUSED:
                return self._give_back(claimed, Counts.NOTHING, wait_s)
            case Outcome.RETRY if attempt is Attempt.AS_PROBE:
                return self._give_back(claimed, Counts.ATTEMPT, wait_s)
            case Outcome.RETRY if claimed.failures + 1 < MAX_FAILURES:
                return self._give_back(claimed, Counts.FAILURE, wait_s)
            case _:
                return self._failed(claimed, answer)

    def _ask(
        self, account: str, address: str, secret: ChannelSecret | SendError, ask: Ask
    ) -> tuple[Sent | SendError, str]:
        """Ask the provider; if it refuses credentials that were replaced meanwhile, ask with the present."""
        first = (secret, address) if isinstance(secret, SendError) else ask(secret)
        answer, _ = first
        if isinstance(answer, Sent) or not _may_be_for_outdated(account, answer):
            return first
        try:
            present = self._secrets.anew(self._connector.capabilities.channel, account)
        except Unavailable:
            return first
        return first if present == secret or isinstance(present, SendError) else ask(present)

    def _send(self, submission: Submission, secret: ChannelSecret) -> tuple[Sent | SendError, str]:
        """Send, follow a chat that has moved, and return the last answer with the address that gave it."""
        answer = self._connector.send(submission, secret)
        for _ in range(_ADDRESS_CHANGES):
            if isinstance(answer, Sent) or answer.new_address is None:
                break
            submission = msgspec.structs.replace(submission, address=answer.new_address)
            answer = self._connector.send(submission, secret)
        return answer, submission.address

    def _wait_s(self, requested: DeliveryRequested, stored: StoredFile | None, now: datetime) -> float:
        """Return the seconds to wait for the file, or else for the tokens, which are taken if it is 0."""
        to, file = requested.recipient, file_of(requested.content)
        return file_wait_s(stored, requested.accepted_at, now) or self._limiter.wait_s(
            to.channel, to.account, to.address, now.timestamp(), file
        )

    def _stored_file(self, requested: DeliveryRequested) -> StoredFile | None:
        file = file_of(requested.content)
        return self._file.stored(Media(file)) if file is not None else None

    def _header(
        self, requested: DeliveryRequested, stored: StoredFile | None
    ) -> OutgoingMedia | SendError | None:
        """Return the file of a template's header; a SendError if the file can no longer be sent there."""
        file = file_of(requested.content) if isinstance(requested.content, Template) else None
        if file is None:
            return None
        capabilities, address = self._connector.capabilities, requested.recipient.address
        sent = self._file(Media(file), stored, capabilities, address)
        return sent if isinstance(sent, OutgoingMedia | SendError) else _NO_HEADER

    def _outgoing(
        self, requested: DeliveryRequested, stored: StoredFile | None
    ) -> OutgoingContent | SendError:
        match requested.content:
            case Media() as media:
                of_file = self._file if requested.act is None else self._file.with_new_words
                return of_file(media, stored, self._connector.capabilities, requested.recipient.address)
            case Album(text=text) | Unsupported(text=text) | Notice(text=text) | Deleted(text=text):
                return Text(text)
            case plain:
                return plain

    def _quoted(self, requested: DeliveryRequested) -> str | None:
        """Return the id by which the recipient's app knows the quoted message, if it knows that message."""
        if requested.reply_to is None or requested.part > 0:
            return None
        to = requested.recipient
        quoted = DeliveryId(requested.reply_to, to.user_id, to.channel, 0)
        return self._deliveries.provider_id(quoted, to.account)

    def _earlier_part(self, requested: DeliveryRequested) -> DeliveryPart | None:
        if requested.part == 0:
            return None
        return self._deliveries.get(msgspec.structs.replace(requested.delivery_id, part=requested.part - 1))

    def _sent(self, claimed: Claimed, sent: Sent) -> Settled:
        at = iso(self._clock())
        recorded = _kept(
            lambda: self._deliveries.record_sent(claimed, sent.provider_message_id, at, sent.album_ids)
        )
        settled = msgspec.structs.replace(
            claimed.delivery, status=Status.SENT, provider_message_id=sent.provider_message_id
        )
        return Settled(settled, at, recorded, claimed.taken_over)

    def _failed(self, claimed: Claimed, error: SendError) -> Settled:
        at = iso(self._clock())
        recorded = _kept(lambda: self._deliveries.record_failed(claimed, error.code, error.reason, at))
        settled = msgspec.structs.replace(
            claimed.delivery, status=Status.FAILED, error_code=error.code, error_reason=error.reason
        )
        return Settled(settled, at, recorded)

    def _give_back(self, claimed: Claimed, counts: Counts, wait_s: float) -> Later:
        self._deliveries.release(claimed, counts)
        return Later(wait_s)


def _may_be_for_outdated(account: str, error: SendError) -> bool:
    """Return whether the provider may have refused credentials that were replaced meanwhile.

    An account that was added a moment ago may have been taken for one that depends on the first account,
    whose token gives no access to it: the provider then refuses the message.
    """
    is_refused = error.outcome is Outcome.PERMANENT and account != FIRST_ACCOUNT
    return is_refused or error.outcome is Outcome.CHANNEL_PAUSED


def _hopeless(attempts: int, *, earlier_part_failed: bool) -> SendError | None:
    if attempts > MAX_ATTEMPTS:
        return SendError(
            Outcome.PERMANENT, "ABANDONED", f"Sending was started {MAX_ATTEMPTS} times and never finished."
        )
    if earlier_part_failed:
        return _AFTER_A_FAILURE
    return None


def _aimless(content: OutgoingContent | SendError, quoted: str | None) -> SendError | None:
    """Return the error of a reaction to a message that the person's app does not know."""
    if isinstance(content, Reaction) and quoted is None:
        return SendError(
            Outcome.PERMANENT, "TARGET_UNKNOWN", "The person's app does not have the message of the reaction."
        )
    return None


def _kept(record: Callable[[], None]) -> bool:
    """Write a provider's answer, and return whether it is written: a lost answer repeats the message."""
    for _ in range(_RECORD_TRIES):
        try:
            record()
        except Unavailable:
            continue
        return True
    return False
