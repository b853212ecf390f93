"""Makes the virtual environments from the committed locks: `python3 requirements/install.py`.

The script runs on any Python from 3.11 with the standard library only, because it runs before anything is
installed.
It may be repeated at any time, and is quick when nothing changed. An environment carries a stamp that names
its locks
and its path. The stamp is removed first and written last. An environment without its stamp is incomplete or
was copied
from elsewhere, so it is removed and made again. A lock file allows a single run at a time in a checkout.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_LOCK = ROOT / "requirements" / "uv.txt"


class Stamped:
    """A folder that is complete when it holds the stamp of its sources."""

    name: str

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def place(self) -> str:
        """The hash of the folder's path.

        Environments contain absolute paths, so a moved environment is broken.
        """
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    @property
    def sources(self) -> list[Path]:
        raise NotImplementedError

    @property
    def stamp(self) -> Path:
        read = b"\0".join(source.read_bytes() for source in [*self.sources, Path(__file__)])
        return self.folder / f"ready-{self.place}-{hashlib.sha256(read).hexdigest()[:16]}"

    def stamps(self) -> list[Path]:
        return list(self.folder.glob(f"ready-{self.place}-*"))

    def make(self) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Environment(Stamped):
    """A virtual environment, its lock, and the folders of the projects to install into it.

    Compiling every module of an environment takes several times as long as installing it, and Python compiles
    a module when it first loads it. So only an environment of servers is compiled, by an option of uv in
    `options`: a server would compile within its first requests. The set-up loads the modules in `loaded`,
    because the user's shell may forbid Python to write compiled modules later (PYTHONDONTWRITEBYTECODE).
    """

    name: str
    lock: str
    projects: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def sources(self) -> list[Path]:
        return [UV_LOCK, ROOT / self.lock, *(ROOT / name / "pyproject.toml" for name in self.projects)]

    def make(self) -> None:
        if not self.python.exists():
            run(UV, "venv", "--quiet", "--python", MAIN.python, self.folder)
        target = ("--quiet", "--python", self.python)
        run(UV, "pip", "sync", *target, "--require-hashes", *self.options, ROOT / self.lock)
        for name in self.projects:
            run(UV, "pip", "install", *target, "--no-deps", "--no-build-isolation", "--editable", ROOT / name)
        for module in self.loaded:
            run(self.python, "-c", f"import {module}")


@dataclass(frozen=True)
class NodePackages(Stamped):
    """The packages that npm installs. No script of a package runs during the installation."""

    name: str
    lock: str

    @property
    def sources(self) -> list[Path]:
        return [ROOT / self.lock / name for name in ("package.json", "package-lock.json")]

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for source in self.sources:
            shutil.copy(source, self.folder)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        run("npm", "ci", "--prefix", self.folder, *options)


_COMPILED = ("--compile-bytecode",)
MAIN = Environment(
    ".venv",
    "requirements/dev.txt",
    projects=(".",),
    loaded=("chat4all_local.cli.app", "chat4all_local.cloud.background"),
)
NEEDED = (
    MAIN,
    Environment(".envs/sam", "requirements/sam.txt"),
    Environment(
        ".envs/cloud",
        "requirements/cloud.txt",
        projects=("localstack/cloud-servers", "localstack/lambda-processes"),
        options=_COMPILED,
    ),
    Environment(".envs/lambda", "requirements/lambda.txt"),
)
# The environments of the checks and of LocalStack, which only --all installs.
OTHERS = (
    Environment(".envs/checkov", "requirements/checkov.txt"),
    Environment(
        ".envs/localstack",
        "requirements/localstack.txt",
        projects=("localstack/lambda-processes",),
        options=_COMPILED,
    ),
)
# Kinesis for LocalStack, left out on machines without npm.
OPTIONAL = (NodePackages(".envs/kinesis", "requirements/kinesis"),) if shutil.which("npm") else ()
UV = MAIN.folder / "bin" / "uv"


def main(*options: str) -> int:
    if sys.version_info < (3, 11):
        print(
            "Chat4All needs Python 3.11 or newer. Name an interpreter: make PYTHON=/path/to/python3.11 setup"
        )
        return 1
    with one_at_a_time():
        environments, packages = (NEEDED + OTHERS, OPTIONAL) if "--all" in options else (NEEDED, ())
        wanted = [environment for environment in environments if not environment.stamp.exists()]
        optional = [package for package in packages if not package.stamp.exists()]
        if not wanted and not optional:
            return 0
        started = time.monotonic()
        for environment in (*wanted, *optional):
            begin(environment)
        if wanted:
            provide_uv()
        for environment in wanted:
            fill(environment)
        for package in optional:
            try:
                fill(package)
            except subprocess.CalledProcessError as failure:
                print(f"left out {package.name}: npm failed (exit {failure.returncode})", flush=True)
        print(f"set-up done in {time.monotonic() - started:.0f} s", flush=True)
    return 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    (ROOT / ".envs").mkdir(exist_ok=True)
    with (ROOT / ".envs" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def begin(environment: Stamped) -> None:
    stamps = environment.stamps()
    if environment.folder.exists() and not stamps:
        shutil.rmtree(environment.folder)
    for stamp in stamps:
        stamp.unlink()


def provide_uv() -> None:
    """Install uv with pip, by hash. uv installs everything else."""
    if not MAIN.python.exists():
        print("making .venv", flush=True)
        run(sys.executable, "-m", "venv", MAIN.folder)
    run(MAIN.python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", UV_LOCK)


def fill(environment: Stamped) -> None:
    started = time.monotonic()
    environment.make()
    environment.stamp.touch()
    print(f"installed {environment.name} in {time.monotonic() - started:.1f} s", flush=True)


def run(*command: str | Path) -> None:
    """Run a command in the user's environment, without variables that name another virtual environment.

    Raises CalledProcessError; the command prints the reason on stderr.
    """
    foreign = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    subprocess.run([str(part) for part in command], check=True, env=environment, cwd=ROOT)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except subprocess.CalledProcessError as failure:
        sys.exit(f"set-up failed: {' '.join(failure.cmd)} (exit {failure.returncode}); run make setup again")
