"""The files that have come so far."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.observed import Observed


class Content(msgspec.Struct, frozen=True):
    """Bytes that came. `sha256` is None if they are not whole, or if the API tells another hash."""

    size: int
    sha256: str | None


class FilesObserved(msgspec.Struct, frozen=True):
    """`since_texts` has all that came after the texts had been judged.

    `contents`: by URL, the bytes for a customer who follows it; by file id, the bytes of a customer's file
    for the agent.
    """

    since_texts: Observed = Observed()
    contents: Mapping[str, Content] = {}
