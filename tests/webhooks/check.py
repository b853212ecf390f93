"""The check of a story: each webhook is answered, no queue stalls, and every mark is found again."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

import msgspec

from tests.webhooks.drawing import NOBODY, marks_in, message_of
from tests.webhooks.story import Webhook

_UNSUPPORTED: Final = '"content":{"type":"unsupported"'
"""A message of which another unreadable version may have taken the place, as of a place that moves."""
_MOST_SHOWN: Final = 3_000


class Product(Protocol):
    """The product as a story needs it."""

    def send(self, body: bytes, *, is_signed: bool) -> int:
        """Send a webhook, and return the status of the answer."""
        ...

    def settle(self) -> None:
        """Wait until the queues are empty."""
        ...

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Return the answer of the API."""
        ...


def faults(product: Product, webhooks: list[Webhook], settle_every: int = 5) -> list[str]:
    """Send the webhooks; return a line for each that is answered wrongly, or whose texts are lost."""
    found: list[str] = []
    for number, webhook in enumerate(webhooks):
        status = product.send(webhook.body, is_signed=webhook.is_signed)
        if status not in ({200} if webhook.is_signed else {401}):
            found.append(f"answered with {status}: {_shown(webhook)}")
        if number % settle_every == 0:
            product.settle()
    product.settle()
    return found + lost(product, webhooks)


def lost(product: Product, webhooks: list[Webhook]) -> list[str]:
    """Return a line for each webhook with a text that is neither in the API nor counted as ignored."""
    signed = [webhook for webhook in webhooks if webhook.is_signed]
    unsigned = [webhook for webhook in webhooks if not webhook.is_signed]
    texts = list(_everything(product))
    kept = {mark for text in texts for mark in marks_in(text)}
    replaced = {message_of(mark) for text in texts if _UNSUPPORTED in text for mark in marks_in(text)}
    ignored, unreadable = _listed(product, "ignored"), _listed(product, "unreadable")
    gone_by_right = replaced.union(*(webhook.removed for webhook in signed), {NOBODY})
    lines = []
    for webhook in signed:
        missing = {mark for mark in webhook.marks - kept if message_of(mark) not in gone_by_right}
        in_part = {message_of(mark) for mark in webhook.marks & kept} - webhook.told_of_twice
        gone = {message_of(mark) for mark in missing} - in_part
        cut = set() if webhook.is_large else {message_of(mark) for mark in missing} & in_part
        digest = hashlib.sha256(webhook.body).hexdigest()
        if digest not in unreadable and (cut or (gone and digest not in ignored)):
            lines.append(f"lost {sorted(missing)}: {_shown(webhook)}")
    sent = frozenset().union(*(webhook.marks for webhook in signed))
    return lines + [f"taken without a signature: {_shown(it)}" for it in unsigned if it.marks & kept - sent]


def _listed(product: Product, outcome: str) -> set[str]:
    """Return the digests of the webhooks of which a part counts as ignored, or that are unreadable."""
    pages = _pages(product, "webhooks", outcome=outcome)
    return {webhook["webhook_id"].rpartition("|")[2] for page in pages for webhook in page["webhooks"]}


def _shown(webhook: Webhook) -> str:
    return webhook.body.decode(errors="backslashreplace")[:_MOST_SHOWN]


def _everything(product: Product) -> Iterator[str]:
    """Yield the users, and each message of all conversations, as the API answers them."""
    for users in _pages(product, "users"):
        yield _text(users)
    for page in _pages(product, "conversations"):
        for conversation in page["conversations"]:
            for messages in _pages(product, f"conversations/{conversation['conversation_id']}/messages"):
                yield from map(_text, messages["messages"])


def _pages(product: Product, path: str, **query: str) -> Iterator[Any]:
    cursor: dict[str, str] = {}
    while True:
        page = product.get(path, limit="100", **query, **cursor)
        yield page
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def _text(answer: Any) -> str:  # noqa: ANN401 - JSON
    return msgspec.json.encode(answer).decode()
