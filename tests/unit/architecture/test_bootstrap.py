"""The layer `bootstrap` only constructs objects: it decides nothing about messages and handles no event."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import chat4all

FOLDER: Final = Path(chat4all.__file__).parent / "bootstrap"
RUNTIME: Final = {"loading", "runtime", "settings", "telemetry"}
"""The modules that read the environment, or set up the process."""
WIRING: Final = sorted(path for path in FOLDER.glob("*.py") if path.stem not in RUNTIME)
DECISIONS: Final = (ast.Try, ast.Raise, ast.For, ast.While)


def decisions_in(source: str) -> Iterator[str]:
    """Find the code that decides: comparisons, loops, and the handling of errors.

    `if setting:` and `name in names()` are allowed: they choose an implementation, and look up a channel.
    """
    for node in ast.walk(ast.parse(source)):
        looks_up = isinstance(node, ast.Compare) and all(isinstance(sign, ast.In) for sign in node.ops)
        if isinstance(node, DECISIONS) or (isinstance(node, ast.Compare) and not looks_up):
            yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}"


@pytest.mark.parametrize("module", WIRING, ids=lambda path: path.stem)
def test_wiring_decides_nothing(module: Path) -> None:
    assert list(decisions_in(module.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "decision",
    [
        "if update.status is Status.FAILED: count()",
        "wait = 1.0 if record.receive_count < 4 else 0",
        "try:\n    take(event)\nexcept EditTooEarly:\n    pass",
        "for record in records: handle(record)",
        "if channel not in known: raise NotFound(channel)",
    ],
)
def test_a_decision_is_found(decision: str) -> None:
    assert list(decisions_in(decision))
