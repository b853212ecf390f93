"""Customers send several files at once: they are one message, and every file reaches its readers."""

import base64
import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from chat4all_local.api_client import ApiClient
from chat4all_local.simulators.control_api import CustomerMedia, FaultKind
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.e2e.shapes import Message
from tests.e2e.stage import LAST_STATUS, Customer, Stage, Talk, message_body
from tests.e2e.waiting import eventually

FILES = {
    "telegram": ("photo", "image/jpeg"),
    "instagram": ("image", "image/jpeg"),
    "sms": ("image", "image/jpeg"),
}


@pytest.fixture
def api(stage: Stage) -> ApiClient:
    return ApiClient(stage.cloud.api_url, stage.cloud.api_key)


def a_photo(number: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40 + number, 30), (number * 40, 10, 10)).save(data, "JPEG")
    return data.getvalue()


def send_album(stage: Stage, channel: str, address: str, photos: list[bytes]) -> None:
    """Send the photos as the app of the channel does."""
    simulator, (kind, content_type) = stage.simulators[channel], FILES[channel]
    if channel == "telegram":
        for number in range(3):
            caption = "the gate" if number == 0 else None
            simulator.write_media(
                address,
                kind,
                content_type,
                caption,
                data=photos[number],
                raw={"media_group_id": f"g{address}"},
            )
        return
    more = tuple(CustomerMedia(content_type, base64=base64.b64encode(photo).decode()) for photo in photos[1:])
    simulator.write_media(address, kind, content_type, data=photos[0], more=more)


def album_of(stage: Stage, talk: Talk, count: int) -> Message:
    def complete(shown: list[Message]) -> bool:
        return bool(shown) and len(shown[0].content.files) == count

    [message] = eventually(lambda: list(stage.history(talk)), complete)
    return message


@pytest.mark.parametrize("channel", sorted(FILES))
def test_several_files_are_one_message_and_each_can_be_read(
    stage: Stage, api: ApiClient, channel: str
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    photos = [a_photo(number) for number in range(3)]

    send_album(stage, channel, customer.address, photos)

    message = album_of(stage, talk, 3)
    assert message.content.type == "album"
    ids = [part.file.file_id for part in message.content.files]
    stored = eventually(
        lambda: [api.file(file_id) for file_id in ids],
        lambda files: all(file.status == "READY" for file in files),
    )
    assert [file.sha256 for file in stored] == [hashlib.sha256(photo).hexdigest() for photo in photos]


def test_an_album_in_a_group_reaches_the_other_apps_file_by_file(stage: Stage) -> None:
    omar, pia = stage.customer("telegram", "Omar"), stage.customer("whatsapp", "Pia")
    talk = stage.group(omar, pia)
    photos = [a_photo(number) for number in range(3)]

    send_album(stage, "telegram", omar.address, photos)

    # WhatsApp fetches a file after it accepted the message.
    digests = {hashlib.sha256(photo).hexdigest() for photo in photos}
    eventually(lambda: {request.sha256 for request in stage.accepted(pia)}, lambda found: found == digests)
    assert sorted(stage.texts(pia), key=str) == ["Omar: the gate", "Omar: 📎", "Omar: 📎"]
    album_of(stage, talk, 3)


def test_an_album_of_ours_is_one_album_on_telegram_and_each_file_can_be_changed(
    stage: Stage, api: ApiClient, tmp_path: Path
) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    ids = uploaded(api, tmp_path)

    message_id = stage.api.send(message_body(talk, album(ids, "gate", "tree", ""))).message_id

    stage.reaches(message_id, LAST_STATUS["telegram"])
    sent = stage.accepted(customer)
    assert [(record.kind, record.text) for record in sent] == [
        ("photo", "gate"),
        ("photo", "tree"),
        ("photo", None),
    ]
    simulator = stage.simulators["telegram"]
    simulator.write(customer.address, "This one?", quoted=sent[1].provider_message_id)
    history = eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)
    assert history[0].reply_to == message_id

    edited = {"sender_id": talk.agent_id, "content": album(ids, "gate", "oak", "")}
    assert stage.api.call("PATCH", f"/messages/{message_id}", edited).status_code == 202
    changed = eventually(
        lambda: stage.accepted(customer)[3:], lambda seen: "oak" in [one.text for one in seen]
    )
    assert [one.quoted for one in changed if one.text == "oak"] == [sent[1].provider_message_id]
    query = {"sender_id": talk.agent_id}
    assert stage.api.call("DELETE", f"/messages/{message_id}", query=query).status_code == 202
    eventually(lambda: stage.api.message(message_id), lambda seen: seen.content.type == "deleted")


