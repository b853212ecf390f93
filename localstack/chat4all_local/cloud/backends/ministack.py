"""The default backend: MiniStack, with nanio as S3. A journal keeps all data for the next start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY
from chat4all_local.cloud.backends.backend import Endpoints, Plan
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.backends.simulators import simulators
from chat4all_local.cloud.checkout import program
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.ports import url
from chat4all_local.cloud.settings import CHANNELS, LOCALHOST, MINISTACK, RUN_MARK

_PASSED: Final = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "MALLOC_ARENA_MAX",
)
"""The variables, besides the endpoints, that keep the functions from the user's own AWS settings."""


@dataclass(frozen=True)
class MiniStack:
    """The backend. `roles` says whether a function may call only what its role grants.

    `search_index` is the template's parameter SearchIndex.
    """

    roles: Roles = Roles.ENFORCED
    search_index: str = "table"
    name = "ministack"
    event_stream = EventStream.SQS
    title = "Start MiniStack, nanio and the simulators"
    port_names = ("ministack", "nanio", *CHANNELS)
    lacks = ()

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        """Prepare nothing: MiniStack recovers its data itself, and adapts queue URLs to its port."""

    def plans(self, folder: StateFolder, ports: Mapping[str, int], stack: str) -> list[Plan]:
        return [
            nanio(folder.s3, ports),
            simulators(folder.customers, ports, url(ports["ministack"]), stack),
            _ministack_with_nanio(folder, ports, self.roles),
        ]

    def endpoints(self, ports: Mapping[str, int]) -> Endpoints:
        return Endpoints(aws=url(ports["ministack"]), s3=url(ports["nanio"]))

    def parameters(self, endpoints: Endpoints) -> Mapping[str, str]:
        """Return no endpoints: MiniStack passes its own to the functions."""
        return {"SearchIndex": self.search_index, "SearchDelay": "1"}


# A proxy that counts, delays or breaks requests forwards them with a signature that no longer fits. What is
# measured has the template's default index: none.
BEHIND_PROXIES: Final = MiniStack(Roles.IGNORED, "off")


def nanio(data: Path, ports: Mapping[str, int]) -> Plan:
    port, python = ports["nanio"], str(program(".envs/cloud", "python"))
    options = ("--host", LOCALHOST, "--port", str(port), "--region", REGION, "--data-dir", str(data))
    return Plan(
        name="nanio",
        command=(python, "-P", "-m", "nanio_server", *options),
        environment={
            "NANIO_ACCESS_KEY": ACCESS_KEY,
            "NANIO_SECRET_KEY": SECRET_KEY,
            "AWS_ENDPOINT_URL": url(ports["ministack"]),  # it knows what the roles grant
        },
        urls={"nanio": url(port)},
    )


def _ministack_with_nanio(folder: StateFolder, ports: Mapping[str, int], roles: Roles) -> Plan:
    """Plan MiniStack. It passes its endpoints to the functions: nanio as S3 and MiniStack for all else."""
    command = (str(program(".envs/cloud", "python")), "-P", "-m", "ministack_server")
    endpoints = {"AWS_ENDPOINT_URL": url(ports["ministack"]), "AWS_ENDPOINT_URL_S3": url(ports["nanio"])}
    functions = {
        "LAMBDA_PROCESS_PYTHON": str(program(".envs/lambda", "python")),
        "LAMBDA_PROCESS_PASS": ",".join((RUN_MARK, *_PASSED, *endpoints)),
    }
    plan = ministack(folder, ports["ministack"], command, {**endpoints, **functions, **roles.variables})
    return replace(plan, journal_url=f"{url(ports['ministack'])}/_ministack/journal")


def ministack(folder: StateFolder, port: int, command: Sequence[str], environment: Mapping[str, str]) -> Plan:
    """Plan MiniStack, started by `command`; `environment` is added to the common variables."""
    return Plan(
        name="ministack",
        command=command,
        environment={
            **MINISTACK,
            "MINISTACK_HOST": LOCALHOST,
            "BIND_HOST": LOCALHOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "STATE_DIR": str(folder.ministack),
            "TMPDIR": str(folder.tmp),
            **environment,
        },
        urls={"ministack": url(port)},
        ready_url=f"{url(port)}/_ministack/ready",
    )
