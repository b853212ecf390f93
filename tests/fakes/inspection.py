"""Fakes for inspections: a provider that serves a file, and a maker of thumbnails."""

from collections.abc import Iterator

from chat4all.domain.content import ProviderFile
from chat4all.domain.files.file import FILE_TYPES, THUMBNAILS_PX
from chat4all.domain.files.inspection import Picture, ReadRange, Refusal, RejectCode
from chat4all.services.messaging.connector import ChannelSecret, FetchFailed, Fetching
from tests.fakes.samples import EVERY_TYPE
from tests.fakes.small_stores import SECRET


class FakeProvider:
    """A provider that serves `content`, or fails at once or in the middle of the bytes, as a test decides."""

    def __init__(self) -> None:
        self.content = EVERY_TYPE["image/png"]
        self.failure: FetchFailed | None = None
        self.fails_in_the_midst = False
        self.asked: list[ProviderFile] = []

    def fetch(self, media: ProviderFile, secret: ChannelSecret) -> Fetching:
        assert secret == SECRET
        self.asked.append(media)
        if self.failure is not None and not self.fails_in_the_midst:
            raise self.failure
        return Fetching(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        half = len(self.content) // 2
        yield self.content[:half]
        if self.failure is not None:
            raise self.failure
        yield self.content[half:]


def thumbnailer(content_type: str, read: ReadRange, size: int) -> Picture | Refusal:
    assert FILE_TYPES[content_type].kind == "image"
    if b"broken" in read(0, size):
        return Refusal(RejectCode.IMAGE_BROKEN, "The image cannot be decoded.")
    return Picture(40, 30, {px: f"{px} of {size}".encode() for px in THUMBNAILS_PX})
