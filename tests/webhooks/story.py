"""A story: generated webhooks of a channel in the order in which they arrive."""

from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from tests.webhooks.drawing import NOBODY, Draw, marks_in
from tests.webhooks.grammar import Grammar, Part, grammar_of
from tests.webhooks.mutations import broken, encoded, mutated, mutated_form, texts_of

_WINDOW: Final = 12
"""The webhooks that may change their order."""
_LARGE_BYTES: Final = 10_000
"""The fields of a larger message may lose the ends of their lists and texts."""


class Webhook(msgspec.Struct, frozen=True):
    """A webhook to send.

    `marks` are those that a reader finds in it. It deletes the messages `removed`, and tells of each of
    `told_of_twice` in several parts. `is_large`: the fields of its messages may be cut.
    """

    body: bytes
    is_signed: bool
    marks: frozenset[str]
    removed: frozenset[int]
    told_of_twice: frozenset[int]
    is_large: bool


def story(channel: str, draw: Draw, count: int) -> Iterator[Webhook]:
    """Yield `count` webhooks: most of them mutated, in a changed order, and some of them twice."""
    grammar = grammar_of(channel, draw)
    for begin in range(0, count, _WINDOW):
        window: list[Webhook] = []
        for _ in range(min(_WINDOW, count - begin)):
            is_repeat = bool(window) and draw.chance(0.05)
            window.append(draw.choice(window) if is_repeat else _webhook(grammar, draw))
        draw.random.shuffle(window)
        yield from window


def _webhook(grammar: Grammar, draw: Draw) -> Webhook:
    count = 1 if grammar.is_form else draw.choice((1, 1, 1, 2, 4))
    parts = [grammar.part() for _ in range(count)]
    body = _form(grammar, draw, parts) if grammar.is_form else _json(grammar, draw, parts)
    if draw.chance(0.03):
        body = broken(draw, body)
    fields = _fields(body) if grammar.is_form else {"": texts_of(body)}
    return Webhook(
        body=body,
        # Nobody can sign a form that cannot be read.
        is_signed=fields is not None and not draw.chance(0.01),
        marks=frozenset(marks_in("\n".join((fields or {}).values()))),
        removed=frozenset(part.message for part in parts if part.removes),
        told_of_twice=frozenset(
            number for number, count in Counter(part.message for part in parts).items() if count > 1
        ),
        is_large=len(body) > _LARGE_BYTES,
    )


def _fields(body: bytes) -> dict[str, str] | None:
    """Return the fields of a form, of a field that is there twice the first; None if it is no form."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    return dict(reversed(fields))


def _form(grammar: Grammar, draw: Draw, parts: list[Part]) -> bytes:
    form = grammar.webhook(parts)
    return mutated_form(draw, form, parts[0].message) if draw.chance(0.6) else urlencode(form).encode()


def _json(grammar: Grammar, draw: Draw, parts: list[Part]) -> bytes:
    changed = [
        msgspec.structs.replace(part, json=mutated(draw, part.json, part.message, part.sealed))
        if draw.chance(0.6)
        else part
        for part in parts
    ]
    webhook = grammar.webhook(changed)
    return encoded(mutated(draw, webhook, NOBODY) if draw.chance(0.08) else webhook)
