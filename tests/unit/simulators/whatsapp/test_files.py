"""Files to WhatsApp: given by link and fetched after the answer, or by uploaded id."""

import hashlib
from typing import Any

import httpx
import pytest

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import FaultKind, SendRecord
from tests.unit.simulators.calls import PHONE, file_of, send_whatsapp, upload_whatsapp, whatsapp_file
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually

MB = 2**20
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PNG = file_of("image/png")


@pytest.fixture
def whatsapp(simulators: Simulators, receiver: Receiver) -> Simulator:
    simulators.whatsapp.register(PHONE, "Ana")
    simulators.whatsapp.configure(webhook_url=receiver.url)
    return simulators.whatsapp


def statuses_of(receiver: Receiver, count: int) -> list[Any]:
    return [
        webhook.json["entry"][0]["changes"][0]["value"]["statuses"][0] for webhook in receiver.wait_for(count)
    ]


def failure_of(http: httpx.Client, whatsapp: Simulator, receiver: Receiver, fields: dict[str, object]) -> Any:  # noqa: ANN401 (any webhook)
    """Return the error of the only status that reports on an accepted message."""
    answer = send_whatsapp(http, whatsapp, **fields)
    assert answer.status_code == 200, answer.text
    (status,) = statuses_of(receiver, 1)
    eventually(lambda: whatsapp.health().webhooks_pending == 0)
    assert len(receiver.received) == 1
    assert (status["id"], status["status"]) == (answer.json()["messages"][0]["id"], "failed")
    return status["errors"][0]


def only_record(simulator: Simulator) -> SendRecord:
    (record,) = simulator.transcript().requests
    return record


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "image/jpeg"),
        ("image", "image/png"),
        ("video", "video/mp4"),
        ("video", "video/3gpp"),
        ("audio", "audio/aac"),
        ("audio", "audio/mp4"),
        ("audio", "audio/mpeg"),
        ("audio", "audio/amr"),
        ("audio", "audio/ogg"),
        ("document", "application/pdf"),
        ("document", "text/plain"),
        ("document", DOCX),
    ],
)
def test_a_linked_file_is_fetched_after_the_answer_and_then_reported_on(
    whatsapp: Simulator,
    http: httpx.Client,
    receiver: Receiver,
    files: FileHost,
    *,
    kind: str,
    content_type: str,
) -> None:
    data = file_of(content_type)
    link = files.put("/a/b.bin?signature=1", Page(data, f"{content_type}; charset=binary"))

    answer = send_whatsapp(http, whatsapp, **whatsapp_file(kind, link=link), biz_opaque_callback_data="d")

    assert answer.status_code == 200
    statuses = statuses_of(receiver, 3)
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"d"}
    record = only_record(whatsapp)
    assert (record.kind, record.content_type, record.size) == (kind, content_type, len(data))
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert record.provider_message_id == answer.json()["messages"][0]["id"]


def test_the_transcript_has_the_caption_and_the_file_name(
    whatsapp: Simulator, http: httpx.Client, files: FileHost
) -> None:
    link = files.put("/x", Page(b"%PDF-1.7", "application/pdf"))

    send_whatsapp(
        http, whatsapp, **whatsapp_file("document", link=link, caption="c" * 1024, filename="a.pdf")
    )

    record = only_record(whatsapp)
    assert (record.text, record.filename, record.kind) == ("c" * 1024, "a.pdf", "document")
    eventually(lambda: only_record(whatsapp).size == 8)


def test_a_text_is_recorded_as_one(whatsapp: Simulator, http: httpx.Client) -> None:
    send_whatsapp(http, whatsapp)

    record = only_record(whatsapp)
    assert (record.kind, record.size, record.sha256, record.content_type) == ("text", None, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        whatsapp_file("image"),
        whatsapp_file("image", link="http://x/a.png", id="1"),
        whatsapp_file("image", link="ftp://x/a.png"),
        whatsapp_file("image", link="a.png"),
        whatsapp_file("image", link="http://x/a.png", filename="a.png"),
        whatsapp_file("image", link="http://x/a.png", caption="c" * 1025),
        whatsapp_file("video", link="http://x/a.mp4", caption="c" * 1025),
        whatsapp_file("document", link="http://x/a.pdf", caption="c" * 1025),
        whatsapp_file("audio", link="http://x/a.mp3", caption="c"),
        whatsapp_file("video", link="http://x/a.mp4", filename="a.mp4"),
        {**whatsapp_file("image", link="http://x/a.png"), "text": {"body": "x"}},
        {**whatsapp_file("image", link="http://x/a.png"), "image": None},
        {**whatsapp_file("image", link="http://x/a.png"), "type": "video"},
        {"text": None},
    ],
)
def test_a_file_that_breaks_the_documentation_is_refused_with_100(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, fields: dict[str, object]
) -> None:
    answer = send_whatsapp(http, whatsapp, **fields)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert only_record(whatsapp).provider_message_id is None
    assert whatsapp.health().webhooks_pending == 0
    assert receiver.received == []


