"""The load: clients that post messages one after the other, each over a connection of its own."""

import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import urllib3

from chat4all_local.cloud.errors import CloudError

CLIENTS: Final = 8
CONTENT_LENGTH: Final = 200
"""Characters of a message's text, its id at the beginning included."""
_ID_LENGTH: Final = 36
_ANSWER_WITHIN_S: Final = 30.0


class PostBody(msgspec.Struct, frozen=True):
    """The body of POST /v1/messages; the bare pipeline takes the same."""

    message_id: str
    conversation_id: str
    sender_id: str
    content: str


class Post(msgspec.Struct, frozen=True):
    """A POST that was accepted: when it was sent, in epoch seconds, and how long its answer took."""

    message_id: str
    at: float
    seconds: float

    @property
    def answered_at(self) -> float:
        return self.at + self.seconds


class Target(msgspec.Struct, frozen=True):
    """Where a side takes its POSTs."""

    url: str
    headers: Mapping[str, str]


def new_message(conversation_id: str, sender_id: str) -> PostBody:
    message_id = str(uuid.uuid4())
    text = f"{message_id} {'lorem ipsum ' * CONTENT_LENGTH}"[:CONTENT_LENGTH]
    return PostBody(message_id, conversation_id, sender_id, text)


def message_id_in(text: str) -> str:
    """The id of the message with the text that `new_message` gave it."""
    return text[:_ID_LENGTH]


def shares(conversation_ids: Sequence[str], sender_id: str, rounds: int) -> list[list[PostBody]]:
    """The messages of each client: `rounds` into each of its conversations, in turns.

    A conversation belongs to one client, so that its messages are posted in order.
    """
    return [
        [new_message(conversation, sender_id) for _ in range(rounds) for conversation in own]
        for own in (conversation_ids[client::CLIENTS] for client in range(CLIENTS))
    ]


def post_all(target: Target, messages: Sequence[Sequence[PostBody]]) -> list[Post]:
    """Posts the messages of every client, the clients side by side. Raises CloudError where one is refused."""
    with ThreadPoolExecutor(len(messages), thread_name_prefix="client") as clients:
        done = clients.map(lambda own: _post_in_turn(target, own), messages)
        return [post for posts in done for post in posts]


def _post_in_turn(target: Target, messages: Sequence[PostBody]) -> list[Post]:
    headers = {"Content-Type": "application/json", **target.headers}
    with urllib3.PoolManager(maxsize=1, retries=False, timeout=_ANSWER_WITHIN_S) as pool:
        return [_post(pool, target.url, headers, message) for message in messages]


def _post(pool: urllib3.PoolManager, url: str, headers: Mapping[str, str], message: PostBody) -> Post:
    body = msgspec.json.encode(message)
    at, began = time.time(), time.perf_counter()
    try:
        answer = pool.request("POST", url, body=body, headers=headers)
    except urllib3.exceptions.HTTPError as error:
        raise CloudError(f"no answer to a POST at {url}: {error}") from error
    if answer.status != 202:
        refusal = answer.data[:200].decode(errors="replace")
        raise CloudError(f"a POST at {url} was answered {answer.status}: {refusal}")
    return Post(message.message_id, at, time.perf_counter() - began)
