"""POST a line of the script until the API accepts it."""

import uuid
from threading import Event
from typing import Final

from chat4all_local.api_client import ApiClient
from chat4all_local.demo.script import Line
from chat4all_local.demo.sent import Accepted
from chat4all_local.demo.stage import Stage
from chat4all_local.traffic.load import post

PATIENCE_S: Final = 60.0


def post_line(
    api: ApiClient, stage: Stage, line: Line, over: Event, *, file_id: str | None = None
) -> Accepted:
    """POST `line` until the API accepts it.

    Raises ApiError for a permanent refusal, the last failure after PATIENCE_S, or Cancelled.
    """
    message_id = str(uuid.uuid4())
    conversation_id, sender_id = stage.conversations[line.conversation], stage.users[line.speaker]

    def send() -> None:
        api.send(conversation_id, sender_id, line.text, message_id=message_id, file_id=file_id)

    accepted = post(send, over, PATIENCE_S)
    return Accepted(line, message_id, accepted.began_at, accepted.tries - 1)
