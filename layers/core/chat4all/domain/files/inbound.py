"""The attachment of a file that a person sent: its type and a safe name, from the provider's claims."""

import unicodedata
from typing import Final

from chat4all.domain.content import ProviderFile
from chat4all.domain.files.file import LONGEST_NAME, MOST_BYTES, Attachment
from chat4all.domain.files.known_types import (
    UNKNOWN,
    canonical_type,
    made_up_name,
    type_by_name,
    with_extension,
)
from chat4all.domain.text import beginning_in_bytes

_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters, marks that change the direction of writing, lone surrogates, line ends."""
_LONGEST_KEPT_EXTENSION: Final = 20


def attachment_of(file_id: str, file: ProviderFile) -> Attachment:
    """Return the attachment as the person's app describes the file; the name is made safe."""
    content_type = _type_of(file)
    return Attachment(
        file_id=file_id,
        filename=_name_of(file.filename, content_type),
        content_type=content_type,
        size=min(file.size, MOST_BYTES) if file.size and file.size > 0 else None,
        form=file.form,
    )


def _type_of(file: ProviderFile) -> str:
    declared = canonical_type(file.content_type or "") or UNKNOWN
    return type_by_name(file.filename or "") if declared == UNKNOWN else declared


def _name_of(claimed: str | None, content_type: str) -> str:
    """Return the name without its path and without forbidden characters; make one up if nothing is left."""
    bare = (claimed or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in bare if unicodedata.category(char) not in _REFUSED).strip(" .")
    return with_extension(_cut(name), content_type) if name else made_up_name(content_type)


def _cut(name: str) -> str:
    """Cut the name to whole characters, so that it has at most LONGEST_NAME bytes; keep its extension."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _LONGEST_KEPT_EXTENSION:
        stem, dot, extension = name, "", ""
    end = dot + extension
    return beginning_in_bytes(stem, LONGEST_NAME - len(end.encode())) + end
