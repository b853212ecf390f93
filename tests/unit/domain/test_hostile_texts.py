"""Reading a stranger's text takes time in proportion to its length."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest

from chat4all.channels.registry import connector, names
from chat4all.channels.shared.downloads import _joined, _origin
from chat4all.channels.shared.multipart import _quoted
from chat4all.channels.telegram import address as telegram_ids
from chat4all.domain.channel import LengthUnit
from chat4all.domain.content import ProviderFile
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.files.file import check_new_file
from chat4all.domain.files.inbound import attachment_of
from chat4all.domain.files.inspection import Reading, Sample
from chat4all.domain.files.known_types import canonical_type, with_extension
from chat4all.domain.files.plain_text import is_program
from chat4all.domain.files.signatures import types_by_head
from chat4all.domain.files.zips import END_MARK, ends_as_zip
from chat4all.domain.pages import SequenceCursor, TimeCursor, decode_cursor
from chat4all.domain.splitting import split_text
from chat4all.domain.text import check_content, check_plain, shortened
from chat4all.entrypoints.http.bodies import time_from
from chat4all.services.messaging.connector import FetchFailed
from tests.unit.channels.fake_http import FakeHttp
from tests.unit.growth import MOST, growth

LENGTH: Final = 20_000
UNITS: Final = (
    "x",
    "1",
    " ",
    "\n",
    ".",
    "/",
    "../",
    "|",
    "%",
    '"',
    "@",
    ":",
    "[",
    "\u200d",
    "\u0301",
    "\U0001f1e6",
    "\U0001f1e6 ",
    "e\u0301 ",
)
READ: Final[dict[str, Callable[[str], object]]] = {
    "content": lambda text: check_content("content", text),
    "title": lambda text: check_plain("title", text, 200),
    "quote": shortened,
    "split by characters": lambda text: split_text(text, 4_096, LengthUnit.CHARACTERS),
    "split by bytes": lambda text: split_text(text, 1_000, LengthUnit.BYTES),
    "delivery id": DeliveryId.parse,
    "time cursor": lambda text: decode_cursor(text, TimeCursor),
    "sequence cursor": lambda text: decode_cursor(text, SequenceCursor),
    "time": lambda text: time_from("from", text),
    "new file": lambda text: check_new_file(text, 1, text),
    "file name": lambda text: with_extension(text, "application/pdf"),
    "file type": canonical_type,
    "person's file": lambda text: attachment_of("f1", ProviderFile("r1", text, text)),
    **{name: connector(name, FakeHttp(), "https://provider.example").canonical_address for name in names()},
    "telegram message": lambda text: telegram_ids.message_number(text, "1"),
    "address": lambda text: _origin(f"https://{text}"),
    "path of an address": lambda text: _origin(f"https://cdn.example/{text}"),
    "redirect": lambda text: _joined("https://cdn.example/a/b", text),
    "form": _quoted,
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_time_grows_no_faster_than_a_text(name: str, unit: str) -> None:
    def work(length: int) -> Callable[[], object]:
        text = unit * (length // len(unit)) + "\n"

        def read() -> None:
            with suppress(Invalid, FetchFailed):
                READ[name](text)

        return read

    assert growth(work, LENGTH) <= MOST


@pytest.mark.parametrize(
    "unit", [b"x", b"\0", b" ", b"<!doctype ", END_MARK, b"PK", b"\xff\xfb", b"\xc3"], ids=repr
)
def test_time_grows_no_faster_than_a_file(unit: bytes) -> None:
    def work(length: int) -> Callable[[], object]:
        content = unit * (length // len(unit))

        def read() -> None:
            reading = Reading()
            reading.feed(content)
            reading.found()
            is_program(content)
            types_by_head(content)
            ends_as_zip(
                Sample(content, content, len(content), lambda start, size: content[start : start + size])
            )

        return read

    assert growth(work, LENGTH) <= MOST
