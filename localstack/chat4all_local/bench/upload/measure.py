"""Measures uploads: the client and TransferManager in turns, then a client that is killed repeatedly."""

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.bench.aims import at_least, at_most
from chat4all_local.bench.functions import environment
from chat4all_local.bench.pipeline.memory import Watch, watched
from chat4all_local.bench.report import Report
from chat4all_local.bench.upload.figures import (
    MIB,
    Boto3Upload,
    ProductUpload,
    ResumeFigures,
    upload_figures,
)
from chat4all_local.bench.upload.view import draw_resume, draw_upload, resume_table, upload_table
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.traffic.film import make_film
from chat4all_local.transfer.upload import PARALLEL_PARTS

SIZE: Final = 2_147_483_648
ROUNDS: Final = 3
RESUMED_SIZE: Final = SIZE
KILLS: Final = 10
_WITHIN_S: Final = 600.0
_SOONEST_S: Final = 0.3
_LATEST_S: Final = 0.9
_HERE: Final = Path(__file__).parent
_NOTES: Final = (
    "The time of both ends when S3 has assembled the parts. The product inspects the file after that.",
    "The client also computes the file's SHA-256. The kernel measures the peak memory of both.",
)


def upload(cloud: Cloud, tell: Tell) -> Report:
    with film(SIZE, tell) as path, watched(cloud.folder) as watch:
        product, boto3 = [], []
        for number in range(1, ROUNDS + 1):
            tell(f"round {number} of {ROUNDS}: the client")
            product.append(upload_once(cloud, path))
            _remove(cloud, f"files/{product[-1].file_id}")
            tell(f"round {number} of {ROUNDS}: TransferManager")
            boto3.append(_boto3(cloud, path))
            _remove(cloud, "bench/film.mp4")
    figures = upload_figures(
        SIZE,
        product,
        boto3,
        s3_memory=_most(watch, "nanio"),
        files_memory=_most(watch, f"{cloud.stack}-files"),
    )
    return Report(
        title="Upload: 2 GiB through the client beside boto3's TransferManager",
        figures=figures,
        aims=(
            at_least("client / TransferManager", figures.ratio.median, 0.95),
            at_least("inspection", figures.inspection_rate.median * MIB / 1e6, 200, "MB/s"),
            at_most("memory of the client", figures.client_memory, 100, "MiB"),
            at_most("memory of the S3 server", figures.s3_memory, 150, "MiB"),
            at_most("memory of the files function", figures.files_memory, 200, "MiB"),
        ),
        notes=_NOTES,
        table=upload_table(figures),
        draw=lambda figure: draw_upload(figure, figures),
    )


def resume(cloud: Cloud, tell: Tell) -> Report:
    with film(RESUMED_SIZE, tell) as path:
        memory, begun = path.with_name("memory"), path.with_name("begun")
        kills, whole = 0, None
        while whole is None:
            last = kills == KILLS
            printed = _until(None if last else _some_moment(), _product_command(cloud, path, memory, begun))
            whole = msgspec.json.decode(printed, type=ProductUpload) if printed is not None else None
            kills += whole is None
            tell(f"killed {kills} of {KILLS} times")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        stored = ApiClient(cloud.api_url, cloud.api_key).file(whole.file_id)
        started = begun.stat().st_size
    _remove(cloud, f"files/{whole.file_id}")
    parts = RESUMED_SIZE // (8 * MIB)
    figures = ResumeFigures(
        size_mib=RESUMED_SIZE / MIB,
        parts=parts,
        kills=kills,
        sent_again=started - parts,
        allowed=kills * PARALLEL_PARTS,
        same_sha256=stored.sha256 == digest,
    )
    return Report(
        title="Resume: an upload that is killed at random moments and started again",
        figures=figures,
        aims=(
            at_least("kills that met an upload", kills, KILLS),
            at_most("parts sent again", figures.sent_again, figures.allowed),
        ),
        notes=("The client counts each part before it sends the part's first byte.",),
        table=resume_table(figures),
        draw=lambda figure: draw_resume(figure, figures),
    )


@contextmanager
def film(size: int, tell: Tell) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chat4all-bench-") as folder:
        if shutil.disk_usage(folder).free < 3 * size:
            raise CloudError(
                f"{folder} has less than {3 * size // 10**6} MB free",
                "set TMPDIR to a folder with more free space",
            )
        tell(f"making a file of {size // MIB} MiB")
        path = Path(folder) / "film.mp4"
        make_film(path, size)
        yield path


def upload_once(cloud: Cloud, path: Path) -> ProductUpload:
    command = _product_command(cloud, path, path.with_name("memory"), path.with_name("begun"))
    return msgspec.json.decode(_run(command), type=ProductUpload)


def _product_command(cloud: Cloud, film: Path, memory: Path, begun: Path) -> list[str]:
    probe = str(_HERE / "product_probe.py")
    return [probe, cloud.api_url, cloud.api_key, str(film), str(memory), str(begun)]


def _boto3(cloud: Cloud, film: Path) -> Boto3Upload:
    printed = _run([str(_HERE / "boto3_probe.py"), cloud.aws.s3_endpoint, _bucket(cloud), str(film)])
    return msgspec.json.decode(printed, type=Boto3Upload)


def _run(command: list[str]) -> bytes:
    """Run a script to its end, and return its stdout. Raises CloudError."""
    return _until(None, command) or b""


def _until(seconds: float | None, command: list[str]) -> bytes | None:
    """Run a script, and return its stdout. Raises CloudError.

    Returns None if the script still ran after `seconds` and was killed.
    """
    process = subprocess.Popen(  # noqa: S603 (scripts of this package)
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        printed, complained = process.communicate(timeout=seconds or _WITHIN_S)
    except subprocess.TimeoutExpired:
        if seconds is None:
            raise CloudError(f"an upload did not end within {_WITHIN_S:.0f} s") from None
        return None
    finally:
        process.kill()
        process.communicate()
    if process.returncode != 0:
        raise CloudError("an upload failed", complained.decode()[-1000:])
    return printed


def _some_moment() -> float:
    return random.uniform(_SOONEST_S, _LATEST_S)  # noqa: S311 (any moment)


def _bucket(cloud: Cloud) -> str:
    return environment(cloud, "api")["FILES_BUCKET"]


def _remove(cloud: Cloud, key: str) -> None:
    cloud.aws.s3().delete_object(Bucket=_bucket(cloud), Key=key)


def _most(watch: Watch, name: str) -> int:
    """Return the most memory of a process in bytes; 0 without samples."""
    uses = (sample.uses[name] for sample in watch.samples if name in sample.uses)
    return max((use.memory // use.processes for use in uses), default=0)
