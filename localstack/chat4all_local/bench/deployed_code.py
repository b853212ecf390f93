"""The code of a cloud's functions, fetched from the cloud, and interpreters that load nothing else."""

import io
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import urllib3

from chat4all_local.bench.functions import NAMES
from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.errors import CloudError, ComponentFailed
from chat4all_local.cloud.functions import configuration
from chat4all_local.cloud.running import Cloud

ISOLATED: Final = ("-I", "-S", "-B")
"""Options for no site-packages, no user environment, and no files written beside the code."""
_WITHIN_S: Final = 120.0


@dataclass(frozen=True)
class DeployedCode:
    """The fetched code.

    `layer` is a folder for the import path; `functions` has a folder for each function.
    """

    layer: Path
    functions: Path

    def function(self, name: str) -> Path:
        return self.functions / name


@contextmanager
def deployed_code(cloud: Cloud) -> Iterator[DeployedCode]:
    with tempfile.TemporaryDirectory(prefix="chat4all-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        code = DeployedCode(root / "layer" / "python", root / "functions")
        _fetch(_layer_url(cloud), code.layer.parent)
        for name in NAMES:
            _fetch(_code_url(cloud, name), code.function(name))
        yield code


def run_isolated(
    script: Path, arguments: Sequence[str], environment: Mapping[str, str], given: bytes = b""
) -> bytes:
    """Run `script` in an isolated interpreter, and return its stdout. Raises CloudError if it fails."""
    command = [str(own_python()), *ISOLATED, str(script), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (a script of this package)
            command, env=dict(environment), input=given, capture_output=True, timeout=_WITHIN_S, check=True
        )
    except subprocess.CalledProcessError as error:
        stderr = error.stderr.decode(errors="replace")[-2000:]
        raise ComponentFailed(f"{script.name} failed", stderr) from error
    except subprocess.TimeoutExpired as error:
        raise CloudError(f"{script.name} did not end within {_WITHIN_S:.0f} s") from error
    return done.stdout


def _layer_url(cloud: Cloud) -> str:
    layer = configuration(cloud, "api")["Layers"][0]["Arn"]
    return cloud.aws.functions().get_layer_version_by_arn(Arn=layer)["Content"]["Location"]


def _code_url(cloud: Cloud, name: str) -> str:
    return cloud.aws.functions().get_function(FunctionName=f"{cloud.stack}-{name}")["Code"]["Location"]


def _fetch(url: str, folder: Path) -> None:
    answer = urllib3.request("GET", url, timeout=30.0)
    if answer.status != 200:
        raise CloudError(f"the local cloud answered {answer.status} to the download of a function's code")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        archive.extractall(folder)
