"""Imports point inwards: domain <- services <- (channels, adapters) <- entrypoints <- bootstrap."""

import ast
import sys
from pathlib import Path

import pytest

import chat4all
from chat4all.channels.registry import names
from tests.unit.architecture.imports import imports_of

PACKAGE = Path(chat4all.__file__).parent
LAYERS = ["domain", "services", "channels", "adapters", "entrypoints", "bootstrap"]
BESIDE = {"channels": {"adapters"}, "adapters": {"channels"}}
"""Layers of the same depth, which do not import each other."""
MODULES = sorted(PACKAGE.rglob("*.py"))
ALLOWED_INSIDE = {"emoji", "msgspec", "wcwidth"}
"""The only libraries that the domain and the services use."""
OUTER_STANDARD_LIBRARY = {
    "os",
    "socket",
    "subprocess",
    "urllib",
    "http",
    "sqlite3",
    "ssl",
    "asyncio",
    "logging",
}


def layer_of(module: Path) -> str | None:
    parts = module.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def test_there_are_modules_in_every_layer() -> None:
    assert {layer_of(module) for module in MODULES} >= set(LAYERS)


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_imports_point_inwards(module: Path) -> None:
    layer = layer_of(module)
    reachable = {*LAYERS[: LAYERS.index(layer) + 1]} - BESIDE.get(layer, set()) if layer else set()
    for name in imports_of(module):
        parts = name.split(".")
        if parts[0] == "chat4all":
            assert parts[1] in reachable, f"{named(module)} imports {name}"
        assert parts[0] != "chat4all_local", f"{named(module)} knows of the local cloud"


@pytest.mark.parametrize(
    "module", [module for module in MODULES if layer_of(module) in {"domain", "services"}], ids=named
)
def test_domain_and_services_know_neither_aws_nor_the_environment(module: Path) -> None:
    for name in imports_of(module):
        root = name.split(".", 1)[0]
        if root == "chat4all":
            continue
        assert root in sys.stdlib_module_names | ALLOWED_INSIDE, f"{named(module)} imports {name}"
        assert root not in OUTER_STANDARD_LIBRARY, f"{named(module)} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_the_stubs_of_boto3_are_imported_for_types_only(module: Path) -> None:
    """Lambda's layers do not contain the stubs; the environment of the tests does."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    at_run_time = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in for_types
    ]

    assert not [statement for statement in at_run_time if "mypy_boto3" in statement]


@pytest.mark.parametrize(
    "module", [module for module in MODULES if layer_of(module) != "bootstrap"], ids=named
)
def test_only_bootstrap_reads_settings_from_the_environment(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    if named(module) == "entrypoints/http/answers.py":
        # Lambda passes the trace of each invocation in this variable only.
        assert text.count("os.environ") == 1
    else:
        assert "os.environ" not in text
        assert "getenv" not in text


@pytest.mark.parametrize(
    "module", [module for module in MODULES if layer_of(module) in {"domain", "services"}], ids=named
)
def test_the_core_names_no_channel(module: Path) -> None:
    """Channels are data to domain and services. A docstring may name a channel: it is not code."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            assert node.value.lower() not in names()
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert not set(names()) & set(name.lower().split("_"))
