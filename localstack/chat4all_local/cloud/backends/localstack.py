"""LocalStack in host mode: it needs no Docker and no token. It keeps no data after a stop."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chat4all_local.cloud.backends.backend import Endpoints, Plan
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.backends.simulators import simulators
from chat4all_local.cloud.checkout import ROOT, program
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.ports import url
from chat4all_local.cloud.settings import CHANNELS, KINESIS_VERSION, LOCALHOST, LOCALSTACK, RUN_MARK

_KINESIS: Final = ROOT / ".envs/kinesis"
_ON_LOCALHOST: Final = Path(__file__).with_name("node_on_localhost.cjs")
_LACKS: Final = (
    "persistence: every start begins with an empty cloud",
    "authorizers of API Gateway: the functions check every key themselves, as on every cloud",
    "the streams of DynamoDB: nothing can be searched",
    "percentiles of metrics (p95): its CloudWatch answers with an error",
)
_NO_KINESIS: Final = "Kinesis: it needs Node.js and npm, then make setup-all"


@dataclass(frozen=True)
class LocalStack:
    event_stream: EventStream = EventStream.SQS
    name = "localstack"
    roles = Roles.IGNORED
    title = "Start LocalStack and the simulators"
    port_names = ("localstack", *CHANNELS)

    @property
    def lacks(self) -> Sequence[str]:
        return _LACKS if _KINESIS.exists() else (*_LACKS, _NO_KINESIS)

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        """Remove the files of an earlier run, and link the cache.

        The cache has the programs that LocalStack would download, and the index of AWS's operations, which
        takes seconds to build.
        """
        shutil.rmtree(folder.localstack, ignore_errors=True)
        cache = program(".envs/localstack", "python").parents[1] / "cache"
        cache.mkdir(exist_ok=True)
        _link(cache, folder.localstack / "var/lib/localstack/cache")
        if _KINESIS.exists():
            _link(_KINESIS, folder.localstack / "usr/lib/localstack/kinesis-local" / KINESIS_VERSION)

    def plans(self, folder: StateFolder, ports: Mapping[str, int], stack: str) -> list[Plan]:
        here = url(ports["localstack"])
        return [simulators(folder.customers, ports, here, stack), _localstack(folder, ports["localstack"])]

    def endpoints(self, ports: Mapping[str, int]) -> Endpoints:
        """Return one endpoint for both: LocalStack's S3 checks signatures and stores objects in files."""
        here = url(ports["localstack"])
        return Endpoints(aws=here, s3=here)

    def parameters(self, endpoints: Endpoints) -> Mapping[str, str]:
        """Return no endpoints: LocalStack sets them for the functions."""
        return self.event_stream.parameters


def _link(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.symlink_to(source)


def _localstack(folder: StateFolder, port: int) -> Plan:
    here = f"{LOCALHOST}:{port}"
    return Plan(
        name="localstack",
        command=(str(program(".envs/localstack", "python")), "-P", "-m", "localstack.runtime.main"),
        environment={
            **LOCALSTACK,
            "GATEWAY_LISTEN": here,
            "LOCALSTACK_HOST": here,
            "FILESYSTEM_ROOT": str(folder.localstack),
            "TMPDIR": str(folder.tmp),
            "LAMBDA_PROCESS_PYTHON": str(program(".envs/lambda", "python")),
            "LAMBDA_PROCESS_PASS": RUN_MARK,
            "NODE_OPTIONS": f'--require "{_ON_LOCALHOST}"',
        },
        urls={"localstack": url(port)},
        ready_url=f"{url(port)}/_localstack/health",
        # A clean stop takes LocalStack up to 20 s, and saves nothing.
        stopped_within=2.0,
    )
