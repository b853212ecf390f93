"""The export of everything about a person, as zips.

::

    POST ─► RUNNING ──every zip is stored──► READY ──7 days──► EXPIRED
"""

import hashlib
import uuid
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.clock import parse_iso
from chat4all.domain.counts import added

KEPT_FOR: Final = timedelta(days=7)
"""How long the zips of an export stay."""
WATCHED: Final = timedelta(minutes=15)
"""After this time without a zip, the export is asked to go on: its record may be lost."""
KNOWN_FOR: Final = timedelta(days=30)
"""How long an export can be read, with its counts and without its zips at the end."""
LONGEST_NAME: Final = 80
"""The characters of each part of a path in a zip. A path has at most three, well under the 255 bytes of a
name and the 260 of a path that some systems take."""

_NAMESPACE: Final = uuid.UUID("0c4d7f5e-97a9-4a53-8a3e-5f7d8f0b6c11")
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_DEVICES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)))
)
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions"""


class Section(StrEnum):
    """The sections of an export, in their order."""

    PERSON = "PERSON"
    CONVERSATIONS = "CONVERSATIONS"
    OWN_MESSAGES = "OWN_MESSAGES"
    AUDIT = "AUDIT"
    END = "END"


class ExportPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an export goes on. The cursors are those of lists; None is the begin of a list.

    `page` numbers the pages of the whole export. Within CONVERSATIONS, `user` is the number of the id whose
    conversations are read, `conversation_id` the conversation whose messages or notes are read, and `after`
    the cursor behind it.
    """

    section: Section = Section.PERSON
    page: int = 0
    user: int = 0
    after: str | None = None
    conversation_id: str | None = None
    in_notes: bool = False
    in_files: bool = False
    """The page at this place is written, and some of its files are not."""
    cursor: str | None = None


class ExportCounts(msgspec.Struct, frozen=True):
    """What the zips have so far. `files_missing` are the files whose bytes are gone, or were refused."""

    conversations: int = 0
    messages: int = 0
    notes: int = 0
    audit_entries: int = 0
    files: int = 0
    files_missing: int = 0

    def __add__(self, other: "ExportCounts") -> "ExportCounts":
        return added(self, other)


class ExportZip(msgspec.Struct, frozen=True):
    """A stored zip, by the file that it is; `size` is in bytes."""

    file_id: str
    size: int


class ExportState(StrEnum):
    RUNNING = "RUNNING"
    READY = "READY"
    EXPIRED = "EXPIRED"


class Export(msgspec.Struct, frozen=True, omit_defaults=True):
    """An export. `user_ids` are the person's ids, as they were merged when it began."""

    export_id: str
    user_id: str
    user_ids: tuple[str, ...]
    created_at: str
    zips: tuple[ExportZip, ...] = ()
    counts: ExportCounts = ExportCounts()
    place: ExportPlace = ExportPlace()
    finished_at: str | None = None
    expires_at: str | None = None
    """When the zips are removed, 7 days after the last one."""

    def state(self, now: str) -> ExportState:
        if self.expires_at is None:
            return ExportState.RUNNING
        return ExportState.READY if now < self.expires_at else ExportState.EXPIRED

    @property
    def next_file_id(self) -> str:
        """Return the id of the next zip, always the same for the same export and number."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.export_id} {len(self.zips)}"))

    @property
    def known_until(self) -> int:
        """Return when the export is forgotten, in epoch seconds."""
        return int((parse_iso(self.created_at) + KNOWN_FOR).timestamp())


def safe_name(text: str) -> str:
    """Return a part of a path for a zip: ASCII, without separators, a device's name or a leading dot.

    Two texts never get the same name, also where a system ignores case: a text that is changed, or has
    capitals, ends with its hash, before its extension.
    """
    stem, dot, extension = text.rpartition(".")
    is_extension = (
        bool(dot) and 0 < len(extension) <= 8 and set(extension) <= _PLAIN and bool(stem.strip("."))
    )
    stem, suffix = (stem, f".{extension.lower()}") if is_extension else (text, "")
    plain = "".join(sign if sign in _PLAIN else "_" for sign in stem).strip("._")
    is_device = plain.partition(".")[0].lower() in _DEVICES
    name = plain + suffix
    if name == text and name == name.lower() and len(name) <= LONGEST_NAME - 17 and not is_device and plain:
        return name
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{'_' if is_device else ''}{plain[: LONGEST_NAME - 27]}-{digest}{suffix}"
