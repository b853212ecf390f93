"""Every case of tests/cases in this process: the real functions over tables in memory."""

import base64
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
import pytest

from chat4all.channels.registry import names
from tests.cases.case import PATHS, Channel, File, read
from tests.cases.running import Response, run
from tests.channels import sample, whatsapp
from tests.integration.aws import Aws, secret_of
from tests.integration.world import World, a_world


class InProcess:
    def __init__(self, world: World) -> None:
        self._world = world

    def account(self, channel: Channel) -> str:
        return secret_of(channel).account_id

    def call(self, method: str, path: str, body: object) -> Response:
        where, _, query = path.partition("?")
        text = None if body is None else msgspec.json.encode(body).decode()
        answer = self._world.api.request(method, f"/v1{where}", text, query=dict(parse_qsl(query)))
        return Response(answer.status, answer.json)

    def webhook(self, channel: Channel, body: object) -> int:
        return self._world.hear(channel, sample(channel).encoded(body)).status

    def register(self, channel: Channel, address: str, name: str) -> None:
        """Do nothing, since the provider in this process accepts every address."""

    def send_receipts(self, channel: Channel, *, are_sent: bool) -> None:
        """Do nothing, since the provider in this process reports nothing by itself."""

    def send_file(self, channel: Channel, file: File) -> None:
        if channel != "whatsapp":
            raise ValueError(f"a file on {channel} can be told on the cloud only")
        file_id = str(uuid.uuid4().int)
        self._world.provider.files[file_id] = base64.b64decode(file.data)
        self._world.provider.types[file_id] = file.content_type
        name = {"filename": file.filename} if file.filename else {}
        part = {"id": file_id, "mime_type": file.content_type, **name}
        webhook = whatsapp.webhook(**{"from": file.address, "type": file.kind, file.kind: part})
        assert self._world.say(channel, webhook).status == 200

    def awaited(self, ask: Callable[[], Response], is_whole: Callable[[Response], bool]) -> Response:
        del is_whole
        return ask()

    def settle(self) -> None:
        self._world.product.pump()

    def sent(self, channel: Channel, address: str) -> list[str]:
        return [
            text
            for sent in self._world.provider.accepted
            # Another case may have sent what only the cloud can tell.
            if address.rpartition(":")[2] in str(sent)
            for where, to, text in (_read(sent),)
            if (where, to) == (channel, address)
        ]


def _read(sent: dict[str, object]) -> tuple[str, str, str]:
    """Return the channel, the address and the text of a request to send."""
    for channel in names():
        if read := sample(channel).read_text(sent):
            return channel, *read
    raise ValueError(f"a case that sends {sent} can be told on the cloud only")


@pytest.fixture(scope="module")
def product(aws: Aws, _nothing_left: None) -> Iterator[InProcess]:
    with a_world(aws) as world:
        yield InProcess(world)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_case_comes_out_right(product: InProcess, path: Path) -> None:
    case = read(path)
    if case.cloud_only:
        pytest.skip(case.cloud_only)

    differences = run(case, product)

    assert not differences, "\n".join(differences)
