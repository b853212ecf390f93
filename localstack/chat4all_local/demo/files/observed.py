"""What has come so far of the files."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.observed import Observed


class Content(msgspec.Struct, frozen=True):
    """Bytes that came. Without `sha256` they did not come whole, or are not those that the API tells of."""

    size: int
    sha256: str | None


class FilesObserved(msgspec.Struct, frozen=True):
    """`since_texts` has what came after the texts had been judged, of everything.

    `contents`: by URL, what a customer gets who follows it; by file id, what the agent gets of a customer's file.
    """

    since_texts: Observed = Observed()
    contents: Mapping[str, Content] = {}
