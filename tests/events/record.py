"""`python -m tests.events.record`: run traffic on a temporary cloud, and write its functions' events.

Each file is named `<function>.json` or `<function>-<case>.json`. `files-guardduty.json` is not recorded but
follows GuardDuty's documentation, since no local cloud has GuardDuty.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.start import started
from chat4all_local.simulators.client import Simulator
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.e2e.api import Api
from tests.e2e.outages import holding
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage, Talk, message_body
from tests.e2e.waiting import eventually
from tests.events.recorder import Event, Recorder
from tests.events.tidying import Tidying
from tests.fakes import guardduty

FOLDER: Final = Path(__file__).parent
_MOST_RECORDS: Final = len(CHANNELS)
"""The text to each customer is in one batch of the router."""
_SCHEDULED_WITHIN_S: Final = 150.0
"""The deadline for an event of the relay, which runs once a minute."""

Heard = Mapping[str, list[Event]]


def main() -> None:
    with started() as cloud, _stage(cloud) as stage:
        recorder = Recorder(cloud)
        recorder.install()
        _play(stage, recorder)
        heard = eventually(recorder.listen, lambda heard: all(heard.values()), _SCHEDULED_WITHIN_S)
        tidy = Tidying(cloud)
        for name, event in _chosen(heard, stage.files_bucket()).items():
            written = msgspec.json.format(msgspec.json.encode(tidy(event)))
            (FOLDER / f"{name}.json").write_bytes(written + b"\n")


@contextmanager
def _stage(cloud: Cloud) -> Iterator[Stage]:
    with ExitStack() as stack:
        simulators = {name: stack.enter_context(Simulator(url)) for name, url in cloud.simulators.items()}
        api = Api(cloud.api_url, cloud.api_key)
        stack.callback(api.close)
        yield Stage(cloud, api, simulators)


def _play(stage: Stage, recorder: Recorder) -> None:
    """Send and receive texts on every channel, one on a second channel and one in a batch; move files."""
    customers = [stage.customer(channel) for channel in CHANNELS]
    talks = [stage.talk(customer) for customer in customers]
    with holding(stage.cloud, "router"):  # so that a batch has messages of several conversations
        said = {
            customer.channel: stage.say(talk, "How are you?")
            for customer, talk in zip(customers, talks, strict=True)
        }
    for channel, message_id in said.items():
        stage.reaches(message_id, LAST_STATUS[channel])
    for customer, talk in zip(customers, talks, strict=True):
        stage.simulators[customer.channel].write(customer.address, "Fine, thanks!")
        _answered(stage, talk)
    _play_a_second_channel(stage)
    stage.simulators["whatsapp"].verify()
    _play_a_batch(stage)
    _play_with_files(stage)
    _play_an_erasure(stage)


def _play_an_erasure(stage: Stage) -> None:
    """Erase a person."""
    person = stage.customer("telegram").user_id
    erased = stage.api.call("POST", f"/users/{person}/erase", {})
    assert erased.status_code == 202, erased.text


def _play_a_batch(stage: Stage) -> None:
    """Send a text to the recipients of a batch."""
    recipients = [{"user_id": stage.customer("telegram").user_id}]
    body = {"sender_id": stage.agent(), "content": "Hello, all", "recipients": recipients}
    created = stage.api.call("POST", "/batches", body)
    assert created.status_code == 202, created.text


def _play_a_second_channel(stage: Stage) -> None:
    """Send a message that fails on its first channel: `status` begins the next one."""
    customer = stage.customer("whatsapp", blocked=True)
    telegram = {"channel": "telegram", "address": stage.new_address("telegram")}
    linked = stage.api.call("POST", f"/users/{customer.user_id}/identities", telegram)
    assert linked.status_code == 201, linked.text
    body = {**message_body(stage.talk(customer), "By any way"), "channels": ["whatsapp", "telegram"]}
    stage.reaches(stage.api.send(body).message_id, "SENT")


def _answered(stage: Stage, talk: Talk) -> None:
    eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)


def _play_with_files(stage: Stage) -> None:
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "note.txt"
        note.write_text("Dear Ana")
        api = ApiClient(stage.cloud.api_url, stage.cloud.api_key)
        upload(api, note, remembered=Remembered(Path(folder) / "uploads"))
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    stage.simulators["whatsapp"].write_media(customer.address, "image", "image/jpeg", size=1000)
    eventually(lambda: stage.history(talk))
    stage.settle()


def _chosen(heard: Heard, files_bucket: str) -> dict[str, Event]:
    consumers = ("router", *CHANNELS, "status")
    return {
        "api": _first(heard["api"], httpMethod="POST", resource="/v1/messages"),
        "api-create-user": _first(heard["api"], httpMethod="POST", resource="/v1/users"),
        "api-message-status": _first(heard["api"], resource="/v1/messages/{message_id}/status"),
        "api-history": _first(heard["api"], resource="/v1/conversations/{conversation_id}/messages"),
        "webhooks-challenge": _first(heard["webhooks"], httpMethod="GET"),
        **{f"webhooks-{channel}": _spoken(heard["webhooks"], channel) for channel in CHANNELS},
        "webhooks-whatsapp-status": _spoken(heard["webhooks"], "whatsapp", '"statuses"'),
        **{name: _fullest(heard[name]) for name in consumers},
        "inbound": _with_body(heard["inbound"], '"type":"text"'),
        "files": _with_body(heard["files"], '"stored"'),
        "files-fetch": _with_body(heard["files"], '"fetch"'),
        "files-guardduty": guardduty.event("NO_THREATS_FOUND", bucket=files_bucket),
        "batches": heard["batches"][0],
        "privacy": heard["privacy"][0],
        "search": _first(heard["search"], **{"detail-type": "Scheduled Event"}),
        "relay": heard["relay"][0],
    }


def _first(events: list[Event], **wanted: str) -> Event:
    return next(event for event in events if all(event.get(name) == value for name, value in wanted.items()))


def _spoken(events: list[Event], channel: str, word: str = "Fine, thanks!") -> Event:
    """Return the webhook of `channel` that holds `word`, in JSON or in a form."""
    return next(
        event
        for event in events
        if event["path"] == f"/v1/webhooks/{channel}" and word in unquote_plus(event["body"] or "")
    )


def _fullest(events: list[Event]) -> Event:
    return max(
        (event for event in events if len(event["Records"]) <= _MOST_RECORDS),
        key=lambda event: len(event["Records"]),
    )


def _with_body(events: list[Event], word: str) -> Event:
    return next(event for event in events if word in event["Records"][0]["body"])


if __name__ == "__main__":
    main()
