"""Files from end to end: uploaded in parts, inspected, sent to every app, and received from it.

Nobody without permission gets a file.
"""

import hashlib
import io
import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import msgspec
import pytest
import urllib3
from PIL import Image

from chat4all.channels.registry import capabilities
from chat4all.entrypoints.http.files import FileView
from chat4all_local.api_client import ApiClient
from chat4all_local.chaos.workers import kill, workers
from chat4all_local.simulators.control_api import FaultKind, SendRecord
from chat4all_local.traffic.film import make_film
from chat4all_local.transfer.download import download
from chat4all_local.transfer.errors import TransferFailed
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.channels import sample
from tests.e2e.stage import CHANNELS, Customer, Stage, Talk, message_body
from tests.e2e.waiting import eventually
from tests.fakes.samples import AMR, box, ogg, zipped

PROGRAM = str(Path(sys.executable).with_name("chat4all"))
PART = 8 * 1024 * 1024
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
def api(stage: Stage) -> ApiClient:
    return ApiClient(stage.cloud.api_url, stage.cloud.api_key)


@pytest.fixture
def remembered(tmp_path: Path) -> Remembered:
    return Remembered(tmp_path / "memory")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Make a photo as a phone does, rotated by its EXIF data."""
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    Image.effect_noise((800, 600), 90).convert("RGB").save(path, "JPEG", exif=exif)
    return path


def send(stage: Stage, customer: Customer, file: FileView, text: str = "") -> str:
    talk = stage.talk(customer)
    return stage.api.send(
        message_body(talk, {"type": "media", "file_id": file.file_id, "text": text})
    ).message_id


def files_of(stage: Stage, customer: Customer) -> list[SendRecord]:
    return [request for request in stage.accepted(customer) if request.kind != "text"]


def put(url: str, body: bytes) -> int:
    return urllib3.request("PUT", url, body=body, retries=False).status


def received_file_id(stage: Stage, talk: Talk) -> str:
    """Wait for the message with a file that a customer sent, and return the id of its file."""
    files = eventually(
        lambda: [message.content.file for message in stage.history(talk) if message.content.file], bool
    )
    return files[0].file_id


def test_a_file_goes_up_is_inspected_and_comes_back_the_same(
    api: ApiClient, remembered: Remembered, photo: Path, tmp_path: Path
) -> None:
    stored = upload(api, photo, remembered=remembered)
    came = download(api, stored.file_id, tmp_path / "came.jpg")

    assert came.read_bytes() == photo.read_bytes()
    assert stored.sha256 == hashlib.sha256(photo.read_bytes()).hexdigest()
    for px, url in api.file(stored.file_id).thumbnails.items():
        small = Image.open(io.BytesIO(urllib3.request("GET", url).data))
        assert small.size == (int(px) * 3 // 4, int(px)), "the preview is upright, as the EXIF data say"
        assert not small.getexif()


def test_a_link_needs_no_key_knows_the_name_and_serves_ranges(
    api: ApiClient, remembered: Remembered, photo: Path
) -> None:
    link = api.file_link(upload(api, photo, remembered=remembered).file_id)

    whole = urllib3.request("GET", link.url)
    part = urllib3.request("GET", link.url, headers={"Range": "bytes=10-19"})

    assert whole.data == photo.read_bytes()
    assert (part.status, part.data) == (206, photo.read_bytes()[10:20])
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["content-disposition"].startswith('attachment; filename="photo.jpg"')


def test_s3_takes_a_part_only_where_and_as_long_as_it_was_signed(api: ApiClient) -> None:
    film = api.create_file("film.mp4", PART + 10, "video/mp4")
    first, last = film.parts

    wrong = [
        put(last.url, b"short"),
        put(last.url, b"eleven byte"),
        put(last.url.replace("partNumber=2", "partNumber=1"), bytes(10)),
        put(last.url.replace(film.file_id, str(uuid.uuid4())), bytes(10)),
        put(last.url[:-4] + "beef", bytes(10)),
        put(last.url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"), bytes(10)),
    ]

    assert wrong == [403] * len(wrong)
    assert api.file_parts(film.file_id, 1).stored == ()
    assert put(last.url, bytes(10)) == put(last.url, bytes(10)) == 200
    assert [part.part_number for part in api.file_parts(film.file_id, 1).parts] == [first.part_number]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("photo.png", b"%PDF-1.7 not at all", "TYPE_MISMATCH"),
        ("photo.png", b"MZ" + bytes(200), "TYPE_MISMATCH"),
        ("notes.txt", b"words\0", "NOT_TEXT"),
    ],
)
def test_what_lies_about_its_type_is_rejected_with_the_reason(
    api: ApiClient, tmp_path: Path, name: str, body: bytes, code: str
) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    told: list[FileView] = []

    with pytest.raises(TransferFailed, match="REJECTED"):
        upload(api, path, remembered=Remembered(tmp_path / "memory"), complete=told.append)

    refused = api.file(told[0].file_id)
    assert refused.error is not None
    assert refused.error.code == code


def test_malware_is_found_and_nobody_gets_it(
    stage: Stage, api: ApiClient, remembered: Remembered, tmp_path: Path
) -> None:
    path = tmp_path / "eicar.txt"
    path.write_text(EICAR)
    told: list[FileView] = []

    with pytest.raises(TransferFailed, match="INFECTED"):
        upload(api, path, remembered=remembered, complete=told.append)

    file_id = told[0].file_id
    refused = stage.api.call("GET", f"/files/{file_id}/download")
    assert (refused.status_code, refused.json()["error"]) == (409, "FILE_REFUSED")
    customer = stage.customer("whatsapp")
    body = message_body(stage.talk(customer), {"type": "media", "file_id": file_id, "text": "look"})
    assert stage.api.post_message(body).json()["error"] == "FILE_REFUSED"
    s3, bucket = stage.cloud.aws.s3(), stage.files_bucket()
    keys = [
        stored["Key"] for stored in s3.list_objects_v2(Bucket=bucket)["Contents"] if file_id in stored["Key"]
    ]
    assert keys == [f"quarantine/{file_id}"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_photo_reaches_every_app_to_the_byte(
    stage: Stage, api: ApiClient, remembered: Remembered, photo: Path, channel: str
) -> None:
    customer = stage.customer(channel)
    stored = upload(api, photo, remembered=remembered)

    message_id = send(stage, customer, stored, "look at this")

    stage.reaches(message_id, "SENT", "DELIVERED", "READ")
    (sent,) = eventually(lambda: files_of(stage, customer), bool)
    assert (sent.kind, sent.size) == (sample(channel).PHOTO_KIND, stored.size)
    assert eventually(lambda: files_of(stage, customer)[0].sha256, bool) == stored.sha256
    takes_captions = any(rule.caption_length for rule in capabilities()[channel].media)
    assert stage.texts(customer) == (["look at this"] if takes_captions else [None, "look at this"])


def test_telegram_uploads_what_is_too_large_to_be_fetched(
    stage: Stage, api: ApiClient, remembered: Remembered, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    make_film(film, 24_000_000)
    customer = stage.customer("telegram")
    stored = upload(api, film, remembered=remembered)

    stage.reaches(send(stage, customer, stored, "a film"), "SENT")

    (sent,) = files_of(stage, customer)
    assert (sent.kind, sent.filename, sent.size, sent.sha256) == (
        "video",
        "film.mp4",
        stored.size,
        stored.sha256,
    )


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_too_large_for_an_app_comes_as_a_link_to_the_bytes(
    stage: Stage, api: ApiClient, remembered: Remembered, tmp_path: Path, channel: str
) -> None:
    film = tmp_path / "film.mp4"
    make_film(film, 101_000_000)
    customer = stage.customer(channel)
    stored = upload(api, film, remembered=remembered)

    stage.reaches(send(stage, customer, stored), "SENT", "DELIVERED", "READ")

    assert files_of(stage, customer) == []
    (text,) = stage.texts(customer)
    assert text is not None
    url = next(word for word in text.split() if "/v1/links/" in word)
    came = urllib3.request("GET", url, preload_content=False)
    digest = hashlib.sha256()
    for piece in came.stream(PART):
        digest.update(piece)
    came.release_conn()
    assert digest.hexdigest() == stored.sha256


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_photo_that_somebody_sends_is_fetched_inspected_and_attached(
    stage: Stage, api: ApiClient, photo: Path, channel: str
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    kind = sample(channel).PHOTO_KIND
    stage.simulators[channel].write_media(customer.address, kind, "image/jpeg", data=photo.read_bytes())

    file_id = received_file_id(stage, talk)
    stored = eventually(lambda: api.file(file_id), lambda file: file.status not in {"PENDING", "SCANNING"})
    assert (stored.status, stored.sha256) == ("READY", hashlib.sha256(photo.read_bytes()).hexdigest())


def test_a_photo_in_a_group_reaches_the_other_apps_before_the_words_that_follow_it(
    stage: Stage, photo: Path
) -> None:
    lia, omar, pia = (stage.customer(*who) for who in (("whatsapp", "Lia"), ("telegram",), ("instagram",)))
    talk = stage.group(lia, omar, pia)
    simulator = stage.simulators["whatsapp"]

    simulator.write_media(lia.address, "image", "image/jpeg", "the gate", data=photo.read_bytes())
    simulator.write_media(lia.address, "document", "application/zip", data=zipped({"a.txt": b"hello"}))
    written = simulator.write(lia.address, "meet me there")
    simulator.edit(lia.address, written.provider_message_id, "meet me here")

    lines = ["Lia: meet me there", "Lia (edited): meet me here"]
    refused = "📎 document.zip (not available)"
    eventually(lambda: stage.texts(omar), lambda texts: texts[-1:] == lines[-1:])
    eventually(lambda: stage.texts(pia), lambda texts: texts[-1:] == lines[-1:])
    assert stage.texts(omar) == ["Lia: the gate", "Lia: 📎", refused, *lines]
    assert stage.texts(pia) == ["Lia: the gate", None, "Lia: 📎", refused, *lines]
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    for customer in (omar, pia):
        assert [sent.sha256 for sent in files_of(stage, customer)] == [digest]
    assert stage.requests(lia) == []
    assert [message.content.text for message in stage.history(talk)] == ["meet me here", "", "the gate"]


@pytest.mark.parametrize(
    ("kind", "content_type", "data", "filename", "served"),
    [
        ("audio", "audio/amr", AMR, None, "audio/amr"),
        ("document", "text/html", b"<!DOCTYPE html><script>alert(1)</script>", "page.html", None),
        ("document", "image/svg+xml", b"<svg onload=alert(1)>", "drawing.svg", None),
        ("document", "image/heic", box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(64), "a.heic", "image/heic"),
    ],
    ids=["AMR", "HTML", "SVG", "HEIC"],
)
def test_a_persons_file_of_any_type_is_kept_under_its_name_and_type(
    stage: Stage,
    api: ApiClient,
    *,
    kind: str,
    content_type: str,
    data: bytes,
    filename: str | None,
    served: str | None,
) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)

    stage.simulators["whatsapp"].write_media(
        customer.address, kind, content_type, data=data, filename=filename
    )

    file_id = received_file_id(stage, talk)
    stored = eventually(lambda: api.file(file_id), lambda file: file.status not in {"PENDING", "SCANNING"})
    (message,) = [message for message in stage.history(talk) if message.content.file]
    name = filename or "audio.amr"
    assert (stored.status, stored.inspection) == ("READY", "UNKNOWN_TYPE")
    for file in (stored, message.content.file):
        assert file is not None
        assert (file.filename, file.content_type) == (name, content_type)
    came = urllib3.request("GET", api.file_link(file_id).url)
    assert came.data == data
    assert came.headers["content-type"] == (served or "application/octet-stream")
    assert came.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    refused = stage.api.post_message(message_body(talk, {"type": "media", "file_id": file_id, "text": ""}))
    assert (refused.status_code, refused.json()["error"]) == (422, "FILE_NOT_POSSIBLE")


@pytest.mark.parametrize(("size", "kind"), [((2_000, 100), "photo"), ((2_100, 100), "document")])
def test_telegram_gets_a_long_picture_as_a_document(
    stage: Stage,
    api: ApiClient,
    remembered: Remembered,
    tmp_path: Path,
    *,
    size: tuple[int, int],
    kind: str,
) -> None:
    path = tmp_path / "page.jpg"
    Image.new("L", size, 200).save(path, "JPEG")
    customer = stage.customer("telegram")
    stored = upload(api, path, remembered=remembered)

    stage.reaches(send(stage, customer, stored, "a page"), "SENT")

    assert (stored.width, stored.height) == size
    (sent,) = files_of(stage, customer)
    assert (sent.kind, sent.sha256) == (kind, stored.sha256)


@pytest.mark.parametrize(("codec", "kind"), [(b"OpusHead", "audio"), (b"\x01vorbis", "text")])
def test_whatsapp_gets_sound_that_is_not_opus_as_a_link(
    stage: Stage, api: ApiClient, remembered: Remembered, tmp_path: Path, *, codec: bytes, kind: str
) -> None:
    path = tmp_path / "voice.ogg"
    path.write_bytes(ogg(codec))
    customer = stage.customer("whatsapp")
    stored = upload(api, path, remembered=remembered)

    stage.reaches(send(stage, customer, stored), "SENT", "DELIVERED", "READ")

    (sent,) = stage.accepted(customer)
    assert sent.kind == kind
    assert ("/v1/links/" in (sent.text or "")) is (kind == "text")


def test_malware_that_somebody_sends_is_kept_from_the_agents(stage: Stage, api: ApiClient) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)

    stage.simulators["telegram"].write_media(
        customer.address, "document", "text/plain", data=EICAR.encode(), filename="readme.txt"
    )

    file_id = received_file_id(stage, talk)
    assert eventually(lambda: api.file(file_id).status, lambda status: status == "INFECTED")
    assert stage.api.call("GET", f"/files/{file_id}/download").status_code == 409


def test_a_provider_that_sends_us_elsewhere_is_not_followed_into_private_networks(
    stage: Stage, api: ApiClient
) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    stage.simulators["whatsapp"].add_fault(FaultKind.FETCH_REDIRECT)

    stage.simulators["whatsapp"].write_media(customer.address, "image", "image/jpeg", size=1000)

    file_id = received_file_id(stage, talk)
    refused = eventually(lambda: api.file(file_id), lambda file: file.status not in {"PENDING", "SCANNING"})
    assert (refused.status, refused.error and refused.error.code) == ("REJECTED", "REFUSED_ADDRESS")


def test_an_upload_that_is_killed_goes_on_with_the_parts_that_are_missing(
    stage: Stage, api: ApiClient, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    make_film(film, 25 * PART + 7)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    environment["CHAT4ALL_STATE"] = str(stage.cloud.folder.path)
    command = [PROGRAM, "upload", str(film)]
    remembered = tmp_path / "state" / "chat4all" / "uploads"
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (known,) = eventually(lambda: [path.read_text() for path in remembered.glob("*.json")])
    time.sleep(random.uniform(0, 0.2))  # noqa: S311 - any moment
    process.kill()
    process.wait()

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    stored = api.file(done.stdout.strip())
    with film.open("rb") as file:
        assert stored.sha256 == hashlib.file_digest(file, "sha256").hexdigest()
    assert stored.status == "READY"
    assert msgspec.json.decode(known)["file_id"] == stored.file_id


def test_a_function_that_dies_while_it_inspects_does_so_again(
    stage: Stage, api: ApiClient, remembered: Remembered, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    make_film(film, 20 * PART)
    stage.set_visibility_timeout("files", 3)
    try:
        killed: list[int] = []

        def kill_it(_: FileView) -> None:
            killed.append(eventually(lambda: kill(workers(stage.cloud, "files")), bool))

        stored = upload(api, film, remembered=remembered, complete=kill_it)
    finally:
        stage.set_visibility_timeout("files", 125)

    assert killed[0] >= 1
    assert stored.status == "READY"
