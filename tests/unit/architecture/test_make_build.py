"""`make build` tells the one way to deploy that fits, whatever SAM proposes."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAM = """#!/bin/sh
echo 'Built Artifacts  : .aws-sam/build'
echo
echo 'Commands you can use next'
echo '========================='
echo '[*] Deploy: sam deploy --guided'
exit {code}
"""


@pytest.mark.parametrize(("code", "proposals"), [(0, 1), (1, 0)])
def test_only_the_right_way_to_deploy_is_told_and_only_after_a_success(
    tmp_path: Path, code: int, proposals: int
) -> None:
    sam = tmp_path / "sam"
    sam.write_text(SAM.format(code=code))
    sam.chmod(0o700)

    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3.13\n")
    python.chmod(0o700)

    command = ["make", "--silent", "build", "INSTALL=:", f"SAM={sam}", f"BIN={tmp_path}"]
    # This run's own make hands its options on in these.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == (code == 0)
    assert "Built Artifacts" in done.stdout
    assert "--guided" not in done.stdout
    assert done.stdout.count("sam deploy") == proposals
