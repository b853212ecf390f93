"""The files that retention removes, and those that it leaves."""

from datetime import timedelta

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.files.file import FileStatus, StoredFile
from chat4all.domain.privacy_work import RetentionWork
from chat4all.services.privacy.apply_retention import ApplyRetention
from chat4all.services.privacy.retention_ports import OldMessages
from tests.fakes.clock import FakeClock
from tests.fakes.files import MemoryFiles, MemoryFileStore, a_file
from tests.fakes.retention import MemoryOldMessages, MemoryRetention, NoOldWebhooks


class OldFiles(MemoryOldMessages):
    def __init__(self, files: MemoryFiles) -> None:
        super().__init__(places={})
        self._files = files

    def files(self, shard: int, after: str, limit: int) -> tuple[list[StoredFile], str]:
        return ([*self._files.files.values()] if shard == 0 else []), ""


@pytest.mark.parametrize(
    ("age_days", "needed_days", "status"),
    [
        (40, None, FileStatus.EXPIRED),
        (20, None, FileStatus.READY),
        (40, 1, FileStatus.READY),
        (40, -1, FileStatus.EXPIRED),
    ],
)
def test_a_file_goes_when_it_is_old_and_nothing_needs_it(
    age_days: int, needed_days: int | None, status: FileStatus
) -> None:
    clock, setting = FakeClock(), MemoryRetention()
    now = clock()
    needed_until = iso(now + timedelta(days=needed_days)) if needed_days is not None else None
    files = MemoryFiles(a_file(created_at=iso(now - timedelta(days=age_days)), needed_until=needed_until))
    old: OldMessages = OldFiles(files)
    setting.set_days(None, 30, iso(now))
    apply = ApplyRetention(
        setting=setting,
        old=old,
        webhooks=NoOldWebhooks(),
        files=files,
        store=MemoryFileStore(),
        channels=("pigeon",),
        side_by_side=map,
        clock=clock,
    )

    assert apply(RetentionWork(iso(now)), lambda: True)

    assert files.files["file-1"].status is status
