"""The attachment of a file that a person sent: a known type and a safe name, from the provider's claims."""

import unicodedata
from pathlib import PurePosixPath
from typing import Final

from chat4all.domain.content import ProviderFile
from chat4all.domain.files.file import (
    BY_EXTENSION,
    FILE_TYPES,
    LONGEST_NAME,
    MOST_BYTES,
    Attachment,
    FileType,
)

_ANYTHING: Final = FILE_TYPES["application/pdf"]
_OF_KIND: Final = {
    "image": FILE_TYPES["image/jpeg"],
    "video": FILE_TYPES["video/mp4"],
    "audio": FILE_TYPES["audio/mpeg"],
    "text": FILE_TYPES["text/plain"],
}
"""The types that stand for an unknown declared type until the inspection finds the type of the file."""
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters, marks that change the direction of writing, lone surrogates, line ends."""


def attachment_of(file_id: str, file: ProviderFile) -> Attachment:
    """Return the attachment that the provider's claims about the file allow."""
    file_type = _type_of(file)
    return Attachment(
        file_id=file_id,
        filename=_name_of(file.filename, file_type),
        content_type=file_type.content_type,
        size=min(file.size, MOST_BYTES) if file.size and file.size > 0 else None,
    )


def _type_of(file: ProviderFile) -> FileType:
    declared = (file.content_type or "").partition(";")[0].strip().lower()
    if declared in FILE_TYPES:
        return FILE_TYPES[declared]
    by_name = BY_EXTENSION.get(_extension(file.filename or ""))
    return by_name or _OF_KIND.get(declared.partition("/")[0], _ANYTHING)


def _name_of(claimed: str | None, file_type: FileType) -> str:
    """Return the name without its path and without forbidden characters, with an extension of the type."""
    bare = (claimed or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in bare if unicodedata.category(char) not in _REFUSED).strip(" .")
    suffix = f".{file_type.extensions[0]}"
    if not name:
        return f"{file_type.kind}{suffix}"
    if _extension(name) in file_type.extensions:
        return name if len(name.encode()) <= LONGEST_NAME else _cut(name, suffix)
    return _cut(name, suffix)


def _cut(name: str, suffix: str) -> str:
    """Cut the name to whole characters, so that it has at most LONGEST_NAME bytes with the suffix."""
    return name.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()
