"""The Docker commands that prepare `sam local`."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from chat4all_local.cloud.errors import CloudError

_WITHOUT = "install Docker, or run without it: chat4all invoke"


class NoDocker(CloudError):
    """Docker is not installed, or its daemon does not answer."""


@dataclass(frozen=True)
class Bridge:
    """The network of the containers, as the host sees it."""

    device: str
    address: str


def require_daemon() -> None:
    """Check that a Docker daemon answers. Raises NoDocker."""
    if shutil.which("docker") is None:
        raise NoDocker("docker is not on PATH", _WITHOUT)
    if _docker("version", "--format", "{{.Server.Version}}").returncode != 0:
        raise NoDocker("the Docker daemon does not answer", _WITHOUT)


def has_image(name: str) -> bool:
    return _docker("image", "inspect", name).returncode == 0


def pull(name: str) -> bool:
    """Pull an image, and return whether its registry provided it."""
    return _docker("pull", "--quiet", name).returncode == 0


def import_image(tar: Path, name: str) -> None:
    """Import an image. Raises CloudError."""
    done = _docker("import", str(tar), name)
    if done.returncode != 0:
        raise CloudError(f"docker import failed: {done.stderr.strip()}")


def bridge() -> Bridge | None:
    """Return Docker's bridge; None if Docker runs in a virtual machine, as Docker Desktop does."""
    networks = msgspec.json.decode(_docker("network", "inspect", "bridge").stdout, type=list[_Network])
    devices = [network.options.get("com.docker.network.bridge.name", "") for network in networks]
    for device, addresses in psutil.net_if_addrs().items():
        own = [address.address for address in addresses if address.family == socket.AF_INET]
        if device in devices and own:
            return Bridge(device, own[0])
    return None


def docker_environment() -> dict[str, str]:
    """Return the variables that name the Docker daemon, if the user set them."""
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


class _Network(msgspec.Struct):
    options: dict[str, str] = msgspec.field(name="Options")


def _docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (docker on PATH)
