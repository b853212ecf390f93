"""The capabilities of a channel, as data: the API shows the table to clients, and the core obeys it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.act_rules import Acts
from chat4all.domain.consent_words import Words
from chat4all.domain.files.file import Attachment, Form, MediaKind
from chat4all.domain.purpose import Purpose

ChannelAccounts = Mapping[str, tuple[str, ...]]
"""The channel accounts by channel, as the manifests list them.

A channel account is a number, bot or page of ours at a provider; `account` is its id everywhere. The first
account of a channel is the account of an identity or a webhook that names no account.
"""


class LengthUnit(StrEnum):
    """The unit in which a provider counts the length of a text."""

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
    """The sends that a rate limit counts: all of our account, all to a person or group, or all to a group."""

    ACCOUNT = "account"
    RECIPIENT = "recipient"
    GROUP = "group"


class RateLimit(msgspec.Struct, frozen=True):
    """A token bucket: `burst` tokens, refilled by one every `interval_s` seconds.

    A process takes up to `lease` tokens at once, so that a lease of n costs one write in n sends. The
    provider counts a send later than its token was taken: by the age of the lease, and the time on the way.
    So our bucket has a smaller burst than the provider's, by what half a second refills.
    """

    scope: LimitScope
    interval_s: float
    burst: int
    lease: int = 1
    kinds: tuple[MediaKind, ...] = ()
    """The limit counts only files that are sent as these kinds; (): it counts every send."""


class Receipts(msgspec.Struct, frozen=True):
    """The receipts that the provider sends after it has accepted a message."""

    delivered: bool
    read: bool


class Charging(StrEnum):
    """What a provider charges for."""

    FREE = "free"
    """Nothing."""
    MESSAGES = "messages"
    """Each provider message."""
    SEGMENTS = "segments"
    """Each segment in which the networks carry a text, and each message with a file."""


class Transfer(StrEnum):
    """The way in which a provider gets the bytes of a file."""

    LINK = "link"
    """The provider fetches them from an address that the request names."""
    UPLOAD = "upload"
    """The request contains them."""


class MediaRule(msgspec.Struct, frozen=True):
    """A way to send files of `content_types`, up to `most_bytes`, as a kind.

    The first rule that fits applies; the rules for the file's form come before the others.
    """

    kind: MediaKind
    content_types: tuple[str, ...]
    most_bytes: int
    transfer: Transfer
    caption_length: int = 0
    """The longest caption of the file, counted in `text_unit`; 0: a text is sent as a message of its own."""
    address_prefixes: tuple[str, ...] = ("",)
    """The beginnings of the addresses that may receive the file."""
    most_width_and_height: int | None = None
    """The longest sum of a picture's width and height in pixels; None: the rule has no such limit."""
    most_ratio: int | None = None
    """The highest ratio of the longer to the shorter side of a picture; None: the rule has no such limit."""
    side: int | None = None
    """The width and the height that a picture must have in pixels; None: the rule has no such limit."""
    ogg_codecs: tuple[str, ...] = ()
    """The codecs that an Ogg file may have; (): any codec. An Ogg file of an unknown codec does not fit."""
    form: Form | None = None
    """The rule is for files of this form only; None: for any file, which then loses its form."""

    def fits(self, file: Attachment, address: str) -> bool:
        if not address.startswith(self.address_prefixes):
            return False
        if file.content_type not in self.content_types or (file.size or 0) > self.most_bytes:
            return False
        return self._fits_sides(file) and self._fits_codec(file)

    def _fits_sides(self, file: Attachment) -> bool:
        """Return whether the sides are within the limits; a file without known sides fits."""
        if not file.width or not file.height:
            return True
        shorter, longer = sorted((file.width, file.height))
        is_too_large = (
            self.most_width_and_height is not None and shorter + longer > self.most_width_and_height
        )
        is_too_long = self.most_ratio is not None and longer > shorter * self.most_ratio
        is_other = self.side is not None and (shorter, longer) != (self.side, self.side)
        return not (is_too_large or is_too_long or is_other)

    def _fits_codec(self, file: Attachment) -> bool:
        return not self.ogg_codecs or file.content_type != _OGG or file.codec in self.ogg_codecs


_OGG: Final = "audio/ogg"


class AlbumRule(msgspec.Struct, frozen=True):
    """Files that the provider takes as one album: 2 to `most` files that go as one of `kinds`.

    A file of a form, a file that is uploaded, and a file of the types `alone` goes alone.
    """

    kinds: tuple[MediaKind, ...]
    most: int
    alone: tuple[str, ...] = ()

    def fits(self, file: Attachment, rule: MediaRule) -> bool:
        """Return whether a file that goes out by `rule` can be in such an album."""
        is_plain = rule.form is None and rule.transfer is Transfer.LINK
        return is_plain and rule.kind in self.kinds and file.content_type not in self.alone


class OtherFiles(StrEnum):
    """The treatment of a file that no rule fits."""

    LINK = "link"
    """The file is sent as a text with a link that is valid for 24 hours."""
    REJECTED = "rejected"
    """The API refuses the message at POST."""


class Treatment(StrEnum):
    """What becomes of a content on a channel."""

    FULL = "full"
    """The app shows it as its kind."""
    SEPARATE = "separate"
    """The files of an album go out one after the other, or in several albums."""
    NUMBERED_TEXT = "numbered_text"
    """It goes out as a text with the choices as numbered lines."""
    TEXT = "text"
    """Its text goes out."""
    LINK = "link"
    """The file goes out as a text with a link that is valid for 24 hours."""
    REJECTED = "rejected"
    """The API refuses it at POST."""


