"""The imports of a module."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imports_of(module: Path) -> Iterator[str]:
    """Find every module that a file imports, late imports and imports for types included."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
