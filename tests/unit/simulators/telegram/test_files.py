"""Files to Telegram: given by address and fetched before the answer, or in a form."""

import hashlib
import struct
from typing import Any

import httpx
import pytest

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import FaultKind
from tests.unit.simulators.calls import CHAT, file_of, send_telegram_file
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.file_host import FileHost, Page

MB = 2**20
PNG = file_of("image/png")
METHODS = {"photo": "sendPhoto", "video": "sendVideo", "audio": "sendAudio", "document": "sendDocument"}
FORMS = {"voice": "sendVoice", "sticker": "sendSticker", "video_note": "sendVideoNote"}


@pytest.fixture
def telegram(simulators: Simulators) -> Simulator:
    simulators.telegram.register(CHAT, "Ana")
    return simulators.telegram


def link(http: httpx.Client, telegram: Simulator, kind: str, url: object, **fields: object) -> httpx.Response:
    return send_telegram_file(http, telegram, (METHODS | FORMS)[kind], {kind: url, **fields})


def upload(
    http: httpx.Client, telegram: Simulator, kind: str, data: bytes, content_type: str, **fields: object
) -> httpx.Response:
    file = ("a b.bin", data, content_type)
    return send_telegram_file(http, telegram, (METHODS | FORMS)[kind], fields, (kind, file))


def description_of(answer: httpx.Response, status: int = 400) -> str:
    body = answer.json()
    assert (answer.status_code, body["ok"], body["error_code"]) == (status, False, status)
    description: str = body["description"]
    return description


def png_of(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + bytes(50)


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("photo", "image/jpeg"),
        ("photo", "image/png"),
        ("video", "video/mp4"),
        ("audio", "audio/mpeg"),
        ("audio", "audio/mp4"),
        ("document", "application/pdf"),
        ("document", "application/zip"),
        ("document", "image/gif"),
    ],
)
def test_a_linked_file_is_fetched_before_the_answer(
    telegram: Simulator, http: httpx.Client, files: FileHost, *, kind: str, content_type: str
) -> None:
    data = file_of(content_type)
    url = files.put("/docs/a.bin?signature=1", Page(data, content_type))

    answer = link(http, telegram, kind, url, caption="Olá")

    assert answer.status_code == 200
    message = answer.json()["result"]
    assert (message["caption"], message["chat"]["id"]) == ("Olá", int(CHAT))
    assert "text" not in message
    (record,) = telegram.transcript().requests
    assert (record.kind, record.text, record.filename) == (kind, "Olá", "a.bin")
    assert (record.content_type, record.size) == (content_type, len(data))
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert record.provider_message_id == str(message["message_id"])


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("photo", "image/png"),
        ("video", "video/mp4"),
        ("audio", "audio/mpeg"),
        ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("document", "text/plain"),
    ],
)
def test_a_file_in_a_form_is_hashed_as_it_comes(
    telegram: Simulator, http: httpx.Client, *, kind: str, content_type: str
) -> None:
    data = file_of(content_type, 300_000)

    answer = upload(http, telegram, kind, data, content_type, caption="Olá")

    assert answer.status_code == 200
    (record,) = telegram.transcript().requests
    assert (record.kind, record.text, record.filename) == (kind, "Olá", "a b.bin")
    assert (record.size, record.sha256) == (300_000, hashlib.sha256(data).hexdigest())


def test_the_message_tells_of_the_file_in_the_documented_shape(
    telegram: Simulator, http: httpx.Client
) -> None:
    def sent(kind: str, content_type: str, data: bytes) -> Any:  # noqa: ANN401 (any part of a message)
        return upload(http, telegram, kind, data, content_type).json()["result"][kind]

    photo = sent("photo", "image/png", png_of(800, 600))
    video = sent("video", "video/mp4", file_of("video/mp4"))
    audio = sent("audio", "audio/mpeg", file_of("audio/mpeg"))
    document = sent("document", "text/plain", b"hello")

    assert [(size["width"], size["height"]) for size in photo] == [(90, 90), (800, 600)]
    assert photo[-1]["file_size"] == len(png_of(800, 600))
    assert {"width", "height", "duration", "mime_type", "file_name"} <= video.keys()
    assert audio["duration"] > 0
    assert (document["file_name"], document["mime_type"], document["file_size"]) == (
        "a b.bin",
        "text/plain",
        5,
    )
    for file in (*photo, video, audio, document):
        assert file["file_id"]
        assert file["file_unique_id"]
    assert "caption" not in upload(http, telegram, "document", b"x", "text/plain").json()["result"]


