"""A batch accepts the message of each recipient once, at the pace of the channels, whatever dies."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat4all.channels.registry import manifest_of
from chat4all.domain.batches import (
    CHUNK,
    Batch,
    BatchRecipient,
    BatchState,
    BatchWork,
    RecipientOutcome,
)
from chat4all.domain.buckets import take
from chat4all.domain.channel import Capabilities, RateLimit
from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import BatchOver, Conflict, Unavailable
from chat4all.domain.pacing import SHARE
from chat4all.domain.status import Status
from chat4all.services.batches.control_batch import ControlBatch, WakeBatches
from chat4all.services.batches.create_batch import WATCHED, CreateBatch, CreatedBatch
from chat4all.services.batches.find_one_to_one import FindOneToOne
from chat4all.services.batches.run_batch import RunBatch
from tests.fakes.batches import MemoryBatches, MemoryPace, QueuedBatches
from tests.fakes.connector import CAPABILITIES, PIGEON
from tests.fakes.fifo import VISIBILITY_S, FifoQueue
from tests.fakes.people import conversation_of, customer
from tests.fakes.product import AGENT, Product

BATCH_ID = "3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05"
FUNCTION_S = 30.0
NEEDED_S = 15.0
TEMPLATE_S = 10.0
PIGEONS = PIGEON.rate_limits[0]
MOST_A_SECOND = SHARE / PIGEONS.interval_s


class Crash(BaseException):
    """The process dies."""


@dataclass
class Crashing:
    """The calls after which the process dies, by their numbers."""

    at: frozenset[int] = frozenset()
    calls: int = 0

    def watch(self, owner: object, *names: str) -> None:
        for name in names:
            setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **named: object) -> object:
            self.calls += 1
            if 2 * self.calls in self.at:
                raise Crash
            answer = call(*arguments, **named)
            if 2 * self.calls + 1 in self.at:
                raise Crash
            return answer

        return counted


@dataclass
class World:
    product: Product = field(default_factory=Product)
    batches: MemoryBatches = field(default_factory=MemoryBatches)
    pace: MemoryPace = field(default_factory=MemoryPace)
    accepted_at: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    capabilities: Mapping[str, Capabilities] = field(default_factory=lambda: CAPABILITIES)

    def __post_init__(self) -> None:
        clock, accepting = self.product.clock, self.product
        self.product.directory.create(AGENT)
        self.queue = FifoQueue(clock)
        queued = QueuedBatches(self.queue)
        fill_template = accepting.fill_template(self.capabilities, remembered_s=TEMPLATE_S)
        self.create = CreateBatch(self.batches, queued, accepting.directory, fill_template, clock)
        self.control = ControlBatch(self.batches, queued, accepting.messages, clock)
        self.wake = WakeBatches(self.batches, queued)
        self.run = RunBatch(
            batches=self.batches,
            queue=queued,
            pace=self.pace,
            accept=accepting.accept,
            messages=accepting.messages,
            conversation_cache=accepting.conversation_cache,
            one_to_one=FindOneToOne(accepting.conversations, accepting.directory, clock),
            fill_template=fill_template,
            capabilities=self.capabilities,
            clock=clock,
            log_fault=self.faults.append,
            sleep=clock.advance,
        )
        submit = accepting.events.message_submitted

        def submitted(event: object) -> str:
            self.accepted_at.append(clock.monotonic())
            return submit(event)  # type: ignore[arg-type]

        accepting.events.message_submitted = submitted  # type: ignore[method-assign]

    def people(self, count: int, channel: str = "pigeon") -> list[BatchRecipient]:
        recipients = []
        for number in range(count):
            person = customer(f"{channel}-{number}", channel)
            self.product.directory.create(person)
            conversation = conversation_of(AGENT, person, conversation_id=f"{channel} {number}")
            self.product.conversations.create(conversation, [person.user_id])
            recipients.append(BatchRecipient(conversation_id=conversation.conversation_id))
        return recipients

    def begin(
        self, recipients: list[BatchRecipient], batch_id: str = BATCH_ID, **fields: object
    ) -> CreatedBatch:
        batch = Batch(batch_id, AGENT.user_id, Text("hello"), len(recipients), "f", iso(self.product.clock()))
        return self.create(msgspec.structs.replace(batch, **fields), recipients)

    def serve(self, group: str = BATCH_ID) -> bool:
        """Hand the next record to the function; return False if there is none now."""
        given = self.queue.receive(group)[:1]
        for record in given:
            began = self.product.clock.monotonic()
            work = msgspec.json.decode(record.body, type=BatchWork)

            def in_time(began: float = began) -> bool:
                return self.product.clock.monotonic() - began < FUNCTION_S - NEEDED_S

            try:
                wait_s = self.run(work, record.receives, in_time)
            except (Crash, Unavailable):
                record.visible_at = self.product.clock.monotonic() + VISIBILITY_S
                continue
            if wait_s:
                record.visible_at = self.product.clock.monotonic() + wait_s
            else:
                self.queue.delete(record)
        return bool(given)

    def pump(self, groups: Iterable[str] = (BATCH_ID,)) -> None:
        """Run the function until the queue is empty; time passes while all records wait."""
        groups = list(groups)
        while len(self.queue):
            served = [self.serve(group) for group in groups]
            if not any(served):
                following = self.queue.next_visible()
                assert following is not None
                self.product.clock.advance(following - self.product.clock.monotonic() + 0.001)

    def pump_some(self) -> None:
        for _ in range(3):
            self.serve()
            self.product.clock.advance(VISIBILITY_S + 1)

    def finish(self) -> None:
        """Run the function, and `relay` once in a while, until the batch is done."""
        for _ in range(200):
            self.pump_some()
            if self.state() is BatchState.DONE:
                return
            with suppress(Crash):
                self.wake(self.product.clock())

    def counts(self, batch_id: str = BATCH_ID) -> tuple[int, int, int]:
        progress = self.control.progress(batch_id)
        return progress.accepted, progress.refused, progress.pending

    def state(self) -> BatchState:
        return self.batches.batches[BATCH_ID].state

    def times_accepted(self) -> Counter[str]:
        """Count the submissions of each message that the router does not drop."""
        ids: dict[str, set[str]] = {}
        for event in self.product.events.submitted:
            ids.setdefault(event.message.message_id, set()).add(event.message.fingerprint)
        return Counter({message_id: len(prints) for message_id, prints in ids.items()})


@pytest.fixture
def world() -> World:
    return World()


def test_every_recipient_gets_the_message_and_the_batch_is_done(world: World) -> None:
    recipients = world.people(CHUNK + 5)

    created = world.begin(recipients)
    world.pump()

    assert not created.replayed
    assert world.counts() == (CHUNK + 5, 0, 0)
    assert world.state() is BatchState.DONE
    messages = [world.product.message(created.batch.message_id(recipient)) for recipient in recipients]
    assert {message.status for message in messages} == {Status.PENDING}
    assert [message.conversation_id for message in messages] == [
        recipient.conversation_id for recipient in recipients
    ]


def test_the_same_batch_again_is_the_same_and_another_a_conflict(world: World) -> None:
    recipients = world.people(3)
    world.begin(recipients)

    assert world.begin(recipients).replayed
    world.pump()
    assert world.begin(recipients).replayed
    world.pump()

    assert set(world.times_accepted().values()) == {1}
    with pytest.raises(Conflict):
        world.begin(recipients, fingerprint="g")


def test_each_recipient_reads_their_own_words(world: World) -> None:
    recipients = [
        msgspec.structs.replace(recipient, variables={"name": f"{{{{name}}}} {number}"})
        for number, recipient in enumerate(world.people(2))
    ]

    world.begin(recipients, content=Text("Hi {{ name }}!"))
    world.pump()

    texts = [event.message.content.text for event in world.product.events.submitted]
    assert texts == ["Hi {{name}} 0!", "Hi {{name}} 1!"]


def test_a_refusal_is_told_with_its_code_and_stops_nobody(world: World) -> None:
    recipients = [
        *world.people(3),
        BatchRecipient(conversation_id="unknown"),
        BatchRecipient(user_id="nobody"),
        BatchRecipient(user_id=AGENT.user_id),
    ]
    archived = world.product.conversation("pigeon 1")
    world.product.conversations.set_state(archived, ConversationState.ARCHIVED)

    world.begin(recipients)
    world.pump()

    assert world.counts() == (2, 4, 0)
    refused = world.control.recipients(BATCH_ID, RecipientOutcome.REFUSED, None, 10).items
    assert [(item.index, item.result.code) for item in refused] == [
        (1, "CONVERSATION_ARCHIVED"),
        (3, "CONVERSATION_NOT_FOUND"),
        (4, "USER_NOT_FOUND"),
        (5, "NO_IDENTITY"),
    ]


@pytest.mark.parametrize("stage", ["looked up", "accepted"])
def test_a_fault_of_ours_with_one_recipient_stops_nobody_else(world: World, stage: str) -> None:
    """A campaign of Chatwoot ended at its first error: https://github.com/chatwoot/chatwoot/pull/11980"""
    recipients = world.people(3)
    owner, name = (
        (world.product.conversation_cache, "recent")
        if stage == "looked up"
        else (world.product.messages, "add")
    )
    sound = getattr(owner, name)

    def faulty(about: object) -> object:
        if getattr(about, "conversation_id", about) == "pigeon 1":
            raise ZeroDivisionError
        return sound(about)

    setattr(owner, name, faulty)
    world.begin(recipients)
    world.pump()

    assert world.counts() == (2, 1, 0)
    (refused,) = world.control.recipients(BATCH_ID, RecipientOutcome.REFUSED, None, 10).items
    assert (refused.index, refused.result.code) == (1, "INTERNAL")
    assert len(world.faults) == 1


