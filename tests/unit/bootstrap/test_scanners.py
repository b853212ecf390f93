"""The malware scanner that the settings name."""

from pathlib import Path

from chat4all.adapters.media.clamd import ClamdScanner
from chat4all.adapters.media.yara import YaraScanner
from chat4all.bootstrap.scanners import scanner
from chat4all.bootstrap.settings import FilesSettings
from chat4all.services.files.scanning import Awaited, Malware
from tests.fakes.samples import EICAR


def test_the_scanner_is_the_one_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ours.yar").write_text('rule Ours { strings: $a = "pigeon" condition: $a }')
    yara = scanner(FilesSettings("files", "bucket", "queue", "audit", rules_folder=str(tmp_path)))
    clamd = scanner(
        FilesSettings("files", "bucket", "queue", "audit", scanner="clamd", clamd_address="clamd:3310")
    )
    guardduty = scanner(FilesSettings("files", "bucket", "queue", "audit", scanner="guardduty"))

    assert isinstance(yara, YaraScanner)
    for content, verdict in ((b"pigeon", Malware("Ours")), (EICAR, Malware("EICAR_Test_File"))):
        with yara.begin() as scan:
            scan.feed(content)
            assert scan.verdict() == verdict
    assert isinstance(clamd, ClamdScanner)
    with guardduty.begin() as scan:
        assert scan.verdict() == Awaited()
