import pytest

from chat4all_local.simulators import journal
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.simulators.journal import SendJournal
from chat4all_local.simulators.shared.media import Content
from chat4all_local.simulators.store import Store

CONTENT = Content(5, "5d41", "text/plain", "a.txt", b"hello")


def added(sends: SendJournal) -> int:
    n = sends.next_number()
    sends.add(SendRecord(n, 1.0, "42", None, "id", None, None, 200, None, authorized=True, kind="document"))
    return n


def test_what_is_fetched_later_is_added_to_its_record() -> None:
    sends = SendJournal(Store())
    first, second = added(sends), added(sends)

    sends.add_contents(first, [CONTENT])

    records = {record.n: record for record in sends.after(0).requests}
    assert (records[first].content_type, records[first].size, records[first].sha256) == (
        "text/plain",
        5,
        "5d41",
    )
    assert records[second].size is None


def test_what_is_fetched_for_a_cleared_record_is_forgotten() -> None:
    sends = SendJournal(Store())
    n = added(sends)
    sends.clear()

    sends.add_contents(n, [CONTENT])

    assert sends.after(0).requests == []
    assert sends.after(0).last == n


def test_the_oldest_records_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_KEPT", 2)
    sends = SendJournal(Store())

    numbers = [added(sends) for _ in range(3)]

    assert [record.n for record in sends.after(0).requests] == numbers[1:]
