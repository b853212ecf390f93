"""Deliveries, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.content import Text
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import DeliveryRequested, Recipient, Route, StatusUpdate
from chat4all.domain.message import Message
from chat4all.domain.plan import Step
from chat4all.domain.status import OF_DELIVERIES, Status, StatusChange, may_become
from chat4all.domain.waiting import ParkedStatus
from chat4all.services.messaging.ports import Deliveries, Messages
from tests.fakes.people import NOW

BEGAN = 1_770_000_000.123456
ENDS = BEGAN + 35
LATER = "2026-01-31T13:00:00.000Z"
NUMBER = "00000000000000000001"


@pytest.fixture
def requested(new_id: Callable[[], str]) -> DeliveryRequested:
    to = Recipient(new_id(), "pigeon", "main", "+55 11 98765", 2)
    return DeliveryRequested(new_id(), new_id(), to, Text("hello"), 1, 3, 4, NOW, NUMBER)


def claim(
    deliveries: Deliveries, requested: DeliveryRequested, name: str = "first", now: float = BEGAN
) -> Claimed:
    claimed = deliveries.claim(requested, name, now, now + 35)
    assert isinstance(claimed, Claimed)
    return claimed


def refused(deliveries: Deliveries, requested: DeliveryRequested, now: float = BEGAN) -> ClaimRefused:
    answer = deliveries.claim(requested, "another", now, now + 35)
    assert isinstance(answer, ClaimRefused)
    return answer


def read(deliveries: Deliveries, requested: DeliveryRequested) -> DeliveryPart:
    found = deliveries.get(requested.delivery_id)
    assert found is not None
    return found


def update(status: Status, provider_message_id: str | None = None) -> StatusUpdate:
    return StatusUpdate("pigeon", "main", status, LATER, provider_message_id)


def test_a_claim_makes_the_record(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    claimed = claim(deliveries, requested)

    assert (claimed.claim_id, claimed.failures, claimed.taken_over) == ("first", 0, False)
    assert claimed.delivery == read(deliveries, requested)
    assert claimed.delivery == DeliveryPart(
        message_id=requested.message_id,
        recipient_id=requested.recipient.user_id,
        channel="pigeon",
        account="main",
        address="+55 11 98765",
        part=1,
        part_count=3,
        recipient_count=4,
        status=Status.PENDING,
        attempts=1,
        conversation_id=requested.conversation_id,
        sequence=NUMBER,
        recipient_number=2,
    )


def test_a_recount_only_lowers_the_number_of_recipients(
    deliveries: Deliveries, requested: DeliveryRequested
) -> None:
    delivery = claim(deliveries, requested).delivery
    assert delivery.recipient_count == 4

    assert deliveries.recount(delivery, 2) == replace(delivery, recipient_count=2)
    deliveries.recount(delivery, 3)

    assert read(deliveries, requested) == replace(delivery, recipient_count=2)


def test_a_claimed_delivery_is_refused_until_the_claim_ends(
    deliveries: Deliveries, requested: DeliveryRequested
) -> None:
    claim(deliveries, requested)

    answer = refused(deliveries, requested, BEGAN + 34)

    assert answer.until == pytest.approx(ENDS)
    assert answer.delivery.attempts == 1


def test_a_claim_that_ended_is_taken_over(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    claim(deliveries, requested)

    claimed = claim(deliveries, requested, "second", ENDS + 1)

    assert claimed.taken_over
    assert claimed.delivery.attempts == 2


def test_of_many_at_once_one_claims(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda number: deliveries.claim(requested, f"claim {number}", BEGAN, ENDS), range(8))
        )

    assert sum(isinstance(answer, Claimed) for answer in answers) == 1


@pytest.mark.parametrize(
    ("counts", "attempts", "failures"),
    [(Counts.FAILURE, 1, 1), (Counts.ATTEMPT, 1, 0), (Counts.NOTHING, 0, 0)],
)
def test_a_claim_is_given_back(
    deliveries: Deliveries,
    requested: DeliveryRequested,
    counts: Counts,
    attempts: int,
    failures: int,
) -> None:
    deliveries.release(claim(deliveries, requested), counts)
    assert read(deliveries, requested).attempts == attempts

    again = claim(deliveries, requested, "second")

    assert (again.taken_over, again.failures, again.delivery.attempts) == (False, failures, attempts + 1)


def test_a_claim_that_was_given_back_leaves_the_one_before_it_open(
    deliveries: Deliveries, requested: DeliveryRequested
) -> None:
    claim(deliveries, requested)
    deliveries.release(claim(deliveries, requested, "second", ENDS + 1), Counts.FAILURE)

    assert claim(deliveries, requested, "third", ENDS + 2).taken_over


def test_failures_add_up_over_claims(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    for _ in range(2):
        deliveries.release(claim(deliveries, requested), Counts.FAILURE)

    assert claim(deliveries, requested).failures == 2


def test_a_sent_delivery_is_done(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    theirs = new_id()

    deliveries.record_sent(claim(deliveries, requested), theirs, LATER)

    sent = read(deliveries, requested)
    assert (sent.status, sent.provider_message_id) == (Status.SENT, theirs)
    assert sent.status_history == (StatusChange(Status.SENT, LATER),)
    assert refused(deliveries, requested, ENDS + 1) == ClaimRefused(sent, None)
    assert deliveries.find("pigeon", "main", theirs) == requested.delivery_id
    assert deliveries.find("telex", "main", theirs) is None


def test_the_first_file_of_an_album_keeps_the_ids_of_all(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    theirs = tuple(new_id() for _ in range(3))

    deliveries.record_sent(claim(deliveries, requested), theirs[0], LATER, theirs)

    sent = read(deliveries, requested)
    assert (sent.provider_message_id, sent.album_ids) == (theirs[0], theirs)


def test_a_failed_delivery_is_done(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    deliveries.record_failed(claim(deliveries, requested), "131026", "Cannot be delivered.", LATER)

    failed = read(deliveries, requested)
    assert (failed.status, failed.error_code, failed.error_reason) == (
        Status.FAILED,
        "131026",
        "Cannot be delivered.",
    )
    assert refused(deliveries, requested).until is None


def test_who_lost_the_claim_records_nothing(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    lost = claim(deliveries, requested)
    claim(deliveries, requested, "second", ENDS + 1)

    deliveries.record_sent(lost, new_id(), LATER)
    deliveries.record_failed(lost, "1", "late", LATER)
    deliveries.release(lost, Counts.FAILURE)

    found = read(deliveries, requested)
    assert (found.status, found.provider_message_id, found.attempts) == (Status.PENDING, None, 2)
    assert refused(deliveries, requested, ENDS + 2).until == pytest.approx(ENDS + 36)


def test_a_receipt_faster_than_the_record_stays(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    theirs = new_id()
    claimed = claim(deliveries, requested)
    deliveries.advance(requested.delivery_id, update(Status.DELIVERED, theirs))

    deliveries.record_sent(claimed, theirs, LATER)

    found = read(deliveries, requested)
    assert (found.status, found.provider_message_id) == (Status.DELIVERED, theirs)
    assert [change.status for change in found.status_history] == [Status.DELIVERED]
    assert refused(deliveries, requested).until is None


def test_a_failure_after_a_receipt_is_none(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    claimed = claim(deliveries, requested)
    deliveries.advance(requested.delivery_id, update(Status.SENT))

    deliveries.record_failed(claimed, "NETWORK", "No answer.", LATER)

    assert (read(deliveries, requested).status, read(deliveries, requested).error_code) == (Status.SENT, None)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arriving=st.lists(st.sampled_from(OF_DELIVERIES), max_size=6))
def test_a_delivery_only_moves_forward(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str], arriving: list[Status]
) -> None:
    fresh = replace(requested, message_id=new_id())
    claim(deliveries, fresh)
    expected = [Status.PENDING]

    for status in arriving:
        moved = deliveries.advance(fresh.delivery_id, update(status))
        expected += [status] if may_become(expected[-1], status) else []
        assert moved == deliveries.get(fresh.delivery_id)

    found = read(deliveries, fresh)
    assert found.status is expected[-1]
    assert [change.status for change in found.status_history] == expected[1:]


@pytest.mark.parametrize("proof", [Status.DELIVERED, Status.READ])
def test_proof_of_receipt_ends_a_failure_with_its_reason(
    deliveries: Deliveries, requested: DeliveryRequested, proof: Status
) -> None:
    claim(deliveries, requested)
    deliveries.advance(requested.delivery_id, replace(update(Status.FAILED), error_code="131026"))

    deliveries.advance(requested.delivery_id, update(Status.SENT))
    assert read(deliveries, requested).status is Status.FAILED
    deliveries.advance(requested.delivery_id, update(proof))

    found = read(deliveries, requested)
    assert (found.status, found.error_code, found.error_reason) == (proof, None, None)


def test_a_receipt_names_a_delivery_whose_sender_died(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    theirs, another = new_id(), new_id()
    claim(deliveries, requested)

    deliveries.advance(requested.delivery_id, update(Status.SENT, theirs))
    deliveries.advance(requested.delivery_id, update(Status.READ, another))

    assert read(deliveries, requested).provider_message_id == theirs
    assert deliveries.find("pigeon", "main", theirs) == requested.delivery_id
    assert deliveries.find("pigeon", "main", another) is None


def test_a_failure_reported_keeps_its_reason(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    claim(deliveries, requested)
    report = replace(update(Status.FAILED), error_code="131047", error_reason="Too late.")

    moved = deliveries.advance(requested.delivery_id, report)

    assert moved is not None
    assert (moved.error_code, moved.error_reason) == ("131047", "Too late.")


@pytest.mark.parametrize("recipient", ["unknown", "with#hashes", "ü"])
def test_a_receipt_of_nothing_known_makes_nothing(
    deliveries: Deliveries, new_id: Callable[[], str], recipient: str
) -> None:
    unknown = DeliveryId(new_id(), recipient, "pigeon", 0)

    assert deliveries.advance(unknown, update(Status.READ)) is None
    assert deliveries.get(unknown) is None


def test_a_messages_deliveries_are_all_its_own(
    deliveries: Deliveries, messages: Messages, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    for part in range(12):
        claim(deliveries, replace(requested, part=part))
    claim(deliveries, replace(requested, message_id=new_id()))

    found = deliveries.of_message(requested.message_id)

    assert sorted(delivery_part.part for delivery_part in found) == list(range(12))
    assert deliveries.of_message(new_id()) == []


def test_the_providers_id_of_a_delivery_or_of_what_a_person_wrote(
    deliveries: Deliveries, messages: Messages, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    written = a_written_message(new_id)
    messages.add(written)
    hers = DeliveryId(written.message_id, written.sender_id, "pigeon", 0)
    theirs = new_id()
    deliveries.record_sent(claim(deliveries, requested), theirs, LATER)

    assert deliveries.provider_id(requested.delivery_id, "main") == theirs
    assert deliveries.provider_id(hers, "main") == written.provider_message_id
    assert deliveries.provider_id(replace(hers, recipient_id="somebody else"), "main") is None
    assert deliveries.provider_id(replace(hers, channel="telex"), "main") is None
    assert deliveries.provider_id(replace(hers, message_id=new_id()), "main") is None


def test_another_account_of_ours_does_not_know_the_providers_id(
    deliveries: Deliveries, messages: Messages, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    written = a_written_message(new_id)
    messages.add(written)
    hers = DeliveryId(written.message_id, written.sender_id, "pigeon", 0)
    deliveries.record_sent(claim(deliveries, requested), new_id(), LATER)

    assert deliveries.provider_id(requested.delivery_id, "second") is None
    assert deliveries.provider_id(hers, "second") is None


def at_step(requested: DeliveryRequested, step: int) -> DeliveryRequested:
    """Return the request for a step on the same channel; all steps but the third have a next one."""
    fallbacks = () if step == 2 else (Route("pigeon", "main", "+55 11 98765", step=step + 1),)
    to = replace(requested.recipient, step=step, position=step, fallbacks=fallbacks)
    return replace(requested, recipient=to, part=0, part_count=1)


def test_two_steps_on_one_channel_have_records_of_their_own(
    deliveries: Deliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    first, third = at_step(requested, 0), at_step(requested, 2)
    deliveries.record_failed(claim(deliveries, first), "131047", "closed", NOW)
    theirs = new_id()
    deliveries.record_sent(claim(deliveries, third), theirs, LATER)

    parts = sorted(deliveries.of_message(requested.message_id), key=lambda part: part.step)
    assert [(part.step, part.route, part.status) for part in parts] == [
        (0, 0, Status.FAILED),
        (2, 2, Status.SENT),
    ]
    assert [part.delivery_id for part in parts] == [first.delivery_id, third.delivery_id]
    assert deliveries.find("pigeon", "main", theirs) == third.delivery_id
    moved = deliveries.advance(third.delivery_id, update(Status.DELIVERED))
    assert moved is not None
    assert (moved.step, moved.status) == (2, Status.DELIVERED)
    assert read(deliveries, first).status is Status.FAILED


def test_the_providers_id_is_that_of_the_step_that_the_person_has(
    deliveries: Deliveries, messages: Messages, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    message = replace(a_written_message(new_id), message_id=requested.message_id, steps=(Step(), Step()))
    messages.add(replace(message, provider_message_id=None))
    steps = [at_step(requested, step) for step in range(3)]
    named, first, third = steps[0].delivery_id, new_id(), new_id()
    assert deliveries.provider_id(named, "main") is None

    deliveries.record_sent(claim(deliveries, steps[1]), first, NOW)
    assert deliveries.provider_id(named, "main") == first
    deliveries.advance(steps[1].delivery_id, replace(update(Status.FAILED), error_code="131047"))
    assert deliveries.provider_id(named, "main") == first
    deliveries.end(steps[0], BEGAN, "NOT_CONFIRMED", "why", NOW)
    deliveries.record_sent(claim(deliveries, steps[2]), third, LATER)

    assert deliveries.provider_id(named, "main") == third
    assert deliveries.provider_id(named, "second") is None
    assert deliveries.provider_id(replace(named, channel="telex"), "main") is None


def test_what_was_sent_is_found_as_a_message_by_its_providers_id(
    deliveries: Deliveries, messages: Messages, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    message = replace(a_written_message(new_id), message_id=requested.message_id, provider_message_id=None)
    messages.add(message)
    theirs = new_id()
    deliveries.record_sent(claim(deliveries, requested), theirs, LATER)

    found = messages.find("pigeon", "main", theirs)

    assert found is not None
    assert found.message_id == requested.message_id


def test_a_persons_message_is_no_delivery(
    deliveries: Deliveries, messages: Messages, new_id: Callable[[], str]
) -> None:
    written = a_written_message(new_id)
    messages.add(written)

    assert deliveries.find("pigeon", "main", written.provider_message_id or "") is None


@pytest.mark.parametrize("name", ["theirs", "of\ntwo\nlines", "with#hash", "x" * 1_500])
def test_a_parked_status_waits_and_goes(deliveries: Deliveries, new_id: Callable[[], str], name: str) -> None:
    parked = ParkedStatus(update(Status.READ, f"{new_id()} {name}"), NOW, LATER)
    deliveries.park(parked)

    assert parked not in deliveries.parked("2026-01-31T11:59:59.999Z", 100)
    assert parked in deliveries.parked(NOW, 100)

    again = replace(parked, due_at=LATER)
    deliveries.park(again)
    assert parked not in deliveries.parked(NOW, 100)
    assert again in deliveries.parked(LATER, 100)

    deliveries.unpark(again)
    assert again not in deliveries.parked(LATER, 100)


def test_each_status_of_a_delivery_is_parked_by_itself(
    deliveries: Deliveries, new_id: Callable[[], str]
) -> None:
    theirs = new_id()
    both = [ParkedStatus(update(status, theirs), NOW, LATER) for status in (Status.SENT, Status.READ)]

    for parked in both:
        deliveries.park(parked)

    assert all(parked in deliveries.parked(NOW, 100) for parked in both)


def a_written_message(new_id: Callable[[], str]) -> Message:
    return Message(
        message_id=new_id(),
        conversation_id=new_id(),
        sequence=NUMBER,
        sender_id=new_id(),
        content=Text("hello"),
        status=Status.DELIVERED,
        status_history=(StatusChange(Status.DELIVERED, NOW),),
        accepted_at=NOW,
        fingerprint="f",
        channel="pigeon",
        account="main",
        provider_message_id=new_id(),
    )


def test_what_was_not_begun_is_ended_and_never_claimed(
    deliveries: Deliveries, requested: DeliveryRequested
) -> None:
    assert deliveries.end(requested, BEGAN, "NOT_CONFIRMED", "too late", LATER)

    ended = refused(deliveries, requested).delivery
    assert (ended.status, ended.error_code, ended.attempts) == (Status.FAILED, "NOT_CONFIRMED", 0)
    assert ended.address == requested.recipient.address
    assert deliveries.end(requested, BEGAN, "NOT_CONFIRMED", "too late", LATER)


@pytest.mark.parametrize(
    ("status", "ends"), [(Status.SENT, True), (Status.DELIVERED, False), (Status.READ, False)]
)
def test_what_is_sent_is_ended_and_what_is_delivered_is_not(
    deliveries: Deliveries, requested: DeliveryRequested, status: Status, *, ends: bool
) -> None:
    deliveries.record_sent(claim(deliveries, requested), "theirs", NOW)
    deliveries.advance(requested.delivery_id, update(status))

    assert deliveries.end(requested, BEGAN, "NOT_CONFIRMED", "too late", LATER)

    assert read(deliveries, requested).status is (Status.FAILED if ends else status)


def test_what_is_being_sent_is_ended_when_the_claim_is_over(
    deliveries: Deliveries, requested: DeliveryRequested
) -> None:
    claim(deliveries, requested)

    assert not deliveries.end(requested, BEGAN + 35, "NOT_CONFIRMED", "too late", LATER)
    assert deliveries.end(requested, BEGAN + 36, "NOT_CONFIRMED", "too late", LATER)

    assert read(deliveries, requested).status is Status.FAILED


def test_a_delivery_with_a_fallback_says_so(deliveries: Deliveries, requested: DeliveryRequested) -> None:
    to = replace(requested.recipient, fallbacks=(Route("telex", "main", "2"),))
    claimed = claim(deliveries, replace(requested, recipient=to))
    deliveries.record_failed(claimed, "1", "no", LATER)

    failed = read(deliveries, requested)
    assert (claimed.delivery.fallback, claimed.delivery.replaced) == (True, False)
    assert (failed.fallback, failed.replaced) == (True, True)
