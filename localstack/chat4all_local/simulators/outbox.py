"""The webhooks that our endpoint has not taken yet, kept over a restart: a provider goes on when we are there again."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.simulators.json_lines import JsonLines

_TIDIED_AFTER: Final = 1_000


class Webhook(msgspec.Struct, frozen=True):
    """One webhook, signed. `kind` is for the journal only."""

    kind: str
    body: bytes
    headers: dict[str, str]
    provider_message_id: str | None = None
    url: str = ""
    """Where it goes, if not to the URL of the settings."""


class Outgoing(msgspec.Struct, frozen=True):
    """A webhook and its number. Those of one lane go out one after the other."""

    n: int
    webhook: Webhook
    lane: str | None = None


class _Done(msgspec.Struct, frozen=True):
    done: int


class _Line(msgspec.Struct, frozen=True):
    """An Outgoing or a _Done, as it is read."""

    n: int = 0
    webhook: Webhook | None = None
    lane: str | None = None
    done: int | None = None


class Outbox:
    """A line of JSON for every webhook, and one for each that is done. Without `path` none outlives the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._lines = JsonLines(path, _Line) if path is not None else None
        self._pending = _left_over(self._lines.read()) if self._lines is not None else {}
        self._last = max(self._pending, default=0)
        self._written = 0
        self._tidy()

    def left_over(self) -> list[Outgoing]:
        """In the order in which they were added."""
        return list(self._pending.values())

    def add(self, webhook: Webhook, lane: str | None) -> Outgoing:
        """It is kept when this returns, until it is done."""
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
