"""As much of Docker as `sam local` needs beside itself, through its command line."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from chat4all_local.cloud.errors import CloudError

_WITHOUT = "without Docker there is: chat4all invoke"


class NoDocker(CloudError):
    """There is no Docker on this machine, or its daemon does not answer."""


@dataclass(frozen=True)
class Bridge:
    """The network that containers are on, as the host sees it."""

    device: str
    address: str


def require_daemon() -> None:
    """Raises NoDocker."""
    if shutil.which("docker") is None:
        raise NoDocker("there is no docker on PATH", _WITHOUT)
    if _docker("version", "--format", "{{.Server.Version}}").returncode != 0:
        raise NoDocker("no Docker daemon answers", _WITHOUT)


def has_image(name: str) -> bool:
    return _docker("image", "inspect", name).returncode == 0


def pull(name: str) -> bool:
    """Whether it could be had from its registry."""
    return _docker("pull", "--quiet", name).returncode == 0


def import_image(tar: Path, name: str) -> None:
    """Raises CloudError."""
    done = _docker("import", str(tar), name)
    if done.returncode != 0:
        raise CloudError(f"docker import failed: {done.stderr.strip()}")


def bridge() -> Bridge | None:
    """None where Docker runs in a machine of its own, as Docker Desktop's does."""
    networks = msgspec.json.decode(_docker("network", "inspect", "bridge").stdout, type=list[_Network])
    devices = [one.options.get("com.docker.network.bridge.name", "") for one in networks]
    for device, addresses in psutil.net_if_addrs().items():
        own = [one.address for one in addresses if one.family == socket.AF_INET]
        if device in devices and own:
            return Bridge(device, own[0])
    return None


def docker_environment() -> dict[str, str]:
    """Where the daemon is, where somebody said so."""
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


class _Network(msgspec.Struct):
    options: dict[str, str] = msgspec.field(name="Options")


def _docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 (the user's)
