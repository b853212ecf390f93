"""The setting of retention and its walk, by the adapter and by its fake."""

from collections.abc import Iterator

import pytest

from chat4all.adapters.dynamodb.retention import DynamoRetention
from chat4all.domain.retention import Place, Removed, Retention, Stage, Walk
from chat4all.services.privacy.retention_ports import RetentionSetting
from tests.fakes.people import NOW
from tests.fakes.retention import MemoryRetention
from tests.integration.aws import Aws

LATER = "2026-01-31T13:00:00.000Z"
WALK = Walk(NOW, 1, Place(Stage.FILES, 3, "behind"), Removed(messages=5), oldest_at=NOW)


@pytest.fixture
def setting(backend: str, aws: Aws) -> Iterator[RetentionSetting]:
    if backend == "memory":
        yield MemoryRetention()
        return
    table, row = aws.output("Data.DirectoryTable"), {"entry_id": {"S": "default#RETENTION"}}
    aws.dynamodb.delete_item(TableName=table, Key=row)
    yield DynamoRetention(table)
    aws.dynamodb.delete_item(TableName=table, Key=row)


def test_one_of_two_changes_at_once_counts(setting: RetentionSetting) -> None:
    assert setting.read() is None
    assert setting.set_days(None, 30, NOW)
    assert not setting.set_days(None, 90, NOW)
    first = setting.read()
    assert first is not None
    assert (first.setting, first.walk, first.step, first.due_at) == (Retention(30, NOW, 1), None, 0, NOW)

    assert setting.set_days(first, 90, LATER)
    assert not setting.set_days(first, 10, LATER)
    second = setting.read()
    assert second is not None
    assert second.setting == Retention(90, LATER, 2)


def test_one_of_two_walks_at_once_goes_on(setting: RetentionSetting) -> None:
    setting.set_days(None, 30, NOW)
    known = setting.read()
    assert known is not None

    assert setting.save(known, WALK, LATER)
    assert not setting.save(known, WALK, LATER)

    state = setting.read()
    assert state is not None
    assert (state.walk, state.step, state.due_at) == (WALK, 1, LATER)
    assert not state.is_applied


def test_a_change_during_a_step_keeps_the_work_and_is_due_at_once(setting: RetentionSetting) -> None:
    setting.set_days(None, 30, NOW)
    known = setting.read()
    assert known is not None
    assert setting.set_days(known, 10, NOW)

    assert setting.save(known, WALK, LATER)

    state = setting.read()
    assert state is not None
    assert (state.setting.days, state.walk, state.due_at) == (10, WALK, NOW)


def test_one_process_asks_for_the_next_step(setting: RetentionSetting) -> None:
    setting.set_days(None, 30, NOW)
    known = setting.read()
    assert known is not None

    assert setting.postpone(known, LATER)
    assert not setting.postpone(known, LATER)
