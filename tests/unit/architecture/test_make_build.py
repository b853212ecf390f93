"""`make build` builds for Lambda's machines, and prints our command to deploy instead of SAM's proposals."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAM = """#!/bin/sh
echo "Layers for $LAYER_PLATFORM"
echo 'Built Artifacts  : .aws-sam/build'
echo
echo 'Commands you can use next'
echo '========================='
echo '[*] Deploy: sam deploy --guided'
exit {code}
"""


def built(folder: Path, *settings: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `make build` with stand-ins for SAM, which ends with `code`, and for Python."""
    sam = folder / "sam"
    sam.write_text(SAM.format(code=code))
    sam.chmod(0o700)
    python = folder / "python"
    python.write_text("#!/bin/sh\necho 3.13\n")
    python.chmod(0o700)
    command = ["make", "--silent", "build", "INSTALL=:", f"SAM={sam}", f"BIN={folder}", *settings]
    # The make that runs this test passes its options in these variables.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE") and name != "LAYER_PLATFORM"
    }
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("code", "proposals"), [(0, 1), (1, 0)])
def test_only_the_right_way_to_deploy_is_told_and_only_after_a_success(
    tmp_path: Path, code: int, proposals: int
) -> None:
    done = built(tmp_path, code=code)

    assert (done.returncode == 0) == (code == 0)
    assert "Built Artifacts" in done.stdout
    assert "--guided" not in done.stdout
    assert done.stdout.count("sam deploy") == proposals


@pytest.mark.parametrize(
    ("architecture", "platform"), [("arm64", "aarch64-manylinux_2_28"), ("x86_64", "x86_64-manylinux_2_28")]
)
def test_the_layers_are_built_for_the_architecture(tmp_path: Path, architecture: str, platform: str) -> None:
    done = built(tmp_path, f"ARCHITECTURE={architecture}")

    assert f"Layers for {platform}" in done.stdout
