"""Files to Instagram: given by address, fetched before the answer."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import FaultKind
from tests.unit.simulators.calls import PERSON, file_of, instagram_file, instagram_message, send_instagram
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver

MB = 2**20
PNG = file_of("image/png")


@pytest.fixture
def instagram(simulators: Simulators) -> Simulator:
    simulators.instagram.register(PERSON, "Ana")
    return simulators.instagram


def error_of(answer: httpx.Response) -> tuple[int, int, int | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "image/png"),
        ("image", "image/jpeg"),
        ("image", "image/gif"),
        ("audio", "audio/aac"),
        ("audio", "audio/mp4"),
        ("audio", "audio/wav"),
        ("video", "video/mp4"),
        ("video", "video/ogg"),
        ("video", "video/quicktime"),
        ("video", "video/webm"),
        ("file", "application/pdf"),
    ],
)
def test_a_file_is_fetched_before_it_is_accepted(
    instagram: Simulator, http: httpx.Client, files: FileHost, *, kind: str, content_type: str
) -> None:
    data = file_of(content_type)
    url = files.put("/a", Page(data, content_type))

    answer = send_instagram(http, instagram, instagram_file(kind, url))

    assert answer.status_code == 200
    (record,) = instagram.transcript().requests
    assert (record.kind, record.text, record.content_type) == (kind, None, content_type)
    assert (record.size, record.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert record.provider_message_id == answer.json()["message_id"]


def test_the_echo_of_a_file_carries_an_attachment(
    instagram: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    instagram.configure(webhook_url=receiver.url)
    message = instagram_file("image", files.put("/a", Page(PNG, "image/png")))

    send_instagram(http, instagram, message)

    echo = receiver.wait_for(1)[0].json["entry"][0]["messaging"][0]["message"]
    assert echo["is_echo"]
    assert echo["attachments"][0]["type"] == "image"
    assert "text" not in echo


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x", "attachment": {"type": "image", "payload": {"url": "http://x/a.png"}}},
        {"attachment": {"type": "image", "payload": {}}},
        {"attachment": {"type": "image", "payload": {"url": "a.png"}}},
        {"attachment": {"type": "document", "payload": {"url": "http://x/a.pdf"}}},
        {"attachment": {"type": "image", "payload": {"url": "http://x/a.png", "caption": "c"}}},
        {"attachment": {"payload": {"url": "http://x/a.png"}}},
        {},
    ],
)
def test_an_attachment_that_breaks_the_documentation_is_refused_with_100(
    instagram: Simulator, http: httpx.Client, message: dict[str, object]
) -> None:
    answer = send_instagram(http, instagram, {"recipient": {"id": PERSON}, "message": message})

    assert error_of(answer) == (400, 100, None)


@pytest.mark.parametrize(
    ("kind", "page", "subcode"),
    [
        ("image", Page(status=404), 2018008),
        ("image", Page(status=302, location="http://127.0.0.1:1/"), 2018008),
        ("image", Page(PNG, "image/png", length=len(PNG) + 1), 2018008),
        ("image", Page(PNG, "image/webp"), 2018047),
        ("image", Page(PNG, "image/jpeg"), 2018047),
        ("image", Page(b"<html>", "image/png"), 2018047),
        ("video", Page(PNG, "image/png"), 2018047),
        ("audio", Page(file_of("audio/mpeg"), "audio/mpeg"), 2018047),
        ("file", Page(b"PK\x03\x04", "application/zip"), 2018047),
        ("image", Page(PNG, "image/png", size=8 * MB + 1), 2018109),
        ("audio", Page(file_of("audio/wav"), "audio/wav", size=25 * MB + 1), 2018109),
        ("video", Page(file_of("video/mp4"), "video/mp4", size=25 * MB + 1), 2018109),
        ("file", Page(b"%PDF-", "application/pdf", size=25 * MB + 1), 2018109),
    ],
)
def test_an_address_that_gives_no_such_file_is_refused(
    instagram: Simulator, http: httpx.Client, files: FileHost, *, kind: str, page: Page, subcode: int
) -> None:
    answer = send_instagram(http, instagram, instagram_file(kind, files.put("/a", page)))

    assert error_of(answer) == (400, 100, subcode)
    (record,) = instagram.transcript().requests
    assert (record.provider_message_id, record.kind, record.error_code) == (None, kind, 100)


@pytest.mark.parametrize(
    ("kind", "content_type", "most_bytes"),
    [("image", "image/gif", 8 * MB), ("file", "application/pdf", 25 * MB)],
)
def test_a_file_of_the_limit_is_accepted(
    instagram: Simulator,
    http: httpx.Client,
    files: FileHost,
    *,
    kind: str,
    content_type: str,
    most_bytes: int,
) -> None:
    url = files.put("/a", Page(file_of(content_type), content_type, size=most_bytes))

    assert send_instagram(http, instagram, instagram_file(kind, url)).status_code == 200
    assert instagram.transcript().requests[0].size == most_bytes


def test_an_address_that_hangs_is_refused_in_time(
    instagram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    instagram.configure(link_timeout_ms=100)

    answer = send_instagram(http, instagram, instagram_file("image", files.put("/a", Page(PNG, hangs=True))))

    assert error_of(answer) == (400, 100, 2018008)


def test_a_closed_window_and_a_wrong_token_spare_the_fetching(
    instagram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    message = instagram_file("image", files.put("/a", Page(PNG, "image/png")))
    instagram.register(PERSON, "Ana", window_open=False)
    closed = send_instagram(http, instagram, message)
    instagram.configure(access_token="another")
    stranger = send_instagram(http, instagram, message)

    assert error_of(closed) == (403, 10, 2534022)
    assert error_of(stranger) == (401, 190, None)
    assert files.asked == []


def test_audio_and_video_have_a_rate_of_their_own(
    instagram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    video = instagram_file("video", files.put("/v", Page(file_of("video/mp4"), "video/mp4")))
    image = instagram_file("image", files.put("/i", Page(PNG, "image/png")))

    # At once: on a busy machine, requests one after the other might come slower than the rate.
    with ThreadPoolExecutor(30) as threads:
        videos = list(threads.map(lambda _: send_instagram(http, instagram, video).status_code, range(30)))

    assert videos.count(200) >= 10
    assert 400 in videos
    assert send_instagram(http, instagram, image).status_code == 200
    assert send_instagram(http, instagram, instagram_message()).status_code == 200


def test_a_fault_meets_a_file_before_its_address_is_fetched(
    instagram: Simulator, http: httpx.Client, files: FileHost
) -> None:
    message = instagram_file("image", files.put("/a", Page(PNG, "image/png")))
    instagram.add_fault(FaultKind.THROTTLE, count=1)
    instagram.add_fault(FaultKind.RESET, count=1)

    throttled = send_instagram(http, instagram, message)
    with pytest.raises(httpx.TransportError):
        send_instagram(http, instagram, message)

    assert error_of(throttled) == (400, 613, None)
    assert files.asked == []
    assert send_instagram(http, instagram, message).status_code == 200


def test_an_upload_is_no_way_to_send(instagram: Simulator, http: httpx.Client) -> None:
    url = f"{instagram.base_url}/v23.0/{instagram.settings().account_id}/messages"
    bearer = {"authorization": f"Bearer {instagram.settings().access_token}"}

    answer = http.post(url, headers=bearer, files={"filedata": ("a.png", PNG, "image/png")})

    assert error_of(answer)[:2] == (400, 100)
