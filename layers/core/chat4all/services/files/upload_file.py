"""Uploading a file: begin, hand out addresses for its parts, complete, abort. The bytes go to S3 by themselves.

::

    begin ── S3's multipart upload, then the row: PENDING
       │
    parts ── what S3 has, and addresses for what it has not
       │
    complete ── compare the parts with what was said; S3 makes them one object; row SCANNING; files.fifo

The case that breaks a naive order: the process dies after S3 has made the object. `complete` again finds no
upload, but an object of the right size, and goes on from there. An upload whose row was never written is
aborted by the bucket's lifecycle.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.errors import (
    Conflict,
    ConversationNotFound,
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
from chat4all.domain.files import (
    FileStatus,
    FileStored,
    StoredFile,
    check_new_file,
    part_size,
)
from chat4all.domain.text import shortened
from chat4all.services.directory.ports import Conversations
from chat4all.services.files.ports import FileEvents, Files, FileStore, StoredPart

COMPLETED_WITHIN: Final = timedelta(hours=24)
INSPECTED_WITHIN: Final = timedelta(minutes=15)
"""Then `relay` asks for it once more."""
PART_URLS: Final = 100
"""At most so many at once."""
_SHOWN: Final = 10


class NewFile(msgspec.Struct, frozen=True):
    filename: str
    size: int
    content_type: str
    sha256: str | None = None
    conversation_id: str | None = None


class PartToSend(msgspec.Struct, frozen=True):
    """`size` bytes are to be PUT to `url`."""

    part_number: int
    size: int
    url: str


class Progress(msgspec.Struct, frozen=True):
    """`parts` are some of those that are not stored yet; `next_from` is where more of them begin."""

    file: StoredFile
    stored: tuple[StoredPart, ...]
    parts: tuple[PartToSend, ...]
    next_from: int | None


class GivenPart(msgspec.Struct, frozen=True):
    """What a client says that S3 answered."""

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
        """`kept_for`: how long a file may be downloaded at all."""
        self._files = files
        self._store = store
        self._events = events
        self._conversations = conversations
        self._clock = clock
        self._new_id = new_id
        self._kept_for = kept_for

    def begin(self, new: NewFile, owner: str) -> Progress:
        """Raises Invalid; NotFound: no such conversation."""
        check_new_file(new.filename, new.size, new.content_type)
        if new.conversation_id is not None and self._conversations.get(new.conversation_id) is None:
            raise ConversationNotFound("There is no such conversation.")
        now = self._clock()
        file = StoredFile(
            file_id=self._new_id(),
            filename=new.filename,
            content_type=new.content_type,
            size=new.size,
            status=FileStatus.PENDING,
            created_at=iso(now),
            expires_at=iso(now + self._kept_for),
            owner=owner,
            conversation_id=new.conversation_id,
            part_size=part_size(new.size),
            declared_sha256=new.sha256,
        )
        file = msgspec.structs.replace(file, upload_id=self._store.begin_upload(file))
        self._files.add(file, iso(now + COMPLETED_WITHIN))
        return self._progress(file, (), 1)

    def parts(self, file_id: str, owner: str, start: int) -> Progress:
        """Those stored, and addresses of others from number `start` on.

        Raises:
            NotFound, Forbidden. Conflict: it is complete, aborted or expired.
        """
        file = self._owned(file_id, owner)
        if file.status is not FileStatus.PENDING:
            raise _no_upload(file)
        stored = self._store.stored_parts(file)
        if stored is None:
            raise UploadGone("The upload is being completed, or was removed.")
        return self._progress(file, tuple(stored), start)

    def complete(self, file_id: str, owner: str, given: Sequence[GivenPart] | None) -> StoredFile:
        """Again, it answers the same. `given` may be left out: S3 knows what it has.

        Raises:
            NotFound, Forbidden. Invalid: `given` names parts that cannot be.
            Conflict: parts are missing or other than was said; it was aborted, or has expired.
        """
        file = self._owned(file_id, owner)
        if file.status in {FileStatus.ABORTED, FileStatus.EXPIRED}:
            raise _no_upload(file)
        if file.status is FileStatus.PENDING:
            self._make_one(file, given)
            file = self._to_be_inspected(file)
        if file.status is FileStatus.SCANNING:
            self._events.file_event(FileStored(file_id))
        return file

    def abort(self, file_id: str, owner: str) -> StoredFile:
        """Before it is complete; again, it answers the same. Raises NotFound, Forbidden, Conflict."""
        file = self._owned(file_id, owner)
        if file.status is FileStatus.PENDING:
            aborted = msgspec.structs.replace(file, status=FileStatus.ABORTED)
            if self._files.save(aborted, FileStatus.PENDING, None):
                self._store.abort_upload(file)
                return aborted
            file = self._owned(file_id, owner)
        if file.status is not FileStatus.ABORTED:
            raise FileComplete("The file is complete: it can not be aborted.")
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
        have = {one.number for one in stored if one.size == file.bytes_of_part(one.number)}
        missing = [number for number in range(start, file.part_count + 1) if number not in have]
        parts = tuple(
            PartToSend(number, file.bytes_of_part(number), self._store.part_url(file, number))
            for number in missing[:PART_URLS]
        )
        return Progress(file, stored, parts, missing[PART_URLS] if len(missing) > PART_URLS else None)

    def _make_one(self, file: StoredFile, given: Sequence[GivenPart] | None) -> None:
        stored = self._store.stored_parts(file)
        if stored is not None:
            _check_parts(file, stored, given)
            if self._store.finish_upload(file, stored):
                return
        if self._store.size_of(file.file_id) != file.size:
            raise UploadGone("The upload was removed: begin anew.")

    def _to_be_inspected(self, file: StoredFile) -> StoredFile:
        scanning = msgspec.structs.replace(file, status=FileStatus.SCANNING)
        if self._files.save(scanning, FileStatus.PENDING, iso(self._clock() + INSPECTED_WITHIN)):
            return scanning
        return self._files.get(file.file_id) or scanning


def _no_upload(file: StoredFile) -> Conflict:
    match file.status:
        case FileStatus.ABORTED:
            return FileAborted("The upload was aborted.")
        case FileStatus.EXPIRED:
            return FileExpired("The upload was not completed in time.")
        case _:
            return FileComplete("The file is complete.")


def _check_parts(file: StoredFile, stored: Sequence[StoredPart], given: Sequence[GivenPart] | None) -> None:
    by_number = {one.number: one for one in stored}
    if given is not None:
        _check_given(file, by_number, given)
    missing = [number for number in range(1, file.part_count + 1) if number not in by_number]
    if missing:
        raise PartsMissing(
            f"{len(missing)} of {file.part_count} parts are missing.",
            *(Detail(f"parts[{number}]", "is missing") for number in missing[:_SHOWN]),
        )
    wrong = [
        one for one in stored if one.number > file.part_count or one.size != file.bytes_of_part(one.number)
    ]
    if wrong:
        details = (Detail(f"parts[{one.number}]", f"has {one.size} bytes") for one in wrong[:_SHOWN])
        raise PartsWrong("Parts are not as long as the file's size says.", *details)


def _check_given(file: StoredFile, stored: dict[int, StoredPart], given: Sequence[GivenPart]) -> None:
    counted = Counter(one.part_number for one in given)
    issues = [
        Detail(
            f"parts[{shortened(str(number))}]",
            "is named twice" if counted[number] > 1 else "is no part of this file",
        )
        for number in counted
        if counted[number] > 1 or not 1 <= number <= file.part_count
    ]
    unnamed = [number for number in range(1, file.part_count + 1) if number not in counted]
    issues += [
        Detail(f"parts[{number}]", "is not named; leave parts out to take what is stored")
        for number in unnamed
    ]
    if issues:
        raise Invalid("The parts are not valid.", *issues[:_SHOWN])
    other = [
        Detail(f"parts[{one.part_number}]", "has another ETag")
        for one in given
        if one.part_number in stored and _bare(stored[one.part_number].etag) != _bare(one.etag)
    ]
    if other:
        raise PartsWrong("Parts are stored with other contents.", *other[:_SHOWN])


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"').lower()