@pytest.mark.parametrize(
    ("kind", "page", "details"),
    [
        ("image", Page(status=404), "Downloading media from weblink failed with http code 404"),
        ("image", Page(PNG, "image/png", status=403), "http code 403"),
        (
            "image",
            Page(PNG, "text/html"),
            "Unsupported Image mime type text/html. Please use one of image/jpeg, image/png.",
        ),
        ("image", Page(PNG, "image/webp"), "mime type image/webp"),
        ("image", Page(PNG, "image/jpeg"), "could not be processed"),
        ("image", Page(b"<html>", "image/png"), "could not be processed"),
        ("image", Page(b"", "image/png"), "could not be processed"),
        ("video", Page(PNG, "image/png"), "Unsupported Video mime type image/png"),
        ("video", Page(file_of("video/quicktime"), "video/quicktime"), "mime type video/quicktime"),
        ("audio", Page(file_of("audio/wav"), "audio/wav"), "mime type audio/wav"),
        ("audio", Page(b"OggS" + bytes(100), "audio/ogg"), "audio/ogg; codecs=opus"),
        ("document", Page(b"", "text/plain"), "could not be processed"),
        ("document", Page(b"PK", "application/zip"), "mime type application/zip"),
        ("document", Page(PNG, "application/octet-stream"), "mime type application/octet-stream"),
    ],
)
def test_a_link_that_gives_no_such_file_ends_in_a_failed_status(
    whatsapp: Simulator,
    http: httpx.Client,
    receiver: Receiver,
    files: FileHost,
    *,
    kind: str,
    page: Page,
    details: str,
) -> None:
    link = files.put("/a", page)

    error = failure_of(http, whatsapp, receiver, whatsapp_file(kind, link=link))

    assert (error["code"], error["title"]) == (131053, "Media upload error")
    assert details in error["error_data"]["details"]


@pytest.mark.parametrize(
    ("kind", "content_type", "most_bytes"),
    [
        ("image", "image/png", 5 * MB),
        ("video", "video/mp4", 16 * MB),
        ("audio", "audio/mpeg", 16 * MB),
        ("document", "application/pdf", 100 * MB),
    ],
)
def test_a_file_one_byte_over_the_limit_fails_and_one_of_the_limit_does_not(
    whatsapp: Simulator,
    http: httpx.Client,
    receiver: Receiver,
    files: FileHost,
    *,
    kind: str,
    content_type: str,
    most_bytes: int,
) -> None:
    largest = files.put("/largest", Page(file_of(content_type), content_type, size=most_bytes))
    larger = files.put("/larger", Page(file_of(content_type), content_type, size=most_bytes + 1))

    error = failure_of(http, whatsapp, receiver, whatsapp_file(kind, link=larger))
    send_whatsapp(http, whatsapp, **whatsapp_file(kind, link=largest))

    assert error["code"] == 131053
    assert "too big" in error["error_data"]["details"]
    assert [status["status"] for status in statuses_of(receiver, 4)] == [
        "failed",
        "sent",
        "delivered",
        "read",
    ]
    assert whatsapp.transcript().requests[-1].size == most_bytes


def test_a_file_that_does_not_say_how_large_it_is_is_read_no_further_than_to_the_limit(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    link = files.put("/a", Page(PNG, "image/png", size=200 * MB, announces=False))

    error = failure_of(http, whatsapp, receiver, whatsapp_file("image", link=link))

    assert "too big" in error["error_data"]["details"]
    assert files.served < 50 * MB


def test_a_link_that_hangs_fails_after_the_time_that_the_settings_name(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    whatsapp.configure(link_timeout_ms=100)
    link = files.put("/a", Page(PNG, "image/png", hangs=True))

    error = failure_of(http, whatsapp, receiver, whatsapp_file("image", link=link))

    assert error["code"] == 131053
    assert "timed out" in error["error_data"]["details"]


def test_a_link_to_nobody_or_with_less_than_announced_fails(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    short = files.put("/short", Page(PNG, "image/png", length=len(PNG) + 1))

    links = ["http://127.0.0.1:1/a.png", "http://127.0.0.1:99999/a.png", "http://[::1/", short]
    for link in links:
        send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link))

    errors = [status["errors"][0]["code"] for status in statuses_of(receiver, len(links))]
    assert errors == [131053] * len(links)
    assert {record.sha256 for record in whatsapp.transcript().requests} == {None}


@pytest.mark.parametrize(("redirects", "status"), [(3, "sent"), (4, "failed")])
def test_a_few_redirects_are_followed(
    whatsapp: Simulator,
    http: httpx.Client,
    receiver: Receiver,
    files: FileHost,
    *,
    redirects: int,
    status: str,
) -> None:
    link = files.put("/0", Page(PNG, "image/png"))
    for number in range(1, redirects + 1):
        link = files.put(f"/{number}", Page(status=302, location=f"/{number - 1}"))

    send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link))

    assert statuses_of(receiver, 1)[0]["status"] == status