def test_a_file_that_was_sent_can_be_sent_again_by_its_id(telegram: Simulator, http: httpx.Client) -> None:
    document = upload(http, telegram, "document", b"hello", "text/plain").json()["result"]["document"]

    again = link(http, telegram, "document", document["file_id"])
    as_photo = link(http, telegram, "photo", document["file_id"])

    assert again.json()["result"]["document"]["file_unique_id"] == document["file_unique_id"]
    assert telegram.transcript().requests[1].sha256 == hashlib.sha256(b"hello").hexdigest()
    assert description_of(as_photo) == "Bad Request: can't use file of type Document as Photo"


def test_a_file_may_stand_in_a_field_of_another_name(telegram: Simulator, http: httpx.Client) -> None:
    file = ("f", ("a.txt", b"hello", "text/plain"))

    attached = send_telegram_file(http, telegram, "sendDocument", {"document": "attach://f"}, file)
    missing = send_telegram_file(http, telegram, "sendDocument", {"document": "attach://g"}, file)

    assert attached.json()["result"]["document"]["file_name"] == "a.txt"
    assert description_of(missing) == "Bad Request: wrong file identifier/HTTP URL specified"


@pytest.mark.parametrize(
    ("kind", "value", "description"),
    [
        ("photo", "", "there is no photo in the request"),
        ("document", None, "there is no document in the request"),
        ("photo", "AgACnobody", "wrong file identifier/HTTP URL specified"),
        ("photo", "ftp://x/a.png", "wrong file identifier/HTTP URL specified"),
    ],
)
def test_what_names_no_file_is_refused(
    telegram: Simulator, http: httpx.Client, *, kind: str, value: str | None, description: str
) -> None:
    assert description_of(link(http, telegram, kind, value)) == f"Bad Request: {description}"


@pytest.mark.parametrize(
    ("kind", "page", "description"),
    [
        ("photo", Page(status=404), "failed to get HTTP URL content"),
        ("photo", Page(PNG, "image/png", length=len(PNG) + 1), "failed to get HTTP URL content"),
        ("photo", Page(PNG, "image/png", size=5 * MB + 1), "failed to get HTTP URL content"),
        (
            "video",
            Page(file_of("video/mp4"), "video/mp4", size=20 * MB + 1),
            "failed to get HTTP URL content",
        ),
        (
            "audio",
            Page(file_of("audio/mpeg"), "audio/mpeg", size=20 * MB + 1),
            "failed to get HTTP URL content",
        ),
        ("document", Page(b"%PDF-", "application/pdf", size=20 * MB + 1), "failed to get HTTP URL content"),
        ("photo", Page(PNG, "text/html"), "wrong type of the web page content"),
        ("photo", Page(b"<html>", "image/png"), "IMAGE_PROCESS_FAILED"),
        ("photo", Page(png_of(9_000, 1_001), "image/png"), "PHOTO_INVALID_DIMENSIONS"),
        ("video", Page(file_of("video/webm"), "video/webm"), "wrong type of the web page content"),
        ("video", Page(PNG, "video/mp4"), "VIDEO_CONTENT_TYPE_INVALID"),
        ("audio", Page(file_of("audio/ogg"), "audio/ogg"), "wrong type of the web page content"),
        ("document", Page(b"hello", "text/plain"), "wrong type of the web page content"),
        ("document", Page(PNG, "application/pdf"), "wrong file identifier/HTTP URL specified"),
        ("document", Page(b"", "application/pdf"), "file must be non-empty"),
        (
            "voice",
            Page(file_of("audio/ogg"), "audio/ogg", size=MB + 1),
            "failed to get HTTP URL content",
        ),
        ("voice", Page(file_of("audio/mpeg"), "audio/mpeg"), "wrong type of the web page content"),
        ("voice", Page(b"OggS" + bytes(60), "audio/ogg"), "VOICE_CONTENT_TYPE_INVALID"),
        ("sticker", Page(file_of("video/webm"), "video/webm"), "wrong type of the web page content"),
        (
            "sticker",
            Page(file_of("image/webp"), "image/webp", size=512 * 1024 + 1),
            "failed to get HTTP URL content",
        ),
    ],
)
def test_a_link_that_gives_no_such_file_is_refused(
    telegram: Simulator,
    http: httpx.Client,
    files: FileHost,
    *,
    kind: str,
    page: Page,
    description: str,
) -> None:
    answer = link(http, telegram, kind, files.put("/a", page))

    assert description_of(answer) == f"Bad Request: {description}"
    (record,) = telegram.transcript().requests
    assert (record.provider_message_id, record.kind, record.status) == (None, kind, 400)


