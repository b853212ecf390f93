"""The delivery of a provider message."""

import pytest
from msgspec.structs import replace

from chat4all.domain.breaker import FIRST_WAIT_REFUSED_S, FIRST_WAIT_S, LONGEST_WAIT_S, Circuit
from chat4all.domain.channel import LimitScope, RateLimit, Transfer
from chat4all.domain.claims import Claimed
from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested, InboundMove, StatusUpdate, TemplateChanged
from chat4all.domain.files.file import Attachment, FileStatus, MediaKind, Source
from chat4all.domain.kinds import HeaderFile, Reaction, Template
from chat4all.domain.retry import DELIVERY_GRACE, MAX_ATTEMPTS, MAX_FAILURES
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.templates import TemplateNews
from chat4all.services.files.outgoing_file import LONGEST_FILE_WAIT
from chat4all.services.messaging.circuit import Attempt
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import ChannelCredentials
from chat4all.services.messaging.deliver import Deliver, Delivering, Later, Settled
from tests.fakes.connector import PIGEON, FakeConnector
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.files import a_file
from tests.fakes.product import AGENT, ANA, CLAIM_TIME, MESSAGE_ID, Product, a_delivery, a_message
from tests.fakes.small_stores import SECRET, NotToBeAsked, OneBucket

QUOTED_ID = "33333333-3333-4333-8333-333333333333"
TRANSIENT = SendError(Outcome.RETRY, "500", "The provider has a problem of its own.")


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def deliver(product: Product) -> Deliver:
    return product.deliver()


def settled(outcome: Delivering) -> StatusUpdate:
    assert isinstance(outcome, Settled)
    return outcome.update


def waiting(outcome: Delivering) -> float:
    assert isinstance(outcome, Later)
    return outcome.wait_s


def delivery(product: Product, *, part: int = 0) -> DeliveryPart:
    found = product.deliveries.get(DeliveryId(MESSAGE_ID, "ana", "pigeon", part))
    assert found is not None
    return found


def hear_question(product: Product, account: str) -> None:
    """Accept a message that Ana wrote to an account of ours."""
    product.settle(AGENT, ANA)
    written = replace(
        a_message("question", message_id=QUOTED_ID, sender_id="ana"),
        received_over="pigeon",
        account=account,
        provider_message_id="hers",
    )
    product.accept(written)


def test_it_is_sent_and_recorded(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent("theirs")]

    update = settled(deliver(a_delivery("hello")))

    (submission,) = product.connector.accepted
    assert (submission.address, submission.content.text) == ("ana@pigeon", "hello")
    assert submission.delivery_id == f"{MESSAGE_ID}|ana|pigeon|0"
    assert (delivery(product).status, delivery(product).provider_message_id) == (Status.SENT, "theirs")
    assert (update.status, update.provider_message_id, update.recorded) == (Status.SENT, "theirs", True)


def test_what_is_done_is_reported_again_and_not_sent_again(product: Product, deliver: Deliver) -> None:
    first = settled(deliver(a_delivery()))

    again = settled(deliver(a_delivery()))

    assert len(product.connector.asked) == 1
    assert replace(again, at=first.at) == first


def test_what_failed_is_reported_again_with_its_reason(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]
    deliver(a_delivery())

    again = settled(deliver(a_delivery()))

    assert (again.status, again.error_code, again.error_reason) == (
        Status.FAILED,
        "131026",
        "Cannot be delivered.",
    )


def test_what_another_process_has_waits_until_its_claim_ends(product: Product, deliver: Deliver) -> None:
    claim(product)
    product.clock.advance(10)

    wait_s = waiting(deliver(a_delivery()))

    assert wait_s == pytest.approx(CLAIM_TIME.total_seconds() - 10)
    assert product.connector.asked == []


def test_a_claim_whose_process_died_is_taken_over_and_said_to_be(product: Product, deliver: Deliver) -> None:
    claim(product)
    product.clock.advance(CLAIM_TIME.total_seconds() + 1)

    outcome = deliver(a_delivery())

    assert isinstance(outcome, Settled)
    assert outcome.taken_over
    assert len(product.connector.accepted) == 1


