"""The webhooks that our endpoint has not taken yet, kept over a restart: a provider goes on when we are there again."""

from pathlib import Path
from typing import Final

import msgspec

_TIDIED_AFTER: Final = 1_000


class Webhook(msgspec.Struct, frozen=True):
    """One webhook, signed. `kind` is for the journal only."""

    kind: str
    body: bytes
    headers: dict[str, str]
    provider_message_id: str | None = None


class Outgoing(msgspec.Struct, frozen=True):
    """A webhook and its number. Those of one lane go out one after the other."""

    n: int
    webhook: Webhook
    lane: str | None = None


class _Done(msgspec.Struct, frozen=True):
    done: int


class Outbox:
    """A line of JSON for every webhook, and one for each that is done. Without `path` none outlives the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._pending: dict[int, Outgoing] = _left_over(path) if path is not None else {}
        self._last = max(self._pending, default=0)
        self._lines = 0
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
        if not self._pending and self._lines > _TIDIED_AFTER:
            self._tidy()

    def _write(self, line: Outgoing | _Done) -> None:
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
            self._lines += 1

    def _tidy(self) -> None:
        if self._path is None:
            return
        tidied = self._path.with_suffix(".new")
        tidied.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in self._pending.values()))
        tidied.replace(self._path)
        self._lines = len(self._pending)


def _left_over(path: Path) -> dict[int, Outgoing]:
    """What a killed process left unfinished is passed over."""
    left: dict[int, Outgoing] = {}
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            read = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            if "done" in read:
                left.pop(msgspec.json.decode(line, type=_Done).done, None)
            else:
                outgoing = msgspec.json.decode(line, type=Outgoing)
                left[outgoing.n] = outgoing
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return left