def test_a_customer_is_reached_in_their_conversation_with_the_sender_or_a_new_one(world: World) -> None:
    world.people(1)
    new = customer("new", "pigeon")
    world.product.directory.create(new)

    world.begin([BatchRecipient(user_id="pigeon-0"), BatchRecipient(user_id="new")])
    world.pump()

    known, begun = world.control.recipients(BATCH_ID, None, None, 10).items
    assert known.result.conversation_id == "pigeon 0"
    conversation = world.product.conversations.get(begun.result.conversation_id or "")
    assert conversation is not None
    assert [member.user_id for member in conversation.participants] == ["agent", "new"]
    assert world.product.conversations.places("new").one_to_one == conversation.conversation_id
    assert [item.message.status for item in (known, begun) if item.message] == [Status.PENDING] * 2


def test_a_paused_batch_rests_until_it_is_resumed(world: World) -> None:
    world.begin(world.people(2 * CHUNK))
    world.serve()
    before = world.counts()
    world.control.pause(BATCH_ID)
    world.pump()
    assert world.counts() == before
    assert world.control.pause(BATCH_ID).batch.state is BatchState.PAUSED

    world.product.clock.advance(400)
    world.control.resume(BATCH_ID)
    world.pump()

    assert 0 < before[0] < 2 * CHUNK
    assert world.counts() == (2 * CHUNK, 0, 0)


