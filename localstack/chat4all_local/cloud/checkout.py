"""The paths of the checkout that this package was installed from."""

import sys
from pathlib import Path

from chat4all_local.cloud.errors import NotSetUp

_SETUP_ALL_ONLY = frozenset({".envs/localstack"})
ROOT = Path(__file__).resolve().parents[3]


def program(environment: str, name: str) -> Path:
    """Return the path of the program `name` in `.venv` or in an environment of `.envs`. Raises NotSetUp."""
    path = ROOT / environment / "bin" / name
    if not path.exists():
        target = "setup-all" if environment in _SETUP_ALL_ONLY else "setup"
        raise NotSetUp(f"{environment} is missing or incomplete", f"run: make {target}")
    return path


def own_python() -> Path:
    """Return the running interpreter. Its link is not resolved: Python finds its environment by the link."""
    return Path(sys.executable)


def runtime() -> str:
    """Return the Lambda runtime of this interpreter, such as `python3.11`. Local builds are for it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
