"""The connector and the simulator, each written from Meta's documentation alone, fit together."""

import hashlib
from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.instagram.manifest import CAPABILITIES
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.content import Content, Plain, ReceivedMedia, Text
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus
from chat4all.domain.files.file import Form
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
from chat4all.domain.routing import parts_of
from chat4all.domain.sending import Outcome, SendError, Sent, Submission
from chat4all.domain.status import Status
from chat4all.domain.wording import worded
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Json, SendRecord
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.instagram.chats import Choice
from tests.unit.channels.fake_http import DELIVERY_ID, file_submission, submission
from tests.unit.simulators.calls import PERSON, file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually

INSTAGRAM = BY_CHANNEL["instagram"]
SECRET = ChannelSecret(
    account_id=INSTAGRAM.account_id,
    access_token=INSTAGRAM.access_token,
    webhook_secret=INSTAGRAM.webhook_secret,
)
SHOP = "https://shop.example/blue"
QUESTION = Buttons("When?", (Button("now", "Now"), Button("later", "Later 👋")))
MENU = Choices("Which?", "Choose", (Section((Row("red", "Red"), Row("blue", "Blue"))),))


def choice(title: str, payload: str) -> dict[str, Json]:
    return {"title": title, "payload": payload}


@pytest.fixture
def instagram(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("instagram",)) as running:
        running.instagram.configure(webhook_url=receiver.url)
        running.instagram.register(PERSON, "Ana")
        yield running.instagram


@pytest.fixture
def connector(instagram: Simulator) -> Instagram:
    return Instagram(HttpClient(), instagram.base_url)


def told(connector: Instagram, simulator: Simulator, receiver: Receiver) -> list[InboundEvent]:
    """Return the events of the webhooks since the last call, each of which must be signed."""
    eventually(lambda: simulator.health().webhooks_pending == 0)
    events: list[InboundEvent] = []
    for webhook in receiver.received:
        request = WebhookRequest("https://elsewhere.example", webhook.headers, webhook.body)
        assert connector.verify(request, SECRET)
        events += connector.parse_webhook(webhook.body, SECRET).events
    receiver.received.clear()
    return events


def message(connector: Instagram, simulator: Simulator, receiver: Receiver) -> InboundMessage:
    (event,) = told(connector, simulator, receiver)
    assert isinstance(event, InboundMessage)
    return event


def sent(connector: Instagram, content: Plain, quoted: str | None = None) -> str:
    """Send the only part of `content`, and return the id that Meta gave it."""
    (part,) = parts_of(worded(content), CAPABILITIES, PERSON)
    result = connector.send(_submission(part, quoted), SECRET)
    assert isinstance(result, Sent), result
    return result.provider_message_id


def _submission(content: Content, quoted: str | None = None) -> Submission:
    return replace(submission(PERSON, quoted=quoted), content=content)


def last(simulator: Simulator) -> SendRecord:
    return simulator.transcript().requests[-1]


@pytest.mark.parametrize(
    ("content", "text", "choices"),
    [
        (Text("Olá 👋"), "Olá 👋", None),
        (QUESTION, "When?", [choice("Now", "now"), choice("Later 👋", "later")]),
        (MENU, "Which?", [choice("Red", "red"), choice("Blue", "blue")]),
        (
            Location(48.21, 16.37, "Gate"),
            "Gate\nhttps://www.google.com/maps/search/?api=1&query=48.210000,16.370000",
            None,
        ),
        (Contacts((Contact("Ana", ("+49 151",)),)), "Ana: +49 151", None),
    ],
)
def test_each_kind_arrives_and_its_statuses_name_the_delivery(
    instagram: Simulator,
    connector: Instagram,
    receiver: Receiver,
    *,
    content: Plain,
    text: str,
    choices: Json,
) -> None:
    sent(connector, content)

    (record,) = instagram.transcript().requests
    assert (record.text, record.content) == (text, choices)
    statuses = [event for event in told(connector, instagram, receiver) if isinstance(event, InboundStatus)]
    assert {event.status for event in statuses} == {Status.SENT, Status.READ}
    assert {event.delivery_id for event in statuses if event.status is Status.SENT} == {DELIVERY_ID}


@pytest.mark.parametrize(
    "content", [replace(QUESTION, text="é" * 501), replace(QUESTION, buttons=(Button("x", "x" * 21),) * 13)]
)
def test_choices_beyond_the_limits_arrive_as_numbered_texts(
    instagram: Simulator, connector: Instagram, content: Buttons
) -> None:
    for part in parts_of(content, CAPABILITIES, PERSON):
        assert isinstance(connector.send(_submission(part), SECRET), Sent)

    records = instagram.transcript().requests
    assert f"1. {content.buttons[0].title}\n2. " in "".join(record.text or "" for record in records)
    assert not any(record.content for record in records)


@pytest.mark.parametrize("content", [QUESTION, MENU])
def test_a_tap_comes_back_as_the_title_with_the_payload(
    instagram: Simulator, connector: Instagram, receiver: Receiver, content: Plain
) -> None:
    sent(connector, content)
    told(connector, instagram, receiver)
    _, tapped = msgspec.convert(last(instagram).content, list[Choice])

    instagram.write(PERSON, tapped.title, kind="tap")

    event = message(connector, instagram, receiver)
    assert event.content == Text(tapped.title)
    assert event.context == Context(payload=tapped.payload)