class KindRule(msgspec.Struct, frozen=True):
    """What becomes of a plain kind of content on a channel; `kind` is its `type`.

    A content within all limits gets the `treatment`, any other the treatment `otherwise`. Lengths are
    counted in the channel's `text_unit`, or in `label_unit` where they are no text's; None: the kind has no
    such limit.
    """

    kind: str
    treatment: Treatment = Treatment.FULL
    otherwise: Treatment = Treatment.TEXT
    most: int | None = None
    """The most buttons, cards, or rows of all sections. A provider message has so many contacts."""
    least: int | None = None
    """The fewest cards."""
    most_sections: int | None = None
    text_length: int | None = None
    label_length: int | None = None
    """Of the title of a button or a row."""
    description_length: int | None = None
    """Of the description of a row, or the text of a card."""
    section_length: int | None = None
    """Of the title of a section."""
    button_length: int | None = None
    """Of the button that opens a list."""
    title_length: int | None = None
    """Of the title of a card."""
    card_length: int | None = None
    """Of the title and the text of a card as one text."""
    card_lines: int | None = None
    """Of the title and the text of a card."""
    most_buttons: int | None = None
    """The most buttons of a card."""
    alike: bool = False
    """Every card has a picture, and the same number of buttons: a single link, or answers only."""
    text_apart: bool = False
    """The text goes before the kind, as a message of its own."""
    answers_bytes: int | None = None
    """Of the titles and ids of all buttons or rows together as JSON, each with its section's title."""
    label_unit: LengthUnit | None = None
    """The unit of the lengths of titles, descriptions and buttons; None: the channel's `text_unit`."""
    emoji: tuple[str, ...] = ()
    """The only reactions that the provider takes; (): any emoji."""
    longest_live_s: int | None = None
    """The longest time in seconds for which a place may move, 0 if it may not; None: for any time."""
    needs_phone: bool = False
    """Every contact must have a phone number."""
    in_groups: bool = True
    """The provider takes the kind in groups, too; False: a content for a group is outside of the limits."""


class Capabilities(msgspec.Struct, frozen=True):
    """The abilities and limits of a channel."""

    channel: str
    kinds: tuple[KindRule, ...]
    """What becomes of each plain kind; `media` has the rules for files."""
    text_length: int
    """A longer text is split into several provider messages."""
    text_unit: LengthUnit
    rate_limits: tuple[RateLimit, ...]
    receipts: Receipts
    window_h: int | None
    """Hours after the person's last message in which every content is allowed; None: at any time."""
    media: tuple[MediaRule, ...] = ()
    """The ways to send files; `other_files` is the treatment of a file that no rule fits."""
    albums: tuple[AlbumRule, ...] = ()
    """The files that go out together; the files of any other album go one after the other."""
    other_files: OtherFiles = OtherFiles.REJECTED
    group_prefix: str | None = None
    """The beginning of a group's address; None: every address belongs to a person."""
    charging: Charging = Charging.FREE
    addresses_by_account: bool = False
    """A person has another address for each channel account of ours."""
    phone_addresses: bool = False
    """A person's address is their phone number, or another text that no phone number looks like."""
    kinds_outside_window: tuple[str, ...] = ()
    """The kinds of content that are allowed at any time."""
    human_agent_h: int | None = None
    """Hours after the person's last message in which a message with the tag HUMAN_AGENT is allowed.

    None: the channel has no such tag.
    """
    opt_out_words: Words = Words.CLEAR
    """The words by which a person opts out and in again."""
    opts_out_of: tuple[Purpose, ...] = (Purpose.MARKETING,)
    """What a person opts out of by such a word."""
    acts: Acts = Acts()
    """What our side can do there beside sending."""

    def kind_rule(self, kind: str) -> KindRule:
        """Return the rule for a plain kind; a manifest has one for each."""
        return next(rule for rule in self.kinds if rule.kind == kind)

    @property
    def has_templates(self) -> bool:
        return self.kind_rule("template").treatment is Treatment.FULL

    def media_rule(self, file: Attachment, address: str) -> MediaRule | None:
        """Return the rule by which the provider takes this file for `address`; None if no rule fits."""
        fitting = [rule for rule in self.media if rule.form in {None, file.form} and rule.fits(file, address)]
        return min(fitting, key=lambda rule: rule.form is None, default=None)

    def captioned_rule(self, file: Attachment, caption: str, address: str) -> MediaRule | None:
        """Return the rule by which the file goes out with the caption; None if no rule takes both."""
        rule = self.media_rule(file, address)
        fits = rule is not None and self.text_unit.measure(caption) <= rule.caption_length
        return rule if fits else None

    def is_group(self, address: str) -> bool:
        """Return whether the address is a group's. A provider gives a group's address to no other chat."""
        return self.group_prefix is not None and address.startswith(self.group_prefix)

    def limits_for(self, address: str, file: Attachment | None = None) -> tuple[RateLimit, ...]:
        """Return the limits that count a send to `address`: the account's last, whose tokens are scarcer."""
        is_group = self.is_group(address)
        rule = self.media_rule(file, address) if file is not None else None
        counted = (
            limit
            for limit in self.rate_limits
            if (is_group or limit.scope is not LimitScope.GROUP)
            and (not limit.kinds or (rule is not None and rule.kind in limit.kinds))
        )
        return tuple(sorted(counted, key=lambda limit: _ASKED.index(limit.scope)))


_ASKED: Final = (LimitScope.RECIPIENT, LimitScope.GROUP, LimitScope.ACCOUNT)
