"""A status history and a content, as they are stored in a row and read from it."""

import msgspec
import pytest

from chat4all.adapters.dynamodb.message_rows import MessageRow, history_line, history_of
from chat4all.domain.content import Content, Media, Text, Unsupported
from chat4all.domain.files.file import Attachment
from chat4all.domain.status import Status, StatusChange


def test_no_step_is_shown_as_earlier_than_the_one_before_it() -> None:
    """The provider's times have whole seconds, our times have milliseconds."""
    lines = [
        history_line(Status.SENT, "2026-01-31T12:00:56.752Z"),
        history_line(Status.DELIVERED, "2026-01-31T12:00:56.000Z"),
        history_line(Status.READ, "2026-01-31T12:00:58.000Z"),
    ]

    assert history_of(lines) == (
        StatusChange(Status.SENT, "2026-01-31T12:00:56.752Z"),
        StatusChange(Status.DELIVERED, "2026-01-31T12:00:56.752Z"),
        StatusChange(Status.READ, "2026-01-31T12:00:58.000Z"),
    )


def test_a_record_without_a_history_has_none() -> None:
    assert history_of(None) == ()


@pytest.mark.parametrize(
    "content",
    [
        Text("hello"),
        Media(Attachment("file-1", "a.pdf", "application/pdf", 7), "look"),
        Unsupported("poll"),
    ],
)
def test_the_content_of_every_kind_is_one_json_string(content: Content) -> None:
    kept = MessageRow("message-1", content=content).to_simple_dict()

    assert set(kept) == {"partition", "record", "content"}
    assert msgspec.json.decode(kept["content"], type=Content) == content
