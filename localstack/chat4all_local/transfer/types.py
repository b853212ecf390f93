"""What a file is said to be, by its name. What it is, the API finds out."""

import mimetypes
from pathlib import Path

from chat4all_local.transfer.errors import TransferFailed

_OFFICE = "application/vnd.openxmlformats-officedocument"
_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "txt": "text/plain",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
}


def content_type_of(path: Path) -> str:
    """Raises TransferFailed for a name that says nothing."""
    extension = path.suffix.removeprefix(".").lower()
    found = _TYPES.get(extension) or mimetypes.guess_type(path.name)[0]
    if found is None:
        raise TransferFailed(f"{path.name} does not say what it is", "name its type: --type image/png")
    return found
