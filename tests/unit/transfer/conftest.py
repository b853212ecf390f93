from collections.abc import Iterator
from pathlib import Path

import pytest

from chat4all_local.api_client import ApiClient
from chat4all_local.transfer import download as downloading
from chat4all_local.transfer import upload as uploading
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
    for module in (uploading, downloading):
        monkeypatch.setattr(module, "pause_s", lambda _failures: 0.0)
