"""Every test, benchmark and scenario that docs/local.md names as proof exists."""

import re
from typing import Final

import pytest

from chat4all_local.bench.catalogue import BENCHMARKS
from chat4all_local.chaos.catalogue import SCENARIOS
from tests.integration.template import ROOT

ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "local.md").read_text(encoding="utf-8").split("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| feature")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_what_each_backend_does_and_what_shows_it(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row)
    named = re.findall(r"`([^`]+)`", row[3])
    assert named or row[3].startswith("nothing:")
    for name in named:
        assert _is_there(name), name


def _is_there(name: str) -> bool:
    if name.startswith("chat4all "):
        command, *parts = name.removeprefix("chat4all ").split()
        known = {"bench": BENCHMARKS, "chaos": SCENARIOS}[command]
        return bool(parts) and all(part in known for part in parts)
    file, _, test = name.partition("::")
    path = ROOT / file
    return path.is_file() and (not test or f"def {test}(" in path.read_text(encoding="utf-8"))