def test_the_cards_of_a_carousel_arrive_and_a_tap_comes_back_with_the_payload(
    instagram: Simulator, connector: Instagram, receiver: Receiver
) -> None:
    cards = (
        Card("Red", "like fire", "https://shop.example/red.jpg", (CardButton("Take", "red"),)),
        Card("B" * 80, "b" * 80, buttons=(CardButton("Take", "blue"), CardButton("s" * 20, url=SHOP))),
    )
    text, shown = parts_of(Carousel("Which?", cards), CAPABILITIES, PERSON)
    assert text == Text("Which?")

    assert isinstance(connector.send(_submission(shown), SECRET), Sent)
    told(connector, instagram, receiver)
    instagram.write(PERSON, "blue", kind="tap")

    assert last(instagram).kind == "template"
    event = message(connector, instagram, receiver)
    assert (event.content, event.context) == (Text("Take"), Context(payload="blue"))


@pytest.mark.parametrize("emoji", ["❤", "👩🏽‍🚀", ""])
def test_we_react_to_a_message_of_the_person(
    instagram: Simulator, connector: Instagram, receiver: Receiver, emoji: str
) -> None:
    instagram.write(PERSON, "Hello")
    wrote = message(connector, instagram, receiver)

    sent(connector, Reaction(emoji), wrote.provider_message_id)

    record = last(instagram)
    assert (record.kind, record.text, record.quoted) == ("reaction", emoji, wrote.provider_message_id)
    assert told(connector, instagram, receiver) == []


def test_a_reaction_to_an_unknown_message_fails_for_good(connector: Instagram) -> None:
    error = connector.send(_submission(Reaction("❤"), "aWdfUNKNOWN"), SECRET)

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "100")


@pytest.mark.parametrize("emoji", ["❤", "🦔", ""])
def test_the_person_reacts_to_a_message_of_ours(
    instagram: Simulator, connector: Instagram, receiver: Receiver, emoji: str
) -> None:
    mid = sent(connector, Text("Hello"))
    told(connector, instagram, receiver)

    instagram.write(PERSON, emoji, kind="reaction", quoted=mid)

    event = message(connector, instagram, receiver)
    assert (event.content, event.quoted_provider_message_id) == (Reaction(emoji), mid)


def test_a_person_sends_a_place(instagram: Simulator, connector: Instagram, receiver: Receiver) -> None:
    instagram.write(PERSON, kind="location")

    assert message(connector, instagram, receiver).content == Location(48.2082, 16.3738, "Pinned Location")


def test_a_person_sends_a_heart(instagram: Simulator, connector: Instagram, receiver: Receiver) -> None:
    instagram.write(PERSON, kind="like_heart")

    assert message(connector, instagram, receiver).content == Text("❤️")


@pytest.mark.parametrize(
    ("kind", "content_type", "form"),
    [
        ("voice", "audio/mp4", Form.VOICE),
        ("sticker", "image/webp", Form.STICKER),
        ("image", "image/png", None),
    ],
)
def test_a_voice_note_and_a_sticker_come_and_can_be_fetched(
    instagram: Simulator,
    connector: Instagram,
    receiver: Receiver,
    *,
    kind: str,
    content_type: str,
    form: Form | None,
) -> None:
    written = instagram.write_media(PERSON, kind, content_type, size=5000)

    event = message(connector, instagram, receiver)
    assert isinstance(event.content, ReceivedMedia)
    assert event.content.file.form is form
    assert written.media is not None
    assert len(b"".join(connector.fetch(event.content.file, SECRET).pieces)) == written.media.size


def test_a_voice_note_goes_as_sound(
    instagram: Simulator, connector: Instagram, receiver: Receiver, files: FileHost
) -> None:
    sound = file_of("audio/mp4")
    link = files.put("/note.m4a", Page(sound, "audio/mp4"))
    outgoing = file_submission(PERSON, "audio/mp4")
    result = connector.send(
        replace(outgoing, content=replace(outgoing.content, url=link, form=Form.VOICE)), SECRET
    )

    assert isinstance(result, Sent)
    record = last(instagram)
    assert (record.kind, record.content_type, record.size) == ("audio", "audio/mp4", len(sound))


def test_several_pictures_are_one_message_and_one_echo(
    instagram: Simulator, connector: Instagram, receiver: Receiver, files: FileHost
) -> None:
    pictures = [file_of("image/png", 1000 + number) for number in range(3)]
    outgoing = file_submission(PERSON, "image/png")
    media = [
        replace(outgoing.content, url=files.put(f"/{number}.png", Page(picture, "image/png")))
        for number, picture in enumerate(pictures)
    ]

    sent = connector.send(replace(outgoing, content=media[0], album=tuple(media[1:])), SECRET)

    assert isinstance(sent, Sent)
    assert sent.album_ids == ()
    record = last(instagram)
    digests = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    assert (record.kind, [record.sha256, *record.more_sha256]) == ("image", digests)
    echo = msgspec.json.decode(receiver.wait_for(1)[0].body)["entry"][0]["messaging"][0]["message"]
    assert (echo["mid"], len(echo["attachments"])) == (sent.provider_message_id, 3)
    events = connector.parse_webhook(receiver.received[0].body, SECRET).events
    assert {getattr(event, "provider_message_id", None) for event in events} == {sent.provider_message_id}


def test_what_the_simulator_can_not_show_is_unsupported_and_kept(
    instagram: Simulator, connector: Instagram, receiver: Receiver
) -> None:
    instagram.write(PERSON, kind="share")

    event = message(connector, instagram, receiver)
    assert event.content.text.startswith("https://www.instagram.com/p/")
    assert b"share" in bytes(event.provider_fields)
