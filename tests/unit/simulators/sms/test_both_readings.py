"""The connector and the simulator, each written from Twilio's documentation alone, fit together."""

import hashlib
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.sms.connector import Sms
from chat4all.channels.sms.manifest import CAPABILITIES
from chat4all.domain.content import Plain, ProviderFile, ReceivedMedia, Text
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus
from chat4all.domain.kinds import Button, Buttons, Choices, Contact, Contacts, Location, Row, Section
from chat4all.domain.routing import parts_of
from chat4all.domain.segments import segments_of
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.wording import worded
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.simulators.sms.segments import segment_count
from tests.unit.channels.fake_http import DELIVERY_ID, file_submission, submission
from tests.unit.simulators.calls import file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually
from tests.unit.simulators.sms.calls import PHONE, TWILIO


@pytest.fixture
def sms(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("sms",)) as running:
        running.sms.configure(webhook_url=receiver.url)
        running.sms.register(PHONE, "Ana")
        yield running.sms


@pytest.fixture
def secret(receiver: Receiver) -> ChannelSecret:
    return ChannelSecret(
        account_id=TWILIO.account_id,
        access_token=TWILIO.access_token,
        webhook_secret=TWILIO.webhook_secret,
        sender=TWILIO.sender,
        webhook_url=receiver.url,
    )


@pytest.fixture
def connector(sms: Simulator) -> Sms:
    return Sms(HttpClient(), sms.base_url)


def read(connector: Sms, secret: ChannelSecret, receiver: Receiver) -> list[InboundEvent]:
    """Verify every received webhook, as API Gateway would pass it on, and return their events."""
    events: list[InboundEvent] = []
    for webhook in receiver.received:
        request = WebhookRequest(f"https://elsewhere.example{webhook.path}", webhook.headers, webhook.body)
        assert connector.verify(request, secret)
        assert not connector.verify(request, replace(secret, webhook_secret="other"))
        events += connector.parse_webhook(webhook.body, secret, request.query).events
    return events


def test_a_text_arrives_and_its_statuses_name_the_delivery(
    sms: Simulator, connector: Sms, secret: ChannelSecret, receiver: Receiver
) -> None:
    sent = connector.send(submission(PHONE, "Olá & +1 👋"), secret)

    eventually(lambda: sms.health().webhooks_pending == 0)
    assert isinstance(sent, Sent)
    assert [record.text for record in sms.transcript().requests] == ["Olá & +1 👋"]
    statuses = [event for event in read(connector, secret, receiver) if isinstance(event, InboundStatus)]
    assert [event.status for event in statuses] == [Status.SENT, Status.DELIVERED]
    assert {event.delivery_id for event in statuses} == {DELIVERY_ID}
    assert {event.provider_message_id for event in statuses} == {sent.provider_message_id}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            Location(48.21, 16.37, "Café"),
            "Café\nhttps://www.google.com/maps/search/?api=1&query=48.210000,16.370000",
        ),
        (Contacts((Contact("Ana", ("+49 151",)), Contact("Ben", ("+43 1",)))), "Ana: +49 151\nBen: +43 1"),
        (Buttons("When?", (Button("1", "Now 👋"), Button("2", "Later"))), "When?\n\n1. Now 👋\n2. Later"),
        (
            Choices("Which?", "Choose", (Section((Row("r", "Red", "like fire"), Row("b", "Blue"))),)),
            "Which?\n\n1. Red: like fire\n2. Blue",
        ),
    ],
)
def test_each_kind_arrives_as_its_text(
    sms: Simulator, connector: Sms, secret: ChannelSecret, content: Plain, text: str
) -> None:
    for part in parts_of(worded(content), CAPABILITIES, PHONE):
        assert isinstance(connector.send(submission(PHONE, part.text), secret), Sent)

    assert [record.text for record in sms.transcript().requests] == [text]
    assert len(segments_of(text)) == segment_count(text)


def test_fifty_rows_arrive_in_order_in_several_messages(
    sms: Simulator, connector: Sms, secret: ChannelSecret
) -> None:
    rows = tuple(Row(f"{number}", f"Row {number}", "ö" * 99) for number in range(50))
    parts = parts_of(Choices("Which?", "Choose", (Section(rows),)), CAPABILITIES, PHONE)
    for part in parts:
        assert isinstance(connector.send(submission(PHONE, part.text), secret), Sent)

    texts = [record.text or "" for record in sms.transcript().requests]
    assert texts == [part.text for part in parts]
    assert [segment_count(text) for text in texts] == [len(segments_of(text)) for text in texts]
    places = ["\n".join(texts).index(f"\n{number + 1}. Row {number}:") for number in range(50)]
    assert places == sorted(places)