def test_a_pause_takes_effect_within_a_slice(world: World) -> None:
    world.begin(world.people(3 * CHUNK))
    submit = world.product.events.message_submitted

    def pause_at_the_tenth(event: object) -> str:
        if len(world.accepted_at) == 10:
            world.control.pause(BATCH_ID)
        return submit(event)  # type: ignore[arg-type]

    world.product.events.message_submitted = pause_at_the_tenth  # type: ignore[method-assign]
    world.pump()

    assert world.counts()[0] <= CHUNK
    assert world.state() is BatchState.PAUSED


def test_a_cancelled_batch_accepts_nothing_more_and_cannot_go_on(world: World) -> None:
    world.begin(world.people(2 * CHUNK))
    world.serve()
    before = world.counts()

    world.control.cancel(BATCH_ID)
    world.pump()

    assert world.counts() == before
    assert world.control.cancel(BATCH_ID).batch.state is BatchState.CANCELLED
    for act in (world.control.pause, world.control.resume):
        with pytest.raises(BatchOver):
            act(BATCH_ID)


def test_what_is_done_cannot_be_paused_resumed_or_cancelled(world: World) -> None:
    world.begin(world.people(1))
    world.pump()

    for act in (world.control.pause, world.control.resume, world.control.cancel):
        with pytest.raises(BatchOver):
            act(BATCH_ID)


