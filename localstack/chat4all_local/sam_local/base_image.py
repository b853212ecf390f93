"""A substitute for Lambda's base image, made from files of this machine, with all that `sam local` needs.

The image has the running Python interpreter, AWS's runtime interface client, the commands of SAM's own
Dockerfile (sh, mv, chmod, cp, rm), and the shared libraries of all these and of the layers. SAM adds the
runtime interface emulator and the layers.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from chat4all_local.cloud.checkout import program

COMMANDS: Final = ("sh", "mv", "chmod", "cp", "rm")
_LIBRARY: Final = re.compile(r"(?:=> )?(/\S+) \(0x")
_LEFT_OUT: Final = frozenset(
    {"site-packages", "dist-packages", "test", "tests", "ensurepip", "idlelib", "tkinter"}
)


def write_base_image(tar: IO[bytes], layers: Iterable[Path]) -> None:
    """Write a root file system for `docker import`, with the shared libraries that `layers` need."""
    interpreter = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    client = _site_packages()
    commands = [_command(name) for name in COMMANDS]
    natives = [interpreter, *commands, *_shared_objects(stdlib), *_shared_objects(client)]
    natives += [native for layer in layers for native in _shared_objects(layer)]
    with tarfile.open(fileobj=tar, mode="w", dereference=True) as archive:
        for folder, mode in (("tmp", 0o1777), ("opt", 0o755), ("var/task", 0o755)):
            _add_folder(archive, folder, mode)
        _add_text(archive, "var/runtime/bootstrap", _bootstrap(interpreter))
        archive.add(client, "var/runtime", filter=_needed)
        archive.add(stdlib, filter=_needed)
        for path in (interpreter, *_libraries(natives)):
            archive.add(path)
        for name, path in zip(COMMANDS, commands, strict=True):
            archive.add(path, f"bin/{name}")


def _bootstrap(interpreter: Path) -> str:
    return (
        "#!/bin/sh\n"
        "export PYTHONPATH=/opt/python:/var/runtime\n"
        f'exec {interpreter} -m awslambdaric "$_HANDLER"\n'
    )


def _site_packages() -> Path:
    """Return the packages of the environment that has only the runtime interface client."""
    environment = program(".envs/lambda", "python").parent.parent
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


def _command(name: str) -> Path:
    return Path(shutil.which(name) or f"/bin/{name}").resolve()


def _shared_objects(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.so") if not _LEFT_OUT & set(path.relative_to(folder).parts))


def _libraries(natives: Iterable[Path]) -> list[Path]:
    """Return the shared libraries that the loader finds, without those of a build: the layers have them."""
    listed = subprocess.run(  # noqa: S603 (files of this machine)
        ["/usr/bin/ldd", *(str(path) for path in natives)], capture_output=True, text=True, check=False
    )
    return sorted({Path(found) for found in _LIBRARY.findall(listed.stdout) if "/.aws-sam/" not in found})


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _LEFT_OUT & set(Path(entry.name).parts[-1:]) else entry


def _add_folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size = 0o755, len(text.encode())
    archive.addfile(entry, BytesIO(text.encode()))
