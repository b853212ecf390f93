"""The connector and the simulator, each written from Telegram's documentation alone, fit together."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.http import HttpClient
from chat4all.channels.telegram.connector import Telegram
from chat4all.domain.channel import Transfer
from chat4all.domain.content import Plain, ProviderFile, ReceivedMedia, Text
from chat4all.domain.events import InboundEvent, InboundMessage
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.received import NOTHING
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import JsonObject
from tests.unit.channels.fake_http import DELIVERY_ID
from tests.unit.simulators.calls import CHAT, TELEGRAM, file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver

SECRET: Final = ChannelSecret(TELEGRAM.account_id, TELEGRAM.access_token, TELEGRAM.webhook_secret)


@pytest.fixture
def telegram(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("telegram",)) as running:
        running.telegram.configure(webhook_url=receiver.url)
        running.telegram.register(CHAT, "Ana")
        yield running.telegram


@pytest.fixture
def connector(telegram: Simulator) -> Telegram:
    return Telegram(HttpClient(), telegram.base_url)


def submission(content: Plain | OutgoingMedia, quoted: str | None = None) -> Submission:
    return Submission(DELIVERY_ID, "main", CHAT, content, quoted_provider_message_id=quoted)


def sent(connector: Telegram, content: Plain | OutgoingMedia, quoted: str | None = None) -> str:
    result = connector.send(submission(content, quoted), SECRET)
    assert isinstance(result, Sent)
    return result.provider_message_id


def number_of(name: str) -> str:
    return name.partition(":")[2].partition("@")[0]


def read(connector: Telegram, receiver: Receiver) -> list[InboundMessage]:
    """Verify every received webhook and return its messages."""
    events: list[InboundEvent] = []
    for webhook in receiver.received:
        assert connector.verify(
            WebhookRequest("https://elsewhere.example", webhook.headers, webhook.body), SECRET
        )
        events += connector.parse_webhook(webhook.body, SECRET).events
    found = [event for event in events if isinstance(event, InboundMessage)]
    assert len(found) == len(events)
    return found


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (Location(0.0, -180.0), "location", None),
        (Location(48.21, 16.37, live_s=86_400), "location", None),
        (Location(48.21, 16.37, "Café"), "venue", None),
        (Contacts((Contact("Ana", ("+49151", "+4930"), ("a@example.org",), "Lamps"),)), "contact", None),
        (Contacts((Contact("n" * 100, ("1" * 100,) * 20, ("ß" * 100,) * 20),)), "contact", None),
        (Buttons("When?", (Button("é" * 32, "Today"), Button("l", "Later"))), "text", "When?"),
        (Choices("?", "Choose", (Section(tuple(Row(f"{n}", f"{n}") for n in range(50))),)), "text", "?"),
    ],
)
def test_every_kind_is_taken(
    connector: Telegram, telegram: Simulator, content: Plain, kind: str, text: str | None
) -> None:
    name = sent(connector, content)

    (record,) = telegram.transcript().requests
    assert (record.kind, record.text, record.provider_message_id) == (kind, text, number_of(name))


def test_a_reaction_is_set_changed_and_taken_back(connector: Telegram, telegram: Simulator) -> None:
    asked = sent(connector, Text("Hello"))

    for emoji in ("\u2764\ufe0f", "👍", ""):
        assert sent(connector, Reaction(emoji), asked) == sent_unread(DELIVERY_ID).provider_message_id

    records = telegram.transcript().requests[1:]
    assert [(record.kind, record.text, record.quoted) for record in records] == [
        ("reaction", emoji, number_of(asked)) for emoji in ("\u2764", "👍", "")
    ]


def test_a_reaction_that_is_gone_already_is_taken_back(connector: Telegram) -> None:
    """The answer to an earlier try may have been lost."""
    asked = sent(connector, Text("Hello"))

    assert sent(connector, Reaction(""), asked)


def test_no_reaction_is_set_on_a_message_that_is_not_there(connector: Telegram) -> None:
    refused = connector.send(submission(Reaction("👍"), f"{CHAT}:{2**31 - 1}"), SECRET)

    assert isinstance(refused, SendError)
    assert (refused.outcome, refused.code) == (Outcome.PERMANENT, "400")


@pytest.mark.parametrize(
    ("content_type", "kind", "form", "transfer", "method"),
    [
        ("audio/ogg", MediaKind.AUDIO, Form.VOICE, Transfer.LINK, "voice"),
        ("audio/mpeg", MediaKind.AUDIO, Form.VOICE, Transfer.UPLOAD, "voice"),
        ("image/webp", MediaKind.IMAGE, Form.STICKER, Transfer.LINK, "sticker"),
        ("video/webm", MediaKind.VIDEO, Form.STICKER, Transfer.UPLOAD, "sticker"),
        ("video/mp4", MediaKind.VIDEO, Form.VIDEO_NOTE, Transfer.UPLOAD, "video_note"),
    ],
)
def test_a_file_arrives_in_its_form(
    connector: Telegram,
    telegram: Simulator,
    files: FileHost,
    *,
    content_type: str,
    kind: MediaKind,
    form: Form,
    transfer: Transfer,
    method: str,
) -> None:
    data = file_of(content_type)
    url = files.put("/a", Page(data, content_type))

    sent(connector, OutgoingMedia(kind, content_type, "a", len(data), transfer, url, form=form))

    (record,) = telegram.transcript().requests
    assert (record.kind, record.size) == (method, len(data))


def album_of(files: FileHost, *files_of: tuple[MediaKind, str]) -> Submission:
    first, *others = (
        OutgoingMedia(
            kind,
            content_type,
            f"{number}",
            len(file_of(content_type)),
            Transfer.LINK,
            files.put(f"/{number}", Page(file_of(content_type), content_type)),
            f"caption {number}",
        )
        for number, (kind, content_type) in enumerate(files_of)
    )
    return replace(submission(first), album=tuple(others))


_PHOTO: Final = (MediaKind.IMAGE, "image/jpeg")
_VIDEO: Final = (MediaKind.VIDEO, "video/mp4")
_PDF: Final = (MediaKind.DOCUMENT, "application/pdf")


def test_an_album_is_a_message_for_each_file(
    connector: Telegram, telegram: Simulator, files: FileHost
) -> None:
    result = connector.send(album_of(files, _PHOTO, _VIDEO, _PHOTO), SECRET)

    assert isinstance(result, Sent)
    records = telegram.transcript().requests
    assert [number_of(name) for name in result.album_ids] == [one.provider_message_id for one in records]
    assert result.provider_message_id == result.album_ids[0]
    assert [(one.kind, one.text) for one in records] == [
        ("photo", "caption 0"),
        ("video", "caption 1"),
        ("photo", "caption 2"),
    ]


@pytest.mark.parametrize("files_of", [(_PHOTO, _PDF), (_PHOTO,) * 11])
def test_telegram_refuses_other_albums(
    connector: Telegram, telegram: Simulator, files: FileHost, files_of: tuple[tuple[MediaKind, str], ...]
) -> None:
    refused = connector.send(album_of(files, *files_of), SECRET)

    assert isinstance(refused, SendError)
    assert (refused.outcome, refused.code) == (Outcome.PERMANENT, "400")
    assert not [one for one in telegram.transcript().requests if one.status == 200]


def test_every_file_of_an_album_counts_for_the_rate_of_the_chat(
    connector: Telegram, telegram: Simulator, files: FileHost
) -> None:
    telegram.configure(enforce_rates=True)
    connector.send(album_of(files, *(_PHOTO,) * 10), SECRET)

    throttled = connector.send(submission(Text("next")), SECRET)

    assert isinstance(throttled, SendError)
    assert throttled.outcome is Outcome.THROTTLED
    assert (throttled.retry_after_s or 0) > 3


def test_places_and_cards_of_people_are_kinds(
    connector: Telegram, telegram: Simulator, receiver: Receiver
) -> None:
    place: JsonObject = {"latitude": 1.0, "longitude": 2.0, "live_period": 900}
    begun = telegram.write(CHAT, kind="location", raw={"location": place}).provider_message_id
    telegram.edit(CHAT, begun, raw={"location": {**place, "latitude": 1.5, "heading": 7}})
    telegram.write(CHAT, kind="venue")
    telegram.write(CHAT, kind="contact")

    first, moved, venue, contact = read(connector, receiver)
    assert (first.content, moved.content) == (Location(1.0, 2.0, live_s=900), Location(1.5, 2.0, live_s=900))
    assert (first.provider_message_id, first.edited_at) == (moved.provider_message_id, None)
    assert moved.edited_at is not None
    assert venue.content == Location(-23.5505, -46.6333, "Bar", "Rua Augusta 1")
    assert contact.content == Contacts((Contact("Ana", ("+5511987654321",)),))
    assert [event.provider_fields for event in (first, venue, contact)] == [NOTHING] * 3


@pytest.mark.parametrize(
    ("kind", "content_type", "form"),
    [
        ("voice", "audio/ogg", Form.VOICE),
        ("sticker", "image/webp", Form.STICKER),
        ("sticker", "video/webm", Form.STICKER),
        ("video_note", "video/mp4", Form.VIDEO_NOTE),
        ("audio", "audio/mpeg", None),
    ],
)
def test_files_of_people_have_their_form_and_can_be_fetched(
    connector: Telegram, telegram: Simulator, receiver: Receiver, *, kind: str, content_type: str, form: Form
) -> None:
    written = telegram.write_media(CHAT, kind, content_type, size=700)

    (event,) = read(connector, receiver)
    assert isinstance(event.content, ReceivedMedia)
    file: ProviderFile = event.content.file
    assert (file.form, file.content_type, file.size) == (form, content_type, 700)
    fetched = b"".join(connector.fetch(file, SECRET).pieces)
    assert written.media is not None
    assert len(fetched) == written.media.size


def test_people_react_and_take_it_back(connector: Telegram, telegram: Simulator, receiver: Receiver) -> None:
    number = number_of(sent(connector, Text("Hello")))
    telegram.write(CHAT, "\u2764", kind="reaction", quoted=number)
    telegram.write(CHAT, kind="reaction", quoted=number)

    reacted, removed = read(connector, receiver)
    assert (reacted.content, removed.content) == (Reaction("\u2764"), Reaction(""))
    assert reacted.quoted_provider_message_id == removed.quoted_provider_message_id == f"{CHAT}:{number}"


def answer_tap(http: httpx.Client, telegram: Simulator, query_id: str) -> httpx.Response:
    url = f"{telegram.base_url}/bot{TELEGRAM.access_token}/answerCallbackQuery"
    return http.post(url, json={"callback_query_id": query_id})


@pytest.mark.parametrize(
    ("content", "data", "title"),
    [
        (Buttons("When?", (Button("t", "Today"), Button("l", "Later"))), "l", "Later"),
        (
            Choices(
                "When?", "Choose", (Section((Row("a", "9:00"),), "Mon"), Section((Row("b", "9:00"),), "Tue"))
            ),
            "b",
            "Tue: 9:00",
        ),
    ],
)
def test_a_tap_says_its_title_and_is_ended_by_the_answer_to_its_webhook(
    connector: Telegram,
    telegram: Simulator,
    receiver: Receiver,
    http: httpx.Client,
    *,
    content: Plain,
    data: str,
    title: str,
) -> None:
    asked = sent(connector, content)
    unanswered = telegram.write(CHAT, data, kind="tap", quoted=number_of(asked)).provider_message_id

    def answer(body: bytes) -> tuple[str, bytes]:
        answered = connector.webhook_answer(body)
        return (answered.content_type, answered.body.encode()) if answered else ("text/plain", b"ok")

    receiver.say = answer
    answered = telegram.write(CHAT, data, kind="tap", quoted=number_of(asked)).provider_message_id

    first, second = read(connector, receiver)
    assert (first.content, first.quoted_provider_message_id) == (Text(title), asked)
    assert first.context is not None
    assert first.context.payload == data
    assert (second.content, second.context) == (first.content, first.context)
    assert answer_tap(http, telegram, unanswered).json() == {"ok": True, "result": True}
    assert answer_tap(http, telegram, answered).status_code == 400
