"""Cases: files with real inputs of people and providers, and the expected results (see README.md)."""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from chat4all.channels.registry import names

FOLDER = Path(__file__).parent
Channel = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(names())})$")]
"""The name of a registered channel."""
Json = Any
"""Any JSON value; `$name` in a text stands for a saved value."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Call(_Strict, frozen=True, tag_field="do", tag="call"):
    """A call of the API: `request` is like `POST users`; `save` names values of the answer by their paths."""

    request: str
    body: Json = None
    status: int | None = None
    """The expected status; None accepts every status below 300."""
    save: dict[str, str] = {}


class Webhook(_Strict, frozen=True, tag_field="do", tag="webhook"):
    """A signed webhook with this body, by the provider of `channel`, or else of the case's channel."""

    body: Json
    status: int = 200
    channel: Channel | None = None


class Register(_Strict, frozen=True, tag_field="do", tag="register"):
    """A registration of a person with a provider, so that messages can be sent to them."""

    channel: Channel
    address: str
    name: str


class File(_Strict, frozen=True, tag_field="do", tag="file"):
    """A file that a registered person sends; `kind` is the provider's word for it."""

    address: str
    kind: str
    content_type: str
    data: Annotated[str, msgspec.Meta(min_length=1)]
    """The bytes, in base64."""
    filename: str | None = None


class Receipts(_Strict, frozen=True, tag_field="do", tag="receipts"):
    """Whether the provider of `channel` reports what it sent, and what was read, until the case ends."""

    channel: Channel
    are_sent: bool


class Repeat(_Strict, frozen=True, tag_field="do", tag="repeat"):
    times: Annotated[int, msgspec.Meta(ge=2, le=1000)]
    step: Call | Webhook


Step = Call | Webhook | Register | File | Receipts | Repeat


class Answer(_Strict, frozen=True, tag_field="see", tag="answer"):
    """The API's answer to a GET of `path`: lists are complete, objects have only the fields to compare."""

    path: str
    body: Json
    status: int = 200


class Sent(_Strict, frozen=True, tag_field="see", tag="sent"):
    """All texts that we sent to an address, in the order of sending."""

    channel: Channel
    address: str
    texts: tuple[str, ...]


class Case(_Strict, frozen=True):
    title: str
    channel: Channel
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    expected: Annotated[tuple[Answer | Sent, ...], msgspec.Meta(min_length=1)]
    cloud_only: str | None = None
    """The reason why the case cannot run in process; None if it can."""


def read(path: Path) -> Case:
    """Read a case. Raises msgspec.ValidationError if the file is not a case."""
    return msgspec.json.decode(path.read_bytes(), type=Case)


PATHS = sorted(FOLDER.glob("*.json"))
"""The files of all cases."""
