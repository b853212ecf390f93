"""Fetch a person's file from their app's provider into the store.

The provider only repeats the type that the person's phone gave the file. So the first bytes are looked at
before the rest is read: the object is stored with the type that it seems to have, and the inspection decides.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Final, Protocol

from msgspec.structs import replace

from chat4all.domain.content import ProviderFile
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import MOST_BYTES, Source, StoredFile
from chat4all.domain.files.inspection import HEAD_BYTES, Refusal, RejectCode
from chat4all.domain.files.known_types import made_up_name, with_extension
from chat4all.domain.files.sniffing import likely_type
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.files.ports import FileStore, ObjectTooLarge
from chat4all.services.messaging.connector import ChannelSecret, FetchFailed, Fetching
from chat4all.services.messaging.ports import Secrets
from chat4all.services.messaging.present_credentials import with_present

_EMPTY: Final = Refusal(RejectCode.EMPTY, "The provider gave a file without any bytes.")
_TOO_LARGE: Final = Refusal(RejectCode.TOO_LARGE, f"The file is larger than {MOST_BYTES} bytes.")


def retyped(file: StoredFile, content_type: str) -> StoredFile:
    """Give the file the type. A person's name for it stays; a name that we made up follows the type."""
    is_made_up = file.filename == made_up_name(file.content_type)
    filename = made_up_name(content_type) if is_made_up else with_extension(file.filename, content_type)
    return replace(file, content_type=content_type, filename=filename)


class Fetches(Protocol):
    """The part of a connector that fetches files."""

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching: ...


class FetchFile:
    def __init__(
        self,
        *,
        store: FileStore,
        connector: Callable[[str], Fetches],
        secrets: Secrets,
    ) -> None:
        """`connector` returns the connector of a channel."""
        self._store = store
        self._connector = connector
        self._secrets = secrets

    def __call__(self, file: StoredFile, source: Source) -> StoredFile | Refusal:
        """Fetch the file, and return it as it is stored.

        Raises:
            Unavailable: the provider may give the file later.
        """
        secret, place = self._secrets.of(source.channel, source.account), (source.channel, source.account)
        ask = partial(self._fetched, file, source)
        first = secret if isinstance(secret, SendError) else ask(secret)
        refusal = first if isinstance(first, SendError) else None
        found = with_present(self._secrets, *place, first, secret=secret, refusal=refusal, ask=ask)
        if not isinstance(found, SendError):
            return found
        if found.outcome is Outcome.PERMANENT:
            return Refusal(found.code, found.reason)
        raise Unavailable(f"The provider did not give the file: {found.code}", retry_after=5)

    def _fetched(
        self, file: StoredFile, source: Source, secret: ChannelSecret
    ) -> StoredFile | Refusal | SendError:
        try:
            return self._stored(file, source, secret)
        except ObjectTooLarge:
            return _TOO_LARGE
        except FetchFailed as failure:
            outcome = Outcome.PERMANENT if failure.is_final else Outcome.RETRY
            return SendError(outcome, failure.code, failure.reason)

    def _stored(self, file: StoredFile, source: Source, secret: ChannelSecret) -> StoredFile | Refusal:
        claimed = ProviderFile(source.reference, file.content_type, file.filename, file.size or None)
        fetching = self._connector(source.channel).fetch(claimed, secret)
        pieces = iter(fetching.pieces)
        head = _first_bytes(pieces)
        if not head:
            return _EMPTY
        seeming = retyped(file, likely_type(file.content_type, head[:HEAD_BYTES]))
        size = self._store.write(seeming, chain((head,), pieces), MOST_BYTES)
        return replace(seeming, size=size)


def _first_bytes(pieces: Iterator[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return head
