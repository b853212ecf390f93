"""`python -m chat4all_local.generate`: write the generated blocks; with `--check` only report differences."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.generate.blocks import Block, File, MarkerError, by_path, filled
from chat4all_local.generate.catalogue import blocks, files


def outdated(root: Path, all_blocks: Sequence[Block], whole_files: Sequence[File]) -> dict[str, str]:
    """Return the files with outdated blocks, each with its correct text. Raises MarkerError."""
    found = {
        file.path: file.text
        for file in whole_files
        if not (root / file.path).exists() or (root / file.path).read_text(encoding="utf-8") != file.text
    }
    for path, contents in by_path(all_blocks).items():
        text = (root / path).read_text(encoding="utf-8")
        wanted = filled(path, text, contents)
        if wanted != text:
            found[path] = wanted
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if a file differs")
    check = parser.parse_args(arguments).check
    try:
        found = outdated(ROOT, blocks(), files())
    except MarkerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path, text in found.items():
        if check:
            sys.stderr.write(f"{path} differs from what is generated: run make generate\n")
        else:
            (ROOT / path).write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path}\n")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
