"""Accept the messages of a batch at the pace of their channel accounts.

::

    record ─► read the batch, and its first chunk that is not done
      │
      ├─► find where the next recipients are reached, and take slots of those accounts
      │     accept each message at its slot, as a POST would; record the results
      └──── again, until the time of the function is nearly over; then send the record that continues

A message has the same id whenever it is accepted again, so that a process may die anywhere: its record comes
again, and repeats what was not recorded. The records of a batch come one after the other. A record that names
an earlier place than the one that was reached belongs to a chain that another record has overtaken; it is
dropped, unless it comes again after its process died.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.batches import (
    Batch,
    BatchRecipient,
    BatchState,
    BatchWork,
    Chunk,
    RecipientOutcome,
    Result,
    first_left,
)
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import attachments_of
from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import Chat4AllError, NotFound, SamePerson, Unavailable
from chat4all.domain.message import Message
from chat4all.domain.pacing import SLICE_S, interval_s, times
from chat4all.domain.plan import Step
from chat4all.domain.routing import parts_of
from chat4all.domain.snapshot import Snapshot
from chat4all.services.batches.create_batch import content_for, is_begun_later
from chat4all.services.batches.find_one_to_one import FindOneToOne
from chat4all.services.batches.ports import Batches, BatchQueue, LogFault, Pace
from chat4all.services.messaging.accept_message import (
    REFUSALS,
    Accepted,
    AcceptMessage,
    NewMessage,
    routed_to_customers,
)
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.ports import Messages

MOST_RECEIVES: Final = 500
"""A record that was received so often is replaced: the queue gives up a record after 1,000."""
_SOON_S: Final = 1.0
_TOGETHER: Final = 10
"""The recipients that are looked up at once."""
_REFUSED: Final = (*REFUSALS, NotFound)

_SAME_PERSON: Final = Result(RecipientOutcome.REFUSED, code=SamePerson.code)

Account = tuple[str, str]
"""A channel and an account of ours."""
Each = Callable[[Callable[["_Next"], object], Iterable["_Next"]], Iterator[object]]


class _Next(msgspec.Struct):
    """A recipient whose message is accepted next: its place in the chunk, and its slots by account."""

    recipient: BatchRecipient
    new: NewMessage | None = None
    begins: Conversation | None = None
    """The conversation that the message begins, if the recipient has none with the sender."""
    refused: Result | None = None
    person: frozenset[str] = frozenset()
    """The ids of a person who was merged with others; empty for any other recipient."""
    slots: Counter[Account] = msgspec.field(default_factory=Counter)
    intervals: dict[Account, float] = {}
    at: float = 0.0

    @property
    def named(self) -> str | None:
        """Return the stored conversation of a recipient that the request names as a user."""
        is_stored = self.recipient.conversation_id is None and self.begins is None
        return self.new.conversation_id if self.new is not None and is_stored else None


class RunBatch:
    def __init__(
        self,
        *,
        batches: Batches,
        queue: BatchQueue,
        pace: Pace,
        accept: AcceptMessage,
        messages: Messages,
        conversation_cache: ConversationCache,
        one_to_one: FindOneToOne,
        fill_template: FillTemplate,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
        log_fault: LogFault,
        sleep: Callable[[float], None] = time.sleep,
        each: Each = map,
    ) -> None:
        """Set what the use case needs. `each` is a function as `map`, which may work on several at once."""
        self._batches = batches
        self._queue = queue
        self._pace = pace
        self._accept = accept
        self._messages = messages
        self._conversation_cache = conversation_cache
        self._one_to_one = one_to_one
        self._fill_template = fill_template
        self._capabilities = capabilities
        self._clock = clock
        self._log_fault = log_fault
        self._sleep = sleep
        self._each = each

    def __call__(self, work: BatchWork, receives: int, in_time: Callable[[], bool]) -> float:
        """Accept messages while there is time; return the seconds after which the record is to come again.

        0: the record is done.

        Raises:
            Unavailable: AWS did not answer; the record must be handled again.
        """
        batch = self._running(work.batch_id)
        if batch is None:
            return 0.0
        chunk = self._first(batch, work, receives)
        if batch.started_at is None:
            self._batches.begin(batch.batch_id, iso(self._clock()))
        progressed = False
        while chunk is not None:
            if not in_time():
                return self._continued(batch, chunk) if progressed else _SOON_S
            wait_s, results = self._some(batch, chunk)
            if wait_s:
                if progressed and receives >= MOST_RECEIVES:
                    return self._continued(batch, chunk)
                return wait_s
            progressed = True
            chunk = msgspec.structs.replace(chunk, results=(*chunk.results, *results))
            self._batches.record(batch.batch_id, chunk.number, chunk.results)
            if chunk.is_done:
                chunk = self._next(batch, chunk.number + 1)
            if self._running(work.batch_id) is None:
                return 0.0
        return 0.0

    def _running(self, batch_id: str) -> Batch | None:
        batch = self._batches.get(batch_id)
        if batch is None or not batch.is_ready or batch.state is not BatchState.RUNNING:
            return None
        return None if is_begun_later(batch, self._clock()) else batch

    def _first(self, batch: Batch, work: BatchWork, receives: int) -> Chunk | None:
        """Return the chunk to continue with; None if another record goes on with the batch."""
        if work.chunk is None or receives > 1:
            return self._next(batch, first_left(batch, self._batches.counts(batch.batch_id)))
        chunk = self._batches.chunk(batch.batch_id, work.chunk)
        return chunk if chunk is not None and len(chunk.results) == work.position else None

    def _next(self, batch: Batch, number: int) -> Chunk | None:
        """Return the chunk with this number; after the last chunk, end the batch and return None."""
        if number < batch.chunk_count:
            return self._batches.chunk(batch.batch_id, number)
        before = (BatchState.RUNNING, BatchState.PAUSED)
        self._batches.move(batch.batch_id, BatchState.DONE, before, at=iso(self._clock()), due_at=None)
        return None

    def _continued(self, batch: Batch, chunk: Chunk) -> float:
        self._queue.send(BatchWork(batch.batch_id, chunk.number, len(chunk.results)))
        return 0.0

    def _some(self, batch: Batch, chunk: Chunk) -> tuple[float, list[Result]]:
        """Accept the next messages of the chunk; return the seconds to wait, or the results.

        Raises Unavailable after the results of the messages before it were recorded.
        """
        nexts = self._prepared(batch, chunk.recipients[len(chunk.results) :])
        wait_s = self._timed(nexts)
        if wait_s:
            return wait_s, []
        in_order = sorted(nexts, key=lambda item: item.at)
        outcomes = dict(zip(map(id, in_order), self._each(self._accepted, in_order), strict=True))
        results: list[Result] = []
        for item in nexts:
            outcome = outcomes[id(item)]
            if isinstance(outcome, Exception):
                if results:
                    self._batches.record(batch.batch_id, chunk.number, (*chunk.results, *results))
                raise outcome
            if isinstance(outcome, Result):
                results.append(outcome)
        return 0.0, results

    def _prepared(self, batch: Batch, recipients: Sequence[BatchRecipient]) -> list[_Next]:
        """Look up the recipients for whom there are slots within SLICE_S, at least one."""
        nexts: list[_Next] = []
        taken: Counter[Account] = Counter()
        for start in range(0, len(recipients), _TOGETHER):
            some = [_Next(recipient) for recipient in recipients[start : start + _TOGETHER]]
            for failure in self._each(lambda item: self._prepare(batch, item), some):
                if isinstance(failure, Exception):
                    raise failure
            for number, item in enumerate(some):
                if any(item.person & before.person for before in (*nexts, *some[:number])):
                    item.refused, item.slots = _SAME_PERSON, Counter()
                taken += item.slots
                if nexts and any(taken[on] * item.intervals[on] > SLICE_S for on in item.slots):
                    return nexts
                nexts.append(item)
        return nexts

    def _prepare(self, batch: Batch, item: _Next) -> Unavailable | None:
        """Set the message of the recipient and its slots; return the error if AWS did not answer."""
        recipient = item.recipient
        try:
            snapshot = self._snapshot(batch, item)
            item.person = _person(recipient, snapshot)
            if self._was_reached(batch, item):
                item.refused = _SAME_PERSON
                return None
            new = self._message(batch, recipient, snapshot.conversation.conversation_id)
            item.new = self._fill_template(new, snapshot)
            routed = routed_to_customers(snapshot, item.new, self._capabilities)
        except _REFUSED as refused:
            # A message is refused when it is accepted, with the conversation as it is then.
            if item.new is None:
                item.refused = Result(RecipientOutcome.REFUSED, code=refused.code)
            return None
        except Unavailable as error:
            return error
        except Exception:  # noqa: BLE001 - logged: a fault with one recipient stops nobody else
            self._log_fault(f"A recipient of batch {batch.batch_id} could not be looked up.")
            item.refused = _broken()
            return None
        for to in routed.to:
            capabilities = self._capabilities[to.channel]
            on = to.channel, to.account
            files = attachments_of(routed.content) or (None,)
            interval = max(interval_s(capabilities, to.address, file) for file in files)
            item.slots[on] += max(1, len(parts_of(routed.content, capabilities, to.address)))
            item.intervals = {**item.intervals, on: max(interval, item.intervals.get(on, 0.0))}
        return None

    def _was_reached(self, batch: Batch, item: _Next) -> bool:
        """Return whether the batch has a message for the person under another of their ids, and none here."""
        here = batch.message_id(item.recipient)
        ids = (
            batch.message_id(msgspec.structs.replace(item.recipient, user_id=user_id))
            for user_id in sorted(item.person)
        )
        elsewhere = any(self._messages.get(each) is not None for each in ids if each != here)
        return elsewhere and self._messages.get(here) is None

    def _snapshot(self, batch: Batch, item: _Next) -> Snapshot:
        """Return the recipient's conversation, or the new conversation of the message; raises NotFound."""
        conversation_id, user_id = item.recipient.conversation_id, item.recipient.user_id
        if user_id is not None:
            conversation_id = self._one_to_one.known(batch.sender_id, user_id)
            if conversation_id is None:
                item.begins = self._one_to_one.new(batch.sender_id, user_id, batch.batch_id)
                return self._conversation_cache.with_users(item.begins)
        return self._conversation_cache.recent(conversation_id or "")

    def _message(self, batch: Batch, recipient: BatchRecipient, conversation_id: str) -> NewMessage:
        return NewMessage(
            message_id=batch.message_id(recipient),
            conversation_id=conversation_id,
            sender_id=batch.sender_id,
            content=content_for(batch.content, recipient.variables),
            steps=tuple(map(Step, batch.channels)),
            delivery_timeout_s=batch.delivery_timeout_s,
            metadata=batch.metadata,
            purpose=batch.purpose,
        )

    def _timed(self, nexts: Sequence[_Next]) -> float:
        """Take the slots of each account, and set the time of each message; return the seconds to wait."""
        now = self._clock().timestamp()
        intervals: dict[Account, float] = {}
        for item in nexts:
            item.at = now
            for on, interval in item.intervals.items():
                intervals[on] = max(interval, intervals.get(on, 0.0))
        # The slowest account first: if it has no slots, those of the others are not wasted.
        for on, interval in sorted(intervals.items(), key=lambda entry: -entry[1]):
            of_account = [item for item in nexts if on in item.slots]
            weights = [item.slots[on] for item in of_account]
            slots = self._pace.take(*on, sum(weights), interval, now)
            if slots.wait_s:
                return slots.wait_s
            for item, at in zip(of_account, times(slots.start, weights, interval), strict=True):
                item.at = max(item.at, at)
        return 0.0

    def _accepted(self, item: _Next) -> Result | Unavailable:
        """Accept the message at its time; return the error if AWS did not answer."""
        if item.new is None or item.refused is not None:
            return item.refused or _broken()
        wait_s = item.at - self._clock().timestamp()
        if wait_s > 0:
            self._sleep(wait_s)
        try:
            accepted = self._accept_in_place(item.new, item)
        except _REFUSED as refused:
            return self._refused(item.new, item, refused.code)
        except Unavailable as error:
            return error
        except Exception:  # noqa: BLE001 - logged, as in `_prepare`
            self._log_fault(f"Message {item.new.message_id} of a batch could not be accepted.")
            return self._refused(item.new, item, Chat4AllError.code)
        return _accepted_as(accepted.message, item)

    def _accept_in_place(self, new: NewMessage, item: _Next) -> Accepted:
        conversation, user_id = item.begins, item.recipient.user_id
        if conversation is None or user_id is None:
            return self._accept(new, is_to_many=True)
        return self._accept.first(new, conversation, lambda: self._one_to_one.begin(conversation, user_id))

    def _refused(self, new: NewMessage, item: _Next, code: str) -> Result | Unavailable:
        """Return the result of a refusal: an earlier try may have accepted the message, where it was then."""
        try:
            stored = self._messages.get(new.message_id)
        except Unavailable as error:
            return error
        if stored is None:
            return Result(RecipientOutcome.REFUSED, item.named, code)
        return _accepted_as(stored, item)


def _person(recipient: BatchRecipient, snapshot: Snapshot) -> frozenset[str]:
    """Return every id of a merged person whom the request names as a user."""
    users = (snapshot.users.get(member.user_id) for member in snapshot.conversation.participants)
    persons = (frozenset(user.ids) for user in users if user is not None and len(user.ids) > 1)
    return next((ids for ids in persons if recipient.user_id in ids), frozenset())


def _accepted_as(message: Message, item: _Next) -> Result:
    is_named = item.recipient.conversation_id is None
    return Result(RecipientOutcome.ACCEPTED, message.conversation_id if is_named else None)


def _broken() -> Result:
    """Return the result of a recipient whose message met a fault of ours, which stops nobody else."""
    return Result(RecipientOutcome.REFUSED, code=Chat4AllError.code)
