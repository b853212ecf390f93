"""The digest of all sources of a deployment. It shows whether a build is up to date."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

BUILT_FROM: Final = ("template.yaml", "infra", "functions", "layers")
_LEFT_OUT: Final = ("__pycache__", ".DS_Store")


def source_files(root: Path) -> Iterator[Path]:
    for name in BUILT_FROM:
        place = root / name
        yield from [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())


def digest_of_files(root: Path, files: Iterable[Path], salt: str) -> str:
    """Return the hexadecimal digest of the files' contents, their paths below `root`, and `salt`."""
    digest = hashlib.sha256(salt.encode())
    for path in files:
        if not any(part in _LEFT_OUT for part in path.parts):
            digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def digest_of_deployment(build: str, parameters: Mapping[str, str]) -> str:
    settings = "\n".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return hashlib.sha256(f"{build}\n{settings}".encode()).hexdigest()[:32]
