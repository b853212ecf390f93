"""The environment variables of the components and tools.

They contain none of the user's AWS settings: no profile, no real credentials, no region. The functions
inherit MiniStack's environment, so it has the variables that Lambda would set, and few others.
"""

import os
from collections.abc import Mapping
from typing import Final

from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY
from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.settings import LOCALHOST, RUN_MARK

_PASSED_ON: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE")
# Variables that `sam build` and npm need to reach the package registries as the user does.
_NETWORK: Final = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
)
_NETWORK_PREFIXES: Final = ("UV_", "PIP_", "XDG_", "NPM_CONFIG_", "npm_config_")


def component_environment(run: str, more: Mapping[str, str]) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**environment, **_aws(), RUN_MARK: run, "TZ": "UTC", "PYTHONUNBUFFERED": "1", **more}


def tool_environment(run: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of SAM. On its PATH, SAM finds the running interpreter for the functions."""
    path = os.pathsep.join([str(own_python().parent), os.environ.get("PATH", os.defpath)])
    users = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    direct = f"{users},{LOCALHOST}" if users else LOCALHOST
    sam = {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }
    return {**component_environment(run, {}), **network_environment(), "PATH": path, **sam, **more}


def network_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _NETWORK or name.startswith(_NETWORK_PREFIXES)
    }


def _aws() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
