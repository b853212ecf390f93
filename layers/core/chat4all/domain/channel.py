"""What a channel can do, as data: the same table is shown to clients and obeyed by the core."""

from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.files import Attachment, MediaKind

DEFAULT_ACCOUNT = "main"
"""The account of a channel when none is named: a business has one number, bot or page per channel."""


class LengthUnit(StrEnum):
    """How a provider counts the length of a text."""

    CHARACTERS = "characters"
    BYTES = "bytes"
    CODE_UNITS = "code_units"
    """Of UTF-16: a character beyond the basic plane, such as an emoji, counts two."""

    def measure(self, text: str) -> int:
        match self:
            case LengthUnit.CHARACTERS:
                return len(text)
            case LengthUnit.BYTES:
                return len(text.encode())
            case LengthUnit.CODE_UNITS:
                return len(text.encode("utf-16-le")) // 2


class LimitScope(StrEnum):
    """What a rate limit counts: all sends of our account, those to one person or group, or those to one group."""

    ACCOUNT = "account"
    RECIPIENT = "recipient"
    GROUP = "group"


class RateLimit(msgspec.Struct, frozen=True):
    """A token bucket of the provider: `burst` tokens, refilled by one every `interval_s` seconds.

    `lease` tokens are taken at once by one process, so that a lease of n costs one write in n sends.
    """

    scope: LimitScope
    interval_s: float
    burst: int
    lease: int = 1
    kinds: tuple[MediaKind, ...] = ()
    """Which files it counts, where they go as what they are; (): it counts every send."""


class Receipts(msgspec.Struct, frozen=True):
    """Which receipts the provider sends after it has accepted a message."""

    delivered: bool
    read: bool


class Transfer(StrEnum):
    """How a provider gets the bytes of a file."""

    LINK = "link"
    """It fetches them from an address that the request names."""
    UPLOAD = "upload"
    """They are in the request."""


class MediaRule(msgspec.Struct, frozen=True):
    """One way of sending files as a kind: those of `content_types` up to `most_bytes`. The first that fits is taken."""

    kind: MediaKind
    content_types: tuple[str, ...]
    most_bytes: int
    transfer: Transfer
    caption_length: int = 0
    """The longest text that goes with the file, counted as `text_unit`; 0: texts go by themselves."""
    address_prefixes: tuple[str, ...] = ("",)
    """How the addresses begin to which it can be sent."""

    def fits(self, file: Attachment, address: str) -> bool:
        if not address.startswith(self.address_prefixes):
            return False
        return file.content_type in self.content_types and (file.size or 0) <= self.most_bytes


class OtherFiles(StrEnum):
    """What becomes of a file that no rule fits."""

    LINK = "link"
    """It is sent as a text with a link for 24 hours."""
    REJECTED = "rejected"
    """The message is refused at POST."""


class Capabilities(msgspec.Struct, frozen=True):
    """One channel's abilities, limits and habits."""

    channel: str
    kinds: tuple[str, ...]
    text_length: int
    """A longer text is split into several provider messages."""
    text_unit: LengthUnit
    rate_limits: tuple[RateLimit, ...]
    receipts: Receipts
    window_h: int | None
    """Hours after the person's last message in which free text is allowed; None: no such window."""
    media: tuple[MediaRule, ...] = ()
    """How files are sent; what none of them fits is sent as `other_files` says."""
    other_files: OtherFiles = OtherFiles.REJECTED
    group_prefix: str | None = None
    """How the address of a group begins; None: every address is one person's."""

    def media_rule(self, file: Attachment, address: str) -> MediaRule | None:
        """Return how the provider takes this file for `address` as what it is, if it does."""
        return next((rule for rule in self.media if rule.fits(file, address)), None)

    def limits_for(self, address: str, file: Attachment | None = None) -> tuple[RateLimit, ...]:
        """The limits that count a send to `address`; the account's last, whose tokens are the scarcer good."""
        is_group = self.group_prefix is not None and address.startswith(self.group_prefix)
        rule = self.media_rule(file, address) if file is not None else None
        counted = (
            one
            for one in self.rate_limits
            if (is_group or one.scope is not LimitScope.GROUP)
            and (not one.kinds or (rule is not None and rule.kind in one.kinds))
        )
        return tuple(sorted(counted, key=lambda one: _ASKED.index(one.scope)))


_ASKED: Final = (LimitScope.RECIPIENT, LimitScope.GROUP, LimitScope.ACCOUNT)
