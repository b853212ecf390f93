"""The files that have arrived so far."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.observed import Observed


class Content(msgspec.Struct, frozen=True):
    """The received bytes. `sha256` is None if they are incomplete, or if the API reports another hash."""

    size: int
    sha256: str | None


class FilesObserved(msgspec.Struct, frozen=True):
    """The observations of files. `since_texts` has the observations after the texts had been judged.

    `contents` maps each link of a customer, and the id of each file for the agent, to the received bytes.
    """

    since_texts: Observed = Observed()
    contents: Mapping[str, Content] = {}