def test_a_batch_for_later_begins_at_its_time(world: World) -> None:
    world.begin(world.people(2), send_at=iso(world.product.clock() + timedelta(hours=1)))
    assert len(world.queue) == 0
    world.wake(world.product.clock())
    world.control.pause(BATCH_ID)
    world.control.resume(BATCH_ID)
    world.pump()
    assert world.counts() == (0, 0, 2)

    world.product.clock.advance(3_601)
    world.wake(world.product.clock())
    world.pump()

    assert world.counts() == (2, 0, 0)


def test_relay_begins_a_batch_anew_whose_record_was_lost(world: World) -> None:
    world.begin(world.people(2))
    (lost,) = world.queue.receive(BATCH_ID)
    world.queue.delete(lost)

    world.product.clock.advance(WATCHED.total_seconds() + 1)
    world.wake(world.product.clock())
    world.pump()

    assert world.counts() == (2, 0, 0)
    assert world.wake(world.product.clock()) == {}


def test_the_provider_takes_every_message_at_once_and_a_reply_beside_them(world: World) -> None:
    """The account's bucket, which the channel's function asks, never makes a message wait."""
    world.begin(world.people(4 * CHUNK))
    world.pump()

    replies = [world.accepted_at[number] + 0.01 for number in range(0, 4 * CHUNK, 17)]
    assert waits(PIGEONS, sorted([*world.accepted_at, *replies])) == [0.0] * (4 * CHUNK + len(replies))


def test_batches_of_one_account_share_its_pace_and_all_of_them_go_on(world: World) -> None:
    ids = [str(uuid.UUID(int=number, version=4)) for number in range(4)]
    recipients = world.people(2 * CHUNK)
    for number, batch_id in enumerate(ids):
        world.begin(recipients[number * 50 :][:50], batch_id=batch_id)

    world.pump(ids)

    assert [world.counts(batch_id)[0] for batch_id in ids] == [50] * 4
    assert waits(PIGEONS, sorted(world.accepted_at)) == [0.0] * (2 * CHUNK)
    spent = max(world.accepted_at) - min(world.accepted_at)
    assert spent >= (2 * CHUNK - 1) / MOST_A_SECOND - 0.01


def test_a_channel_without_a_limit_has_no_pace(world: World) -> None:
    world.begin(world.people(CHUNK, "telex"))

    world.pump()

    assert max(world.accepted_at) - min(world.accepted_at) < 1


def test_a_text_of_several_parts_takes_a_slot_for_each(world: World) -> None:
    world.begin(world.people(20), content=Text("five words of a text " * 4))
    world.pump()

    assert max(world.accepted_at) - min(world.accepted_at) >= 19 * 4 / MOST_A_SECOND


