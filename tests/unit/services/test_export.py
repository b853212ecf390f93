"""The export of a person: every record is in it once, whenever the process dies."""

import contextlib
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.clock import iso
from chat4all.domain.content import Media, Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.erasing import Erasure
from chat4all.domain.errors import ExportNotFound, UserNotFound
from chat4all.domain.exports import Export, ExportState
from chat4all.domain.files.file import Attachment, StoredFile
from chat4all.domain.message import AlbumItem, Edit, Message
from chat4all.domain.note import Note
from chat4all.domain.person import Merge
from chat4all.domain.privacy_work import ExportWork, PrivacyWork
from chat4all.domain.received import Context, Received
from chat4all.domain.status import Status
from chat4all.entrypoints.http.exports import ApiShapes
from chat4all.services.privacy.collect_pages import CollectPages
from chat4all.services.privacy.erase_exports import EraseExports
from chat4all.services.privacy.manage_exports import ManageExports
from chat4all.services.privacy.write_export import WakeExports, WriteExport
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import BEGINNING, FakeClock, FakeIds
from tests.fakes.conversations import MemoryConversations
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.directory import MemoryDirectory
from tests.fakes.exports import MemoryExports
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.fate import Blow, Died, Fate, Kind, Once, Struck, fated
from tests.fakes.files import MemoryFiles, MemoryFileStore, a_file
from tests.fakes.message_table import DeliveryState, MessageTable
from tests.fakes.messages import MemoryMessages
from tests.fakes.notes import MemoryNotes
from tests.fakes.people import agent, conversation_of, customer

HOSTILE_NAMES = (
    "../../etc/passwd",
    "con.txt",
    "\u202egpj.exe",
    "é" * 200 + ".png",
    "<b>&\"'.html",
    ".",
    "a/b\\c",
)


class Queue:
    def __init__(self) -> None:
        self.work: list[PrivacyWork] = []

    def send(self, work: PrivacyWork) -> None:
        self.work.append(work)


