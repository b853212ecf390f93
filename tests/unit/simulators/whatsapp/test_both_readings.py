"""The connector and the simulator, each written from the Cloud API's documentation alone, fit together."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.content import Notice, Plain, ReceivedMedia, Text
from chat4all.domain.events import InboundEvent, InboundMessage, InboundMove, InboundStatus
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.received import Context
from chat4all.domain.sending import Outcome, OutgoingMedia, Sent
from chat4all.domain.status import Status
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.unit.channels.fake_http import DELIVERY_ID, file_submission, submission
from tests.unit.simulators.calls import PHONE, file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually

ACCOUNT = BY_CHANNEL["whatsapp"]
SECRET = ChannelSecret(
    account_id=ACCOUNT.account_id,
    access_token=ACCOUNT.access_token,
    webhook_secret=ACCOUNT.webhook_secret,
    verify_token=ACCOUNT.verify_token,
)
BUTTONS = Buttons("When?", (Button("today", "Today"), Button("later", "Later")))
LIST = Choices(
    "Which?",
    "Choose",
    (
        Section((Row("r", "Red", "like fire"), Row("b", "Blue")), "Colours"),
        Section((Row("n", "None"),), "Other"),
    ),
)
PICTURE = "https://shop.example/red.jpg"
CAROUSEL = Carousel(
    "Which?",
    (
        Card("Red", "like fire", PICTURE, (CardButton("Take", "r"), CardButton("More", "more r"))),
        Card("Blue", "x" * 155, PICTURE, (CardButton("Take", "b"), CardButton("More", "more b"))),
    ),
)
SHOP = Card("Red", "like\nfire", PICTURE, (CardButton("s" * 20, url="https://shop.example/red"),))


@pytest.fixture
def whatsapp(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("whatsapp",)) as running:
        running.whatsapp.configure(webhook_url=receiver.url)
        running.whatsapp.register(PHONE, "Ana")
        yield running.whatsapp


@pytest.fixture
def connector(whatsapp: Simulator) -> WhatsApp:
    return WhatsApp(HttpClient(), whatsapp.base_url)


def read(connector: WhatsApp, receiver: Receiver) -> list[InboundEvent]:
    """Verify every received webhook, and return their events."""
    events: list[InboundEvent] = []
    for webhook in receiver.received:
        request = WebhookRequest("https://elsewhere.example/", webhook.headers, webhook.body)
        assert connector.verify(request, SECRET)
        events += connector.parse_webhook(webhook.body, SECRET).events
    receiver.received.clear()
    return events


def heard(connector: WhatsApp, receiver: Receiver) -> InboundMessage:
    (event,) = read(connector, receiver)
    assert isinstance(event, InboundMessage)
    return event


def sent(
    connector: WhatsApp, whatsapp: Simulator, content: Plain | OutgoingMedia, quoted: str | None = None
) -> tuple[str, SendRecord]:
    """Send `content`, and return its id at the provider, and what the provider recorded of it."""
    result = connector.send(replace(submission(PHONE, quoted=quoted), content=content), SECRET)
    eventually(lambda: whatsapp.health().webhooks_pending == 0)
    record = whatsapp.transcript().requests[-1]
    assert result == Sent(record.provider_message_id or "")
    return record.provider_message_id or "", record


def statuses(connector: WhatsApp, receiver: Receiver) -> list[InboundStatus]:
    events = [event for event in read(connector, receiver) if isinstance(event, InboundStatus)]
    assert {event.delivery_id for event in events} == {DELIVERY_ID}
    return events


ARRIVED = [Status.SENT, Status.DELIVERED, Status.READ]


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (Text("Olá"), "text", None),
        (
            Location(48.21, -0.00001, "Café", "Herrengasse 14", text="Our café"),
            "location",
            {"latitude": "48.21", "longitude": "-0.00001", "name": "Café", "address": "Herrengasse 14"},
        ),
        (Location(-90, 180), "location", {"latitude": "-90", "longitude": "180"}),
        (BUTTONS, "interactive", {"type": "button"}),
        (Buttons("x" * 1024, (Button("i" * 64, "t" * 20),)), "interactive", {"type": "button"}),
        (LIST, "interactive", {"type": "list"}),
        (Choices("?", "b" * 20, (Section((Row("r", "R"),)),)), "interactive", {"type": "list"}),
        (CAROUSEL, "interactive", {"type": "carousel"}),
        (Carousel("x" * 1024, (SHOP,) * 10), "interactive", {"type": "carousel"}),
    ],
)
def test_each_kind_arrives(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    content: Plain,
    kind: str,
    expected: dict[str, object] | None,
) -> None:
    _, record = sent(connector, whatsapp, content)

    assert record.kind == kind
    if expected is None:
        assert (record.text, record.content) == (content.text, None)
    else:
        assert isinstance(record.content, dict)
        assert expected.items() <= record.content.items()
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


def test_contacts_arrive(whatsapp: Simulator, connector: WhatsApp, receiver: Receiver) -> None:
    people = (Contact("Ana Lima", ("+55 11 1",), ("a@b.example",), "Acme"), Contact("Ben"))

    _, record = sent(connector, whatsapp, Contacts(people, "Two people"))

    assert isinstance(record.content, list)
    assert len(record.content) == 2
    assert "a@b.example" in str(record.content)
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


def test_a_reaction_arrives_and_is_taken_back(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    target = whatsapp.write(PHONE, "Thanks").provider_message_id
    read(connector, receiver)

    for emoji in ("❤️", ""):
        _, record = sent(connector, whatsapp, Reaction(emoji, "A heart"), quoted=target)

        assert (record.kind, record.quoted, record.text) == ("reaction", target, emoji)
        assert [event.status for event in statuses(connector, receiver)] == [Status.SENT]


def test_a_reaction_to_an_unknown_message_fails_for_good(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    sent(connector, whatsapp, Reaction("👍"), quoted="wamid.NOBODY")

    (status,) = statuses(connector, receiver)
    assert (status.status, status.error_code, status.outcome) == (Status.FAILED, "131009", Outcome.PERMANENT)


@pytest.mark.parametrize(
    ("content_type", "form", "kind"),
    [
        ("audio/ogg", Form.VOICE, "voice"),
        ("audio/ogg", None, "audio"),
        ("image/webp", Form.STICKER, "sticker"),
    ],
)
def test_a_file_arrives_in_its_form(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    files: FileHost,
    *,
    content_type: str,
    form: Form | None,
    kind: str,
) -> None:
    media = file_submission(PHONE, content_type).content
    assert isinstance(media, OutgoingMedia)
    data = file_of(content_type)
    url = files.put("/it", Page(data, content_type))

    _, record = sent(connector, whatsapp, replace(media, form=form, url=url))

    assert (record.kind, record.size) == (kind, len(data))
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


@pytest.mark.parametrize(
    ("kind", "form", "content_type"),
    [
        ("voice", Form.VOICE, "audio/ogg; codecs=opus"),
        ("audio", None, "audio/mpeg"),
        ("sticker", Form.STICKER, "image/webp"),
        ("image", None, "image/jpeg"),
    ],
)
def test_a_file_of_a_person_has_its_form(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    kind: str,
    form: Form | None,
    content_type: str,
) -> None:
    whatsapp.write_media(PHONE, kind, content_type)

    content = heard(connector, receiver).content
    assert isinstance(content, ReceivedMedia)
    assert (content.file.form, content.file.content_type) == (form, content_type)
    assert len(b"".join(connector.fetch(content.file, SECRET).pieces)) == 1000


def test_a_person_sends_a_place_and_a_card(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    whatsapp.write(PHONE, "Sé", kind="location")
    place = heard(connector, receiver)
    whatsapp.write(PHONE, "Tom Ruiz", kind="contact")
    card = heard(connector, receiver)

    assert place.content == Location(-23.5505, -46.6333, "Sé", "Praça da Sé, São Paulo")
    assert msgspec.json.decode(place.provider_fields) == {"location": {"url": "https://se.example/"}}
    assert card.content == Contacts(
        (Contact("Tom Ruiz", ("+1 650-555-0001",), ("tom@ruiz.example",), "Ruiz & Co"),)
    )


def test_a_person_reacts_and_takes_it_back(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    target, _ = sent(connector, whatsapp, Text("Hello"))
    read(connector, receiver)

    for emoji in ("👍🏽", ""):
        whatsapp.write(PHONE, emoji, kind="reaction", quoted=target)

        event = heard(connector, receiver)
        assert (event.content, event.quoted_provider_message_id) == (Reaction(emoji), target)


@pytest.mark.parametrize(
    ("asked", "words", "payload"),
    [(BUTTONS, "Later", "later"), (LIST, "Red", "r"), (LIST, "None", "n"), (CAROUSEL, "Take", "r")],
)
def test_a_tap_is_a_text_with_the_payload_that_quotes_the_question(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    asked: Buttons | Choices | Carousel,
    words: str,
    payload: str,
) -> None:
    question, _ = sent(connector, whatsapp, asked)
    read(connector, receiver)

    whatsapp.write(PHONE, words, kind="tap", quoted=question)

    event = heard(connector, receiver)
    assert (event.content, event.context) == (Text(words), Context(payload=payload))
    assert event.quoted_provider_message_id == question


def test_a_changed_number_is_a_notice_and_a_move(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    whatsapp.write(PHONE, "5511987650000", kind="system")

    told, move = read(connector, receiver)
    assert isinstance(told, InboundMessage)
    assert told.content == Notice("user_changed_number", f"User Ana changed from {PHONE} to 5511987650000")
    assert isinstance(move, InboundMove)
    assert (move.address, move.new_address) == (PHONE, "5511987650000")


def test_what_one_side_calls_a_file_of_a_kind_is_of_this_kind_for_the_other() -> None:
    forms = {rule.form: rule.kind for rule in WhatsApp.capabilities.media if rule.form}

    assert forms == {Form.VOICE: MediaKind.AUDIO, Form.STICKER: MediaKind.IMAGE}
