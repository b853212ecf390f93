import gc
from collections.abc import Iterator

import pytest

from chat4all.bootstrap.loading import loading


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_nothing_is_collected_meanwhile() -> None:
    with loading():
        before = collections()
        kept = [[number] for number in range(100_000)]
        assert collections() == before

    assert gc.isenabled()
    assert len(kept) == 100_000


def test_what_was_loaded_is_left_out_of_later_collections() -> None:
    with loading():
        kept = [["loaded"]]

    assert not any(get_object is kept for get_object in gc.get_objects())
    assert gc.get_freeze_count() > 0


def test_what_fails_to_load_leaves_the_collector_at_work() -> None:
    with pytest.raises(RuntimeError, match="no such table"), loading():
        raise RuntimeError("no such table")

    assert gc.isenabled()
