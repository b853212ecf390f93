"""The rooms of the local tools, and the rooms that each may import. No room imports the command line."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

import chat4all_local
from tests.unit.architecture.imports import imports_of

PACKAGE: Final = Path(chat4all_local.__file__).parent
MODULES: Final = sorted(PACKAGE.rglob("*.py"))
CLOUD: Final = {"cloud", "console", "waiting"}
ALLOWED: Final[dict[str, set[str]]] = {
    "waiting": set(),
    "aws_account": set(),
    "api_client": set(),
    "api_keys": set(),
    "simulators": {"aws_account"},
    "cloud": {"api_keys", "aws_account", "simulators", "waiting"},
    "console": {"cloud"},
    "generate": {"cloud"},
    "transfer": {"api_client", "waiting"},
    "replay": {"cloud", "waiting"},
    "invoke": {"cloud"},
    "sam_local": {"cloud", "invoke", "waiting"},
    "traffic": {"api_client", "cloud", "simulators", "waiting"},
    "demo": {"api_client", *CLOUD, "simulators", "traffic", "transfer"},
    "metering": {"cloud"},
    "cost": {"api_client", *CLOUD, "metering", "simulators", "traffic"},
    "bench": {"api_client", *CLOUD, "cost", "metering", "simulators", "traffic", "transfer"},
    "chaos": {"api_client", *CLOUD, "aws_account", "simulators", "traffic"},
    "cli": {
        "api_client",
        *CLOUD,
        "api_keys",
        "simulators",
        "transfer",
        "replay",
        "invoke",
        "sam_local",
        "demo",
        "bench",
        "chaos",
        "cost",
    },
}
"""The rooms that each room may import. A room is a folder or a module of the package."""


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_imported_by(module: Path) -> set[str]:
    """Find the other rooms that a module imports."""
    parts = (name.split(".") for name in imports_of(module))
    return {part[1] for part in parts if part[0] == "chat4all_local"} - {room_of(module)}


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def test_the_table_has_every_room() -> None:
    assert {room_of(module) for module in MODULES} == {*ALLOWED, "__init__"}


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_room_imports_what_the_table_allows(module: Path) -> None:
    assert rooms_imported_by(module) <= ALLOWED.get(room_of(module), set())


def test_no_room_imports_a_room_that_imports_it() -> None:
    imported: dict[str, set[str]] = {}
    for module in MODULES:
        imported.setdefault(room_of(module), set()).update(rooms_imported_by(module))
    assert_no_circle(imported)
    assert_no_circle(ALLOWED)


def test_no_module_imports_a_module_that_imports_it() -> None:
    names = {dotted(module): module for module in MODULES}
    imported = {
        name: {
            known
            for found in imports_of(module)
            for known in (found, found.rpartition(".")[0])
            if known in names
        }
        for name, module in names.items()
    }
    assert_no_circle(imported)


def dotted(module: Path) -> str:
    return ".".join(("chat4all_local", *module.relative_to(PACKAGE).with_suffix("").parts))


def assert_no_circle(imported: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as cycle:
        pytest.fail(f"a circle of imports: {' -> '.join(reversed(cycle.args[1]))}")
