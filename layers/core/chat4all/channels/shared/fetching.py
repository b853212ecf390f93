"""Ask a provider for the address of a person's file."""

from typing import TypeVar

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.services.messaging.connector import FetchFailed

T = TypeVar("T")


def looked_up(answer: HttpAnswer | NetworkFailure, kind: type[T]) -> T:
    """Return the answer's body as `kind`.

    A provider answers 400 or 404 to an id that it does not know, or no longer knows. A 401 concerns our
    token, which can be replaced.

    Raises:
        FetchFailed: NOT_FOUND, NETWORK, or the status.
    """
    if isinstance(answer, NetworkFailure):
        raise FetchFailed("NETWORK", "The provider could not be asked for the file.", is_final=False)
    found = decoded(answer.body, kind) if answer.status == 200 else None
    if found is not None:
        return found
    if answer.status in {400, 404}:
        raise FetchFailed("NOT_FOUND", "The provider does not have the file, or not any more.", is_final=True)
    raise FetchFailed(str(answer.status), "The provider did not say where the file is.", is_final=False)
