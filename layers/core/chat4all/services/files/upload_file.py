"""Upload a file: begin, return addresses for the parts, complete, abort. The client sends the bytes to S3.

::

    begin ── S3's multipart upload, then the row: PENDING
       │
    parts ── the parts that S3 has, and addresses for the parts that are missing
       │
    complete ── compare the stored and the declared parts; S3 joins the parts; check the object;
                row SCANNING; files.fifo

S3 joins a part only if its ETag is the listed one. So a part that is replaced between the list and the join
is found: the client gets PARTS_WRONG with its number, and the upload goes on. The inspection, which reads all
bytes, compares the declared SHA-256.

The case that breaks a naive order: the process dies after S3 has made the object. A repeated `complete` finds
no upload, but an object of the right size, and continues from there. The bucket's lifecycle aborts an upload
whose row was never written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.erasing import require_kept
from chat4all.domain.errors import (
    Conflict,
    Detail,
    FileAborted,
    FileComplete,
    FileExpired,
    FileNotFound,
    Invalid,
    NotYourFile,
    PartsMissing,
    PartsWrong,
    UploadGone,
)
from chat4all.domain.files.file import (
    FileStatus,
    FileStored,
    StoredFile,
    check_new_file,
    part_size,
)
from chat4all.domain.files.known_types import canonical_type
from chat4all.domain.text import shortened
from chat4all.services.directory.known import known_conversation
from chat4all.services.directory.ports import Conversations
from chat4all.services.files.ports import FileEvents, Files, FileStore, PartsRefused, StoredPart

COMPLETED_WITHIN: Final = timedelta(hours=24)
INSPECTED_WITHIN: Final = timedelta(minutes=15)
"""`relay` requests the inspection again after this time."""
PART_URLS: Final = 100
"""The highest number of part addresses in an answer."""
_SHOWN: Final = 10


class NewFile(msgspec.Struct, frozen=True):
    filename: str
    size: int
    content_type: str
    sha256: str | None = None
    conversation_id: str | None = None


class PartToSend(msgspec.Struct, frozen=True):
    """An upload part that the client must send: a PUT of `size` bytes to `url`."""

    part_number: int
    size: int
    url: str


class Progress(msgspec.Struct, frozen=True):
    """The progress of an upload.

    `parts` are missing parts; `next_from` is the number of the next missing part.
    """

    file: StoredFile
    stored: tuple[StoredPart, ...]
    parts: tuple[PartToSend, ...]
    next_from: int | None


class GivenPart(msgspec.Struct, frozen=True):
    """An upload part as the client declares it: the number, and the ETag that S3 answered."""

    part_number: int
    etag: str


class UploadFile:
    def __init__(
        self,
        *,
        files: Files,
        store: FileStore,
        events: FileEvents,
        conversations: Conversations,
        clock: Clock,
        new_id: NewId,
        kept_for: timedelta,
    ) -> None:
        """`kept_for`: how long a file can be downloaded before it expires."""
        self._files = files
        self._store = store
        self._events = events
        self._conversations = conversations
        self._clock = clock
        self._new_id = new_id
        self._kept_for = kept_for

    def begin(self, new: NewFile, owner: str) -> Progress:
        """Begin an upload.

        Raises:
            Invalid: the filename, size or type is not valid.
            NotFound: no such conversation.
            UserErased: the conversation was erased with its person.
        """
        file_type = check_new_file(new.filename, new.size, canonical_type(new.content_type))
        if new.conversation_id is not None:
            require_kept(known_conversation(self._conversations, new.conversation_id))
        now = self._clock()
        file = StoredFile(
            file_id=self._new_id(),
            filename=new.filename,
            content_type=file_type.content_type,
            size=new.size,
            status=FileStatus.PENDING,
            created_at=iso(now),
            expires_at=iso(now + self._kept_for),
            owner=owner,
            conversation_id=new.conversation_id,
            part_size=part_size(new.size),
            declared_sha256=new.sha256.lower() if new.sha256 is not None else None,
        )
        file = msgspec.structs.replace(file, upload_id=self._store.begin_upload(file))
        if file.conversation_id is not None:
            self._conversations.record_file(file.conversation_id, file.file_id)
        self._files.add(file, iso(now + COMPLETED_WITHIN))
        return self._progress(file, (), 1)

    def parts(self, file_id: str, owner: str, start: int) -> Progress:
        """Return the stored parts, and addresses of missing parts from number `start` on.

        Raises:
            NotFound: no such file.
            Forbidden: another key uploads the file.
            Conflict: the upload is complete, aborted or expired.
        """
        file = self._owned(file_id, owner)
        if file.status is not FileStatus.PENDING:
            raise _no_upload(file)
        stored = self._store.stored_parts(file)
        if stored is None:
            raise UploadGone("The upload is being completed, or it was removed.")
        return self._progress(file, tuple(stored), start)

    def complete(self, file_id: str, owner: str, given: Sequence[GivenPart] | None) -> StoredFile:
        """Complete the upload; a repeated call returns the same.

        `given` may be None: S3 knows which parts it has stored.

        Raises:
            NotFound: no such file.
            Forbidden: another key uploads the file.
            Invalid: `given` names a part twice, omits a part, or names a part that the file does not have.
            Conflict: parts are missing, differ from `given` or were replaced meanwhile, the object is not
                what was uploaded, or the upload was aborted or has expired.
        """
        file = self._owned(file_id, owner)
        if file.status in {FileStatus.ABORTED, FileStatus.EXPIRED}:
            raise _no_upload(file)
        if file.status is FileStatus.PENDING:
            self._make_object(file, given)
            file = self._to_be_inspected(file)
        if file.status is FileStatus.SCANNING:
            self._events.file_event(FileStored(file_id))
        return file

    def abort(self, file_id: str, owner: str) -> StoredFile:
        """Abort the upload; a repeated call returns the same.

        Raises:
            NotFound: no such file.
            Forbidden: another key uploads the file.
            Conflict: the upload is complete or expired.
        """
        file = self._owned(file_id, owner)
        if file.status is FileStatus.PENDING:
            aborted = msgspec.structs.replace(file, status=FileStatus.ABORTED)
            if self._files.save(aborted, FileStatus.PENDING, None):
                self._store.abort_upload(file)
                return aborted
            file = self._owned(file_id, owner)
        if file.status is not FileStatus.ABORTED:
            raise FileComplete("The file is complete; its upload cannot be aborted.")
        self._store.abort_upload(file)
        return file

    def _owned(self, file_id: str, owner: str) -> StoredFile:
        file = self._files.get(file_id)
        if file is None:
            raise FileNotFound("There is no such file.")
        if file.owner != owner:
            raise NotYourFile("Another key uploads this file.")
        return file

    def _progress(self, file: StoredFile, stored: tuple[StoredPart, ...], start: int) -> Progress:
        have = {part.number for part in stored if part.size == file.bytes_of_part(part.number)}
        missing = [number for number in range(start, file.part_count + 1) if number not in have]
        parts = tuple(
            PartToSend(number, file.bytes_of_part(number), self._store.part_url(file, number))
            for number in missing[:PART_URLS]
        )
        return Progress(file, stored, parts, missing[PART_URLS] if len(missing) > PART_URLS else None)

    def _make_object(self, file: StoredFile, given: Sequence[GivenPart] | None) -> None:
        """Make S3 join the parts, and check the object: its size, and its ETag if it was made just now."""
        stored = self._store.stored_parts(file)
        etag = None
        if stored is not None:
            _check_parts(file, stored, given)
            etag = self._joined(file, stored)
        found = self._store.find(file.file_id)
        if found is None:
            raise UploadGone("The upload was removed; begin a new upload.")
        if found.size != file.size or (etag is not None and _bare(etag) != _bare(found.etag)):
            raise UploadGone("The stored object is not what was uploaded; begin a new upload.")

    def _joined(self, file: StoredFile, stored: Sequence[StoredPart]) -> str | None:
        """Join the parts; return the object's ETag, or None if the upload was completed meanwhile."""
        try:
            return self._store.finish_upload(file, stored)
        except PartsRefused as refused:
            raise self._replaced(file, stored, refused) from refused

    def _replaced(self, file: StoredFile, before: Sequence[StoredPart], refused: PartsRefused) -> PartsWrong:
        """Build the error that names the parts that are no longer as they were listed."""
        now = {part.number: part.etag for part in self._store.stored_parts(file) or ()}
        numbers = [part.number for part in before if now.get(part.number) != part.etag]
        if refused.part_number is not None and refused.part_number not in numbers:
            numbers.append(refused.part_number)
        return PartsWrong(
            f"The store refused the parts ({refused.code}). Send the wrong parts again, then complete again.",
            *(Detail(f"parts[{number}]", _issue_of(number, now)) for number in sorted(numbers)[:_SHOWN]),
        )

    def _to_be_inspected(self, file: StoredFile) -> StoredFile:
        scanning = msgspec.structs.replace(file, status=FileStatus.SCANNING)
        if self._files.save(scanning, FileStatus.PENDING, iso(self._clock() + INSPECTED_WITHIN)):
            return scanning
        return self._files.get(file.file_id) or scanning


