"""JSON from providers, decoded into a type or refused."""

from typing import Annotated, Final, TypeVar

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The errors of msgspec for bytes that it cannot decode: wrong JSON, a wrong shape, bytes that are not UTF-8,
and nesting deeper than the interpreter's stack.
"""

Id = Annotated[str, msgspec.Meta(min_length=1)]
"""An id that a provider gave: any text that is not empty."""

MessageId = Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
"""An id that a provider gave to a message. The providers' ids have about 200 characters."""

T = TypeVar("T")


def decoded(data: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    """Return `data` as `kind`; None if `data` is empty or is not of that kind."""
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE:
        return None
