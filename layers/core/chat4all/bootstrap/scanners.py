"""Build the malware scanner that the settings name.

An engine is imported only by a function that uses it: yara-x is 37 MB.
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
