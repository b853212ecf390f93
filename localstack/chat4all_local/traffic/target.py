"""The address at which a side takes its POSTs, and the clients that post as fast as they can."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import urllib3

from chat4all.entrypoints.http.answers import ErrorBody
from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.load import Line, Load, Posted
from chat4all_local.traffic.participants import Conversation

CLIENTS: Final = 8
CONTENT_LENGTH: Final = 200
"""The number of characters of a message's text, including the id at its beginning."""
_ANSWER_WITHIN_S: Final = 30.0
_WITHIN_S: Final = 120.0


class Target:
    """The target of a side's POSTs.

    `url` takes the body of POST /v1/messages; each client keeps a connection open.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        self._pool = urllib3.PoolManager(maxsize=CLIENTS, retries=False, timeout=_ANSWER_WITHIN_S)

    def send(self, line: Line) -> None:
        """Post a message. Raises ApiError, ApiUnreachable."""
        try:
            answer = self._pool.request("POST", self._url, body=body(line), headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(f"no answer to a POST at {self._url}: {error}") from error
        if answer.status != 202:
            raise ApiError(answer.status, ErrorBody("", answer.data[:200].decode(errors="replace"), (), ""))

    def post_all(self, lines: Sequence[Line], clients: int = CLIENTS) -> list[Posted]:
        """Post every line. Raises CloudError if a POST is not accepted at the first try."""
        with Load(self.send, lines, clients) as load:
            load.join(_WITHIN_S)
        if refused := load.refused():
            raise CloudError(f"a POST at {self._url} was answered {refused[0]}")
        posted = load.posted()
        if len(posted) < len(lines) or any(message.tries > 1 for message in posted):
            raise CloudError(f"some POSTs at {self._url} were not accepted at the first try")
        return posted


def body(line: Line) -> bytes:
    """Return the body of POST /v1/messages, which the bare pipeline takes too."""
    return msgspec.json.encode(
        {
            "message_id": line.message_id,
            "conversation_id": line.conversation.conversation_id,
            "sender_id": line.conversation.agent_id,
            "content": line.text,
        }
    )


def new_line(conversation: Conversation, characters: int = CONTENT_LENGTH) -> Line:
    """Make a line to post at once, with a unique text of so many characters."""
    line = Line(0.0, conversation, "")
    text = f"{line.message_id} {'lorem ipsum ' * characters}"[:characters]
    return msgspec.structs.replace(line, text=text)


def rounds_of(conversations: Sequence[Conversation], rounds: int) -> list[Line]:
    """Make `rounds` lines for each conversation, in turns."""
    return [new_line(conversation) for _ in range(rounds) for conversation in conversations]
