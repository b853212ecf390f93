"""The retries of a part of a transfer, and the pauses between them."""

from threading import Event
from typing import Final

from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)

from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.transfer.errors import Interrupted

TRIES: Final = 6
WAIT: Final = wait_exponential_jitter(multiplier=0.25, max=8, jitter=0.25)


def tries(stopped: Event) -> Retrying:
    """Return the retries of a call; the last raises its error. `stopped` ends a pause and all retries."""
    return Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(TRIES) | stop_when_event_set(stopped),
        wait=WAIT,
        sleep=sleep_using_event(stopped),
        reraise=True,
    )


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, ApiError):
        return error.status >= 500
    return isinstance(error, ApiUnreachable | Interrupted)