def test_a_claim_given_back_is_not_taken_over(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [TRANSIENT]
    deliver(a_delivery())

    outcome = deliver(a_delivery())

    assert isinstance(outcome, Settled)
    assert not outcome.taken_over


def test_what_may_be_a_repeat_is_said_to_be_however_often_it_was_given_back_since(
    product: Product, deliver: Deliver
) -> None:
    claim(product)
    product.clock.advance(CLAIM_TIME.total_seconds() + 1)
    product.connector.answers = [TRANSIENT]
    waiting(deliver(a_delivery()))

    outcome = deliver(a_delivery())

    assert isinstance(outcome, Settled)
    assert outcome.taken_over


def test_a_copy_of_what_is_done_takes_no_tokens(product: Product, deliver: Deliver) -> None:
    deliver(a_delivery())
    product.clock.advance(DELIVERY_GRACE.total_seconds())

    copy = product.deliver(NotToBeAsked())(a_delivery())

    assert isinstance(copy, Settled)
    assert (copy.update.status, copy.update.recorded) == (Status.SENT, True)
    assert len(product.connector.asked) == 1


def test_over_the_rate_limit_nothing_is_claimed(product: Product) -> None:
    deliver = product.deliver(OneBucket(RateLimit(LimitScope.ACCOUNT, interval_s=6.0, burst=1)))
    deliver(a_delivery())

    wait_s = waiting(deliver(a_delivery(message_id=QUOTED_ID)))

    assert wait_s == pytest.approx(6.0)
    assert product.deliveries.of_message(QUOTED_ID) == []


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=17.0), 17.0),
        (SendError(Outcome.THROTTLED, "429", "Slower."), 1.0),
    ],
)
def test_waiting_for_the_provider_uses_no_attempt(
    product: Product, deliver: Deliver, answer: SendError, wait_s: float
) -> None:
    product.connector.answers = [answer] * (MAX_ATTEMPTS + MAX_FAILURES)

    waits = [waiting(deliver(a_delivery())) for _ in range(MAX_ATTEMPTS + MAX_FAILURES)]

    assert set(waits) == {wait_s}
    assert (delivery(product).status, delivery(product).attempts) == (Status.PENDING, 0)
    assert settled(deliver(a_delivery())).status is Status.SENT


