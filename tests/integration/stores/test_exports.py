"""Exports, by the adapter and by its fake; and a person who is collected from the tables."""

from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.exports import DynamoExports
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.exports import Export, ExportPlace, ExportZip, Section
from chat4all.domain.message import Message
from chat4all.domain.note import Note
from chat4all.domain.status import Status
from chat4all.services.directory.ports import Conversations, Directory, Notes
from chat4all.services.messaging.ports import Deliveries, Fallbacks, Messages
from chat4all.services.privacy.collect_pages import CollectPages
from chat4all.services.privacy.export_ports import Exports
from tests.fakes.audit import MemoryAudit
from tests.fakes.exports import MemoryExports
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.integration.aws import Aws

LATER = "2026-01-31T13:00:00.000Z"
SECOND = ExportPlace(Section.OWN_MESSAGES, 7, cursor="behind")


@pytest.fixture
def exports(backend: str, aws: Aws) -> Exports:
    return MemoryExports() if backend == "memory" else DynamoExports(aws.output("Data.MessagesTable"))


@pytest.fixture
def export(new_id: Callable[[], str]) -> Export:
    user_id = new_id()
    return Export(new_id(), user_id, (user_id, new_id()), NOW)


def with_zip(export: Export, file_id: str) -> Export:
    return replace(export, zips=(*export.zips, ExportZip(file_id, 17)), place=SECOND)


def test_an_export_grows_by_one_writer(exports: Exports, export: Export) -> None:
    assert exports.get(export.export_id) is None
    exports.add(export, NOW)
    longer = with_zip(export, "file")

    assert exports.get(export.export_id) == export
    assert exports.save(longer, 0, LATER)
    assert not exports.save(with_zip(export, "another"), 0, LATER)
    assert exports.get(export.export_id) == longer


def test_it_is_due_until_it_is_finished(exports: Exports, export: Export) -> None:
    exports.add(export, NOW)
    assert export in exports.due(NOW, 100)
    exports.postpone(export, LATER)
    assert export not in exports.due(NOW, 100)
    assert export in exports.due(LATER, 100)

    finished = replace(with_zip(export, "file"), finished_at=NOW, expires_at=LATER)
    assert exports.save(finished, 0, None)
    exports.postpone(finished, NOW)

    assert export.export_id not in {due.export_id for due in exports.due(LATER, 100)}


def test_a_file_belongs_to_the_first_zip_that_claims_it(exports: Exports, export: Export) -> None:
    exports.add(export, NOW)
    second = with_zip(export, "file")

    assert exports.claim_file(export, "photo")
    assert exports.claim_file(export, "photo")
    assert not exports.claim_file(second, "photo")
    assert exports.claim_file(second, "film")


def test_a_stopped_export_takes_no_zip(exports: Exports, export: Export) -> None:
    exports.add(export, NOW)
    exports.stop(export, LATER)

    assert not exports.save(with_zip(export, "file"), 0, LATER)
    stopped = exports.get(export.export_id)
    assert stopped == replace(export, finished_at=LATER, expires_at=LATER)
    assert export.export_id not in {due.export_id for due in exports.due(LATER, 100)}


def test_the_exports_of_a_user_are_found_the_latest_first(
    exports: Exports, export: Export, new_id: Callable[[], str]
) -> None:
    later = replace(export, export_id=new_id(), created_at=LATER)
    exports.add(export, NOW)
    exports.add(later, NOW)
    exports.add(Export(new_id(), new_id(), (), NOW), NOW)

    assert exports.of_user(export.user_id) == [later, export]
    assert exports.of_user(new_id()) == []


def test_every_page_of_a_person_is_collected_once(  # noqa: PLR0917 - one store each
    backend: str,
    aws: Aws,
    new_id: Callable[[], str],
    directory: Directory,
    conversations: Conversations,
    messages: Messages,
    deliveries: Deliveries,
    fallbacks: Fallbacks,
    notes: Notes,
) -> None:
    ana, ben, zoe = (customer(new_id()) for _ in range(3))
    desk = agent(new_id())
    for user in (ana, ben, zoe, desk):
        directory.create(user)
    one, two, group = new_id(), new_id(), new_id()
    for name, members, kind in (
        (one, (ana, desk), ConversationType.ONE_TO_ONE),
        (two, (ben, desk), ConversationType.ONE_TO_ONE),
        (group, (ana, ben, zoe), ConversationType.GROUP),
    ):
        of_customers = [] if kind is ConversationType.GROUP else [members[0].user_id]
        conversations.create(conversation_of(*members, conversation_id=name, kind=kind), of_customers)
    expected: Counter[str] = Counter()
    for number in range(160):
        place, sender = ((one, ana), (one, desk), (two, desk), (group, ana), (group, zoe))[number % 5]
        message = Message(
            message_id=new_id(),
            conversation_id=place,
            sequence=f"{number:020d}",
            sender_id=sender.user_id,
            content=Text("Olá"),
            status=Status.DELIVERED,
            status_history=(),
            accepted_at=f"2026-01-31T12:{number // 7:02d}:00.000Z",
            fingerprint="f",
        )
        messages.add(message)
        if sender is not zoe:
            expected[message.message_id] += 1
    for number in range(130):
        notes.add(Note(f"{number:04d}", two, desk.user_id, "x", NOW))
        expected[f"{number:04d}"] += 1
    collect = CollectPages(
        directory=directory,
        conversations=conversations,
        messages=messages,
        deliveries=deliveries,
        fallbacks=fallbacks,
        notes=notes,
        audit=MemoryAudit() if backend == "memory" else DynamoAudit(aws.output("Data.AuditTable")),
    )
    export = Export(new_id(), ana.user_id, (ana.user_id, ben.user_id), NOW)

    found: Counter[str] = Counter()
    names: Counter[str] = Counter()
    at = ExportPlace()
    while at.section is not Section.END:
        page, at = collect(export, at)
        if page is not None:
            names[page.name] += 1
            found.update(progress.message.message_id for progress in page.messages)
            found.update(note.note_id for note in page.notes)
            assert collect(export, page.place)[0] == page, "the place leads to the same page again"

    assert found == expected
    assert max(names.values()) == 1
    assert sum(name.endswith("/conversation") for name in names) == 3
