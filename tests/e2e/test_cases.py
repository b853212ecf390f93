"""Every case of tests/cases on the local cloud, with signed webhooks and the strict simulators."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cases.case import PATHS, Channel, File, read
from tests.cases.running import Response, run
from tests.channels import sample
from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually


class OnTheCloud:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def account(self, channel: Channel) -> str:
        return self._stage.simulators[channel].settings().account_id

    def call(self, method: str, path: str, body: object) -> Response:
        answer = self._stage.api.call(method, path, body)
        return Response(answer.status_code, answer.json())

    def webhook(self, channel: Channel, body: object) -> int:
        encoded = sample(channel).encoded(body).decode()
        return self._stage.simulators[channel].call_webhook(encoded).status

    def register(self, channel: Channel, address: str, name: str) -> None:
        self._stage.simulators[channel].register(address, name)

    def send_receipts(self, channel: Channel, *, are_sent: bool) -> None:
        self._stage.simulators[channel].configure(
            receipts={"sent": are_sent, "delivered": are_sent, "read": are_sent}
        )

    def send_file(self, channel: Channel, file: File) -> None:
        self._stage.simulators[channel].write_media(
            file.address,
            file.kind,
            file.content_type,
            data=base64.b64decode(file.data),
            filename=file.filename,
        )

    def awaited(self, ask: Callable[[], Response], is_whole: Callable[[Response], bool]) -> Response:
        return eventually(ask, is_whole)

    def settle(self) -> None:
        self._stage.settle()

    def sent(self, channel: Channel, address: str) -> list[str]:
        requests = self._stage.simulators[channel].transcript().requests
        return [
            request.text or ""
            for request in requests
            if request.address == address and request.provider_message_id is not None
        ]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_case_comes_out_right(stage: Stage, path: Path) -> None:
    differences = run(read(path), OnTheCloud(stage))

    assert not differences, "\n".join(differences)
