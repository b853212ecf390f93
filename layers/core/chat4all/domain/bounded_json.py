"""JSON of strangers within a number of bytes: valid as before, and honest about what is left out."""

from typing import Final

import msgspec
from msgspec import Raw

from chat4all.domain.text import beginning, shortened

_OMITTED: Final = "omitted"
"""The field, or the last element, that says how many fields or elements were left out."""
_FIRST_MOST: Final = 1_024
"""The most elements of a list or an object, and a sixteenth of the most characters of a text, at first."""
_DEEPEST: Final = 64


def bounded_json(data: Raw, most_bytes: int) -> Raw:
    """Return the same JSON if it has at most `most_bytes`; else the same values, each as short as need be.

    Every long text is cut at a character and ends with an ellipsis, and every long list or object loses its
    last elements, whose number stands in their place. `most_bytes` is at least 100.
    """
    if len(bytes(data)) <= most_bytes:
        return data
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Raw(msgspec.json.encode({_OMITTED: len(bytes(data))}))
    most = _FIRST_MOST
    while most:
        bounded = msgspec.json.encode(_shortened(value, most, _DEEPEST))
        if len(bounded) <= most_bytes:
            return Raw(bounded)
        most //= 2
    return Raw(msgspec.json.encode({_OMITTED: len(bytes(data))}))


def _shortened(value: object, most: int, depth: int) -> object:
    match value:
        case str():
            return shortened(value, 16 * most)
        case list() if depth:
            kept = [_shortened(element, most, depth - 1) for element in value[:most]]
            return [*kept, {_OMITTED: len(value) - most}] if len(value) > most else kept
        case dict() if depth:
            names = list(value)
            fields = {
                beginning(name, 16 * most): _shortened(value[name], most, depth - 1) for name in names[:most]
            }
            return {**fields, _OMITTED: len(names) - most} if len(names) > most else fields
        case list() | dict():
            return {_OMITTED: len(value)}
        case _:
            return value
