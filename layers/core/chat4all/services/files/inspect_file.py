"""Inspect a file: check that it is as declared, and that it does no harm.

::

    fetch ── a person's file: from its provider into the store
       │
    read ── all bytes, once: size, SHA-256, first and last bytes, text or not, the scanner
       │
    judge ── size and checksum as declared; malware; the type by the bytes. A person's file is refused for
       │     malware only: any other check leaves a note
       │
    facts ── thumbnails and size of images, the codec of Ogg files
       │
    save ── READY, REJECTED or INFECTED, in the place of SCANNING
       │
    remove ── REJECTED, DELETED: the object is deleted; INFECTED: the object goes into quarantine
       │
    audit ── REJECTED and INFECTED: an audit entry is written

An inspection keeps nothing between two tries. A process that dies leaves the file SCANNING, the queue gives
out the event again, and the whole inspection is repeated. Two processes at once find the same; the second
save fails, because the file is no longer SCANNING.

**The status is saved before the object is removed.** Only a READY file has an address. If the object were
moved first, a process that dies then would leave a SCANNING file without an object, and no record that it was
infected. So the file becomes INFECTED first; from then on it can never be READY. The row stays due until the
object is removed: the same event again, or `relay`, removes it. Malware also wins over READY, if another
process with older rules was faster: addresses that were given out then lead to no object.

**The audit entry is written last, and the row stays due until it is written.** A process that dies before it
leaves a file that is due, and the file is handled again until the entry exists. If the entry were written
first, malware would stay READY for as long as the audit trail does not answer, and the entry would be wrong
if another process has changed the file's status meanwhile. The id of the entry is derived from the action and
the file, so repeated tries write one entry only.

A verdict may come later, as an event of its own. If the `sha256` of the file is known then, all other checks
have passed. If the file is still being read, the process that handles the verdict reads the file too.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from msgspec.structs import replace

from chat4all.domain.audit import AuditAction, audit_entry
from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import (
    FileEvent,
    FileStatus,
    FileToFetch,
    MediaKind,
    StoredFile,
    kind_of,
)
from chat4all.domain.files.inspection import Found, Picture, Reading, ReadRange, Refusal, RejectCode
from chat4all.domain.files.received import received
from chat4all.domain.files.signatures import codec_of
from chat4all.domain.files.sniffing import NameFormat, judge, mismatch
from chat4all.domain.text import shortened
from chat4all.services.access.ports import Audit
from chat4all.services.files.fetch_file import FetchFile, retyped
from chat4all.services.files.ports import Files, FileStore
from chat4all.services.files.scanning import (
    Awaited,
    CannotScan,
    FinalVerdict,
    KnownVerdict,
    Malware,
    Scanner,
    Verdict,
)

TRY_AGAIN: Final = timedelta(minutes=30)
"""`relay` publishes the event again after this time, which is longer than the tries of the queue."""
LONGEST_WAIT: Final = timedelta(hours=24)
"""How long the inspection waits for a verdict that comes as an event."""

MALWARE: Final = "MALWARE"
ACTOR: Final = "files"
"""The actor in the audit trail: the function that inspects files."""
_MISSING: Final = Refusal(RejectCode.MISSING, "The bytes of this file are missing.")
_NO_VERDICT: Final = Refusal(RejectCode.CANNOT_BE_SCANNED, "The malware scanner never gave its verdict.")
_AUDITED: Final = {
    FileStatus.INFECTED: AuditAction.FILE_INFECTED,
    FileStatus.REJECTED: AuditAction.FILE_REJECTED,
}
_REMOVED: Final = frozenset((FileStatus.REJECTED, FileStatus.ABORTED, FileStatus.EXPIRED, FileStatus.DELETED))


class Thumbnailer(Protocol):
    def __call__(self, content_type: str, read: ReadRange, size: int) -> Picture | Refusal:
        """Measure an image of `size` bytes and make its thumbnails. `read` reads a range of the image."""
        ...


class InspectFile:
    def __init__(
        self,
        *,
        files: Files,
        store: FileStore,
        audit: Audit,
        fetch: FetchFile,
        scanner: Scanner,
        thumbnailer: Thumbnailer,
        name_format: NameFormat,
        clock: Clock,
    ) -> None:
        self._files = files
        self._store = store
        self._audit = audit
        self._fetch = fetch
        self._scanner = scanner
        self._thumbnailer = thumbnailer
        self._name_format = name_format
        self._clock = clock

    def __call__(self, event: FileEvent) -> StoredFile | None:
        """Handle an event of a file, and return the file's new state; None if there is no such file.

        Raises:
            Unavailable: the queue gives out the event again.
        """
        file = self._files.get(event.file_id)
        if file is not None and file.status is FileStatus.PENDING and isinstance(event, FileToFetch):
            file = self._fetched(file)
        if file is not None and file.status is FileStatus.SCANNING:
            return self._inspected(file, self._scanner)
        return self._cleared(file) if file else None

    def scanned(self, file_id: str, verdict: FinalVerdict) -> StoredFile | None:
        """Take a verdict on a file, whether the file waits for it or not; return the file's new state."""
        file = self._files.get(file_id)
        if file is None:
            return None
        if file.status is FileStatus.PENDING:
            raise Unavailable(
                "The verdict came before the file's status was saved; try again.", retry_after=5
            )
        if isinstance(verdict, Malware):
            return self._infected(file, verdict)
        if file.status is not FileStatus.SCANNING:
            return self._cleared(file)
        if file.sha256 is None:
            return self._inspected(file, KnownVerdict(verdict))
        if isinstance(verdict, CannotScan):
            return self._rejected(file, verdict.refusal)
        return self._saved(replace(file, status=FileStatus.READY))

    def _fetched(self, file: StoredFile) -> StoredFile | None:
        if file.source is None:
            return file
        stored = self._fetch(file, file.source)
        if isinstance(stored, Refusal):
            return self._rejected(file, stored)
        scanning = replace(stored, status=FileStatus.SCANNING)
        saved = self._files.save(scanning, FileStatus.PENDING, self._due(TRY_AGAIN))
        return scanning if saved else self._files.get(file.file_id)

    def _inspected(self, file: StoredFile, scanner: Scanner) -> StoredFile | None:
        if self._store.find(file.file_id) is None:
            return self._rejected(file, _MISSING)
        found, verdict = self._read(file, scanner)
        if isinstance(verdict, Malware):
            return self._infected(replace(file, sha256=found.sha256), verdict)
        passed = self._judged(file, found, verdict)
        if isinstance(passed, Refusal):
            return self._rejected(file, passed)
        if isinstance(verdict, Awaited):
            return self._awaiting(passed)
        return self._saved(replace(passed, status=FileStatus.READY))

    def _read(self, file: StoredFile, scanner: Scanner) -> tuple[Found, Verdict]:
        reading = Reading()
        with scanner.begin() as scan:
            for piece in self._store.stream(file.file_id):
                reading.feed(piece)
                scan.feed(piece)
            return reading.found(), scan.verdict()

    def _judged(self, file: StoredFile, found: Found, verdict: Verdict) -> StoredFile | Refusal:
        declared = _not_as_declared(file, found)
        if declared is not None:
            return declared
        if isinstance(verdict, CannotScan) and file.source is not None:
            return verdict.refusal
        read = partial(self._store.read_range, file.file_id)
        found_out = self._kept if file.source is not None else self._checked
        judged = found_out(replace(file, sha256=found.sha256), found, read)
        if isinstance(judged, Refusal):
            return judged
        return verdict.refusal if isinstance(verdict, CannotScan) else judged

    def _checked(self, file: StoredFile, found: Found, read: ReadRange) -> StoredFile | Refusal:
        """Return an uploaded file, which must be as it was declared."""
        content_type = judge(file.content_type, found, read, self._name_format)
        if isinstance(content_type, Refusal):
            return content_type
        if content_type != file.content_type:
            return mismatch(file.content_type, content_type)
        return self._with_facts(file, found, read)

    def _kept(self, file: StoredFile, found: Found, read: ReadRange) -> StoredFile:
        """Return a person's file with its true type; a check that it does not pass leaves a note."""
        kind = received(file.content_type, found, read)
        if kind.content_type != file.content_type:
            file = self._adopted(file, kind.content_type)
        file = replace(file, inspection=kind.inspection)
        if kind.inspection is not None:
            return file
        shown = self._with_facts(file, found, read)
        return replace(file, inspection=shown.code) if isinstance(shown, Refusal) else shown

    def _adopted(self, file: StoredFile, content_type: str) -> StoredFile:
        """Rewrite the object from its own bytes with the new type and name, which are stored with it."""
        adopted = retyped(file, content_type)
        self._store.write(adopted, self._store.stream(file.file_id), file.size)
        return adopted

    def _with_facts(self, file: StoredFile, found: Found, read: ReadRange) -> StoredFile | Refusal:
        """Store the thumbnails of an image; add what the channels' rules must know of the file."""
        if kind_of(file.content_type) is not MediaKind.IMAGE:
            return replace(file, codec=codec_of(found.head))
        picture = self._thumbnailer(file.content_type, read, file.size)
        if isinstance(picture, Refusal):
            return picture
        for px, jpeg in picture.thumbnails.items():
            self._store.put_thumbnail(file.file_id, px, jpeg)
        return replace(file, width=picture.width, height=picture.height, thumbnails=tuple(picture.thumbnails))

    def _awaiting(self, file: StoredFile) -> StoredFile | None:
        if self._clock() - parse_iso(file.created_at) > LONGEST_WAIT:
            return self._rejected(file, _NO_VERDICT)
        saved = self._files.save(file, FileStatus.SCANNING, self._due(TRY_AGAIN))
        return file if saved else self._files.get(file.file_id)

    def _saved(self, file: StoredFile) -> StoredFile | None:
        """Save a READY file, which is due again when it expires."""
        if self._files.save(file, FileStatus.SCANNING, file.expires_at):
            return file
        now = self._files.get(file.file_id)
        return self._cleared(now) if now else None

    def _rejected(self, file: StoredFile, refusal: Refusal) -> StoredFile | None:
        rejected = replace(file, status=FileStatus.REJECTED, code=refusal.code, reason=refusal.reason)
        saved = self._files.save(rejected, file.status, self._due(TRY_AGAIN))
        now = rejected if saved else self._files.get(file.file_id)
        return self._cleared(now) if now else None

    def _infected(self, file: StoredFile, malware: Malware) -> StoredFile | None:
        now: StoredFile | None = file
        rule = shortened(malware.rule)
        while now is not None and now.status in {FileStatus.SCANNING, FileStatus.READY}:
            infected = replace(
                now,
                status=FileStatus.INFECTED,
                code=MALWARE,
                reason=f"The malware scanner found {rule}.",
                malware=rule,
                sha256=file.sha256 or now.sha256,
            )
            saved = self._files.save(infected, now.status, self._due(TRY_AGAIN))
            now = infected if saved else self._files.get(file.file_id)
        return self._cleared(now) if now else None

    def _cleared(self, file: StoredFile) -> StoredFile:
        """Remove the bytes of a file that must have none; doing so again changes nothing."""
        remove = self._removal(file.status)
        if remove is not None:
            remove(file.file_id)
            self._audit_removal(file)
            self._files.save(file, file.status, None)
        return file

    def _audit_removal(self, file: StoredFile) -> None:
        action = _AUDITED.get(file.status)
        if action is None:
            return
        details = {
            "content_type": file.content_type,
            "sha256": file.sha256,
            "rule": file.malware,
            "code": file.code,
            "reason": file.reason,
            "owner": file.owner,
            "conversation_id": file.conversation_id,
            "channel": file.source.channel if file.source else None,
        }
        subject = f"file:{file.file_id}"
        self._audit.record(audit_entry(action, subject, actor=ACTOR, at=iso(self._clock()), details=details))

    def _removal(self, status: FileStatus) -> Callable[[str], None] | None:
        if status is FileStatus.INFECTED:
            return self._store.quarantine
        return self._store.delete if status in _REMOVED else None

    def _due(self, after: timedelta) -> str:
        return iso(self._clock() + after)


def _not_as_declared(file: StoredFile, found: Found) -> Refusal | None:
    if found.size == 0:
        return Refusal(RejectCode.EMPTY, "The file has no bytes.")
    if found.size != file.size:
        return Refusal(
            RejectCode.SIZE_MISMATCH, f"The file was declared as {file.size} bytes, but it has {found.size}."
        )
    if file.declared_sha256 is not None and file.declared_sha256 != found.sha256:
        return Refusal(
            RejectCode.CHECKSUM_MISMATCH,
            f"The SHA-256 was declared as {file.declared_sha256}, but it is {found.sha256}.",
        )
    return None
