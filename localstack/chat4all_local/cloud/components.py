"""The three components: how each is started, where it serves, and when it is healthy."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import urllib3

from chat4all_local.cloud.checkout import own_python, program
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.settings import ACCESS_KEY, CHANNELS, LOCALHOST, MINISTACK, REGION, SECRET_KEY

PORT_NAMES: Final = ("ministack", "nanio", *CHANNELS)


@dataclass(frozen=True)
class Plan:
    """A component before it is started. `environment` comes on top of the common one."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    urls: Mapping[str, str]


def plans(folder: StateFolder, ports: Mapping[str, int]) -> list[Plan]:
    """In the order of starting; they are stopped in the opposite one. Raises NotSetUp."""
    return [_nanio(folder.s3, ports), _simulators(folder.customers, ports), _ministack(folder, ports)]


def _url(port: int) -> str:
    return f"http://{LOCALHOST}:{port}"


def _nanio(data: Path, ports: Mapping[str, int]) -> Plan:
    port = ports["nanio"]
    options = ("--host", LOCALHOST, "--port", str(port), "--region", REGION, "--data-dir", str(data))
    return Plan(
        name="nanio",
        command=(str(program(".envs/cloud", "nanio")), "serve", *options, "--no-access-log"),
        environment={"NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY},
        urls={"nanio": _url(port)},
    )


def _simulators(customers: Path, ports: Mapping[str, int]) -> Plan:
    options = [option for channel in CHANNELS for option in (f"--{channel}-port", str(ports[channel]))]
    return Plan(
        name="simulators",
        command=(
            str(own_python()),
            "-m",
            "chat4all_local.simulators",
            *options,
            "--customers",
            str(customers),
        ),
        environment={},
        urls={channel: _url(ports[channel]) for channel in CHANNELS},
    )


def _ministack(folder: StateFolder, ports: Mapping[str, int]) -> Plan:
    port = ports["ministack"]
    return Plan(
        name="ministack",
        command=(
            str(program(".envs/cloud", "python")),
            "-P",
            str(Path(__file__).with_name("ministack_server.py")),
        ),
        environment={
            **MINISTACK,
            "MINISTACK_HOST": LOCALHOST,
            "BIND_HOST": LOCALHOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "STATE_DIR": str(folder.ministack),
            "TMPDIR": str(folder.tmp),
            # The functions inherit these: everything goes to MiniStack, files to nanio.
            "AWS_ENDPOINT_URL": _url(port),
            "AWS_ENDPOINT_URL_S3": _url(ports["nanio"]),
        },
        urls={"ministack": _url(port)},
    )


def is_healthy(name: str, urls: Mapping[str, str]) -> bool:
    """MiniStack says when it is ready; the others are ready when they accept connections."""
    if name == "ministack":
        return _answers_ok(urls["ministack"] + "/_ministack/ready")
    return all(_accepts(url) for url in urls.values())


def _answers_ok(url: str) -> bool:
    try:
        return urllib3.request("GET", url, timeout=2.0, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _accepts(url: str) -> bool:
    address = urllib3.util.parse_url(url)
    with closing(socket.socket()) as probe:
        probe.settimeout(2.0)
        return probe.connect_ex((address.host or LOCALHOST, address.port or 80)) == 0
