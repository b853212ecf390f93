"""The search paths that include the layers.

If two layers have the same file, the later layer wins, as on Lambda.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def search_paths(layers: Sequence[Path], runtime: str) -> dict[str, str]:
    """Return the variables of the search paths.

    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    """
    latest_first = tuple(reversed(layers))
    packages = (part for layer in latest_first for part in _packages(layer, runtime))
    found = {
        "PYTHONPATH": _joined(packages),
        "LD_LIBRARY_PATH": _joined(layer / "lib" for layer in latest_first),
        "PATH": _joined(
            [*(layer / "bin" for layer in latest_first), *map(Path, os.defpath.split(os.pathsep))]
        ),
    }
    return {name: value for name, value in found.items() if value}


def _packages(layer: Path, runtime: str) -> tuple[Path, Path]:
    return layer / "python", layer / "python" / "lib" / runtime / "site-packages"


def _joined(folders: Iterable[Path]) -> str:
    return os.pathsep.join(str(folder) for folder in folders if folder.is_dir())