class World:
    """A person with two ids, their conversations, and people who have nothing to do with them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = MessageTable()
        self.messages = MemoryMessages(self.table)
        self.conversations, self.directory = MemoryConversations(), MemoryDirectory()
        self.notes, self.audit = MemoryNotes(), MemoryAudit()
        self.files, self.store = MemoryFiles(), MemoryFileStore()
        self.exports, self.queue = MemoryExports(), Queue()
        self.fate: Fate = Kind()
        self.number = 0
        self.ana, self.ben = customer("ana", "pigeon"), customer("ben")
        self.directory.create(replace(self.ana, merged=("ben",)))
        self.directory.create(replace(self.ben, merge=Merge("ana", iso(BEGINNING), (), ())))
        for other in (agent("agent"), customer("zoe"), customer("yan")):
            self.directory.create(other)
        self.talk("one", "ana", "agent")
        self.talk("two", "ben", "agent")
        self.talk("group", "ana", "zoe", "yan", kind=ConversationType.GROUP)
        self.talk("both", "ana", "ben", "zoe", kind=ConversationType.GROUP)
        self.talk("theirs", "zoe", "agent")
        self.manage = ManageExports(self.exports, self.directory, self.queue, self.clock, FakeIds())

    def talk(self, name: str, *members: str, kind: ConversationType = ConversationType.ONE_TO_ONE) -> None:
        users = [self.directory.get(member) or agent(member) for member in members]
        conversation = conversation_of(*users, conversation_id=name, kind=kind)
        self.conversations.create(conversation, [member for member in members if member != "agent"][:1])

    def say(self, conversation_id: str, sender_id: str, *files: str, text: str = "Olá") -> str:
        self.number += 1
        message_id = f"m{self.number:04d}"
        attachments = [self.file(file_id) for file_id in files]
        content = Media(attachments[0], text) if attachments else Text(text)
        at = iso(BEGINNING + timedelta(seconds=self.number))
        self.messages.add(
            Message(
                message_id=message_id,
                conversation_id=conversation_id,
                sequence=f"{self.number:020d}",
                sender_id=sender_id,
                content=content,
                status=Status.DELIVERED,
                status_history=(),
                accepted_at=at,
                fingerprint="f",
            )
        )
        return message_id

    def file(self, file_id: str) -> Attachment:
        file = a_file(file_id, filename=f"{file_id}.png")
        self.files.add(file, file.expires_at)
        self.store.objects.setdefault(file_id, file_id.encode() * 1000)
        return self.files.files[file_id].attachment

    def process(self, most_zip_bytes: int) -> WriteExport:
        collect = CollectPages(
            directory=self.directory,
            conversations=self.conversations,
            messages=fated(self.messages, "messages", lambda: self.fate, Struck()),
            deliveries=MemoryDeliveries(self.table),
            fallbacks=MemoryFallbacks(self.table),
            notes=self.notes,
            audit=self.audit,
        )
        return WriteExport(
            exports=fated(self.exports, "exports", lambda: self.fate, Struck()),
            collect=collect,
            shapes=ApiShapes(),
            files=fated(self.files, "files", lambda: self.fate, Struck()),
            store=fated(self.store, "store", lambda: self.fate, Struck()),
            clock=self.clock,
            most_zip_bytes=most_zip_bytes,
        )

    def run(self, export: Export, most_zip_bytes: int = 10**9, pages: int = 10**6) -> list[ZipFile]:
        """Write the export, in slices of a few pages; processes die as `fate` says."""
        work = ExportWork(export.export_id, export.user_id, iso(self.clock()))
        for _ in range(10_000):
            with contextlib.suppress(Died):
                if self.process(most_zip_bytes)(work, slice_of(pages)):
                    break
        return [self.opened(stored.file_id) for stored in self.exports.exports[export.export_id].zips]

    def opened(self, file_id: str) -> ZipFile:
        return ZipFile(io.BytesIO(self.store.objects[file_id]))


def slice_of(pages: int) -> Callable[[], bool]:
    """Return the clock of a function that has time for so many pages."""
    left = iter(range(pages))
    return lambda: next(left, None) is not None


def everything(zips: list[ZipFile]) -> Counter[str]:
    """Count the records of the zips by their ids, and the files by their folders."""
    found: Counter[str] = Counter()
    for archive in zips:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.startswith("files/"):
                file_id = name.split("/")[1]
                assert archive.read(name) == file_id.encode() * 1000
                found[f"file {file_id}"] += 1
            elif name.endswith(".json"):
                found.update(map(named, json.loads(archive.read(name))))
    return found


def named(record: dict[str, Any]) -> str:
    if "message" in record:
        return f"message {record['message']['message_id']}"
    kind = next(kind for kind in ("note", "entry", "conversation", "user") if f"{kind}_id" in record)
    return f"{kind} {record[f'{kind}_id']}"


def a_full_world(one: int, group: int, *, shared: bool) -> tuple[World, set[str]]:
    """Make a world, and name the records that belong to Ana."""
    world = World()
    expected = {"user ana", "user ben", *(f"conversation {name}" for name in ("one", "two", "group", "both"))}
    for number in range(one):
        place, sender = ("one", "ana") if number % 3 else ("two", "agent")
        expected.add(f"message {world.say(place, sender)}")
    for number in range(group):
        sender = ("ana", "ben", "zoe", "yan")[number % 4]
        message_id = world.say("group", sender)
        if sender in {"ana", "ben"}:
            expected.add(f"message {message_id}")
    for file_id in ("p0", "p1", "p2", "p3"):
        expected |= {f"message {world.say('one', 'ana', file_id)}", f"file {file_id}"}
    if shared:
        expected.add(f"message {world.say('both', 'ben', 'p0')}")
    world.say("theirs", "zoe", "private")
    for number in range(120):
        world.notes.add(Note(f"n{number:03d}", "one", "agent", "Paga tarde", iso(BEGINNING)))
        expected.add(f"note n{number:03d}")
    world.notes.add(Note("other", "theirs", "agent", "?", iso(BEGINNING)))
    for number, subject in enumerate(["user:ana", "user:zoe", "user:ben"] * 80):
        entry = AuditEntry(f"e{number:03d}", iso(BEGINNING), AuditAction.IDENTITY_LINK, subject, "key", {})
        world.audit.record(entry)
        if subject != "user:zoe":
            expected.add(f"entry {entry.entry_id}")
    return world, expected


@settings(max_examples=40, deadline=None)
@given(
    one=st.integers(0, 130),
    group=st.integers(0, 60),
    shared=st.booleans(),
    most_zip_bytes=st.sampled_from([1, 2_000, 8_000, 10**9]),
    pages=st.integers(1, 12),
    death=st.integers(1, 400),
    blow=st.sampled_from([Blow.DIES_BEFORE, Blow.DIES_AFTER]),
)
def test_every_record_of_the_person_is_in_it_once(
    *, one: int, group: int, shared: bool, most_zip_bytes: int, pages: int, death: int, blow: Blow
) -> None:
    world, expected = a_full_world(one, group, shared=shared)
    export = world.manage.begin("ben")
    world.fate = Once(death, blow)

    zips = world.run(export, most_zip_bytes, pages)

    assert everything(zips) == Counter(expected)
    stored = world.exports.exports[export.export_id]
    assert stored.counts.messages == sum(name.startswith("message ") for name in expected)
    assert stored.counts.files == sum(name.startswith("file ") for name in expected)
    names = [name for archive in zips for name in archive.namelist() if name != "index.html"]
    assert len(names) == len(set(names))


def test_messages_that_come_while_it_is_written_are_not_in_it_twice() -> None:
    world, expected = a_full_world(60, 0, shared=False)
    export = world.manage.begin("ana")
    work = ExportWork(export.export_id, "ana", "")
    later = set()
    for _ in range(1000):
        if world.process(1)(work, slice_of(2)):
            break
        later.add(f"message {world.say('one', 'ana', 'p9')}")
    zips = [world.opened(stored.file_id) for stored in world.exports.exports[export.export_id].zips]

    found = everything(zips)

    assert max(found.values()) == 1
    assert set(found) - later - {"file p9"} == expected


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_names_of_files_are_harmless(name: str) -> None:
    world = World()
    file = world.file("p0")
    world.files.files["p0"] = replace(world.files.files["p0"], filename=name)
    message_id = world.say("one", "ana", "p0", text="<script>alert(1)</script>")
    message = world.table.messages[message_id]
    world.table.messages[message_id] = replace(
        message, content=Media(replace(file, filename=name), "<script>alert(1)</script>")
    )

    (archive,) = world.run(world.manage.begin("ana"))

    (path,) = [entry for entry in archive.namelist() if entry.startswith("files/")]
    assert path.isascii()
    assert len(path) < 200
    assert not {"..", ".", ""} & set(path.split("/"))
    pages = b"".join(archive.read(entry) for entry in archive.namelist() if entry.endswith(".html"))
    assert b"<script" not in pages
    assert b"&lt;script&gt;" in pages
    assert path.encode() in pages


def test_deliveries_and_missing_files_are_shown() -> None:
    world = World()
    message_id = world.say("one", "agent", "p0")
    del world.store.objects["p0"]
    part = DeliveryPart(
        message_id, "ana", "pigeon", "main", "ana@pigeon", 0, 1, 1, Status.READ, 1, "one", "1", 0
    )
    world.table.deliveries[replace(part.delivery_id, round=0)] = DeliveryState(part, None, 0.0, 0, 0)

    (archive,) = world.run(world.manage.begin("ana"))

    (page,) = [name for name in archive.namelist() if "messages-" in name and name.endswith(".json")]
    (record,) = json.loads(archive.read(page))
    assert record["progress"]["deliveries"][0]["status"] == "READ"
    (export,) = world.exports.exports.values()
    assert (export.counts.files, export.counts.files_missing) == (0, 1)


def test_the_own_messages_of_a_group_tell_nothing_of_other_people() -> None:
    world = World()
    zoes = "wamid.HBgNNTUxMTk4NzY1NDMyMQ=="
    quoted = Received(
        iso(BEGINNING),
        "webhook",
        context=Context(quote="Zoe's words", payload="her own"),
        provider_fields=Raw(b'{"context": {"from": "5511987654321"}}'),
    )
    for place, sender in (("group", "ana"), ("one", "agent")):
        message_id = world.say(place, sender)
        said = world.table.messages[message_id]
        edit = Edit(Text("first"), iso(BEGINNING), quoted.context, quoted.provider_fields)
        item = AlbumItem("hers", 0, Text("item"), quoted)
        world.table.messages[message_id] = replace(
            said,
            received=quoted if place == "group" else None,
            edits=(edit,) if place == "group" else (),
            items=(item,) if place == "group" else (),
            error_code="131026" if place == "group" else None,
            error_reason="not sent to 5511987654321" if place == "group" else None,
        )
        for number, (to, its_id) in enumerate((("zoe", zoes), ("ana", "wamid.anas"))):
            part = DeliveryPart(
                message_id,
                to,
                "pigeon",
                "main",
                f"{to}@pigeon",
                0,
                1,
                2,
                Status.FAILED,
                1,
                place,
                "1",
                number,
            )
            reason = "not sent to 5511987654321" if to == "zoe" else "she blocked us"
            part = replace(
                part,
                provider_message_id=its_id,
                album_ids=(its_id,),
                error_code="131026",
                error_reason=reason,
            )
            world.table.deliveries[replace(part.delivery_id, round=0)] = DeliveryState(part, None, 0.0, 0, 0)

    zips = world.run(world.manage.begin("ana"))

    texts = b"".join(archive.read(name) for archive in zips for name in archive.namelist())
    for secret in (zoes, "5511987654321", "Zoe's words", "zoe@pigeon"):
        assert secret.encode() not in texts
    for hers in ("wamid.anas", "she blocked us", "her own", "131026"):
        assert hers.encode() in texts


def test_a_running_export_is_returned_and_a_finished_one_expires() -> None:
    world = World()
    export = world.manage.begin("ana")
    assert world.manage.begin("ben") == export
    world.run(export)
    finished = world.manage.get(export.export_id)
    assert world.manage.state(finished) is ExportState.READY
    assert world.manage.begin("ana") != finished

    world.clock.advance(7 * 86400)
    assert world.manage.state(finished) is ExportState.EXPIRED
    assert world.files.due(iso(world.clock()), 10), "the file sweeper removes the zip"
    world.clock.advance(30 * 86400)
    with pytest.raises(ExportNotFound):
        world.manage.get(export.export_id)
    with pytest.raises(UserNotFound):
        world.manage.begin("nobody")


class ErasedBytes:
    def __init__(self, store: MemoryFileStore) -> None:
        self._store = store

    def erase(self, file: StoredFile) -> None:
        self._store.objects.pop(file.file_id, None)


@pytest.mark.parametrize("is_running", [True, False])
def test_an_erasure_removes_the_zips_and_ends_what_runs(*, is_running: bool) -> None:
    world, _ = a_full_world(30, 0, shared=False)
    export = world.manage.begin("ana")
    before = set(world.store.objects)
    erase = EraseExports(world.exports, world.files, ErasedBytes(world.store), world.clock)
    process = world.process(1 if is_running else 10**9)
    work = ExportWork(export.export_id, "ana", "")
    assert process(work, slice_of(5 if is_running else 10**6)) is not is_running
    at = iso(world.clock())
    erasure = Erasure("erasure", "ana", at, at, user_ids=("ana", "ben"))

    erasure, cursor = erase(erasure, "")

    assert (cursor, erasure.counts) == (None, {"exports": 1})
    assert set(world.store.objects) == before
    assert process(work, slice_of(5))
    assert set(world.store.objects) == before
    assert world.manage.state(world.manage.get(export.export_id)) is ExportState.EXPIRED
    assert erase(erasure, "") == (erasure, None)


def test_a_lost_record_is_sent_again() -> None:
    world = World()
    export = world.manage.begin("ana")
    world.queue.work.clear()
    wake = WakeExports(world.exports, world.queue)
    assert not wake(world.clock())
    world.clock.advance(16 * 60)
    assert wake(world.clock())
    assert [work.ids["export_id"] for work in world.queue.work] == [export.export_id]
    assert not wake(world.clock())
