"""MiniStack's threads, counted: as it is pinned, and corrected."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from ministack.core import concurrency

from ministack_server import reused_threads

WITHIN_S = 10.0


@pytest.fixture
def pinned() -> Iterator[None]:
    """Leave MiniStack as the test found it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(concurrency, "threading", threading)
        yield


async def _threads(calls: int) -> int:
    """Return how many threads carry out calls that come one after the other."""
    return len({await concurrency.run_reentrant(threading.current_thread) for _ in range(calls)})


@pytest.mark.usefixtures("pinned")
def test_a_thread_is_used_again() -> None:
    assert asyncio.run(_threads(10)) == 10  # the pinned version still needs the correction

    reused_threads.install()

    assert asyncio.run(_threads(10)) < 10


@pytest.mark.usefixtures("pinned")
def test_work_that_waits_for_other_work_always_gets_a_thread() -> None:
    reused_threads.install()
    met = threading.Barrier(50)

    async def meet() -> None:
        await asyncio.gather(*(concurrency.run_reentrant(met.wait, WITHIN_S) for _ in range(50)))

    asyncio.run(meet())


@pytest.mark.usefixtures("pinned")
def test_an_error_reaches_its_caller_and_leaves_the_thread_usable() -> None:
    reused_threads.install()

    async def fail_and_succeed() -> str:
        with pytest.raises(ZeroDivisionError):
            await concurrency.run_reentrant(divmod, 1, 0)
        return str(await concurrency.run_reentrant(str, "done"))

    assert asyncio.run(fail_and_succeed()) == "done"


@pytest.mark.usefixtures("pinned")
def test_work_in_the_background_can_be_waited_for() -> None:
    reused_threads.install()
    goes_on = threading.Event()

    thread = concurrency.spawn_background(goes_on.wait, WITHIN_S)
    thread.join(timeout=0.01)
    assert thread.is_alive()
    goes_on.set()
    thread.join(timeout=WITHIN_S)

    assert not thread.is_alive()


@pytest.mark.usefixtures("pinned")
def test_a_thread_ends_without_work_and_the_next_work_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    reused_threads.install()
    monkeypatch.setattr(reused_threads, "KEPT_S", 0.01)
    monkeypatch.setattr(reused_threads, "_workers", reused_threads._Workers())

    async def last_thread() -> threading.Thread:
        thread: threading.Thread = await concurrency.run_reentrant(threading.current_thread)
        return thread

    ended = asyncio.run(last_thread())
    ended.join(WITHIN_S)
    assert not ended.is_alive()
    assert asyncio.run(last_thread()) is not ended