@pytest.mark.parametrize("content_type", ["text/vcard", "text/x-vcard", "audio/amr"])
def test_a_card_and_a_sound_of_a_person_are_files(
    sms: Simulator, connector: Sms, secret: ChannelSecret, receiver: Receiver, content_type: str
) -> None:
    written = sms.write_media(PHONE, "document", content_type, size=500)

    (event,) = read(connector, secret, receiver)
    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, ReceivedMedia)
    assert event.content.file == ProviderFile(event.content.file.reference, content_type)
    assert written.media is not None
    assert len(b"".join(connector.fetch(event.content.file, secret).pieces)) == written.media.size


def test_a_lost_answer_is_made_up_for_by_the_statuses(
    sms: Simulator, connector: Sms, secret: ChannelSecret, receiver: Receiver
) -> None:
    sms.add_fault(FaultKind.LOSE_ANSWER, count=1)

    error = connector.send(submission(PHONE), secret)

    eventually(lambda: sms.health().webhooks_pending == 0)
    assert isinstance(error, SendError)
    assert error.outcome is Outcome.RETRY
    statuses = [event for event in read(connector, secret, receiver) if isinstance(event, InboundStatus)]
    assert {event.delivery_id for event in statuses} == {DELIVERY_ID}


def test_a_picture_goes_and_comes(
    sms: Simulator, connector: Sms, secret: ChannelSecret, receiver: Receiver, files: FileHost
) -> None:
    picture = file_of("image/png")
    link = files.put("/invoice.png", Page(picture, "image/png"))
    outgoing = file_submission(PHONE, "image/png", caption="See")
    connector.send(replace(outgoing, content=replace(outgoing.content, url=link)), secret)
    eventually(lambda: sms.health().webhooks_pending == 0)
    (record,) = sms.transcript().requests
    assert (record.text, record.size) == ("See", len(picture))
    receiver.received.clear()

    written = sms.write_media(PHONE, "image", "image/jpeg", "Here", size=5000)

    (event,) = read(connector, secret, receiver)
    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, ReceivedMedia)
    assert (event.content.text, event.provider_message_id) == ("Here", written.provider_message_id)
    fetching = connector.fetch(event.content.file, secret)
    assert written.media is not None
    assert len(b"".join(fetching.pieces)) == written.media.size
    assert fetching.content_type == "image/jpeg"


@pytest.mark.parametrize(("size", "error"), [(1_500_000, None), (1_800_000, "11751")])
def test_several_pictures_are_one_mms_of_up_to_5_mb(
    sms: Simulator,
    connector: Sms,
    secret: ChannelSecret,
    receiver: Receiver,
    files: FileHost,
    *,
    size: int,
    error: str | None,
) -> None:
    head = file_of("image/png")
    pictures = [head + bytes(size + number - len(head)) for number in range(3)]
    outgoing = file_submission(PHONE, "image/png", caption="See")
    media = [
        replace(outgoing.content, url=files.put(f"/{number}.png", Page(head, "image/png", size=len(picture))))
        for number, picture in enumerate(pictures)
    ]
    album = tuple(replace(file, text="") for file in media[1:])

    sent = connector.send(replace(outgoing, content=media[0], album=album), secret)

    assert isinstance(sent, Sent)
    eventually(lambda: sms.health().webhooks_pending == 0)
    (record,) = sms.transcript().requests
    statuses = [event for event in read(connector, secret, receiver) if isinstance(event, InboundStatus)]
    assert {status.error_code for status in statuses} == {error}
    digests = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    got = [record.sha256, *record.more_sha256]
    assert got == (digests if error is None else digests[:2])


def test_stop_arrives_as_a_text_and_ends_what_can_be_sent(
    sms: Simulator, connector: Sms, secret: ChannelSecret, receiver: Receiver
) -> None:
    sms.write(PHONE, "Stop")

    (event,) = read(connector, secret, receiver)
    assert isinstance(event, InboundMessage)
    assert event.content == Text("Stop")
    error = connector.send(submission(PHONE), secret)
    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.UNREACHABLE, "21610")


def test_wrong_credentials_pause_the_channel(connector: Sms, secret: ChannelSecret) -> None:
    error = connector.send(submission(PHONE), replace(secret, access_token="other"))

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.CHANNEL_PAUSED, "20003")


def test_too_many_messages_to_one_person_wait(connector: Sms, secret: ChannelSecret) -> None:
    answers = [connector.send(submission(PHONE), secret) for _ in range(20)]

    errors = [answer for answer in answers if isinstance(answer, SendError)]
    assert errors
    assert {(error.outcome, error.code) for error in errors} == {(Outcome.THROTTLED, "14107")}
    assert all(error.retry_after_s and error.retry_after_s <= 2 for error in errors)
