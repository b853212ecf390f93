"""The webhooks that Chat4All has not accepted yet, kept over a restart.

A real provider continues with its webhooks when Chat4All is up again.
"""

import msgspec

from chat4all_local.simulators.store import Store


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


class Outbox:
    """The unfinished webhooks, in the table of their numbers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending = store.table("webhooks", Outgoing)
        self._last = max((outgoing.n for outgoing in self._pending.values()), default=0)

    def left_over(self) -> list[Outgoing]:
        """Return the unfinished webhooks in the order in which they were added."""
        return list(self._pending.values())

    def add(self, webhook: Webhook, lane: str | None) -> Outgoing:
        """Keep the webhook until `done` is called for it. It survives this process when this returns."""
        outgoing = Outgoing(self._last + 1, webhook, lane)
        self._pending.put(str(outgoing.n), outgoing)
        self._last = outgoing.n
        return outgoing

    def done(self, outgoing: Outgoing) -> None:
        self._pending.remove(str(outgoing.n))

    async def synced(self) -> None:
        """Wait until the webhooks, and all else that the provider remembers, are on the disk."""
        await self._store.synced()
