"""Cases: files with real inputs of people and providers, and the expected results; see README.md."""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from chat4all.channels.registry import names

FOLDER = Path(__file__).parent
Channel = Annotated[str, msgspec.Meta(pattern=rf"^({'|'.join(names())})$")]
"""The name of a registered channel."""
Json = Any
"""Whatever JSON can hold; `$name` in a text stands for a saved value."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Call(_Strict, frozen=True, tag_field="do", tag="call"):
    """Call the API: `request` is as `POST users`. `save` keeps values of the answer by their dotted path."""

    request: str
    body: Json = None
    status: int | None = None
    """Without it, any status under 300."""
    save: dict[str, str] = {}


class Webhook(_Strict, frozen=True, tag_field="do", tag="webhook"):
    """Let the provider of the channel, or else of the case's channel, send this body, signed."""

    body: Json
    status: int = 200
    channel: Channel | None = None


class Register(_Strict, frozen=True, tag_field="do", tag="register"):
    """Make a person known to a provider, so that messages can be sent to them."""

    channel: Channel
    address: str
    name: str


class Repeat(_Strict, frozen=True, tag_field="do", tag="repeat"):
    times: Annotated[int, msgspec.Meta(ge=2, le=1000)]
    step: Call | Webhook


Step = Call | Webhook | Register | Repeat


class Answer(_Strict, frozen=True, tag_field="see", tag="answer"):
    """What the API answers to a GET of `path`. A list is given whole, an object by the fields that matter."""

    path: str
    body: Json
    status: int = 200


class Sent(_Strict, frozen=True, tag_field="see", tag="sent"):
    """All texts that we sent to an address, in their order."""

    channel: Channel
    address: str
    texts: tuple[str, ...]


class Case(_Strict, frozen=True):
    title: str
    channel: Channel
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    expected: Annotated[tuple[Answer | Sent, ...], msgspec.Meta(min_length=1)]
    cloud_only: str | None = None
    """Why the case can not be told in process."""


def read(path: Path) -> Case:
    """Read a case; raises msgspec.ValidationError for anything that is not one."""
    return msgspec.json.decode(path.read_bytes(), type=Case)


PATHS = sorted(FOLDER.glob("*.json"))
"""Every file is a case."""