def test_a_person_who_can_not_be_reached_spares_the_fetching(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    whatsapp.register(PHONE, "Ana", window_open=False)
    link = files.put("/a", Page(PNG, "image/png"))

    error = failure_of(http, whatsapp, receiver, whatsapp_file("image", link=link))

    assert error["code"] == 131047
    assert files.asked == []


@pytest.mark.parametrize(
    ("fault", "status", "code"), [(FaultKind.THROTTLE, 429, 130429), (FaultKind.ERROR, 500, 131000)]
)
def test_a_fault_meets_a_file_before_its_link_is_fetched(
    whatsapp: Simulator, http: httpx.Client, files: FileHost, *, fault: FaultKind, status: int, code: int
) -> None:
    link = files.put("/a", Page(PNG, "image/png"))
    whatsapp.add_fault(fault, count=1)

    answer = send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link, caption="c"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    record = only_record(whatsapp)
    assert (record.kind, record.text, record.sha256) == ("image", "c", None)
    assert files.asked == []


def test_the_rate_to_one_person_counts_files_too(
    whatsapp: Simulator, http: httpx.Client, files: FileHost
) -> None:
    link = files.put("/a", Page(PNG, "image/png"))

    answers = [send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link)) for _ in range(46)]

    assert [answer.status_code for answer in answers] == [200] * 45 + [429]
    assert answers[-1].json()["error"]["code"] == 131056


def test_a_wrong_token_sends_no_file(whatsapp: Simulator, http: httpx.Client, files: FileHost) -> None:
    whatsapp.configure(access_token="another")
    link = files.put("/a", Page(PNG, "image/png"))

    answer = send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link))

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)
    assert files.asked == []


def test_an_uploaded_file_is_sent_by_its_id(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    uploaded = upload_whatsapp(http, whatsapp, PNG, "image/png")

    assert uploaded.json().keys() == {"id"}
    sent = send_whatsapp(http, whatsapp, **whatsapp_file("image", id=uploaded.json()["id"]))

    assert sent.status_code == 200
    assert [status["status"] for status in statuses_of(receiver, 3)] == ["sent", "delivered", "read"]
    assert only_record(whatsapp).sha256 == hashlib.sha256(PNG).hexdigest()


def test_an_uploaded_file_of_another_kind_fails(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    uploaded = upload_whatsapp(http, whatsapp, PNG, "image/png").json()["id"]

    error = failure_of(http, whatsapp, receiver, whatsapp_file("video", id=uploaded))

    assert error["code"] == 131053


def test_an_id_that_nobody_got_is_refused(whatsapp: Simulator, http: httpx.Client) -> None:
    answer = send_whatsapp(http, whatsapp, **whatsapp_file("image", id="123"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 131009)


@pytest.mark.parametrize(
    ("data", "content_type", "fields", "reason"),
    [
        (PNG, "image/png", {"messaging_product": "sms"}, "messaging_product"),
        (PNG, "image/png", {"type": ""}, "type is required"),
        (PNG, "image/png", {"type": "image/gif"}, "one of the following types"),
        (PNG, "image/gif", {}, "one of the following types: image/jpeg"),
        (b"", "image/png", {}, "0 bytes"),
        (PNG + bytes(5 * MB + 1 - len(PNG)), "image/png", {}, f"{5 * MB + 1} bytes"),
    ],
)
def test_an_upload_that_breaks_the_documentation_is_refused(
    whatsapp: Simulator,
    http: httpx.Client,
    *,
    data: bytes,
    content_type: str,
    fields: dict[str, str],
    reason: str,
) -> None:
    answer = upload_whatsapp(http, whatsapp, data, content_type, **fields)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert reason in answer.json()["error"]["message"]


def test_the_largest_image_may_be_uploaded(whatsapp: Simulator, http: httpx.Client) -> None:
    assert upload_whatsapp(http, whatsapp, file_of("image/png", 5 * MB), "image/png").status_code == 200


def test_an_upload_is_refused_without_the_token_or_a_form(whatsapp: Simulator, http: httpx.Client) -> None:
    url = f"{whatsapp.base_url}/v23.0/{whatsapp.settings().account_id}/media"
    bearer = {"authorization": f"Bearer {whatsapp.settings().access_token}"}

    stranger = upload_whatsapp(http, whatsapp, PNG, "image/png", token="another")
    no_form = http.post(url, headers=bearer, json={"messaging_product": "whatsapp"})
    broken = http.post(
        url, headers={**bearer, "content-type": "multipart/form-data; boundary=x"}, content=b"--x\r\n"
    )

    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, 190)
    assert [answer.json()["error"]["code"] for answer in (no_form, broken)] == [100, 100]


def test_an_upload_beyond_every_limit_is_read_no_further_than_to_answer(
    whatsapp: Simulator, http: httpx.Client
) -> None:
    answer = upload_whatsapp(http, whatsapp, bytes(102 * MB), "application/pdf")

    assert answer.status_code == 413


def test_a_lost_webhook_is_not_reported_but_the_file_was_fetched(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    whatsapp.add_fault(FaultKind.LOSE_WEBHOOKS, count=1)
    link = files.put("/a", Page(PNG, "image/png"))

    send_whatsapp(http, whatsapp, **whatsapp_file("image", link=link))

    eventually(lambda: only_record(whatsapp).size == len(PNG))
    eventually(lambda: whatsapp.health().webhooks_pending == 0)
    assert receiver.received == []
