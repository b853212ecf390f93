"""The simulators of the providers, which every backend has."""

from collections.abc import Mapping
from pathlib import Path

from chat4all_local.cloud.backends.backend import Plan
from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.ports import url
from chat4all_local.cloud.settings import CHANNELS


def simulators(customers: Path, ports: Mapping[str, int], aws_url: str, stack: str) -> Plan:
    """Plan the simulators.

    They remember what is in `customers`, and know all users in the directory at `aws_url`.
    """
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
            "--directory",
            aws_url,
            f"{stack}-directory",
        ),
        environment={},
        urls={channel: url(ports[channel]) for channel in CHANNELS},
    )
