"""A batch of deliveries, which their messages follow at once; what cannot be recorded is published."""

from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested, Route, StatusUpdate
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.entrypoints.queues.deliveries import REPORT_WAIT_S, DeliveryBatch
from tests.fakes.cloud import Counters
from tests.fakes.product import AGENT, ANA, Product, a_delivery
from tests.fakes.small_stores import NoLimits
from tests.fakes.visibility import RecordedVisibility

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class CountingLimiter(NoLimits):
    def __init__(self) -> None:
        self.expected: list[int] = []

    def expect(self, messages: int) -> None:
        self.expected.append(messages)


class Run:
    def __init__(self) -> None:
        self.product = Product()
        self.product.settle(AGENT, ANA)
        for message_id in ("m-1", "m-2"):
            self.product.say(message_id=message_id)
        self.product.route_submitted()
        self.counters = Counters()
        self.visibility = RecordedVisibility()
        self.limiter = CountingLimiter()
        self._batch = DeliveryBatch(
            self.product.deliver_or_hold(),
            self.product.events,
            cast("SQSClient", self.visibility),
            "the queue",
            self.counters.count,
            follow=self.product.follow,
            limiter=self.limiter,
            deliver_signal=self.product.deliver_signal(),
        )

    def __call__(self, *requested: DeliveryRequested) -> list[str]:
        """Pass a record for each delivery; return the ids of the messages whose records are handed back."""
        records = [
            {
                "messageId": delivery.message_id,
                "receiptHandle": delivery.message_id,
                "body": msgspec.json.encode(delivery).decode(),
                "attributes": {"MessageGroupId": delivery.recipient.user_id, "ApproximateReceiveCount": "1"},
            }
            for delivery in requested
        ]
        answer = self._batch({"Records": records}, lambda: True)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    @property
    def reported(self) -> list[StatusUpdate]:
        return self.product.events.updates


@pytest.fixture
def run() -> Run:
    return Run()


def test_what_was_sent_is_recorded_and_counted(run: Run) -> None:
    assert run(a_delivery(message_id="m-1"), a_delivery(message_id="m-2", user_id="ben")) == []

    assert [run.product.message(message_id).status for message_id in ("m-1", "m-2")] == [Status.SENT] * 2
    assert run.reported == []
    assert run.counters.counts == {"DeliveriesSent": 2}


def test_the_limiter_knows_how_many_messages_the_batch_has(run: Run) -> None:
    run(a_delivery(message_id="m-1"), a_delivery(message_id="m-2", user_id="ben"))
    run(a_delivery(message_id="m-3"))

    assert run.limiter.expected == [2, 1]


def test_what_failed_is_recorded_and_counted(run: Run) -> None:
    run.product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]

    assert run(a_delivery(message_id="m-1")) == []

    message = run.product.message("m-1")
    assert (message.status, message.error_code) == (Status.FAILED, "131026")
    assert run.reported == []
    assert run.counters.counts == {"DeliveriesFailed": 1}


def test_a_failure_is_logged_with_all_by_which_it_is_looked_for(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]

    run(a_delivery("private words", message_id="m-1"))

    (line,) = caplog.records
    assert (line.levelname, line.message) == ("WARNING", "a delivery failed: Cannot be delivered.")
    fields = ("message_id", "conversation_id", "recipient_id", "channel", "error_code")
    assert [vars(line)[field] for field in fields] == ["m-1", "conversation", "ana", "pigeon", "131026"]
    assert "private words" not in str(vars(line))
    assert "ana@pigeon" not in str(vars(line))


def test_what_waits_is_handed_back_with_the_rest_of_its_person(run: Run) -> None:
    run.product.connector.answers = [SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=7.0)]

    assert run(a_delivery(message_id="m-1"), a_delivery(message_id="m-2")) == ["m-1", "m-2"]

    assert run.visibility.waits == {"m-1": 7, "m-2": 7}
    assert run.reported == []


def refuse(*_: object, **__: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


@pytest.mark.parametrize("refusing", ["deliveries.record_sent", "messages.advance"])
def test_a_send_that_the_database_did_not_take_is_reported(
    run: Run, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, call = refusing.split(".")
    with monkeypatch.context() as patch:
        patch.setattr(getattr(run.product, store), call, refuse)
        assert run(a_delivery(message_id="m-1")) == []

    (update,) = run.reported
    assert (update.status, update.recorded) == (Status.SENT, store == "messages")
    run.product.record(update)
    assert run.product.message("m-1").status is Status.SENT


def test_a_failure_before_the_next_channel_is_reported(run: Run) -> None:
    requested = a_delivery(message_id="m-1")
    next_channel = Route("telex", "main", "ana@telex")
    requested = replace(requested, recipient=replace(requested.recipient, fallbacks=(next_channel,)))
    run.product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]

    assert run(requested) == []

    assert [(update.status, update.recorded) for update in run.reported] == [(Status.FAILED, True)]
    assert run.product.message("m-1").status is Status.PENDING


def test_what_could_not_be_reported_is_handed_back_and_recorded_the_next_time(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = a_delivery(message_id="m-1")
    run.product.connector.answers = [Sent("theirs")]
    run.product.events.broken = True
    with monkeypatch.context() as patch:
        patch.setattr(run.product.messages, "advance", refuse)
        assert run(requested) == ["m-1"]
    assert run.visibility.waits == {"m-1": REPORT_WAIT_S}

    assert run(requested) == []

    assert run.product.message("m-1").status is Status.SENT
    assert len(run.product.connector.asked) == 1