@pytest.mark.parametrize("channel", ["whatsapp", "telegram", "instagram"])
def test_the_work_of_a_chunk_costs_a_handful_of_calls(channel: str) -> None:
    """Per recipient a batch costs what a POST costs, and a hundredth of a chunk's few calls."""
    rate_limits = manifest_of(channel).capabilities.rate_limits
    as_fast = {"pigeon": msgspec.structs.replace(PIGEON, rate_limits=rate_limits)}
    world = World(capabilities=as_fast)
    counting = Crashing()
    counting.watch(world.batches, "get", "chunk", "record", "counts", "begin", "move")
    counting.watch(world.pace, "take")
    counting.watch(world.queue, "send")
    world.begin(world.people(5 * CHUNK))
    reads = world.product.conversations.reads

    world.pump()

    assert world.product.conversations.reads - reads == 5 * CHUNK
    assert len(world.product.events.submitted) == 5 * CHUNK
    assert counting.calls / 5 <= 6


@given(crashes=st.frozensets(st.integers(2, 900), max_size=6), extra=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_whatever_dies_each_recipient_gets_one_message(crashes: frozenset[int], extra: int) -> None:
    world = World()
    recipients = [*world.people(CHUNK + 20), BatchRecipient(conversation_id="unknown")]
    newcomer = customer("new", "pigeon")
    world.product.directory.create(newcomer)
    recipients.insert(7, BatchRecipient(user_id="new"))
    crashing = Crashing(crashes)
    crashing.watch(
        world.batches,
        *("add", "add_chunks", "make_ready", "get", "begin", "move", "chunk", "record", "counts"),
    )
    crashing.watch(world.pace, "take")
    crashing.watch(world.queue, "send")
    crashing.watch(world.product.messages, "add")
    crashing.watch(world.product.conversations, "create")

    while True:
        try:
            world.begin(recipients)
        except Crash:
            continue
        break
    for _ in range(extra):
        world.pump_some()
        crashing.at, kept = frozenset(), crashing.at
        world.product.clock.advance(WATCHED.total_seconds() + 1)
        world.wake(world.product.clock())
        crashing.at = kept
    world.finish()
    crashing.at = frozenset()

    counts = world.counts()
    assert counts == (CHUNK + 21, 1, 0)
    assert world.state() is BatchState.DONE
    for event in world.product.events.submitted:
        world.product.route(event, world.product.events.number_of(event))
    sent = Counter(request.recipient.user_id for request in world.product.events.requested)
    assert set(sent.values()) == {1}
    assert len(sent) == CHUNK + 21


def waits(limit: RateLimit, times: list[float]) -> list[float]:
    """Return how long each send at these times has to wait for a token of the provider's bucket."""
    full_at, found = 0.0, []
    for at in times:
        taken = take(limit, full_at, at, 1)
        full_at = taken.full_at
        found.append(taken.wait_s if taken.wait_s > 1e-6 else 0.0)
    return found


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("kept_first", [True, False])
@pytest.mark.parametrize("has_conversation", [True, False])
def test_a_person_who_is_named_by_two_ids_gets_one_message(
    world: World, *, together: bool, kept_first: bool, has_conversation: bool
) -> None:
    product = world.product
    for name in ("ana", "ben"):
        product.directory.create(customer(name, "pigeon"))
    if has_conversation:
        talk = conversation_of(AGENT, customer("ana", "pigeon"), conversation_id="with ana")
        product.conversations.create(talk, ["ana"])
    product.merges.merge("ana", "ben", "key")
    first, second = ("ana", "ben") if kept_first else ("ben", "ana")
    between = [] if together else world.people(CHUNK + 3)
    named = [BatchRecipient(user_id=first), *between, BatchRecipient(user_id=second)]

    world.begin(named)
    world.pump()

    assert world.counts() == (len(named) - 1, 1, 0)
    assert len(world.times_accepted()) == len(named) - 1
    (refused,) = (
        result
        for chunk in world.batches.chunks(BATCH_ID, 0, 9)
        for result in chunk.results
        if result.outcome is RecipientOutcome.REFUSED
    )
    assert refused.code == "SAME_PERSON"
    assert not world.faults
