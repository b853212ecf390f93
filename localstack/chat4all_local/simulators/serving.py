"""The ways to serve the bytes of a customer's file: correctly, or with a fault of FaultKind.FETCH."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from chat4all_local.simulators.control_api import CustomerMedia, FaultKind, FaultRequest
from chat4all_local.simulators.customer_media import pieces_of

_PIECE_BYTES: Final = 65_536
_SLOW_PIECES: Final = 10
_HALF: Final = (FaultKind.FETCH_HANG, FaultKind.FETCH_CUT)


class Serving(msgspec.Struct, frozen=True):
    """A response with the bytes of `media`; `size` is their number."""

    media: CustomerMedia
    size: int
    content_type: str
    fault: FaultRequest | None = None

    @property
    def content_length(self) -> int | None:
        """The announced length, or None for no announcement."""
        return None if self._meets(FaultKind.FETCH_MORE) else self.size

    @property
    def is_cut(self) -> bool:
        """Return whether the connection closes before the last byte."""
        return self._meets(*_HALF)

    async def pieces(self) -> AsyncIterator[bytes]:
        if self.fault is None:
            for piece in pieces_of(self.media):
                yield piece
        elif self._meets(FaultKind.FETCH_SLOW):
            async for piece in self._slowly(self.fault.seconds):
                yield piece
        elif self._meets(FaultKind.FETCH_MORE):
            async for piece in self._with_more(self.fault.extra_bytes):
                yield piece
        else:
            async for piece in self._half():
                yield piece
            if self._meets(FaultKind.FETCH_HANG):
                await asyncio.sleep(self.fault.seconds)

    def _meets(self, *kinds: FaultKind) -> bool:
        return self.fault is not None and self.fault.kind in kinds

    async def _slowly(self, seconds: float) -> AsyncIterator[bytes]:
        for piece in pieces_of(self.media, max(1, -(-self.size // _SLOW_PIECES))):
            await asyncio.sleep(seconds / _SLOW_PIECES)
            yield piece

    async def _with_more(self, extra_bytes: int) -> AsyncIterator[bytes]:
        for piece in pieces_of(self.media):
            yield piece
        for at in range(0, extra_bytes, _PIECE_BYTES):
            yield bytes(min(_PIECE_BYTES, extra_bytes - at))

    async def _half(self) -> AsyncIterator[bytes]:
        left = self.size // 2
        for piece in pieces_of(self.media):
            if left <= 0:
                return
            yield piece[:left]
            left -= len(piece)
