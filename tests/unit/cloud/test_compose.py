"""The compose file, which is only read here and not run."""

import re
import shutil
import subprocess
from pathlib import PurePosixPath

import pytest
import yaml

from chat4all.channels.registry import names
from chat4all_local.cloud.checkout import ROOT

FILE = ROOT / "localstack" / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{?([A-Z_]+)")


@pytest.fixture(scope="module")
def service() -> dict[str, object]:
    composed = yaml.safe_load(FILE.read_text())
    assert list(composed) == ["services"]
    [(name, service)] = composed["services"].items()
    assert name == "localstack"
    assert isinstance(service, dict)
    return service


def script() -> str:
    return (ROOT / "localstack" / "docker" / "deploy.sh").read_text()


def test_the_image_is_of_the_version_that_runs_here_without_docker(service: dict[str, object]) -> None:
    lock = (ROOT / "requirements" / "localstack.in").read_text()

    assert str(service["image"]).split(":")[1] in lock


def test_it_is_reached_from_this_machine_only(service: dict[str, list[str]]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_what_it_mounts_of_the_checkout_is_there_or_is_the_build(service: dict[str, list[str]]) -> None:
    sources = [volume.split(":")[0] for volume in service["volumes"]]

    inside = [source for source in sources if not PurePosixPath(source).is_absolute()]
    assert [(FILE.parent / source).resolve().relative_to(ROOT).as_posix() for source in inside] == [
        "localstack/docker/deploy.sh",
        ".aws-sam/build",
    ]
    assert (FILE.parent / inside[0]).stat().st_mode & 0o111, "LocalStack runs only what is executable"


def test_the_hook_gets_every_variable_that_it_reads(service: dict[str, dict[str, str]]) -> None:
    own = set(re.findall(r"^([a-z]+)=", script(), re.MULTILINE))

    assert set(VARIABLE.findall(script())) - own <= set(service["environment"])


def test_the_hook_sets_parameters_that_the_template_has() -> None:
    template = (ROOT / "template.yaml").read_text()
    given = re.findall(r'"([A-Z][A-Za-z]+)=', script())

    assert len(given) == 3 + len(names())
    assert all(f"\n  {name}:\n    Type: " in template for name in given)


def test_the_hook_is_a_shell_script() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    checked = subprocess.run([shell, "-n"], input=script(), text=True, capture_output=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")