@pytest.mark.parametrize(("channel", "texts"), [("instagram", [None, "the gate"]), ("sms", ["the gate"])])
def test_an_album_of_ours_is_one_message_with_one_id(
    stage: Stage, api: ApiClient, tmp_path: Path, channel: str, texts: list[str | None]
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    ids = uploaded(api, tmp_path)
    body = message_body(talk, {**album(ids, "", "", ""), "text": "the gate"})
    preview = stage.api.call("POST", "/messages/preview", body)
    assert preview.json()["renderings"][0]["parts"][0]["type"] == "album"

    message_id = stage.api.send(body).message_id

    stage.reaches(message_id, LAST_STATUS[channel])
    digests = [hashlib.sha256(a_photo(number)).hexdigest() for number in range(3)]
    sent = eventually(
        lambda: stage.accepted(customer),
        lambda records: len(records) == len(texts) and records[0].sha256 is not None,
    )
    assert [record.text for record in sent] == texts
    assert [sent[0].sha256, *sent[0].more_sha256] == digests
    # An echo of an album is no message of a colleague.
    assert len(stage.history(talk)) == 1
    if channel == "instagram":
        stage.simulators[channel].write(customer.address, "Mine!", quoted=sent[0].provider_message_id)
        history = eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)
        assert history[0].reply_to == message_id


def test_an_album_that_a_channel_refuses_goes_whole_on_the_next(
    stage: Stage, api: ApiClient, tmp_path: Path
) -> None:
    customer, number = stage.customer("instagram"), stage.new_address("sms")
    linked = {"channel": "sms", "address": number}
    assert stage.api.call("POST", f"/users/{customer.user_id}/identities", linked).status_code == 201
    talk = stage.talk(customer)
    body = message_body(talk, album(uploaded(api, tmp_path), "", "", ""))
    stage.simulators["instagram"].add_fault(
        FaultKind.ERROR, for_address=customer.address, status=400, code=100
    )

    answer = stage.api.call("POST", "/messages", {**body, "channels": ["instagram", "sms"]})

    stage.reaches(answer.json()["message_id"], LAST_STATUS["sms"])
    sms = Customer(customer.user_id, customer.name, "sms", number)
    (record,) = eventually(
        lambda: stage.accepted(sms), lambda records: len(records) == 1 and bool(records[0].more_sha256)
    )
    assert len(record.more_sha256) == 2
    assert stage.accepted(customer) == []


def test_an_album_of_ours_goes_file_by_file_on_whatsapp(stage: Stage, api: ApiClient, tmp_path: Path) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    ids = uploaded(api, tmp_path)

    message_id = stage.api.send(message_body(talk, album(ids, "gate", "tree", ""))).message_id

    stage.reaches(message_id, LAST_STATUS["whatsapp"])
    sent = stage.accepted(customer)
    assert [(record.kind, record.text) for record in sent] == [
        ("image", "gate"),
        ("image", "tree"),
        ("image", None),
    ]


def uploaded(api: ApiClient, folder: Path) -> list[str]:
    """Upload three photos, and return their ids once they are READY."""
    ids = []
    for number in range(3):
        path = folder / f"{number}.jpg"
        path.write_bytes(a_photo(number))
        ids.append(upload(api, path, remembered=Remembered(folder / "memory")).file_id)
    return ids


def album(ids: list[str], *captions: str) -> dict[str, object]:
    files = [{"file_id": file_id, "text": text} for file_id, text in zip(ids, captions, strict=True)]
    return {"type": "album", "files": files}