def test_three_transient_failures_are_the_end(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [TRANSIENT] * MAX_FAILURES

    waits = [waiting(deliver(a_delivery())) for _ in range(MAX_FAILURES - 1)]
    update = settled(deliver(a_delivery()))

    assert waits == [0.5, 1.0]
    assert (update.status, update.error_code) == (Status.FAILED, "500")
    assert delivery(product).error_reason == TRANSIENT.reason
    assert delivery(product).attempts == MAX_FAILURES


@pytest.mark.parametrize("outcome", [Outcome.PERMANENT, Outcome.UNREACHABLE])
def test_what_can_never_be_delivered_fails_at_once(
    product: Product, deliver: Deliver, outcome: Outcome
) -> None:
    product.connector.answers = [SendError(outcome, "403", "The person has blocked us.")]

    update = settled(deliver(a_delivery()))

    assert (update.status, update.error_reason) == (Status.FAILED, "The person has blocked us.")
    assert len(product.connector.asked) == 1


def moved(new_address: str | None) -> SendError:
    return SendError(
        Outcome.ADDRESS_CHANGED, "400", "The group is a supergroup now.", new_address=new_address
    )


def test_a_person_who_moved_is_sent_to_where_they_are(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [moved("there"), moved("further"), Sent("theirs")]

    assert settled(deliver(a_delivery())).status is Status.SENT
    assert [submission.address for submission in product.connector.asked] == [
        "ana@pigeon",
        "there",
        "further",
    ]


@pytest.mark.parametrize(
    "last", [Sent("theirs"), SendError(Outcome.UNREACHABLE, "403", "Removed."), TRANSIENT]
)
def test_a_move_that_an_answer_names_is_reported(
    product: Product, deliver: Deliver, last: Sent | SendError
) -> None:
    product.connector.answers = [moved("there"), last]

    deliver(a_delivery())

    (reported,) = product.events.webhooks
    assert (reported.channel, reported.account) == ("pigeon", "main")
    assert reported.event == InboundMove("ana@pigeon", "there", iso(product.clock()), "main")
    assert MESSAGE_ID in reported.webhook_id


def test_a_refusal_that_tells_of_the_template_is_reported(product: Product, deliver: Deliver) -> None:
    refused = SendError(Outcome.PERMANENT, "132015", "Paused.", template_status="PAUSED")
    product.connector.answers = [refused]

    settled(deliver(replace(a_delivery(), content=Template("order_ready", "pt_BR", text="hello"))))

    (reported,) = product.events.webhooks
    changed = reported.event
    assert isinstance(changed, TemplateChanged)
    assert (changed.name, changed.language, changed.news) == ("order_ready", "pt_BR", TemplateNews("PAUSED"))
    assert MESSAGE_ID in reported.webhook_id


def test_the_file_of_a_header_is_addressed_when_the_template_is_sent(
    product: Product, deliver: Deliver
) -> None:
    product.files.files["file-1"] = a_file(filename="it.png", content_type="image/png", size=400)
    header = HeaderFile("file-1", product.files.files["file-1"].attachment)
    template = Template("order_ready", "pt_BR", header=header, text="hello")

    settled(deliver(replace(a_delivery(), content=template)))

    (submission,) = product.connector.accepted
    assert submission.header is not None
    assert (submission.header.filename, submission.content) == ("it.png", template)


def test_a_template_whose_file_is_gone_fails(product: Product, deliver: Deliver) -> None:
    gone = a_file(filename="it.png", content_type="image/png", size=400).attachment
    template = Template("order_ready", "pt_BR", header=HeaderFile("file-1", gone), text="hello")

    failed = settled(deliver(replace(a_delivery(), content=template)))

    assert failed.error_code == "FILE_GONE"
    assert not product.connector.asked


def test_a_move_that_no_queue_takes_is_reported_by_the_next_send(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [moved("there"), Sent("theirs"), moved("there")]
    product.events.broken = True
    assert settled(deliver(a_delivery())).recorded

    product.events.broken = False
    deliver(a_delivery(message_id=QUOTED_ID))

    assert [reported.event.address for reported in product.events.webhooks] == ["ana@pigeon"]


def test_a_person_who_stays_is_not_reported(product: Product, deliver: Deliver) -> None:
    deliver(a_delivery())

    assert product.events.webhooks == []


@pytest.mark.parametrize("answers", [[moved("a"), moved("b"), moved("c")], [moved(None)]])
def test_a_person_who_cannot_be_followed_is_not_reached(
    product: Product, deliver: Deliver, answers: list[Sent | SendError]
) -> None:
    product.connector.answers = answers

    assert settled(deliver(a_delivery())).status is Status.FAILED


def test_after_a_part_failed_the_later_ones_fail_unsent(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]
    parts = [a_delivery(part=part, part_count=3) for part in range(3)]

    updates = [settled(deliver(part)) for part in parts]

    assert [update.error_code for update in updates] == ["131026", "EARLIER_PART", "EARLIER_PART"]
    assert len(product.connector.asked) == 1


def test_what_was_begun_too_often_is_abandoned(product: Product, deliver: Deliver) -> None:
    for _ in range(MAX_ATTEMPTS):
        claim(product)
        product.clock.advance(CLAIM_TIME.total_seconds() + 1)

    update = settled(deliver(a_delivery()))

    assert (update.status, update.error_code) == (Status.FAILED, "ABANDONED")
    assert product.connector.asked == []


def test_a_receipt_that_was_faster_than_the_record_is_kept(product: Product, deliver: Deliver) -> None:
    delivery_id = a_delivery().delivery_id

    class Fast(type(product.connector)):  # type: ignore[misc]
        def send(self, submission: object, secret: object) -> object:
            receipt = StatusUpdate("pigeon", "main", Status.DELIVERED, "2026-01-31T12:00:01.000Z", "theirs")
            product.deliveries.advance(delivery_id, receipt)
            return Sent("theirs")

    product.connector.__class__ = Fast

    deliver(a_delivery())

    assert (delivery(product).status, delivery(product).provider_message_id) == (Status.DELIVERED, "theirs")


def test_a_receipt_settles_what_a_dead_process_sent(product: Product, deliver: Deliver) -> None:
    claim(product)
    receipt = StatusUpdate("pigeon", "main", Status.DELIVERED, "2026-01-31T12:00:01.000Z", "theirs")
    product.deliveries.advance(a_delivery().delivery_id, receipt)

    update = settled(deliver(a_delivery()))

    assert (update.status, update.provider_message_id) == (Status.DELIVERED, "theirs")
    assert product.connector.asked == []


def test_a_reply_quotes_what_the_recipient_was_sent(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent("the quoted one")]
    deliver(a_delivery(message_id=QUOTED_ID))

    deliver(a_delivery(reply_to=QUOTED_ID))

    assert product.connector.accepted[-1].quoted_provider_message_id == "the quoted one"


def test_a_reply_quotes_what_the_recipient_wrote(product: Product, deliver: Deliver) -> None:
    hear_question(product, "main")

    deliver(a_delivery(reply_to=QUOTED_ID))
    deliver(a_delivery(reply_to=QUOTED_ID, user_id="ben", message_id="another"))

    assert [submission.quoted_provider_message_id for submission in product.connector.accepted] == [
        "hers",
        None,
    ]


def test_a_reaction_goes_to_the_message_that_the_person_wrote(product: Product, deliver: Deliver) -> None:
    hear_question(product, "main")

    deliver(replace(a_delivery(reply_to=QUOTED_ID), content=Reaction("👍", "👍")))

    (submission,) = product.connector.accepted
    assert (submission.content, submission.quoted_provider_message_id) == (Reaction("👍", "👍"), "hers")


def test_what_the_person_wrote_to_another_account_of_ours_is_neither_quoted_nor_reacted_to(
    product: Product, deliver: Deliver
) -> None:
    hear_question(product, "second")

    deliver(a_delivery(reply_to=QUOTED_ID))
    reaction = replace(a_delivery(reply_to=QUOTED_ID, message_id="another"), content=Reaction("👍", "👍"))
    update = settled(deliver(reaction))

    assert [submission.quoted_provider_message_id for submission in product.connector.accepted] == [None]
    assert (update.status, update.error_code) == (Status.FAILED, "TARGET_UNKNOWN")


def test_a_reaction_to_a_message_that_the_app_does_not_have_fails_and_is_not_sent(
    product: Product, deliver: Deliver
) -> None:
    update = settled(deliver(replace(a_delivery(reply_to=QUOTED_ID), content=Reaction("👍", "👍"))))

    assert (update.status, update.error_code) == (Status.FAILED, "TARGET_UNKNOWN")
    assert product.connector.asked == []


def test_only_the_first_part_quotes(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent("the quoted one")]
    deliver(a_delivery(message_id=QUOTED_ID))

    for part in range(2):
        deliver(a_delivery(reply_to=QUOTED_ID, part=part, part_count=2))

    quotes = [submission.quoted_provider_message_id for submission in product.connector.accepted[1:]]
    assert quotes == ["the quoted one", None]


def test_without_a_secret_nothing_is_claimed(product: Product, deliver: Deliver) -> None:
    product.secrets.broken = True
    with pytest.raises(Unavailable):
        deliver(a_delivery())
    product.secrets.broken = False

    outcome = deliver(a_delivery())

    assert isinstance(outcome, Settled)
    assert not outcome.taken_over
    assert delivery(product).attempts == 1


def claim(product: Product) -> None:
    """Claim the delivery for a process that then dies."""
    now = product.clock()
    deliveries: MemoryDeliveries = product.deliveries
    deliveries.claim(a_delivery(), product.ids(), now.timestamp(), (now + CLAIM_TIME).timestamp())


def open_the_circuit(product: Product) -> None:
    for person in ("1", "2", "3", "4", "5"):
        product.circuit().report(Attempt.FREELY, person, TRANSIENT)


def test_while_the_circuit_is_open_nothing_is_claimed_or_sent(product: Product, deliver: Deliver) -> None:
    open_the_circuit(product)

    assert waiting(deliver(a_delivery())) > 0

    assert product.connector.asked == []
    assert product.deliveries.of_message(MESSAGE_ID) == []


def test_the_probe_of_an_open_circuit_closes_it(product: Product, deliver: Deliver) -> None:
    open_the_circuit(product)
    product.clock.advance(FIRST_WAIT_S)

    assert settled(deliver(a_delivery())).status is Status.SENT

    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.CLOSED


def test_a_probe_that_fails_is_no_failure_of_the_message_but_an_attempt(
    product: Product, deliver: Deliver
) -> None:
    """The channel keeps failing, so each attempt is a probe. The delivery still ends after MAX_ATTEMPTS."""
    open_the_circuit(product)
    product.connector.answers = [TRANSIENT] * (MAX_ATTEMPTS + 1)
    for _ in range(MAX_ATTEMPTS):
        product.clock.advance(LONGEST_WAIT_S)
        waiting(deliver(a_delivery()))
    assert delivery(product).attempts == MAX_ATTEMPTS

    product.clock.advance(LONGEST_WAIT_S)

    assert settled(deliver(a_delivery())).error_code == "ABANDONED"


def test_a_refused_account_pauses_the_channel_until_its_secret_is_repaired(
    product: Product, deliver: Deliver
) -> None:
    product.connector.answers = [SendError(Outcome.CHANNEL_PAUSED, "190", "Our token is refused.")]

    waiting(deliver(a_delivery()))

    assert product.secrets.read_anew == [("pigeon", "main")]
    assert product.breakers.get("pigeon", "main").breaker.code == "190"
    assert delivery(product).attempts == 0
    assert waiting(deliver(a_delivery(message_id=QUOTED_ID))) > 0
    product.clock.advance(FIRST_WAIT_REFUSED_S)
    assert settled(deliver(a_delivery())).status is Status.SENT


def test_a_rotated_token_is_read_anew_before_the_circuit_opens(product: Product, deliver: Deliver) -> None:
    renewed = replace(SECRET, access_token="renewed")
    product.secrets.kept = product.secrets.credentials
    product.secrets.credentials = ChannelCredentials(renewed)
    product.connector.token = "renewed"

    assert settled(deliver(a_delivery())).status is Status.SENT

    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.CLOSED
    assert len(product.connector.asked) == 2
    assert delivery(product).attempts == 1


def test_an_account_that_was_added_a_moment_ago_is_not_sent_for_with_the_first_ones_token(
    product: Product, deliver: Deliver
) -> None:
    """The provider refuses the first account's token as it refuses a message: with 100."""
    product.secrets.credentials = product.secrets.credentials.with_account("7", SECRET)
    product.connector.answers = [SendError(Outcome.PERMANENT, "100", "There is no such number.")]
    requested = a_delivery()
    requested = replace(requested, recipient=replace(requested.recipient, account="7"))
    product.secrets.kept = ChannelCredentials(replace(SECRET, verify_token="of the first"))

    assert settled(deliver(requested)).status is Status.SENT

    assert product.secrets.read_anew == [("pigeon", "7")]


def test_a_refused_message_of_the_first_account_reads_no_secret(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Blocked.")]

    assert settled(deliver(a_delivery())).status is Status.FAILED

    assert product.secrets.read_anew == []


def test_a_refused_token_whose_secret_cannot_be_read_opens_the_circuit(
    product: Product, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(channel: str, account: str) -> ChannelSecret:
        raise Unavailable("Secrets Manager does not answer.")

    monkeypatch.setattr(product.secrets, "anew", broken)
    product.connector.token = "renewed"

    waiting(deliver(a_delivery()))

    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.OPEN


def test_a_delivery_of_a_removed_account_fails_and_is_sent_by_no_other(
    product: Product, deliver: Deliver
) -> None:
    product.secrets.credentials = product.secrets.credentials.with_account("gone", None)
    requested = a_delivery()
    requested = replace(requested, recipient=replace(requested.recipient, account="gone"))

    assert settled(deliver(requested)).error_code == "ACCOUNT_REMOVED"
    assert product.connector.asked == []
    assert product.breakers.get("pigeon", "gone").breaker.circuit is Circuit.CLOSED


def test_a_delivery_of_an_account_without_credentials_waits_until_it_has_some(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = product.deliver()
    monkeypatch.setattr(product.secrets, "dependents", None)
    requested = a_delivery()
    requested = replace(requested, recipient=replace(requested.recipient, account="7"))

    waiting(deliver(requested))
    assert product.breakers.get("pigeon", "7").breaker.code == "NO_CREDENTIALS"

    product.secrets.credentials = product.secrets.credentials.with_account("7", SECRET)
    product.clock.advance(FIRST_WAIT_REFUSED_S)
    assert settled(deliver(requested)).status is Status.SENT


@pytest.mark.parametrize("answer", [Sent("theirs"), SendError(Outcome.PERMANENT, "131026", "Blocked.")])
def test_an_answer_that_cannot_be_written_is_told_to_who_can(
    product: Product, monkeypatch: pytest.MonkeyPatch, answer: Sent | SendError
) -> None:
    product.connector.answers = [answer]
    for record in ("record_sent", "record_failed"):
        monkeypatch.setattr(product.deliveries, record, unavailable)

    update = settled(product.deliver()(a_delivery()))
    product.record(update)

    assert not update.recorded
    assert delivery(product).status is update.status
    product.clock.advance(CLAIM_TIME.total_seconds() + 1)
    assert settled(product.deliver()(a_delivery())).status is update.status
    assert len(product.connector.asked) == 1


def test_an_answer_is_written_at_the_second_try(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    record, tries = product.deliveries.record_sent, iter([unavailable])

    def second_time_lucky(
        claimed: Claimed, provider_message_id: str, at: str, album_ids: tuple[str, ...]
    ) -> None:
        next(tries, record)(claimed, provider_message_id, at, album_ids)

    monkeypatch.setattr(product.deliveries, "record_sent", second_time_lucky)

    assert settled(product.deliver()(a_delivery())).recorded
    assert delivery(product).status is Status.SENT


def test_without_time_for_a_send_and_its_record_the_claim_is_given_back(product: Product) -> None:
    hurried = product.deliver(in_time=lambda: False)

    assert waiting(hurried(a_delivery())) == 0.0
    assert product.connector.asked == []

    outcome = product.deliver()(a_delivery())
    assert isinstance(outcome, Settled)
    assert not outcome.taken_over


def unavailable(*_: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


PICTURE = Attachment("file-1", "it.png", "image/png", 400)
TOO_LARGE = Attachment("file-1", "it.png", "image/png", 4_200_000)


def with_file(product: Product, status: FileStatus = FileStatus.READY, size: int = 400) -> None:
    file = a_file(filename="it.png", content_type="image/png", status=status, size=size)
    product.files.files[file.file_id] = file


@pytest.mark.parametrize(("size", "transfer"), [(400, Transfer.LINK), (4000, Transfer.UPLOAD)])
def test_a_file_is_sent_with_an_address_that_is_good_for_minutes(
    product: Product, size: int, transfer: Transfer
) -> None:
    with_file(product, size=size)

    update = settled(product.deliver()(a_delivery("look", file=replace(PICTURE, size=size))))

    assert update.status is Status.SENT
    (submission,) = product.connector.accepted
    url = "https://store.example/file-1?seconds=900"
    assert submission.content == OutgoingMedia(
        MediaKind.IMAGE, "image/png", "it.png", size, transfer, url, "look"
    )


def test_a_file_that_the_channel_does_not_take_is_sent_as_a_link(product: Product) -> None:
    with_file(product)
    product.connector = FakeConnector(replace(PIGEON, text_length=1000))

    assert settled(product.deliver()(a_delivery("", file=TOO_LARGE))).status is Status.SENT

    (submission,) = product.connector.accepted
    assert submission.content == Text("📎 it.png (4.2 MB)\nhttps://chat.example/l/file-1")


@pytest.mark.parametrize(
    "status", [None, *(filestatu for filestatu in FileStatus if filestatu is not FileStatus.READY)]
)
@pytest.mark.parametrize("file", [PICTURE, TOO_LARGE])
def test_a_file_that_is_ready_no_longer_is_never_sent(
    product: Product, file: Attachment, status: FileStatus | None
) -> None:
    if status is not None:
        with_file(product, status)

    update = settled(product.deliver()(a_delivery("", file=file)))

    assert (update.status, update.error_code) == (Status.FAILED, "FILE_GONE")
    assert delivery(product).error_code == "FILE_GONE"
    assert product.connector.asked == []


def test_after_a_file_failed_its_text_is_not_sent(product: Product) -> None:
    deliver = product.deliver()

    settled(deliver(a_delivery("", part_count=2, file=PICTURE)))
    update = settled(deliver(a_delivery("text", part=1, part_count=2)))

    assert (update.status, update.error_code) == (Status.FAILED, "EARLIER_PART")


def test_a_text_costs_no_look_at_files(product: Product, deliver: Deliver) -> None:
    deliver(a_delivery())

    assert product.files.reads == 0


def test_a_file_that_cannot_be_looked_at_is_not_claimed(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product.files, "get", unavailable)

    with pytest.raises(Unavailable):
        product.deliver()(a_delivery(file=PICTURE))

    assert product.deliveries.of_message(MESSAGE_ID) == []


def test_a_file_tried_again_gets_a_fresh_address(product: Product, deliver: Deliver) -> None:
    with_file(product)
    product.connector.answers = [TRANSIENT]

    waiting(deliver(a_delivery(file=PICTURE)))
    product.files.files.clear()

    assert settled(deliver(a_delivery(file=PICTURE))).error_code == "FILE_GONE"


def persons_file(product: Product, status: FileStatus, **changes: object) -> None:
    source = Source("telex", "main", "her-file")
    fields = {"filename": "it.png", "content_type": "image/png", "size": 400, **changes}
    file = a_file(status=status, owner=None, conversation_id="conversation", source=source, **fields)
    product.files.files[file.file_id] = file


def relayed(text: str = "Ana: look", file: Attachment = PICTURE) -> DeliveryRequested:
    return a_delivery(text, file=file)


@pytest.mark.parametrize("status", [FileStatus.PENDING, FileStatus.SCANNING])
def test_a_persons_file_that_is_not_ready_yet_is_waited_for_and_takes_no_token(
    product: Product, status: FileStatus
) -> None:
    persons_file(product, status)
    deliver = product.deliver(NotToBeAsked())

    waits = []
    for seconds in (0, 4, 100):
        product.clock.advance(seconds)
        waits.append(waiting(deliver(relayed())))

    assert waits == [1.0, 2.0, 52.0]
    assert product.deliveries.of_message(MESSAGE_ID) == []
    persons_file(product, FileStatus.READY)
    assert settled(product.deliver()(relayed())).status is Status.SENT
    (submission,) = product.connector.accepted
    assert isinstance(submission.content, OutgoingMedia)
    assert submission.content.text == "Ana: look"


def test_the_wait_for_a_persons_file_ends(product: Product) -> None:
    product.connector = FakeConnector(replace(PIGEON, text_length=1000))
    persons_file(product, FileStatus.PENDING)
    product.clock.advance(LONGEST_FILE_WAIT.total_seconds() - 3)
    assert waiting(product.deliver()(relayed())) == 3.0
    product.clock.advance(3)

    assert settled(product.deliver()(relayed())).status is Status.SENT

    (submission,) = product.connector.accepted
    assert submission.content == Text("Ana: look\n📎 it.png (not available)")


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (FileStatus.REJECTED, {}),
        (FileStatus.INFECTED, {}),
        (FileStatus.EXPIRED, {}),
        (FileStatus.DELETED, {}),
        (FileStatus.READY, {"inspection": "UNKNOWN_TYPE"}),
    ],
)
def test_a_persons_file_that_must_not_be_sent_on_is_named(
    product: Product, status: FileStatus, changes: dict[str, object]
) -> None:
    product.connector = FakeConnector(replace(PIGEON, text_length=1000))
    persons_file(product, status, **changes)

    assert settled(product.deliver()(relayed(""))).status is Status.SENT

    (submission,) = product.connector.accepted
    assert submission.content == Text("📎 it.png (not available)")


@pytest.mark.parametrize(
    "changes",
    [
        {"content_type": "application/pdf"},
        {"size": 4_200_000},
        {"content_type": "audio/ogg"},
    ],
)
def test_of_a_file_that_is_another_than_claimed_the_rule_is_read_again(
    product: Product, changes: dict[str, object]
) -> None:
    product.connector = FakeConnector(replace(PIGEON, text_length=1000))
    persons_file(product, FileStatus.READY, **changes)

    assert settled(product.deliver()(relayed())).status is Status.SENT

    (submission,) = product.connector.accepted
    assert isinstance(submission.content, Text), "the caption does not fit the true type"
    words, name, link = submission.content.text.split("\n")
    assert (words, link) == ("Ana: look", "https://chat.example/l/file-1")
    assert name.startswith("📎 it.png")


def test_a_caption_and_a_link_that_do_not_fit_together_are_cut_before_the_link(product: Product) -> None:
    product.connector = FakeConnector(replace(PIGEON, text_length=80))
    persons_file(product, FileStatus.READY, size=4_200_000)

    settled(product.deliver()(relayed("Ana: " + "words " * 20)))

    (submission,) = product.connector.accepted
    assert len(submission.content.text) <= 80
    assert submission.content.text.startswith("Ana: words")
    assert submission.content.text.endswith("…\n📎 it.png (4.2 MB)\nhttps://chat.example/l/file-1")
