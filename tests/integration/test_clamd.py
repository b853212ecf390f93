"""The client of clamd against the real ClamAV, with a database of a single signature."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat4all.adapters.media.clamd import ClamdScanner
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.inspection import RejectCode
from chat4all.services.files.scanning import CannotScan, Clean, Malware, Verdict
from tests.fakes.samples import DOCX, EICAR, EVERY_TYPE, office

CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
STREAM_MAX_BYTES = 8 * 1024 * 1024
START_S = 60
CONFIGURATION = """
Foreground yes
LocalSocket {folder}/clamd.socket
DatabaseDirectory {folder}/database
LogFile {folder}/clamd.log
TemporaryDirectory {folder}
StreamMaxLength 8M
MaxFileSize 4M
MaxScanSize 8M
AlertExceedsMax yes
"""

pytestmark = pytest.mark.skipif(CLAMD is None, reason="needs ClamAV's daemon: apt-get install clamav-daemon")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("clamav")
    _configure(folder)
    assert CLAMD is not None
    daemon = subprocess.Popen(
        [CLAMD, "--config-file", str(folder / "clamd.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(daemon, folder)
        yield str(folder / "clamd.socket")
    finally:
        daemon.terminate()
        daemon.wait()


def _configure(folder: Path) -> None:
    (folder / "database").mkdir()
    # Any file type, at any offset: https://docs.clamav.net/manual/Signatures/BodySignatureFormat.html
    (folder / "database" / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
    # If root starts clamd, it switches to its own user, who cannot read the folder.
    if os.geteuid() == 0:
        with (folder / "clamd.conf").open("a") as configuration:
            configuration.write("User root\n")


def _wait(daemon: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_S
    log = folder / "clamd.log"
    while time.monotonic() < deadline:
        assert daemon.poll() is None, log.read_text() if log.exists() else "clamd ended without a word"
        if (folder / "clamd.socket").exists():
            return
        time.sleep(0.05)
    pytest.fail(f"clamd did not start: {log.read_text()}")


def scan(address: str, *pieces: bytes) -> Verdict:
    with ClamdScanner(address).begin() as file_scan:
        for piece in pieces:
            file_scan.feed(piece)
        return file_scan.verdict()


@pytest.mark.parametrize("content_type", EVERY_TYPE)
def test_files_as_they_should_be_are_clean(address: str, content_type: str) -> None:
    assert scan(address, EVERY_TYPE[content_type]) == Clean()


def test_a_signature_is_found_over_two_pieces(address: str) -> None:
    # ClamAV adds UNOFFICIAL to the names in a database that is not its own.
    assert scan(address, b"before " + EICAR[:30], EICAR[30:] + b" after") == Malware("Test.Eicar.UNOFFICIAL")


def test_it_looks_into_documents(address: str) -> None:
    document = office(DOCX, extra={"word/media/x.bin": EICAR * 20})
    assert EICAR not in document

    assert scan(address, document) == Malware("Test.Eicar.UNOFFICIAL")


def test_a_stream_over_its_limit_is_too_large(address: str) -> None:
    verdict = scan(address, *[os.urandom(1024 * 1024)] * 40)

    assert isinstance(verdict, CannotScan)
    assert verdict.refusal.code == RejectCode.TOO_LARGE_TO_SCAN


def test_what_it_would_skip_is_too_large(address: str) -> None:
    verdict = scan(address, *[bytes(1024 * 1024)] * 6)

    assert isinstance(verdict, CannotScan)
    assert verdict.refusal.code == RejectCode.TOO_LARGE_TO_SCAN


def test_a_daemon_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        scan(str(tmp_path / "clamd.socket"), b"bytes")
