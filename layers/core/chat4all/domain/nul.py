"""NUL, which the API takes from nobody: what a provider sends with it is kept without it."""

from typing import Final, TypeVar

from msgspec import Raw, Struct
from msgspec.structs import fields, replace

NUL: Final = "\x00"
REPLACEMENT: Final = "\ufffd"
_BACKSLASH: Final = rb"\\"
"""A backslash in a text of JSON."""

T = TypeVar("T")


def without_nul(value: T) -> T:
    """Return the value with U+FFFD in the place of each NUL: in every text of it, and in JSON that it holds.

    PostgreSQL, which clients may use, refuses a text with NUL: https://github.com/chatwoot/chatwoot/pull/7901
    """
    match value:
        case str():
            return value.replace(NUL, REPLACEMENT) if NUL in value else value  # type: ignore[return-value]
        case Raw():
            return _without_escaped(value)  # type: ignore[return-value]
        case tuple():
            return tuple(map(without_nul, value))  # type: ignore[return-value]
        case Struct():
            named = {field.name: getattr(value, field.name) for field in fields(value)}
            changed = {name: kept for name, part in named.items() if (kept := without_nul(part)) != part}
            return replace(value, **changed) if changed else value
        case _:
            return value


def _without_escaped(data: Raw) -> Raw:
    encoded = bytes(data)
    if rb"\u0000" not in encoded:
        return data
    # Between two escaped backslashes, every backslash begins an escape.
    parts = (part.replace(rb"\u0000", rb"\ufffd") for part in encoded.split(_BACKSLASH))
    return Raw(_BACKSLASH.join(parts))
