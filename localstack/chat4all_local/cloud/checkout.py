"""The paths in the checkout from which this package was installed."""

import sys
from pathlib import Path

from chat4all_local.cloud.errors import NotSetUp

_ONLY_WITH_ALL = frozenset({".envs/localstack"})
ROOT = Path(__file__).resolve().parents[3]


def program(environment: str, name: str) -> Path:
    """Return the program `name` of `.venv` or of an environment in `.envs`; raises NotSetUp."""
    path = ROOT / environment / "bin" / name
    if not path.exists():
        target = "setup-all" if environment in _ONLY_WITH_ALL else "setup"
        raise NotSetUp(f"{environment} is missing or incomplete", f"run: make {target}")
    return path


def own_python() -> Path:
    """The interpreter that runs this; not resolved, since the link is what makes it see its environment."""
    return Path(sys.executable)


def runtime() -> str:
    """The Lambda runtime of this interpreter, such as `python3.11`: local builds are for it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
