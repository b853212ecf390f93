"""Inspecting a file: its result for every kind of file, and whenever a process dies."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from msgspec.structs import replace

from chat4all.domain.audit import AuditAction
from chat4all.domain.content import ProviderFile
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import (
    THUMBNAILS_PX,
    FileEvent,
    FileStatus,
    FileStored,
    FileToFetch,
    Source,
    StoredFile,
)
from chat4all.domain.files.inspection import UNKNOWN_TYPE, Refusal, RejectCode
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.access.ports import Audit
from chat4all.services.files.fetch_file import FetchFile
from chat4all.services.files.inspect_file import LONGEST_WAIT, InspectFile
from chat4all.services.files.ports import Files, FileStore
from chat4all.services.files.scanning import Awaited, CannotScan, Clean, Malware
from chat4all.services.messaging.connector import ChannelSecret, FetchFailed, Fetching
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock
from tests.fakes.fate import Blow, Died, Fate, Kind, Once, Struck, fated
from tests.fakes.files import FILE_ID, MemoryFiles, MemoryFileStore, a_scanning_file
from tests.fakes.inspection import FakeProvider, thumbnailer
from tests.fakes.samples import AMR, DOCX, EICAR, EVERY_TYPE, TEXT, XLSX, ogg, ole, zipped
from tests.fakes.scanning import FakeScanner
from tests.fakes.small_stores import MemorySecrets

PNG = EVERY_TYPE["image/png"]
JPEG = EVERY_TYPE["image/jpeg"]
INFECTED_TEXT = b"A text with " + EICAR
MOST_BYTES = 100_000


@dataclass
class World:
    files: MemoryFiles = field(default_factory=MemoryFiles)
    store: MemoryFileStore = field(default_factory=lambda: MemoryFileStore(MOST_BYTES))
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    provider: FakeProvider = field(default_factory=FakeProvider)
    scanner: FakeScanner = field(default_factory=FakeScanner)
    clock: FakeClock = field(default_factory=FakeClock)
    fate: Fate = field(default_factory=Kind)

    def inspect(self) -> InspectFile:
        files: Files = fated(self.files, "files", lambda: self.fate, Struck())
        store: FileStore = fated(self.store, "store", lambda: self.fate, Struck())
        audit: Audit = fated(self.audit, "audit", lambda: self.fate, Struck())
        fetch = FetchFile(
            store=store,
            connector=lambda channel: self.provider,
            secrets=MemorySecrets(),
        )
        return InspectFile(
            files=files,
            store=store,
            audit=audit,
            fetch=fetch,
            scanner=self.scanner,
            thumbnailer=thumbnailer,
            name_format=lambda head: "a program (.exe)" if head.startswith(b"MZ") else None,
            clock=self.clock,
        )

    def upload(self, content: bytes, content_type: str, **changes: object) -> FileStored:
        file = a_scanning_file(content_type, **{"size": len(content), **changes})
        self.files.add(file, "2026-01-31T12:30:00.000Z")
        self.store.objects[FILE_ID] = content
        return FileStored(FILE_ID)

    def receive(self, content: bytes, content_type: str, filename: str = "theirs.bin") -> FileToFetch:
        source = Source("pigeon", "our-account", "media-7")
        file = a_scanning_file(
            content_type, status=FileStatus.PENDING, filename=filename, source=source, owner=None
        )
        self.files.add(file, "2026-01-31T12:30:00.000Z")
        self.provider.content = content
        return FileToFetch(FILE_ID)

    @property
    def file(self) -> StoredFile:
        found = self.files.get(FILE_ID)
        assert found is not None
        return found

    @property
    def due(self) -> list[StoredFile]:
        """Return the files that are due before they expire."""
        return self.files.due("2026-03-01", 10)

    @property
    def audited(self) -> list[AuditAction]:
        return [entry.action for entry in self.audit.entries.values()]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("content_type", EVERY_TYPE)
def test_what_is_as_it_was_said_to_be_is_ready(world: World, content_type: str) -> None:
    content = EVERY_TYPE[content_type]
    event = world.upload(content, content_type, declared_sha256=hashlib.sha256(content).hexdigest())

    file = world.inspect()(event)

    assert file == world.file
    assert (file.status, file.sha256) == (FileStatus.READY, hashlib.sha256(content).hexdigest())
    assert world.files.due(file.expires_at, 10) == [file]
    assert file.thumbnails == (THUMBNAILS_PX if content_type.startswith("image/") else ())
    assert world.store.thumbnails.keys() == {(FILE_ID, px) for px in file.thumbnails}
    assert world.due == []


@pytest.mark.parametrize(
    ("content", "content_type", "changes", "code"),
    [
        (PNG, "image/png", {"size": len(PNG) + 1}, RejectCode.SIZE_MISMATCH),
        (PNG, "image/png", {"declared_sha256": "0" * 64}, RejectCode.CHECKSUM_MISMATCH),
        (PNG, "image/jpeg", {}, RejectCode.TYPE_MISMATCH),
        (b"MZ" + bytes(99), "image/jpeg", {}, RejectCode.TYPE_MISMATCH),
        (EVERY_TYPE[DOCX], XLSX, {}, RejectCode.TYPE_MISMATCH),
        (TEXT + b"\0", "text/plain", {}, RejectCode.NOT_TEXT),
        (PNG + b"broken", "image/png", {}, RejectCode.IMAGE_BROKEN),
        (b"", "text/plain", {}, RejectCode.EMPTY),
    ],
)
def test_what_is_not_is_rejected_and_deleted(
    world: World, content: bytes, content_type: str, changes: dict[str, object], code: RejectCode
) -> None:
    event = world.upload(content, content_type, **changes)

    file = world.inspect()(event)

    assert file == world.file
    assert (file.status, file.code) == (FileStatus.REJECTED, code)
    assert file.reason
    assert (world.store.objects, world.store.thumbnails, world.due) == ({}, {}, [])


def test_a_mismatch_says_what_it_is_instead(world: World) -> None:
    world.inspect()(world.upload(b"MZ" + bytes(99), "image/jpeg"))

    assert world.file.reason == "It was declared as image/jpeg, but it looks like: a program (.exe)."


def test_a_file_without_bytes_is_rejected(world: World) -> None:
    event = world.upload(PNG, "image/png")
    world.store.objects.clear()

    world.inspect()(event)

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, RejectCode.MISSING)


def test_malware_is_quarantined_and_not_deleted(world: World) -> None:
    file = world.inspect()(world.upload(INFECTED_TEXT, "text/plain"))

    assert file == world.file
    assert (file.status, file.code) == (FileStatus.INFECTED, "MALWARE")
    assert file.reason == "The malware scanner found EICAR."
    assert (world.store.objects, world.store.quarantined) == ({}, {FILE_ID: INFECTED_TEXT})
    assert world.due == []


def test_malware_has_its_entry_in_the_audit_log(world: World) -> None:
    world.inspect()(world.upload(INFECTED_TEXT, "text/plain", conversation_id="c1"))

    (entry,) = world.audit.entries.values()
    assert (entry.action, entry.subject, entry.actor) == (
        AuditAction.FILE_INFECTED,
        f"file:{FILE_ID}",
        "files",
    )
    assert entry.details == {
        "content_type": "text/plain",
        "sha256": hashlib.sha256(INFECTED_TEXT).hexdigest(),
        "rule": "EICAR",
        "code": "MALWARE",
        "reason": "The malware scanner found EICAR.",
        "owner": "key-1",
        "conversation_id": "c1",
    }


def test_a_rejection_has_its_entry_in_the_audit_log(world: World) -> None:
    world.scanner.decided = CannotScan(Refusal(RejectCode.TOO_LARGE_TO_SCAN, "It is too large."))

    world.inspect()(world.receive(PNG, "image/png", "photo.png"))

    (entry,) = world.audit.entries.values()
    assert (entry.action, entry.details["code"]) == (AuditAction.FILE_REJECTED, "TOO_LARGE_TO_SCAN")
    assert (entry.details["content_type"], entry.details["channel"]) == ("image/png", "pigeon")
    assert "photo" not in str(entry.details), "a file's name may name a person"


def test_what_is_inspected_again_has_one_entry(world: World) -> None:
    event = world.upload(INFECTED_TEXT, "text/plain")
    world.inspect()(event)
    before = dict(world.audit.entries)
    world.clock.advance(3600)

    world.inspect()(event)
    world.inspect().scanned(FILE_ID, Malware("Another"))

    assert world.audit.entries == before


def test_malware_is_away_though_the_audit_log_does_not_answer(world: World) -> None:
    world.inspect()(world.upload(PNG, "image/png"))

    class Broken(MemoryAudit):
        def record(self, entry: object) -> None:
            raise Unavailable("The database did not answer; try again.", retry_after=1)

    world.audit = Broken()
    with pytest.raises(Unavailable):
        world.inspect().scanned(FILE_ID, Malware("Trojan"))

    assert world.file.status is FileStatus.INFECTED
    assert world.store.objects == {}
    assert world.due == [world.file]
    world.audit = MemoryAudit()
    world.inspect()(FileStored(FILE_ID))
    assert (world.audited, world.due) == ([AuditAction.FILE_INFECTED], [])


def test_malware_counts_more_than_what_else_is_wrong(world: World) -> None:
    world.inspect()(world.upload(INFECTED_TEXT, "image/png", size=3))

    assert world.file.status is FileStatus.INFECTED


def test_what_the_scanner_does_not_take_is_rejected(world: World) -> None:
    world.scanner.decided = CannotScan(Refusal(RejectCode.TOO_LARGE_TO_SCAN, "It is too large."))

    world.inspect()(world.upload(PNG, "image/png"))

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, RejectCode.TOO_LARGE_TO_SCAN)


def test_without_a_scanner_nothing_is_ready(world: World) -> None:
    event = world.upload(PNG, "image/png")
    world.scanner.broken = True

    with pytest.raises(Unavailable):
        world.inspect()(event)

    assert world.file.status is FileStatus.SCANNING
    assert world.due == [world.file]


@pytest.mark.parametrize("status", [FileStatus.PENDING, FileStatus.READY])
def test_what_is_not_being_inspected_is_left_alone(world: World, status: FileStatus) -> None:
    event = world.upload(INFECTED_TEXT, "text/plain", status=status)

    world.inspect()(event)

    assert (world.file.status, world.scanner.scans) == (status, 0)
    assert world.store.objects == {FILE_ID: INFECTED_TEXT}


def test_an_unknown_file_is_nothing(world: World) -> None:
    assert world.inspect()(FileStored("nobody")) is None
    assert world.inspect().scanned("nobody", Clean()) is None


def test_the_same_event_again_changes_nothing(world: World) -> None:
    event = world.upload(PNG, "image/png")
    first = world.inspect()(event)

    assert world.inspect()(event) == first
    assert world.scanner.scans == 1


def test_a_file_that_was_taken_back_meanwhile_leaves_nothing_behind(world: World) -> None:
    event = world.upload(PNG, "image/png")

    class TakenBack(FakeScanner):
        def begin(self) -> "object":  # type: ignore[override]
            world.files.save(replace(world.file, status=FileStatus.ABORTED), FileStatus.SCANNING, None)
            return super().begin()

    world.scanner = TakenBack()

    world.inspect()(event)

    assert world.file.status is FileStatus.ABORTED
    assert (world.store.objects, world.store.thumbnails) == ({}, {})
    assert world.audited == []


DUE = "2026-01-31T12:00:00.000Z"


def test_what_is_deleted_while_it_is_fetched_leaves_nothing_behind(world: World) -> None:
    class Deleting(FakeProvider):
        def fetch(self, media: ProviderFile, secret: ChannelSecret) -> Fetching:
            world.files.save(replace(world.file, status=FileStatus.DELETED), FileStatus.PENDING, DUE)
            return super().fetch(media, secret)

    world.provider = Deleting()
    event = world.receive(PNG, "image/png")

    world.inspect()(event)

    assert (world.file.status, world.store.objects, world.due) == (FileStatus.DELETED, {}, [])


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.READY])
def test_the_bytes_and_thumbnails_of_a_deleted_file_are_removed(world: World, status: FileStatus) -> None:
    event = world.upload(PNG, "image/png")
    if status is FileStatus.READY:
        world.inspect()(event)
    world.files.save(replace(world.file, status=FileStatus.DELETED), status, DUE)

    for _ in range(2):
        world.inspect()(FileStored(FILE_ID))

    assert (world.store.objects, world.store.thumbnails, world.due) == ({}, {}, [])
    assert world.audited == []


def test_malware_wins_over_another_process_that_saw_none(world: World) -> None:
    event = world.upload(INFECTED_TEXT, "text/plain")

    class Slower(FakeScanner):
        def begin(self) -> "object":  # type: ignore[override]
            world.files.save(replace(world.file, status=FileStatus.READY), FileStatus.SCANNING, None)
            return super().begin()

    world.scanner = Slower()

    world.inspect()(event)

    assert world.file.status is FileStatus.INFECTED
    assert (world.store.objects, world.store.quarantined) == ({}, {FILE_ID: INFECTED_TEXT})


# Files that a person sends.


def test_a_persons_file_is_fetched_and_inspected(world: World) -> None:
    file = world.inspect()(world.receive(PNG, "image/png", "photo.png"))

    assert file == world.file
    assert (file.status, file.size, file.filename) == (FileStatus.READY, len(PNG), "photo.png")
    assert file.thumbnails == THUMBNAILS_PX
    assert world.provider.asked == [ProviderFile("media-7", "image/png", "photo.png", None)]
    assert world.due == []


@pytest.mark.parametrize(
    ("said", "filename", "content_type", "named"),
    [
        ("image/png", "photo.png", "image/jpeg", "photo.png"),
        ("image/png", "image.png", "image/jpeg", "image.jpg"),
        ("audio/ogg; codecs=opus", "voice", "audio/ogg", "voice.ogg"),
        ("application/octet-stream", "v1.2 final", DOCX, "v1.2 final.docx"),
        (XLSX, "sheet.XLSX", DOCX, "sheet.XLSX"),
        ("image/jpeg", "photo.JPEG", "image/jpeg", "photo.JPEG"),
        ("application/octet-stream", "notes.log", "text/plain", "notes.log"),
    ],
)
def test_the_type_is_put_right_and_a_persons_own_name_stays(
    world: World, said: str, filename: str, content_type: str, named: str
) -> None:
    content = EVERY_TYPE[content_type]

    world.inspect()(world.receive(content, said, filename))

    for file in (world.file, world.store.stored_as[FILE_ID]):
        assert (file.content_type, file.filename) == (content_type, named)
    assert world.file.status is FileStatus.READY
    assert world.store.objects == {FILE_ID: content}


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (b"", "image/png", RejectCode.EMPTY),
        (bytes(MOST_BYTES + 1), "image/png", RejectCode.TOO_LARGE),
    ],
)
def test_a_persons_file_may_be_rejected(world: World, content: bytes, said: str, code: RejectCode) -> None:
    world.inspect()(world.receive(content, said))

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, code)
    assert (world.store.objects, world.due) == ({}, [])


@pytest.mark.parametrize(
    ("content", "declared", "filename", "content_type", "inspection"),
    [
        (b"MZ" + bytes(50), "application/x-msdownload", "a.exe", "application/x-msdownload", UNKNOWN_TYPE),
        (b"<html>Sorry, try again later.</html>", "image/png", "a.png", "text/html", UNKNOWN_TYPE),
        (PNG + b"broken", "image/png", "photo.png", "image/png", RejectCode.IMAGE_BROKEN),
        (PNG + zipped({"a.class": b"x"}), "image/png", "photo.png", "image/png", RejectCode.POLYGLOT),
        (ole("EncryptedPackage"), DOCX, "secret.docx", DOCX, RejectCode.ENCRYPTED),
        (AMR, "audio/amr", "voice.amr", "audio/amr", UNKNOWN_TYPE),
        (b'{"a":1}', "application/json", "data.json", "application/json", UNKNOWN_TYPE),
        ("Größe aus Köln\n".encode("cp1252"), "text/plain", "note.txt", "text/plain", UNKNOWN_TYPE),
    ],
)
def test_what_is_not_malware_stays_under_its_own_name_and_true_type(  # noqa: PLR0917
    world: World, content: bytes, declared: str, filename: str, content_type: str, inspection: str
) -> None:
    world.inspect()(world.receive(content, declared, filename))

    file = world.file
    assert (file.status, file.filename, file.content_type) == (FileStatus.READY, filename, content_type)
    assert (file.inspection, file.code, file.thumbnails) == (inspection, None, ())
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert world.store.objects == {FILE_ID: content}
    assert world.store.stored_as[FILE_ID].content_type == content_type
    assert world.due == []


def test_the_facts_that_channels_ask_for_are_stored(world: World) -> None:
    world.inspect()(world.upload(PNG, "image/png"))

    assert (world.file.width, world.file.height, world.file.codec) == (40, 30, None)


@pytest.mark.parametrize(
    ("begins", "codec"),
    [(b"OpusHead", "opus"), (b"\x01vorbis", "vorbis"), (b"Speex   ", "speex"), (b"\x7fFLAC", "flac")],
)
def test_the_codec_of_an_ogg_file_is_stored(world: World, begins: bytes, codec: str) -> None:
    world.inspect()(world.upload(ogg(begins), "audio/ogg"))

    assert (world.file.status, world.file.codec) == (FileStatus.READY, codec)


def test_a_persons_file_may_be_infected(world: World) -> None:
    world.inspect()(world.receive(INFECTED_TEXT, "text/plain"))

    assert world.file.status is FileStatus.INFECTED
    assert (world.store.objects, world.store.quarantined) == ({}, {FILE_ID: INFECTED_TEXT})


@pytest.mark.parametrize("in_the_midst", [False, True])
def test_what_the_provider_never_gives_is_rejected_with_its_code(world: World, in_the_midst: bool) -> None:  # noqa: FBT001
    event = world.receive(PNG * 100, "image/png")
    world.provider.failure = FetchFailed("GONE", "The provider no longer has it.", is_final=True)
    world.provider.fails_in_the_midst = in_the_midst

    world.inspect()(event)

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, "GONE")
    assert world.file.reason == "The provider no longer has it."


@pytest.mark.parametrize("in_the_midst", [False, True])
def test_what_the_provider_may_give_later_is_asked_for_again(world: World, in_the_midst: bool) -> None:  # noqa: FBT001
    event = world.receive(PNG * 100, "image/png")
    world.provider.failure = FetchFailed("503", "The provider is busy.", is_final=False)
    world.provider.fails_in_the_midst = in_the_midst

    with pytest.raises(Unavailable):
        world.inspect()(event)

    assert (world.file.status, world.due) == (FileStatus.PENDING, [world.file])
    world.provider.failure = None
    file = world.inspect()(event)
    assert file is not None
    assert file.status is FileStatus.READY


def test_what_is_fetched_already_is_not_fetched_again(world: World) -> None:
    event = world.receive(PNG, "image/png")
    world.scanner.broken = True
    with pytest.raises(Unavailable):
        world.inspect()(event)
    world.scanner.broken = False

    world.inspect()(event)

    assert world.file.status is FileStatus.READY
    assert len(world.provider.asked) == 1


# Verdicts that arrive later.


def test_until_its_verdict_comes_a_file_stays_scanning(world: World) -> None:
    world.scanner.decided = Awaited()

    world.inspect()(world.upload(PNG, "image/png"))

    assert (world.file.status, world.file.thumbnails) == (FileStatus.SCANNING, THUMBNAILS_PX)
    assert world.due == [world.file]


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Clean(), FileStatus.READY),
        (Malware("Trojan"), FileStatus.INFECTED),
        (CannotScan(Refusal(RejectCode.CANNOT_BE_SCANNED, "It failed.")), FileStatus.REJECTED),
    ],
)
@pytest.mark.parametrize("verdict_first", [False, True])
def test_the_verdict_moves_it_in_whichever_order(
    world: World,
    verdict: Clean | Malware | CannotScan,
    status: FileStatus,
    verdict_first: bool,  # noqa: FBT001
) -> None:
    world.scanner.decided = Awaited()
    event = world.upload(PNG, "image/png")
    steps: list[Callable[[], object]] = [
        lambda: world.inspect()(event),
        lambda: world.inspect().scanned(FILE_ID, verdict),
    ]

    for step in reversed(steps) if verdict_first else steps:
        step()

    assert world.file.status is status
    assert (FILE_ID in world.store.objects) == (status is FileStatus.READY)
    assert (FILE_ID in world.store.quarantined) == (status is FileStatus.INFECTED)
    assert world.due == []


def test_a_clean_verdict_does_not_make_ready_what_else_is_wrong(world: World) -> None:
    world.scanner.decided = Awaited()
    world.upload(PNG, "image/jpeg")

    world.inspect().scanned(FILE_ID, Clean())

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, RejectCode.TYPE_MISMATCH)


def test_a_verdict_before_the_files_status_comes_again(world: World) -> None:
    world.upload(PNG, "image/png", status=FileStatus.PENDING)

    with pytest.raises(Unavailable):
        world.inspect().scanned(FILE_ID, Malware("Trojan"))


def test_malware_that_is_found_later_takes_a_ready_file_away(world: World) -> None:
    world.inspect()(world.upload(PNG, "image/png"))

    world.inspect().scanned(FILE_ID, Malware("Trojan"))

    assert world.file.status is FileStatus.INFECTED
    assert world.store.objects == {}


def test_a_verdict_that_never_comes_ends_in_a_rejection(world: World) -> None:
    world.scanner.decided = Awaited()
    event = world.upload(PNG, "image/png")
    world.inspect()(event)
    world.clock.advance(LONGEST_WAIT.total_seconds() + 1)

    world.inspect()(event)

    assert (world.file.status, world.file.code) == (FileStatus.REJECTED, RejectCode.CANNOT_BE_SCANNED)


# Faults at every call.

AUDITED = {
    FileStatus.INFECTED: [AuditAction.FILE_INFECTED],
    FileStatus.REJECTED: [AuditAction.FILE_REJECTED],
}

Case = Callable[[World], FileEvent]
CASES: dict[str, tuple[Case, FileStatus]] = {
    "ready": (lambda world: world.upload(PNG, "image/png"), FileStatus.READY),
    "rejected": (lambda world: world.upload(PNG, "image/jpeg"), FileStatus.REJECTED),
    "infected": (lambda world: world.upload(INFECTED_TEXT, "text/plain"), FileStatus.INFECTED),
    "fetched": (lambda world: world.receive(JPEG, "image/png"), FileStatus.READY),
    "adopted": (lambda world: world.receive(EVERY_TYPE[DOCX], XLSX), FileStatus.READY),
    "fetched and infected": (lambda world: world.receive(INFECTED_TEXT, "text/plain"), FileStatus.INFECTED),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("blow", [blow for blow in Blow if blow is not Blow.NOTHING])
def test_whatever_fails_when_the_next_try_ends_it(case: str, blow: Blow) -> None:
    begin, status = CASES[case]
    for number in count(1):
        world = World()
        event = begin(world)
        once = Once(number, blow)
        world.fate = once
        try:
            world.inspect()(event)
        except (Died, Unavailable):
            assert not _is_readable_malware(world), once.struck
            assert _is_accounted_for(world) or world.due == [world.file], once.struck
        if once.struck is None:
            break
        world.fate = Kind()

        world.inspect()(event)

        assert world.file.status is status, once.struck
        assert (FILE_ID in world.store.objects) == (status is FileStatus.READY), once.struck
        assert (FILE_ID in world.store.quarantined) == (status is FileStatus.INFECTED), once.struck
        assert world.due == [], once.struck
        assert world.audited == AUDITED.get(status, []), once.struck
    assert number > 3


def _is_accounted_for(world: World) -> bool:
    return world.audited == AUDITED.get(world.file.status, [])


def _is_readable_malware(world: World) -> bool:
    return world.file.status is FileStatus.READY and EICAR in world.store.objects.get(FILE_ID, b"")


def test_of_malware_with_an_endless_name_only_the_beginning_is_kept(world: World) -> None:
    world.upload(b"A text.", "text/plain")

    file = world.inspect().scanned(FILE_ID, Malware("x" * 100_000))

    assert file is not None
    assert file.malware == "x" * (LONGEST_QUOTE - 1) + "…"
    assert len(file.reason or "") <= LONGEST_QUOTE + 50
