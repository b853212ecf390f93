"""What a provider remembers is kept over a restart, a kill and a power cut."""

import asyncio
import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest

from chat4all_local.simulators import store as store_module
from chat4all_local.simulators.control_api import Customer
from chat4all_local.simulators.store import Store, Table

ANA = Customer("1", "Ana", 1.0)
BEN = Customer("2", "Ben", 2.0, blocked=True)
ZOE = Customer("3", "Zoé\r\n", 3.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp.journal"


@contextmanager
def limited(length: int) -> Iterator[None]:
    """Let no file grow beyond `length`, as on a full disk."""
    before, handler = getrlimit(RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    setrlimit(RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def customers(store: Store, most: int | None = None) -> Table[Customer]:
    return store.table("customers", Customer, most)


def length_of(path: Path) -> int:
    return path.stat().st_size


def put(path: Path, *rows: Customer) -> None:
    with Store(path) as store:
        table = customers(store)
        for row in rows:
            table.put(row.address, row)


def kept(path: Path, most: int | None = None) -> list[Customer]:
    with Store(path) as store:
        return list(customers(store, most).values())


def test_the_last_that_was_put_of_a_key_counts(path: Path) -> None:
    later = Customer("1", "Ana", 5.0)
    put(path, ANA, BEN, ZOE, later)

    assert kept(path) == [later, BEN, ZOE]
    assert kept(path) == [later, BEN, ZOE]


def test_a_new_store_remembers_nothing(path: Path) -> None:
    assert kept(path) == []


def test_what_was_removed_stays_removed(path: Path) -> None:
    with Store(path) as store:
        table, others = customers(store), store.table("others", int)
        for row in (ANA, BEN):
            table.put(row.address, row)
        table.remove("1")
        others.put("a", 1)
        others.clear()
        others.put("b", 2)

    with Store(path) as store:
        assert dict(customers(store)) == {"2": BEN}
        assert dict(store.table("others", int)) == {"b": 2}


def test_a_table_that_nobody_opened_is_kept(path: Path) -> None:
    put(path, ANA)

    with Store(path) as store:
        store.table("others", int)

    assert kept(path) == [ANA]


@pytest.mark.parametrize(
    "rest",
    [
        b'1a2b3c4d ["customers","2",{"address":"2","na',
        b'00000000 ["customers","2",{"address":"2","name":"Ben","last_wrote_at":2}]\n',
        b'{"address": "2", "name": "Jos\xe9"}\n',
        b"\n",
        bytes(100),
    ],
)
def test_a_start_sets_half_a_line_aside_and_names_the_place(
    path: Path, capsys: pytest.CaptureFixture[str], *, rest: bytes
) -> None:
    put(path, ANA)
    with path.open("ab") as file:
        file.write(rest)

    assert kept(path) == [ANA]

    assert f"{path} was cut at byte" in capsys.readouterr().err
    assert path.with_suffix(".cut").read_bytes() == rest
    put(path, BEN)
    assert kept(path) == [ANA, BEN]
    assert capsys.readouterr().err == ""


def test_a_journal_that_was_cut_anywhere_keeps_what_came_before(path: Path) -> None:
    put(path, ANA, BEN, ZOE)
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]

    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        assert kept(path) == [ANA, BEN, ZOE][: sum(end <= length for end in ends)]


def test_nothing_is_forgotten_when_a_start_is_cut_short(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, ANA)

    def cut_short(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_short)
        with pytest.raises(KeyboardInterrupt):
            Store(path)

    assert kept(path) == [ANA]


def test_a_start_leaves_a_row_of_another_form_out_and_names_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(path) as store:
        store.table("customers", object).put("0", {"called": "Zoe"})
    put(path, ANA)

    assert capsys.readouterr().err == (
        f"simulators: 1 of 1 customers in {path} have another form and are left out\n"
    )
    assert kept(path) == [ANA]


def test_the_oldest_rows_make_room_now_and_after_a_restart(path: Path) -> None:
    with Store(path) as store:
        table = customers(store, most=2)
        for row in (ANA, BEN, ZOE):
            table.put(row.address, row)
        assert list(table.values()) == [BEN, ZOE]

    assert kept(path, most=2) == [BEN, ZOE]


def test_the_journal_is_compacted_while_it_grows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_COMPACTED_AFTER_BYTES", 10_000)

    async def grow() -> None:
        with Store(path) as store:
            table = customers(store)
            for second in range(2_000):
                table.put("1", Customer("1", "Ana", second))
                await store.synced()
            assert length_of(path) < 11_000

    asyncio.run(grow())

    assert kept(path) == [Customer("1", "Ana", 1_999)]


def test_a_change_that_does_not_fit_leaves_no_trace(path: Path) -> None:
    put(path, ANA)
    with Store(path) as store:
        table = customers(store)
        with limited(path.stat().st_size + 20), pytest.raises(OSError, match=str(path)):
            table.put("2", BEN)
        assert list(table) == ["1"]
        table.put("3", ZOE)

    assert kept(path) == [ANA, ZOE]


def test_a_removal_on_a_full_disk_is_not_refused_but_may_be_undone(path: Path) -> None:
    put(path, ANA, BEN)
    with Store(path) as store:
        table = customers(store)
        with limited(path.stat().st_size):
            table.remove("1")
        assert list(table) == ["2"]
        table.put("3", ZOE)

    assert kept(path) == [ANA, BEN, ZOE]


def test_a_sync_serves_all_that_wait_for_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: synced.append(length_of(path)))

    async def answers() -> None:
        with Store(path) as store:
            table = customers(store)
            await store.synced()
            assert synced == []
            for row in (ANA, BEN):
                table.put(row.address, row)
            await asyncio.gather(*(store.synced() for _ in range(10)))
            assert synced == [length_of(path)]
            table.put("3", ZOE)
            await store.synced()
            assert synced[1:] == [length_of(path)]

    asyncio.run(answers())


def test_slow_syncs_are_left_to_a_thread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def slow(descriptor: int) -> None:
        threads.append(threading.get_ident())
        time.sleep(0.002)

    async def answers() -> None:
        with Store(path) as store:
            table = customers(store)
            for row in (ANA, BEN):
                table.put(row.address, row)
                await store.synced()

    monkeypatch.setattr(os, "fdatasync", slow)
    asyncio.run(answers())

    assert [thread == threading.get_ident() for thread in threads] == [True, False]


def test_a_failed_sync_is_told_to_all_that_wait_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def answers() -> None:
        with Store(path) as store:
            customers(store).put("1", ANA)
            with monkeypatch.context() as patch:
                patch.setattr(os, "fdatasync", fail)
                problems = await asyncio.gather(store.synced(), store.synced(), return_exceptions=True)
            assert [type(problem) for problem in problems] == [OSError, OSError]
            await store.synced()

    asyncio.run(answers())

    assert kept(path) == [ANA]
