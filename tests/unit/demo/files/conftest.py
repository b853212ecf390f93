"""An exchange of files in which everything went well. Each test changes a part of it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Media
from chat4all.domain.files.file import Attachment
from chat4all.entrypoints.http.message_views import MessageView, ProgressView
from chat4all_local.demo.files.making import Made
from chat4all_local.demo.files.observed import Content, FilesObserved
from chat4all_local.demo.files.props import BACK, PHOTO, VIDEO
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Line
from chat4all_local.demo.sent import Accepted
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.simulators.registry import manifest
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL
from tests.unit.answers import delivery_view, message_view, progress_view

SIZES = {PHOTO: 400_000, VIDEO: 200_000_000, BACK: 300_000}
BACK_ID = "file-from-customer"


def link(channel: str) -> str:
    return f"http://127.0.0.1:4566/api/v1/links/{channel}"


@pytest.fixture
def files_sent(channels: tuple[str, ...]) -> FilesSent:
    return FilesSent(
        made={name: Made(name, Path(name), size, f"sha256 of {name}") for name, size in SIZES.items()},
        channels=channels,
        uploaded_s={PHOTO: 0.5, VIDEO: 2.25},
        accepted={
            (name, channel): Accepted(Line(name, channel, AGENT, ""), f"{name} {channel}", 1000.0, 0)
            for name in (PHOTO, VIDEO)
            for channel in channels
        },
    )


@pytest.fixture
def files_observed(files_sent: FilesSent) -> FilesObserved:
    came = {name: Content(made.size, made.sha256) for name, made in files_sent.made.items()}
    return FilesObserved(
        Observed(
            provided={
                channel: (_photo(channel), _text_with_link(channel)) for channel in files_sent.channels
            },
            histories={channel: _history(channel, files_sent) for channel in files_sent.channels},
            statuses={message.message_id: _status(message) for message in files_sent.accepted.values()},
        ),
        {**{link(channel): came[VIDEO] for channel in files_sent.channels}, BACK_ID: came[BACK]},
    )


def _photo(channel: str) -> SendRecord:
    text = _record(1, channel, None)
    return replace(text, kind=manifest(channel).photo_kind, size=SIZES[PHOTO], sha256=f"sha256 of {PHOTO}")


def _text_with_link(channel: str) -> SendRecord:
    return _record(2, channel, f"📎 {VIDEO} (200.0 MB)\n{link(channel)}")


def _record(n: int, channel: str, text: str | None) -> SendRecord:
    return SendRecord(
        n=n,
        at=1000.25,
        address=BY_CHANNEL[channel].address,
        text=text,
        provider_message_id=f"{channel}-id-{n}",
        callback_data=None,
        quoted=None,
        status=200,
        error_code=None,
        authorized=True,
    )


def _history(channel: str, sent: FilesSent) -> tuple[MessageView, ...]:
    ours = [_message(number, f"{name} {channel}", name) for number, name in enumerate((PHOTO, VIDEO), 1)]
    return (*ours, _message(3, "from customer", BACK)) if channel == sent.sender.channel else tuple(ours)


def _message(sequence: int, message_id: str, name: str) -> MessageView:
    file_id = BACK_ID if name == BACK else f"file {name}"
    file = Attachment(file_id, name, "image/jpeg", SIZES[name])
    return message_view(message_id, sequence=f"{sequence:020d}", content=Media(file), status="SENT")


def _status(accepted: Accepted) -> ProgressView:
    channel = accepted.line.conversation
    return progress_view(accepted.message_id, delivery_view(channel, BY_CHANNEL[channel].final_status))
