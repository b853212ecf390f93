"""`sam build`, and the packaging, once for each version of the sources."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat4all_local.cloud.checkout import ROOT, program, runtime
from chat4all_local.cloud.digest import digest_of_files, source_files
from chat4all_local.cloud.environment import tool_environment
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.packaging import Package, package
from chat4all_local.cloud.progress import Progress, step
from chat4all_local.cloud.tools import run_tool

KEPT_BUILDS = 3
BUILDS = ROOT / ".aws-sam" / "builds"
_UNFINISHED = BUILDS / "unfinished"


class Build:
    """A build: its `template`, and the `digest` of its sources."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.folder = BUILDS / digest
        self.template = self.folder / "template.yaml"

    @property
    def is_complete(self) -> bool:
        return self.template.exists() and self.package.exists

    @property
    def package(self) -> Package:
        return Package(self.folder)

    def layer(self, name: str) -> Path:
        """Return the import path of the layer `core` or `media`."""
        return self.folder / f"{name.capitalize()}Layer" / "python"


def built(folder: StateFolder, run: str, progress: Progress) -> Build:
    """Return the build of the current sources; build them if necessary. Raises ToolFailed.

    Every version of the sources has its own folder, so a cloud can deploy while another cloud builds.
    """
    build = Build(digest_of_files(ROOT, source_files(ROOT), salt=runtime()))
    if not build.is_complete:
        with step(progress, "Build the functions (sam build)"), one_build_at_a_time():
            if not build.is_complete:
                _build(build, folder, run)
    build.folder.touch()
    return build


def newest_build() -> Build | None:
    """Return the latest build, which may be older than the sources; None if nothing is built."""
    folders = [
        template.parent for template in BUILDS.glob("*/template.yaml") if template.parent != _UNFINISHED
    ]
    newest = max(folders, key=lambda folder: folder.stat().st_mtime, default=None)
    return Build(newest.name) if newest else None


@contextmanager
def one_build_at_a_time() -> Iterator[None]:
    """Hold the checkout's build lock. Other clouds wait for it, and then find the finished build."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(build: Build, folder: StateFolder, run: str) -> None:
    shutil.rmtree(_UNFINISHED, ignore_errors=True)
    command = [
        str(program(".envs/sam", "sam")),
        "build",
        "--config-env",
        "local",
        "--build-dir",
        str(_UNFINISHED),
    ]
    command += ["--parameter-overrides", f"Runtime={runtime()}"]
    run_tool("sam build", command, tool_environment(run, {}), folder.logs / "sam-build.log", ROOT)
    package(_UNFINISHED)
    forget_old_builds(BUILDS, KEPT_BUILDS - 1)
    shutil.rmtree(build.folder, ignore_errors=True)  # the rest of a build whose removal was interrupted
    _UNFINISHED.rename(build.folder)


def forget_old_builds(builds: Path, kept: int) -> None:
    folders = [path for path in builds.iterdir() if path.is_dir() and path.name != "unfinished"]
    for path in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[kept:]:
        (path / "template.yaml").unlink(missing_ok=True)  # nothing uses a build without its template
        shutil.rmtree(path, ignore_errors=True)
