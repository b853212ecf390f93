"""A file in a form that we post to a provider."""

import msgspec


class FilePart(msgspec.Struct, frozen=True):
    """A file in a form: `source_url` serves its `size` bytes to us."""

    field: str
    filename: str
    content_type: str
    size: int
    source_url: str


class SourceFailed(Exception):
    """The bytes of a file could not be read in time, or their number is not the announced size."""
