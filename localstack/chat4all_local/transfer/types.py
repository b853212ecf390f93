"""The declared type of a file, by its name. The API determines its real type."""

import mimetypes
from pathlib import Path

from chat4all.domain.files.file import BY_EXTENSION
from chat4all_local.transfer.errors import TransferFailed


def content_type_of(path: Path) -> str:
    """Raises TransferFailed for a name that says nothing."""
    known = BY_EXTENSION.get(path.suffix.removeprefix(".").lower())
    found = known.content_type if known else mimetypes.guess_type(path.name)[0]
    if found is None:
        raise TransferFailed(f"{path.name} does not say what it is", "name its type: --type image/png")
    return found
