"""What a channel can do, as data: the same table is shown to clients and obeyed by the core."""

from enum import StrEnum

import msgspec

DEFAULT_ACCOUNT = "main"
"""The account of a channel when none is named: a business has one number, bot or page per channel."""


class LengthUnit(StrEnum):
    """How a provider counts the length of a text."""

    CHARACTERS = "characters"
    BYTES = "bytes"

    def measure(self, text: str) -> int:
        return len(text) if self is LengthUnit.CHARACTERS else len(text.encode())


class LimitScope(StrEnum):
    """What a rate limit counts: all sends of our account, or the sends to one person."""

    ACCOUNT = "account"
    RECIPIENT = "recipient"


class RateLimit(msgspec.Struct, frozen=True):
    """A token bucket of the provider: `burst` tokens, refilled by one every `interval_s` seconds.

    `lease` tokens are taken at once by one process, so that a lease of n costs one write in n sends.
    """

    scope: LimitScope
    interval_s: float
    burst: int
    lease: int = 1


class Receipts(msgspec.Struct, frozen=True):
    """Which receipts the provider sends after it has accepted a message."""

    delivered: bool
    read: bool


class Capabilities(msgspec.Struct, frozen=True):
    """One channel's abilities, limits and habits."""

    channel: str
    kinds: tuple[str, ...]
    text_length: int
    text_unit: LengthUnit
    over_long_text: str
    """What happens to a text over `text_length`: `split` into several provider messages."""
    rate_limits: tuple[RateLimit, ...]
    receipts: Receipts
    window_h: int | None
    """Hours after the person's last message in which free text is allowed; None: no such window."""
