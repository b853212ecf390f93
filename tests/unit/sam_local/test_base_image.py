import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from chat4all_local.sam_local.base_image import COMMANDS, write_base_image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="images are of Linux")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    path = tmp_path_factory.mktemp("image") / "image.tar"
    with path.open("wb") as tar:
        write_base_image(tar, [])
    with tarfile.open(path) as archive:
        return set(archive.getnames())


def test_it_has_what_sam_and_the_runtime_look_for(names: set[str]) -> None:
    assert {f"bin/{name}" for name in COMMANDS} <= names
    assert {
        "tmp",
        "opt",
        "var/task",
        "var/runtime/bootstrap",
        "var/runtime/awslambdaric/bootstrap.py",
    } <= names


def test_it_has_the_interpreter_and_its_libraries(names: set[str]) -> None:
    stdlib = sysconfig.get_path("stdlib").lstrip("/")

    assert str(Path(sys.executable).resolve()).lstrip("/") in names
    assert f"{stdlib}/json/__init__.py" in names
    assert any(Path(name).name.startswith("libc.so") for name in names)
    assert any(Path(name).name.startswith("ld-linux") for name in names)


def test_it_has_nothing_that_was_installed_beside_the_interpreter(names: set[str]) -> None:
    stdlib = sysconfig.get_path("stdlib").lstrip("/")

    assert not [name for name in names if name.startswith((f"{stdlib}/site-packages", f"{stdlib}/test/"))]