@pytest.mark.parametrize(
    ("kind", "content_type", "most_bytes"),
    [("photo", "image/png", 5 * MB), ("document", "application/pdf", 20 * MB)],
)
def test_a_linked_file_of_the_limit_is_accepted(
    telegram: Simulator,
    http: httpx.Client,
    files: FileHost,
    *,
    kind: str,
    content_type: str,
    most_bytes: int,
) -> None:
    url = files.put("/a", Page(file_of(content_type), content_type, size=most_bytes))

    assert link(http, telegram, kind, url).status_code == 200
    assert telegram.transcript().requests[0].size == most_bytes


def test_a_link_that_hangs_is_refused_in_time(
    telegram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    telegram.configure(link_timeout_ms=100)

    answer = link(http, telegram, "photo", files.put("/a", Page(PNG, "image/png", hangs=True)))

    assert description_of(answer) == "Bad Request: failed to get HTTP URL content"


@pytest.mark.parametrize(
    ("kind", "data", "description"),
    [
        ("photo", b"", "file must be non-empty"),
        ("photo", b"<html>", "IMAGE_PROCESS_FAILED"),
        ("photo", file_of("application/pdf"), "IMAGE_PROCESS_FAILED"),
        ("photo", png_of(21, 1), "PHOTO_INVALID_DIMENSIONS"),
        ("video", file_of("video/quicktime"), "VIDEO_CONTENT_TYPE_INVALID"),
        ("audio", file_of("audio/wav"), "AUDIO_CONTENT_TYPE_INVALID"),
        ("voice", file_of("audio/wav"), "VOICE_CONTENT_TYPE_INVALID"),
        ("sticker", PNG, "STICKER_FILE_INVALID"),
        ("sticker", file_of("image/webp", 512 * 1024 + 1), "file is too big"),
        ("sticker", file_of("video/webm", 256 * 1024 + 1), "file is too big"),
        ("video_note", file_of("video/webm"), "VIDEO_CONTENT_TYPE_INVALID"),
        (
            "photo",
            file_of("image/png", 10 * MB + 1),
            f"file of size {10 * MB + 1} bytes is too big for a photo; the maximum size is {10 * MB} bytes",
        ),
    ],
)
def test_a_file_in_a_form_that_is_not_of_its_kind_is_refused(
    telegram: Simulator, http: httpx.Client, *, kind: str, data: bytes, description: str
) -> None:
    answer = upload(http, telegram, kind, data, "application/octet-stream")

    assert description_of(answer) == f"Bad Request: {description}"


def test_the_largest_photo_may_be_in_a_form(telegram: Simulator, http: httpx.Client) -> None:
    assert upload(http, telegram, "photo", file_of("image/png", 10 * MB), "image/png").status_code == 200


@pytest.mark.parametrize(("size", "status"), [(50 * MB, 200), (50 * MB + 1, 413), (60 * MB, 413)])
def test_a_form_brings_50_mb_and_no_byte_more(
    telegram: Simulator, http: httpx.Client, *, size: int, status: int
) -> None:
    answer = upload(http, telegram, "document", bytes(size), "application/zip")

    assert answer.status_code == status
    if status == 413:
        assert description_of(answer, 413) == "Request Entity Too Large"
        assert telegram.transcript().requests[0].provider_message_id is None


def test_a_broken_form_is_refused(telegram: Simulator, http: httpx.Client) -> None:
    url = f"{telegram.base_url}/bot{telegram.settings().access_token}/sendPhoto"

    answer = http.post(
        url, headers={"content-type": "multipart/form-data; boundary=x"}, content=b"--x\r\nno form"
    )

    assert description_of(answer).startswith("Bad Request: can't parse the form")


@pytest.mark.parametrize("kind", ["sticker", "video_note"])
def test_a_sticker_and_a_video_note_have_no_caption(
    telegram: Simulator, http: httpx.Client, kind: str
) -> None:
    content_type = {"sticker": "image/webp", "video_note": "video/mp4"}[kind]

    message = upload(http, telegram, kind, file_of(content_type), content_type, caption="Look")

    assert not {"caption", "text"} & message.json()["result"].keys()
    assert telegram.transcript().requests[0].text is None


def test_a_video_note_cannot_be_given_by_its_address(
    telegram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    answer = link(http, telegram, "video_note", files.put("/a", Page(file_of("video/mp4"), "video/mp4")))

    assert description_of(answer) == "Bad Request: wrong file identifier/HTTP URL specified"
    assert files.asked == []


@pytest.mark.parametrize("kind", [*METHODS, "voice"])
def test_a_caption_has_1024_characters_and_no_more(
    telegram: Simulator, http: httpx.Client, files: FileHost, kind: str
) -> None:
    url = files.put("/a", Page(b"", "text/html"))

    too_long = link(http, telegram, kind, url, caption="é" * 1025)
    long_enough = upload(http, telegram, "document", b"hello", "text/plain", caption="é" * 1024)

    assert description_of(too_long) == "Bad Request: message caption is too long"
    assert files.asked == []
    assert long_enough.json()["result"]["caption"] == "é" * 1024


@pytest.mark.parametrize(
    ("fields", "status", "description"),
    [
        ({"chat_id": "404"}, 400, "Bad Request: chat not found"),
        ({"chat_id": ""}, 400, "Bad Request: chat_id is empty"),
        ({"parse_mode": "Fancy"}, 400, "Bad Request: unsupported parse_mode"),
        ({"reply_parameters": {"message_id": 10**10}}, 400, "Bad Request: message to be replied not found"),
    ],
)
def test_a_file_is_checked_as_a_text_is_before_it_is_fetched(
    telegram: Simulator,
    http: httpx.Client,
    files: FileHost,
    *,
    fields: dict[str, object],
    status: int,
    description: str,
) -> None:
    answer = link(http, telegram, "photo", files.put("/a", Page(PNG, "image/png")), **fields)

    assert description_of(answer, status) == description
    assert files.asked == []


def test_a_blocked_bot_and_a_wrong_token_send_no_file(
    telegram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    telegram.register(CHAT, "Ana", blocked=True)
    url = files.put("/a", Page(PNG, "image/png"))

    blocked = link(http, telegram, "photo", url)
    telegram.configure(access_token="1:another")
    stranger = link(http, telegram, "photo", url)

    assert description_of(blocked, 403) == "Forbidden: bot was blocked by the user"
    assert description_of(stranger, 401) == "Unauthorized"
    assert files.asked == []


def test_the_rate_of_a_chat_counts_files_too(telegram: Simulator, http: httpx.Client) -> None:
    answers = [upload(http, telegram, "document", b"x", "text/plain").status_code for _ in range(20)]

    assert answers[:5] == [200] * 5
    assert 429 in answers


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.HANG])
def test_a_fault_meets_a_file_as_it_meets_a_text(
    telegram: Simulator, http: httpx.Client, kind: FaultKind
) -> None:
    telegram.add_fault(kind, count=1, seconds=0)

    with pytest.raises(httpx.TransportError):
        upload(http, telegram, "document", b"hello", "text/plain")

    (record,) = telegram.transcript().requests
    assert (record.status, record.kind, record.sha256) == (
        0,
        "document",
        hashlib.sha256(b"hello").hexdigest(),
    )
    assert upload(http, telegram, "document", b"hello", "text/plain").status_code == 200


def test_a_lost_answer_is_of_a_file_that_was_sent(
    telegram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    telegram.add_fault(FaultKind.LOSE_ANSWER, count=1)

    with pytest.raises(httpx.TransportError):
        link(http, telegram, "photo", files.put("/a", Page(PNG, "image/png")))

    (record,) = telegram.transcript().requests
    assert record.provider_message_id is not None
    assert record.sha256 == hashlib.sha256(PNG).hexdigest()
