"""The files that a message may carry."""

import pytest
from msgspec.structs import replace

from chat4all.domain.errors import Chat4AllError, Conflict, Forbidden, NotFound, NotPossible
from chat4all.domain.files.file import Attachment, FileStatus, Source, StoredFile
from chat4all.services.files.attach_file import AttachFile
from tests.fakes.files import MemoryFiles, a_file


def test_a_ready_file_of_the_key_is_attached() -> None:
    attach = AttachFile(MemoryFiles(a_file()))

    assert attach("file-1", "key-1", "any") == Attachment("file-1", "invoice.pdf", "application/pdf", 1000)


def test_a_file_of_the_conversation_is_attached_whoever_has_it() -> None:
    attach = AttachFile(MemoryFiles(a_file(owner=None, conversation_id="conversation")))

    assert attach("file-1", "key-1", "conversation").file_id == "file-1"


def test_a_persons_file_that_is_sent_on_is_noted_once() -> None:
    source = Source("pigeon", "main", "7")
    files = MemoryFiles(a_file(owner=None, conversation_id="conversation", source=source))

    for _ in range(2):
        AttachFile(files)("file-1", "key-1", "conversation")

    assert [(saved.sent_on, saved.status) for saved in files.saves] == [(True, FileStatus.READY)]
    assert files.due_at == {"file-1": files.files["file-1"].expires_at}


def test_a_file_that_is_deleted_while_it_is_attached_is_refused() -> None:
    class DeletedMeanwhile(MemoryFiles):
        def save(self, file: StoredFile, expected: FileStatus, due_at: str | None) -> bool:
            self.files[file.file_id] = replace(file, status=FileStatus.DELETED)
            return super().save(file, expected, due_at)

    source = Source("pigeon", "main", "7")
    files = DeletedMeanwhile(a_file(owner=None, conversation_id="conversation", source=source))

    with pytest.raises(Conflict) as refused:
        AttachFile(files)("file-1", "key-1", "conversation")

    assert refused.value.code == "FILE_GONE"


SOON, LATE, EVER = "2026-02-01T12:00:00.000Z", "2026-06-01T12:00:00.000Z", "2027-01-01T00:00:00.000Z"


def test_a_file_is_needed_until_everything_that_names_it_should_be_sent() -> None:
    files = MemoryFiles(a_file(expires_at=EVER))
    attach = AttachFile(files)

    def needed(send_at: str | None = None, batch_at: str | None = None) -> str | None:
        attach("file-1", "key-1", "any", send_at, batch_at=batch_at)
        return files.files["file-1"].needed_until

    assert needed() is None
    assert needed(SOON) == "2026-02-03T12:00:00.000Z"
    assert needed(batch_at=SOON) == "2026-03-03T12:00:00.000Z"
    assert needed(LATE) == needed(SOON) == needed() == "2026-06-03T12:00:00.000Z"
    assert len(files.saves) == 3
    assert files.due_at == {"file-1": EVER}


def test_of_two_messages_at_once_the_later_counts() -> None:
    class AtOnce(MemoryFiles):
        def hold(self, file: StoredFile, held: StoredFile) -> bool:
            if not self.saves:
                self.save(replace(file, needed_until=LATE), FileStatus.READY, EVER)
            return super().hold(file, held)

    files = AtOnce(a_file(expires_at=EVER))

    AttachFile(files)("file-1", "key-1", "any", SOON)

    assert files.files["file-1"].needed_until == LATE


@pytest.mark.parametrize("inspection", ["UNKNOWN_TYPE", "MACROS", "ENCRYPTED"])
def test_a_persons_file_that_can_only_be_downloaded_is_not_sent_on(inspection: str) -> None:
    file = a_file(owner=None, conversation_id="conversation", inspection=inspection)

    with pytest.raises(NotPossible) as refused:
        AttachFile(MemoryFiles(file))("file-1", "key-1", "conversation")

    assert refused.value.code == "FILE_NOT_POSSIBLE"
    assert [(detail.field, inspection in detail.issue) for detail in refused.value.details] == [
        ("content.file_id", True)
    ]


@pytest.mark.parametrize(
    ("fields", "owner", "conversation_id"),
    [
        ({}, "key-2", "conversation"),
        ({}, "", "conversation"),
        ({"owner": None}, "", "conversation"),
        ({"owner": None, "conversation_id": "another"}, "key-1", "conversation"),
        ({"conversation_id": "another"}, "key-1", "conversation"),
        ({"status": FileStatus.SCANNING}, "key-2", "conversation"),
    ],
)
def test_anybody_elses_file_is_refused(fields: dict[str, object], owner: str, conversation_id: str) -> None:
    attach = AttachFile(MemoryFiles(a_file(**fields)))

    with pytest.raises(Forbidden) as refused:
        attach("file-1", owner, conversation_id)

    assert refused.value.code == "NOT_YOUR_FILE"


@pytest.mark.parametrize(
    ("fields", "error", "code", "words"),
    [
        ({"status": FileStatus.PENDING}, Conflict, "FILE_NOT_READY", "is not uploaded yet"),
        ({"status": FileStatus.SCANNING}, Conflict, "FILE_NOT_READY", "is being inspected"),
        ({"status": FileStatus.ABORTED}, Conflict, "FILE_GONE", "was given up"),
        ({"status": FileStatus.EXPIRED}, Conflict, "FILE_GONE", "never uploaded"),
        ({"status": FileStatus.DELETED}, Conflict, "FILE_GONE", "was deleted"),
        ({"status": FileStatus.INFECTED, "reason": "EICAR."}, Conflict, "FILE_REFUSED", "EICAR."),
        ({"status": FileStatus.REJECTED, "reason": "No PDF."}, Conflict, "FILE_REFUSED", "No PDF."),
        ({"status": FileStatus.REJECTED}, Conflict, "FILE_REFUSED", "REJECTED"),
    ],
)
def test_a_file_that_is_not_ready_is_refused_in_words(
    fields: dict[str, object], error: type[Chat4AllError], code: str, words: str
) -> None:
    attach = AttachFile(MemoryFiles(a_file(**fields)))

    with pytest.raises(error) as refused:
        attach("file-1", "key-1", "conversation")

    assert refused.value.code == code
    assert words in refused.value.message
    assert refused.value.details[0].field == "content.file_id"


def test_every_status_is_either_ready_or_refused() -> None:
    for status in FileStatus:
        attach = AttachFile(MemoryFiles(a_file(status=status)))
        if status is FileStatus.READY:
            attach("file-1", "key-1", "conversation")
        else:
            with pytest.raises(Conflict):
                attach("file-1", "key-1", "conversation")


def test_a_file_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound) as refused:
        AttachFile(MemoryFiles())("file-1", "key-1", "conversation")

    assert refused.value.code == "FILE_NOT_FOUND"
