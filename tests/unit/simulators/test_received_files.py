"""Files from customers: their webhooks, and how their bytes are fetched."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.simulators.control_api import CustomerMedia, FaultKind
from chat4all_local.simulators.customer_media import pieces_of
from chat4all_local.simulators.registry import names
from tests.unit.simulators.calls import ADDRESSES, CHAT, PERSON, PHONE
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.receiver import Receiver
from tests.unit.simulators.sms.calls import basic

MB = 2**20


@pytest.fixture(autouse=True)
def connected(simulators: Simulators, receiver: Receiver) -> None:
    for simulator in simulators:
        simulator.configure(webhook_url=receiver.url)


def bearer(whatsapp: Simulator) -> dict[str, str]:
    return {"authorization": f"Bearer {whatsapp.settings().access_token}"}


def whatsapp_message(receiver: Receiver) -> Any:  # noqa: ANN401 (any webhook)
    return receiver.wait_for(1)[-1].json["entry"][0]["changes"][0]["value"]["messages"][0]


def telegram_message(receiver: Receiver) -> Any:  # noqa: ANN401 (any webhook)
    return receiver.wait_for(1)[-1].json["message"]


def sms_url(receiver: Receiver) -> str:
    return parse_qs(receiver.wait_for(1)[-1].body.decode())["MediaUrl0"][0]


def instagram_url(receiver: Receiver) -> str:
    message = receiver.wait_for(1)[-1].json["entry"][0]["messaging"][0]["message"]
    url: str = message["attachments"][0]["payload"]["url"]
    return url


def get_file(http: httpx.Client, telegram: Simulator, file_id: str) -> httpx.Response:
    url = f"{telegram.base_url}/bot{telegram.settings().access_token}/getFile"
    return http.get(url, params={"file_id": file_id})


def file_url(telegram: Simulator, path: str) -> str:
    return f"{telegram.base_url}/file/bot{telegram.settings().access_token}/{path}"


def bytes_of(content_type: str, size: int, seed: int) -> bytes:
    return b"".join(pieces_of(CustomerMedia(content_type, size=size, seed=seed)))


# WhatsApp


def test_whatsapp_tells_of_an_image_and_serves_it_to_who_has_the_token(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    whatsapp = simulators.whatsapp

    sent = whatsapp.write_media(PHONE, "image", "image/png", "See", size=100_000, seed=7)

    data = bytes_of("image/png", 100_000, 7)
    message = whatsapp_message(receiver)
    image = message["image"]
    assert (message["type"], image["caption"], image["mime_type"]) == ("image", "See", "image/png")
    assert base64.b64decode(image["sha256"]) == hashlib.sha256(data).digest()
    assert sent.media is not None
    assert (sent.media.media_id, sent.media.size) == (image["id"], 100_000)
    asked = http.get(f"{whatsapp.base_url}/v23.0/{image['id']}", headers=bearer(whatsapp))
    about = asked.json()
    assert about == {
        "messaging_product": "whatsapp",
        "url": about["url"],
        "mime_type": "image/png",
        "sha256": hashlib.sha256(data).hexdigest(),
        "file_size": 100_000,
        "id": image["id"],
    }
    for url in (about["url"], image["url"]):
        served = http.get(url, headers=bearer(whatsapp))
        assert served.content == data
        assert served.headers["content-type"] == "image/png"
        assert served.headers["content-length"] == "100000"


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        ("video", "video", {"mime_type": "video/mp4"}),
        ("audio", "audio", {"mime_type": "audio/mpeg", "voice": False}),
        ("voice", "audio", {"mime_type": "audio/ogg; codecs=opus", "voice": True}),
        ("document", "document", {"mime_type": "application/pdf", "filename": "note.pdf"}),
        ("sticker", "sticker", {"mime_type": "image/webp", "animated": False}),
    ],
)
def test_whatsapp_tells_of_each_kind_in_its_shape(
    simulators: Simulators, receiver: Receiver, *, kind: str, field: str, expected: dict[str, object]
) -> None:
    content_type = str(expected["mime_type"])

    simulators.whatsapp.write_media(PHONE, kind, content_type, filename="note.pdf")

    message = whatsapp_message(receiver)
    assert message["type"] == field
    assert expected.items() <= message[field].items()
    assert "caption" not in message[field]


def test_whatsapp_serves_nothing_without_the_token(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    whatsapp = simulators.whatsapp
    whatsapp.write_media(PHONE, "image", "image/png")
    image = whatsapp_message(receiver)["image"]
    lookup = f"{whatsapp.base_url}/v23.0/{image['id']}"

    for url in (lookup, image["url"]):
        for headers in ({}, {"authorization": "Bearer another"}):
            answer = http.get(url, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


def test_whatsapp_knows_no_other_id_and_no_other_number(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    whatsapp = simulators.whatsapp
    whatsapp.write_media(PHONE, "image", "image/png")
    media_id = whatsapp_message(receiver)["image"]["id"]

    unknown = http.get(f"{whatsapp.base_url}/v23.0/1234", headers=bearer(whatsapp))
    of_another = http.get(f"{whatsapp.base_url}/v23.0/{media_id}?phone_number_id=1", headers=bearer(whatsapp))

    for answer in (unknown, of_another):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["error_subcode"]) == (400, 100, 33)


@pytest.mark.parametrize(("name", "value"), [("hash", "0" * 64), ("ext", "9999999999999"), ("mid", "1234")])
def test_an_address_of_whatsapp_can_not_be_made_up(
    simulators: Simulators, receiver: Receiver, http: httpx.Client, *, name: str, value: str
) -> None:
    simulators.whatsapp.write_media(PHONE, "image", "image/png")
    url = httpx.URL(whatsapp_message(receiver)["image"]["url"])

    served = http.get(url.copy_merge_params({name: value}), headers=bearer(simulators.whatsapp))

    assert served.status_code == 404


def test_an_address_of_whatsapp_ends_and_can_be_asked_for_again(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    whatsapp = simulators.whatsapp
    assert whatsapp.settings().media_url_valid_s == 300
    whatsapp.configure(media_url_valid_s=0)
    whatsapp.write_media(PHONE, "image", "image/png")
    image = whatsapp_message(receiver)["image"]

    ended = http.get(image["url"], headers=bearer(whatsapp))
    whatsapp.configure(media_url_valid_s=300)
    again = http.get(f"{whatsapp.base_url}/v23.0/{image['id']}", headers=bearer(whatsapp)).json()["url"]

    assert ended.status_code == 404
    assert http.get(again, headers=bearer(whatsapp)).status_code == 200


@pytest.mark.parametrize(("size", "kind"), [(100 * MB, "document"), (100 * MB + 1, "unsupported")])
def test_whatsapp_hands_on_100_mb_and_no_byte_more(
    simulators: Simulators, receiver: Receiver, *, size: int, kind: str
) -> None:
    simulators.whatsapp.write_media(PHONE, "document", "application/pdf", size=size)

    message = whatsapp_message(receiver)
    assert message["type"] == kind
    if kind == "unsupported":
        assert message["errors"][0]["code"] == 131052


# Telegram


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("video", "video/mp4"),
        ("audio", "audio/mpeg"),
        ("voice", "audio/ogg"),
        ("document", "application/pdf"),
    ],
)
def test_telegram_tells_of_a_file_and_serves_it_at_the_path_it_names(
    simulators: Simulators, receiver: Receiver, http: httpx.Client, *, kind: str, content_type: str
) -> None:
    telegram = simulators.telegram

    sent = telegram.write_media(CHAT, kind, content_type, "See", size=70_000, seed=5, filename="note.bin")

    message = telegram_message(receiver)
    file = message[kind]
    assert message["caption"] == "See"
    assert "text" not in message
    assert (file["mime_type"], file["file_size"]) == (content_type, 70_000)
    assert sent.media is not None
    assert sent.media.media_id == file["file_id"]
    about = get_file(http, telegram, file["file_id"]).json()["result"]
    assert about.keys() == {"file_id", "file_unique_id", "file_size", "file_path"}
    assert (about["file_unique_id"], about["file_size"]) == (file["file_unique_id"], 70_000)
    served = http.get(file_url(telegram, about["file_path"]))
    assert served.content == bytes_of(content_type, 70_000, 5)
    assert hashlib.sha256(served.content).hexdigest() == sent.media.sha256
    assert served.headers["content-type"] == "application/octet-stream"
    assert about["file_path"].endswith(".bin")


def test_a_photo_of_telegram_comes_in_sizes(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    simulators.telegram.write_media(CHAT, "photo", "image/jpeg", size=50_000)

    small, large = telegram_message(receiver)["photo"]
    assert small["width"] < large["width"]
    assert large["file_size"] == 50_000
    about = get_file(http, simulators.telegram, large["file_id"]).json()["result"]
    assert about["file_path"].startswith("photos/")
    assert about["file_path"].endswith(".jpg")


def test_telegram_gives_20_mb_and_no_byte_more(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    telegram = simulators.telegram
    largest = telegram.write_media(CHAT, "document", "application/zip", size=20 * MB)
    larger = telegram.write_media(CHAT, "document", "application/zip", size=20 * MB + 1)
    assert largest.media is not None
    assert larger.media is not None

    given = get_file(http, telegram, largest.media.media_id)
    refused = get_file(http, telegram, larger.media.media_id)

    assert given.json()["result"]["file_size"] == 20 * MB
    assert refused.status_code == 400
    assert refused.json()["description"] == "Bad Request: file is too big"


def test_telegram_knows_no_other_id_path_or_token(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    telegram = simulators.telegram
    telegram.write_media(CHAT, "document", "application/pdf")
    file_id = telegram_message(receiver)["document"]["file_id"]
    path = get_file(http, telegram, file_id).json()["result"]["file_path"]

    unknown = get_file(http, telegram, "BQACnobody")
    nameless = get_file(http, telegram, "")
    elsewhere = http.get(file_url(telegram, "documents/file_9.pdf"))
    stranger = http.get(f"{telegram.base_url}/file/bot1:another/{path}")
    no_caller = http.get(f"{telegram.base_url}/bot1:another/getFile?file_id={file_id}")

    assert [answer.json()["error_code"] for answer in (unknown, nameless)] == [400, 400]
    assert unknown.json()["description"].startswith("Bad Request: wrong file_id")
    assert (elsewhere.status_code, elsewhere.json()["description"]) == (404, "Not Found")
    assert [answer.status_code for answer in (stranger, no_caller)] == [401, 401]


def test_a_path_of_telegram_ends(simulators: Simulators, receiver: Receiver, http: httpx.Client) -> None:
    telegram = simulators.telegram
    assert telegram.settings().media_url_valid_s == 3600
    telegram.configure(media_url_valid_s=0)
    telegram.write_media(CHAT, "document", "application/pdf")
    file_id = telegram_message(receiver)["document"]["file_id"]

    path = get_file(http, telegram, file_id).json()["result"]["file_path"]

    assert http.get(file_url(telegram, path)).status_code == 404


# Instagram


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("image", "image/jpeg"), ("video", "video/mp4"), ("audio", "audio/mp4"), ("file", "application/pdf")],
)
def test_instagram_serves_a_file_at_the_address_it_names_without_a_token(
    simulators: Simulators, receiver: Receiver, http: httpx.Client, *, kind: str, content_type: str
) -> None:
    sent = simulators.instagram.write_media(PERSON, kind, content_type, size=70_000, seed=2)

    message = receiver.wait_for(1)[0].json["entry"][0]["messaging"][0]["message"]
    assert message["attachments"][0]["type"] == kind
    assert "text" not in message
    served = http.get(instagram_url(receiver))
    assert served.content == bytes_of(content_type, 70_000, 2)
    assert served.headers["content-type"] == content_type
    assert sent.media is not None
    assert sent.media.sha256 == hashlib.sha256(served.content).hexdigest()


def test_instagram_tells_of_several_files_in_one_message(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    more = (CustomerMedia("image/jpeg", size=2_000, seed=3),)
    simulators.instagram.write_media(PERSON, "image", "image/jpeg", size=1_000, seed=2, more=more)

    event = receiver.wait_for(1)[-1].json["entry"][0]["messaging"][0]
    urls = [attachment["payload"]["url"] for attachment in event["message"]["attachments"]]
    served = [http.get(url).content for url in urls]
    assert served == [bytes_of("image/jpeg", 1_000, 2), bytes_of("image/jpeg", 2_000, 3)]


@pytest.mark.parametrize("name", ["telegram", "whatsapp"])
def test_a_message_has_one_file_where_the_provider_has_no_more(simulators: Simulators, name: str) -> None:
    simulator = simulators.by_name[name]

    with pytest.raises(SimulatorError, match="has one file"):
        simulator.write_media(
            ADDRESSES[name],
            "photo" if name == "telegram" else "image",
            "image/jpeg",
            more=(CustomerMedia("image/jpeg"),),
        )


@pytest.mark.parametrize(
    ("name", "value"), [("signature", "0" * 64), ("oe", "9999999999999"), ("asset_id", "1234")]
)
def test_an_address_of_instagram_can_not_be_made_up(
    simulators: Simulators, receiver: Receiver, http: httpx.Client, *, name: str, value: str
) -> None:
    simulators.instagram.write_media(PERSON, "image", "image/png")
    url = httpx.URL(instagram_url(receiver))

    assert http.get(url.copy_merge_params({name: value})).status_code == 403


def test_an_address_of_instagram_ends(simulators: Simulators, receiver: Receiver, http: httpx.Client) -> None:
    simulators.instagram.configure(media_url_valid_s=0)
    simulators.instagram.write_media(PERSON, "image", "image/png")

    assert http.get(instagram_url(receiver)).status_code == 403


# What the bytes are


def test_a_file_can_be_given_byte_by_byte_and_lie_about_its_type(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    sent = simulators.instagram.write_media(PERSON, "image", "image/png", data=b"MZ\x90\x00")

    served = http.get(instagram_url(receiver))

    assert (served.content, served.headers["content-type"]) == (b"MZ\x90\x00", "image/png")
    assert sent.media is not None
    assert sent.media.size == 4


def test_a_kind_without_a_file_gets_a_small_one(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    simulators.instagram.write(PERSON, kind="image")

    assert len(http.get(instagram_url(receiver)).content) == 1000


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ({"content_type": "png"}, "$.media.content_type"),
        ({"content_type": "image/png", "size": -1}, "$.media.size"),
        ({"content_type": "image/png", "base64": "§"}, "base64"),
        ({"content_type": "image/png", "colour": "red"}, "colour"),
        ({}, "content_type"),
    ],
)
def test_a_file_that_can_not_be_is_refused(
    simulators: Simulators, http: httpx.Client, *, media: dict[str, object], reason: str
) -> None:
    body = {"from": PERSON, "kind": "image", "media": media}

    answer = http.post(f"{simulators.instagram.base_url}/_control/inbound", json=body)

    assert answer.status_code == 400
    assert reason in " ".join(answer.json()["reasons"])


@pytest.mark.parametrize("kind", ["text", "location"])
def test_a_kind_that_has_no_file_takes_none(simulators: Simulators, kind: str) -> None:
    for channel in names():
        with pytest.raises(SimulatorError, match="file"):
            simulators.by_name[channel].write_media(ADDRESSES[channel], kind, "image/png")


# Faults

Fetch = Callable[[], httpx.Response]


@pytest.fixture(params=names())
def channel(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def simulator(simulators: Simulators, channel: str) -> Simulator:
    chosen: Simulator = getattr(simulators, channel)
    return chosen


@pytest.fixture
def media(simulator: Simulator, channel: str) -> bytes:
    """Send these bytes from a customer, and return them."""
    kind = {"whatsapp": "document", "telegram": "document", "instagram": "file", "sms": "document"}[channel]
    simulator.write_media(ADDRESSES[channel], kind, "application/pdf", size=200_000, seed=1)
    return bytes_of("application/pdf", 200_000, 1)


@pytest.fixture
def first(simulator: Simulator, channel: str, media: bytes, receiver: Receiver, http: httpx.Client) -> Fetch:
    """Send the first request for the file."""
    if channel == "whatsapp":
        media_id = whatsapp_message(receiver)["document"]["id"]
        return lambda: http.get(f"{simulator.base_url}/v23.0/{media_id}", headers=bearer(simulator))
    if channel == "telegram":
        file_id = telegram_message(receiver)["document"]["file_id"]
        return lambda: get_file(http, simulator, file_id)
    if channel == "sms":
        return lambda: http.get(sms_url(receiver), headers=basic())
    return lambda: http.get(instagram_url(receiver))


@pytest.fixture
def download(
    simulator: Simulator, channel: str, first: Fetch, receiver: Receiver, http: httpx.Client
) -> Fetch:
    """Request the bytes."""
    if channel == "whatsapp":
        return lambda: http.get(first().json()["url"], headers=bearer(simulator))
    if channel == "telegram":
        return lambda: http.get(file_url(simulator, first().json()["result"]["file_path"]))
    if channel == "sms":
        return lambda: http.get(first().headers["location"])
    return first


def test_a_file_that_is_missing_is_so_at_the_first_request(
    simulator: Simulator, channel: str, first: Fetch, download: Fetch, media: bytes
) -> None:
    simulator.add_fault(FaultKind.FETCH_MISSING, count=1)

    missing = first()

    assert missing.status_code == {"whatsapp": 400, "telegram": 400, "instagram": 404, "sms": 404}[channel]
    assert download().content == media


def test_a_failing_provider_fails_the_first_request_with_the_status_asked_for(
    simulator: Simulator, first: Fetch, download: Fetch, media: bytes
) -> None:
    simulator.add_fault(FaultKind.FETCH_ERROR, count=1)
    simulator.add_fault(FaultKind.FETCH_ERROR, count=1, status=503)

    assert [first().status_code for _ in range(2)] == [500, 503]
    assert download().content == media


def test_an_address_that_has_ended(simulator: Simulator, channel: str, download: Fetch) -> None:
    simulator.add_fault(FaultKind.FETCH_EXPIRED, count=1)

    assert download().status_code == {"whatsapp": 404, "telegram": 404, "instagram": 403, "sms": 403}[channel]
    assert download().status_code == 200


@pytest.mark.parametrize("location", [None, "http://10.0.0.1/secret"])
def test_an_address_that_sends_on_to_a_private_one(
    simulator: Simulator, download: Fetch, location: str | None
) -> None:
    if location is None:
        simulator.add_fault(FaultKind.FETCH_REDIRECT, count=1)
    else:
        simulator.add_fault(FaultKind.FETCH_REDIRECT, count=1, location=location)

    answer = download()

    assert answer.status_code == 302
    assert answer.headers["location"] == (location or "http://169.254.169.254/latest/meta-data/")


def test_more_bytes_come_than_were_announced(simulator: Simulator, download: Fetch, media: bytes) -> None:
    simulator.add_fault(FaultKind.FETCH_MORE, count=1, extra_bytes=100_001)

    answer = download()

    assert len(answer.content) == len(media) + 100_001
    assert answer.content.startswith(media)
    assert "content-length" not in answer.headers


def test_the_bytes_end_before_their_end(simulator: Simulator, download: Fetch) -> None:
    simulator.add_fault(FaultKind.FETCH_CUT, count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        download()

    assert download().status_code == 200


def test_the_bytes_come_slowly(simulator: Simulator, download: Fetch, media: bytes) -> None:
    simulator.add_fault(FaultKind.FETCH_SLOW, count=1, seconds=0.3)

    answer = download()

    assert answer.content == media
    assert answer.elapsed.total_seconds() >= 0.25


def test_the_bytes_stop_coming(simulator: Simulator, download: Fetch, http: httpx.Client) -> None:
    simulator.add_fault(FaultKind.FETCH_HANG, count=1, seconds=600)
    http.timeout = httpx.Timeout(0.3)

    with pytest.raises(httpx.ReadTimeout):
        download()


def test_a_fault_for_another_person_leaves_a_file_alone(simulator: Simulator, download: Fetch) -> None:
    simulator.add_fault(FaultKind.FETCH_MISSING, for_address="77")

    assert download().status_code == 200


def test_a_fault_of_sends_leaves_a_file_alone(simulator: Simulator, download: Fetch) -> None:
    simulator.add_fault(FaultKind.ERROR)

    assert download().status_code == 200


def test_a_fetch_is_no_send(simulator: Simulator, download: Fetch) -> None:
    download()

    assert simulator.transcript().requests == []
