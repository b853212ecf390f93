"""What a module imports."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imports_of(module: Path) -> Iterator[str]:
    """Find every module that is imported anywhere in a file, also late and for types only."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
