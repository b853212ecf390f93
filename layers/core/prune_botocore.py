"""Remove botocore's data that no function uses: `python prune_botocore.py SITE_PACKAGES SERVICE...`.

botocore describes 400 services with their documentation. Every process that makes a client reads the
descriptions of its services and the endpoints of all services: a sixth of a function's memory. The build of
the layer runs this script.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def main(site_packages: str, *services: str) -> None:
    data = Path(site_packages) / "botocore" / "data"
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in services:
            shutil.rmtree(folder)
    _keep_endpoints(data / "endpoints.json", services)
    for description in data.glob("*/*/service-2.json.gz"):
        _drop_documentation(description)


def _keep_endpoints(path: Path, services: tuple[str, ...]) -> None:
    endpoints = json.loads(path.read_bytes())
    for partition in endpoints["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in services if name in known}
    path.write_text(json.dumps(endpoints))


def _drop_documentation(path: Path) -> None:
    description = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps(_without_documentation(description)).encode(), mtime=0))


def _without_documentation(node: Json) -> Json:
    """Empty the texts of the documentation.

    The keys stay, because botocore reads some of them. A member that is called `documentation` is not a text.
    """
    if isinstance(node, list):
        return [_without_documentation(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: "" if name == "documentation" and isinstance(value, str) else _without_documentation(value)
        for name, value in node.items()
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
