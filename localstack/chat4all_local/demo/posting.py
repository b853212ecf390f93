"""POSTs a message until it is accepted: as often as need be, with one message_id."""

import time
import uuid
from threading import Event
from typing import Final

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.demo.said import Accepted
from chat4all_local.demo.script import Line
from chat4all_local.demo.stage import Stage

PATIENCE_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
_AGAIN: Final = (429, 502, 503, 504)


class Cancelled(Exception):
    """The play is over."""


def post(api: ApiClient, stage: Stage, line: Line, over: Event, *, file_id: str | None = None) -> Accepted:
    """Raises ApiError for a refusal that is for good; else, after PATIENCE_S, the last failure; Cancelled."""
    message_id = str(uuid.uuid4())
    posted_at, deadline = time.time(), time.monotonic() + PATIENCE_S
    conversation_id, sender_id = stage.conversations[line.conversation], stage.users[line.speaker]
    pause_s, repeats = _FIRST_PAUSE_S, 0
    while True:
        try:
            api.send(conversation_id, sender_id, line.text, message_id=message_id, file_id=file_id)
        except (ApiError, ApiUnreachable) as failure:
            if not _may_pass(failure) or time.monotonic() > deadline:
                raise
        else:
            return Accepted(line, message_id, posted_at, repeats)
        if over.wait(pause_s):
            raise Cancelled
        pause_s, repeats = min(2 * pause_s, _LONGEST_PAUSE_S), repeats + 1


def _may_pass(failure: ApiError | ApiUnreachable) -> bool:
    return isinstance(failure, ApiUnreachable) or failure.status in _AGAIN
