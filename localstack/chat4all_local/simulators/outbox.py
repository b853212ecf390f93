"""The webhooks that Chat4All has not accepted yet, kept over a restart.

A real provider continues with its webhooks when Chat4All is up again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.simulators.json_lines import JsonLines

_TIDIED_AFTER: Final = 1_000


class Webhook(msgspec.Struct, frozen=True):
    """A signed webhook. `kind` is for the journal only."""

    kind: str
    body: bytes
    headers: dict[str, str]
    provider_message_id: str | None = None
    url: str = ""
    """The target, if it is not the URL of the settings."""


class Outgoing(msgspec.Struct, frozen=True):
    """A webhook and its number. Webhooks of the same lane go out one after the other."""

    n: int
    webhook: Webhook
    lane: str | None = None


class _Done(msgspec.Struct, frozen=True):
    done: int


class _Line(msgspec.Struct, frozen=True):
    """A line of the file: an Outgoing or a _Done."""

    n: int = 0
    webhook: Webhook | None = None
    lane: str | None = None
    done: int | None = None


class Outbox:
    """A file with a line of JSON for every new and every finished webhook.

    Without `path`, it is in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lines = JsonLines(path, _Line) if path is not None else None
        self._pending = _left_over(self._lines.read()) if self._lines is not None else {}
        self._last = max(self._pending, default=0)
        self._written = 0
        self._tidy()

    def left_over(self) -> list[Outgoing]:
        """Return the unfinished webhooks in the order in which they were added."""
        return list(self._pending.values())

    def add(self, webhook: Webhook, lane: str | None) -> Outgoing:
        """Keep the webhook until `done` is called for it. It is on disk when this returns."""
        self._last += 1
        outgoing = Outgoing(self._last, webhook, lane)
        self._pending[outgoing.n] = outgoing
        self._write(outgoing)
        return outgoing

    def done(self, outgoing: Outgoing) -> None:
        del self._pending[outgoing.n]
        self._write(_Done(outgoing.n))
        if not self._pending and self._written > _TIDIED_AFTER:
            self._tidy()

    def _write(self, line: Outgoing | _Done) -> None:
        if self._lines is not None:
            self._lines.append(line)
            self._written += 1

    def _tidy(self) -> None:
        if self._lines is not None:
            self._lines.replace(self._pending.values())
            self._written = len(self._pending)


def _left_over(lines: Iterable[_Line]) -> dict[int, Outgoing]:
    left: dict[int, Outgoing] = {}
    for line in lines:
        if line.done is not None:
            left.pop(line.done, None)
        elif line.webhook is not None:
            left[line.n] = Outgoing(line.n, line.webhook, line.lane)
    return left
