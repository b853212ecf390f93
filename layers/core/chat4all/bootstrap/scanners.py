"""The malware scanner that a function is told to use.

Each engine is imported only by whoever uses it: yara-x is 37 MB.
"""

from pathlib import Path

from chat4all.bootstrap.settings import FilesSettings
from chat4all.services.files.scanning import Scanner


def scanner(settings: FilesSettings) -> Scanner:
    match settings.scanner:
        case "yara":
            from chat4all.adapters.media.yara import YaraScanner  # noqa: PLC0415

            return YaraScanner([Path(settings.rules_folder)] if settings.rules_folder else [])
        case "clamd":
            from chat4all.adapters.media.clamd import ClamdScanner  # noqa: PLC0415

            return ClamdScanner(settings.clamd_address)
        case "guardduty":
            from chat4all.adapters.media.guardduty import guardduty  # noqa: PLC0415

            return guardduty()
