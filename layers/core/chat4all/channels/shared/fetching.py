"""Asking a provider where a person's file is."""

from typing import TypeVar

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.services.messaging.connector import FetchFailed

T = TypeVar("T")


def looked_up(answer: HttpAnswer | NetworkFailure, kind: type[T]) -> T:
    """The answer's body as `kind`. Raises FetchFailed: NOT_FOUND, NETWORK, or the status.

    A 400 or a 404 is what an id gets that the provider does not know (any more); a 401 is about our token, which
    can be repaired.
    """
    if isinstance(answer, NetworkFailure):
        raise FetchFailed("NETWORK", "The provider could not be asked for the file.", is_final=False)
    found = decoded(answer.body, kind) if answer.status == 200 else None
    if found is not None:
        return found
    if answer.status in {400, 404}:
        raise FetchFailed("NOT_FOUND", "The provider does not have the file, or not any more.", is_final=True)
    raise FetchFailed(str(answer.status), "The provider did not say where the file is.", is_final=False)
