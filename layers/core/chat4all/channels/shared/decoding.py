"""JSON from outside, read as a type or not at all."""

from typing import Annotated, Final, TypeVar

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes that are not what is asked for: wrong JSON, a wrong shape,
bytes that are not UTF-8, and nesting deeper than the interpreter's stack."""

Id = Annotated[str, msgspec.Meta(min_length=1)]
"""A provider's id of something: any text, but a text."""

MessageId = Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
"""A provider's id of a message, which longer ids begin with. The providers' ids have some 200 characters."""

T = TypeVar("T")


def decoded(data: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    """Decode `data` as `kind`; return None if it is empty or has another shape."""
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE:
        return None
