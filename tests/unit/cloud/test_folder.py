import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chat4all_local.cloud.errors import Busy, NotOurs, NotRunning
from chat4all_local.cloud.folder import StateFolder, default_folder
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.shutdown import shut_down
from chat4all_local.cloud.state import Phase, State
from chat4all_local.waiting import wait_until


def test_what_was_written_is_read_by_the_next(folder: StateFolder) -> None:
    folder.write(State(run="one"))
    folder.write(State(run="two"))
    assert StateFolder(folder.path).read().run == "two"


def test_a_power_cut_leaves_the_old_state_or_the_new(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(file: int) -> None:
        done.append("synced")
        fsync(file)

    def named(path: Path, target: Path) -> Path:
        done.append("named")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", named)

    folder.write(State(api_key="key"))

    assert done == ["synced", "named"]


def test_a_new_folder_has_nothing_running(folder: StateFolder) -> None:
    assert folder.read() == State()
    assert not folder.is_locked()


def test_the_key_in_the_state_is_for_its_owner_only(folder: StateFolder) -> None:
    folder.write(State(api_key="c4a_00000000_x"))
    assert stat.S_IMODE((folder.path / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_second_launcher_is_refused_while_the_first_holds_the_folder(folder: StateFolder) -> None:
    with folder.locked():
        assert folder.is_locked()
        with pytest.raises(Busy), folder.locked():
            pytest.fail("both got it")
    assert not folder.is_locked()


def test_whoever_only_looks_is_in_nobodys_way(folder: StateFolder) -> None:
    with folder.locked():
        pass
    over = threading.Event()
    seen: set[bool] = set()

    def look() -> None:
        while not over.is_set():
            seen.add(StateFolder(folder.path).is_locked())

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        wait_until("somebody has looked", lambda: bool(seen), within_s=20.0)
        assert seen == {False}
        for _ in range(50):
            with folder.locked():
                pass
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_whoever_looks_sees_no_launcher_in_another_who_looks(folder: StateFolder) -> None:
    with folder.locked():
        pass
    with (folder.path / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)

        assert not folder.is_locked()


def test_whoever_looks_leaves_nothing_in_the_folder(tmp_path: Path) -> None:
    assert not StateFolder(tmp_path).is_locked()
    assert not list(tmp_path.iterdir())


def test_what_is_in_use_is_not_purged(folder: StateFolder) -> None:
    with folder.locked(), pytest.raises(Busy):
        folder.purge()
    assert folder.ministack.exists()


def test_a_folder_that_is_not_there_is_purged(tmp_path: Path) -> None:
    assert StateFolder(tmp_path / "nothing").purge()


def test_the_folder_of_a_killed_launcher_is_free_again(folder: StateFolder) -> None:
    code = (
        "import sys, time; from pathlib import Path; from chat4all_local.cloud.folder import StateFolder\n"
        "with StateFolder(Path(sys.argv[1])).locked(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder.path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert folder.is_locked()
        holder.kill()
    assert not folder.is_locked()


@pytest.fixture(params=["files", "names as ours", "a state of its own", "a broken state", "no text"])
def somebodys(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Make a folder that is not ours, such as a home folder or /etc."""
    path = tmp_path / "somebody's"
    (path / "tmp").mkdir(parents=True)
    (path / "tmp" / "work").write_text("of weeks")
    match request.param:
        case "names as ours":
            (path / "lock").touch()
            (path / "logs").mkdir()
        case "a state of its own":
            (path / "state.json").write_text('{"phase": "of the moon"}')
        case "a broken state":
            (path / "state.json").write_text("{")
        case "no text":
            (path / "state.json").write_bytes(b'{"owner": "Jos\xe9"}')
    return path


def contents(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): file.read_text("latin-1") for file in path.rglob("*") if file.is_file()
    }


@pytest.mark.parametrize(
    "deed", [StateFolder.create, StateFolder.purge, shut_down], ids=lambda deed: deed.__name__
)
def test_what_is_not_a_local_clouds_is_left_alone(
    somebodys: Path, deed: Callable[[StateFolder], object]
) -> None:
    before = contents(somebodys)

    with pytest.raises(NotOurs, match="is not the folder of a local cloud"):
        deed(StateFolder(somebodys))

    assert contents(somebodys) == before


def test_a_place_that_can_hold_no_folder_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotOurs, match="cannot be used as a folder"):
        StateFolder(tmp_path / "file").create()


def test_a_place_where_no_folder_can_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotOurs, match=r"cannot be (created|used as a folder)"):
        StateFolder(tmp_path / "file" / "below").create()


def refuse_to_write(path: object, *_: object, **__: object) -> None:
    """Fail as in a read-only folder. A real one does not work if root runs the tests, who can write to it."""
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_a_folder_that_cannot_be_written_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", refuse_to_write)

    with pytest.raises(NotOurs) as refused:
        StateFolder(tmp_path).create()

    assert refused.value.message == f"{tmp_path} cannot be written: Permission denied"


def test_a_folder_that_cannot_be_locked_is_an_error_in_words(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "open", refuse_to_write)

    with pytest.raises(NotOurs) as refused, folder.locked():
        pass

    assert refused.value.message == f"{folder.path} cannot be written: Permission denied"


def test_a_start_that_was_killed_at_once_leaves_a_folder_that_is_ours(tmp_path: Path) -> None:
    (tmp_path / "state.new").touch()
    StateFolder(tmp_path).create()
    StateFolder(tmp_path).create()


def test_a_purge_leaves_what_somebody_has_put_into_the_folder(folder: StateFolder) -> None:
    (folder.path / "notes.txt").write_text("mine")
    assert not folder.purge()
    assert contents(folder.path) == {"notes.txt": "mine"}


def test_a_purged_folder_is_gone_and_free(folder: StateFolder) -> None:
    with folder.locked():
        folder.empty_tmp()
    assert folder.purge()
    assert not folder.path.exists()
    assert not folder.is_locked()


def test_the_environment_names_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAT4ALL_STATE", str(tmp_path / "elsewhere"))
    assert default_folder().path == (tmp_path / "elsewhere").resolve()
    monkeypatch.delenv("CHAT4ALL_STATE")
    assert default_folder().path.name == ".chat4all"


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.READY])
def test_a_state_without_a_launcher_is_no_running_cloud(folder: StateFolder, phase: Phase) -> None:
    folder.write(State(phase=phase))
    with pytest.raises(NotRunning) as refusal:
        connect(folder)
    assert refusal.value.advice == "run: chat4all up --detach"


def test_a_cloud_that_is_starting_cannot_be_used_yet(folder: StateFolder) -> None:
    with folder.locked():
        folder.write(State(phase=Phase.DEPLOYING))
        with pytest.raises(NotRunning, match="still starting"):
            connect(folder)
