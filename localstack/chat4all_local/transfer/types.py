"""The declared content type of a file, from its name. The API detects the real type."""

import mimetypes
from pathlib import Path

from chat4all.domain.files.file import BY_EXTENSION
from chat4all_local.transfer.errors import TransferFailed


def content_type_of(path: Path) -> str:
    """Return the content type for a file's name. Raises TransferFailed if the extension is unknown."""
    known = BY_EXTENSION.get(path.suffix.removeprefix(".").lower())
    found = known.content_type if known else mimetypes.guess_type(path.name)[0]
    if found is None:
        raise TransferFailed(f"the content type of {path.name} is unknown", "give its type: --type image/png")
    return found