def _issue_of(number: int, now: Mapping[int, str]) -> str:
    return "was replaced, or is damaged" if number in now else "is no longer stored"


def _no_upload(file: StoredFile) -> Conflict:
    match file.status:
        case FileStatus.ABORTED:
            return FileAborted("The upload was aborted.")
        case FileStatus.EXPIRED:
            return FileExpired("The upload was not completed in time.")
        case _:
            return FileComplete("The file is complete.")


def _check_parts(file: StoredFile, stored: Sequence[StoredPart], given: Sequence[GivenPart] | None) -> None:
    by_number = {part.number: part for part in stored}
    if given is not None:
        _check_given(file, by_number, given)
    missing = [number for number in range(1, file.part_count + 1) if number not in by_number]
    if missing:
        raise PartsMissing(
            f"{len(missing)} of {file.part_count} parts are missing.",
            *(Detail(f"parts[{number}]", "is missing") for number in missing[:_SHOWN]),
        )
    wrong = [
        part
        for part in stored
        if part.number > file.part_count or part.size != file.bytes_of_part(part.number)
    ]
    if wrong:
        details = (Detail(f"parts[{part.number}]", f"has {part.size} bytes") for part in wrong[:_SHOWN])
        raise PartsWrong("Parts do not have the length that follows from the file's size.", *details)


def _check_given(file: StoredFile, stored: dict[int, StoredPart], given: Sequence[GivenPart]) -> None:
    counted = Counter(part.part_number for part in given)
    issues = [
        Detail(
            f"parts[{shortened(str(number))}]",
            "is named twice" if counted[number] > 1 else "is not a part of this file",
        )
        for number in counted
        if counted[number] > 1 or not 1 <= number <= file.part_count
    ]
    unnamed = [number for number in range(1, file.part_count + 1) if number not in counted]
    issues += [
        Detail(f"parts[{number}]", "is not named; omit parts to use the stored parts") for number in unnamed
    ]
    if issues:
        raise Invalid("The parts are not valid.", *issues[:_SHOWN])
    other = [
        Detail(f"parts[{part.part_number}]", "has another ETag")
        for part in given
        if part.part_number in stored and _bare(stored[part.part_number].etag) != _bare(part.etag)
    ]
    if other:
        raise PartsWrong("The stored parts have other contents.", *other[:_SHOWN])


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"').lower()
