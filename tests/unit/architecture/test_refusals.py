"""Parameters that cannot work are refused before any resource is built or created."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from chat4all_local.cloud.checkout import runtime
from tests.integration.template import ROOT, Template, read

PARAMETERS = read("template.yaml")["Parameters"]
RUNTIMES = PARAMETERS["Runtime"]["AllowedValues"]
STAND_IN = """#!/bin/sh
echo {version}
"""


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_whose_glibc_is_too_old_for_webp_is_refused_on_aws_alone(name: str) -> None:
    on_aws = Template(parameters={"Runtime": name})
    local = Template(parameters={"Runtime": name, "Cloud": "local"})

    assert on_aws.refusals() == (["AwsNeedsANewerRuntime"] if name == "python3.11" else [])
    assert local.refusals() == []


def test_the_local_cloud_may_run_on_this_interpreter() -> None:
    assert runtime() in RUNTIMES


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_make_builds_for_aws_from_python_3_12(tmp_path: Path, version: str) -> None:
    # Given virtual environments with a Python of the given version
    python = tmp_path / "python"
    python.write_text(STAND_IN.format(version=version))
    python.chmod(0o755)
    # When `make build` runs with a SAM that prints its arguments
    command: list[str | Path] = [
        "make",
        "--file",
        ROOT / "Makefile",
        "build",
        "INSTALL=:",
        "SAM=echo sam",
        f"BIN={tmp_path}",
    ]
    # The make that runs this test passes its options in these variables.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    # Then it builds, or explains its refusal and does not call SAM
    if version == "3.11":
        assert made.returncode != 0
        assert "IMAGE_BROKEN" in made.stderr
        assert made.stdout == ""
    else:
        assert made.returncode == 0, made.stderr
        assert f"sam build --config-env aws --parameter-overrides Runtime=python{version}" in made.stdout


@pytest.mark.parametrize(
    ("rate", "is_taken"),
    [("0", True), *((str(rate), False) for rate in range(1, 10)), ("10", True), ("2000", True)]
    + [(rate, False) for rate in ("", "00", "05", "-10", "10.5", "1000000000000")],
)
def test_a_rate_that_the_firewall_does_not_take_is_refused(rate: str, *, is_taken: bool) -> None:
    pattern = PARAMETERS["FirewallRate"]["AllowedPattern"]

    assert (re.fullmatch(pattern, rate) is not None) is is_taken


def test_what_the_firewalls_own_template_takes_at_least_is_what_waf_does() -> None:
    assert read("infra/firewall.yaml")["Parameters"]["Rate"]["MinValue"] == 10
