"""`sam local` with the functions of the last build, in the environment of a local cloud."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.cloud.build import Build
from chat4all_local.cloud.checkout import ROOT, program, runtime
from chat4all_local.cloud.environment import tool_environment
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.processes import start_exiting_with_parent
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import LOCALHOST
from chat4all_local.cloud.tools import stop_tree
from chat4all_local.sam_local.docker import docker_environment

HOST: Final = "host.docker.internal"
_WITHIN_S: Final = 120.0


@dataclass(frozen=True)
class SamLocal:
    """`sam local` for a cloud and a build; `scratch` is a temporary folder."""

    cloud: Cloud
    build: Build
    scratch: Path

    @property
    def environments(self) -> Path:
        """The file for --env-vars."""
        return self.scratch / "environments.json"

    @property
    def api_log(self) -> Path:
        return self.scratch / "start-api.log"

    def functions(self) -> list[str]:
        """Return the logical ids of the functions."""
        return sorted(msgspec.json.decode(self.environments.read_bytes(), type=dict[str, dict[str, str]]))

    def invoke(self, logical_id: str, event: Path) -> "subprocess.CompletedProcess[str]":
        """Invoke a function. The exit status is 1 if the function takes too long.

        SAM exits with 0 even if the function failed: only the printed result shows the failure.
        """
        command = [*self.command("invoke", logical_id), "--event", str(event)]
        try:
            return subprocess.run(  # noqa: S603 (a command of this package)
                command,
                env=self.environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            late = f"sam local invoke did not end within {_WITHIN_S:.0f} s"
            return subprocess.CompletedProcess(command, 1, stdout="", stderr=late)

    @contextmanager
    def api(self) -> Iterator[str]:
        """Start the API for the block, and yield its URL without /v1. The API answers a little later."""
        port = choose_ports(["api"], {})["api"]
        command = [*self.command("start-api"), "--port", str(port)]
        process = start_exiting_with_parent(command, self.environment(), self.api_log, ROOT)
        try:
            yield f"http://{LOCALHOST}:{port}"
        finally:
            stop_tree(process)

    def command(self, *what: str) -> list[str]:
        command = [
            str(program(".envs/sam", "sam")),
            "local",
            *what,
            "--skip-pull-image",
            "--language-extensions",
        ]
        command += ["--template", str(self.build.template), "--env-vars", str(self.environments)]
        return [
            *command,
            "--add-host",
            f"{HOST}:host-gateway",
            "--parameter-overrides",
            f"Runtime={runtime()}",
        ]

    def environment(self) -> dict[str, str]:
        # SAM asks STS for its identity. The local cloud answers at once.
        more = {"AWS_ENDPOINT_URL": self.cloud.aws.endpoint, **docker_environment()}
        return tool_environment(self.cloud.folder.read().run, more)
