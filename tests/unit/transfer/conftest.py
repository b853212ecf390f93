from collections.abc import Iterator
from pathlib import Path

import pytest
from tenacity import wait_none

from chat4all_local.api_client import ApiClient
from chat4all_local.transfer import backoff
from chat4all_local.transfer.remembered import Remembered
from tests.unit.transfer.object_store import ObjectStore, running_store


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    with running_store() as running:
        yield running


@pytest.fixture
def api(store: ObjectStore) -> ApiClient:
    return ApiClient(store.url, "key")


@pytest.fixture
def remembered(tmp_path: Path) -> Remembered:
    return Remembered(tmp_path / "memory")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "WAIT", wait_none())
