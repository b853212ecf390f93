"""The environment of a function, typed."""

import msgspec
import pytest

from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("messages", "conversations", "directory"):
        monkeypatch.setenv(f"{table.upper()}_TABLE", table)
    monkeypatch.setenv("VERIFIED_FOR_FILES", "")


def test_settings_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_EVENTS_QUEUE", "https://queue")

    assert from_environment(RouterSettings) == RouterSettings(
        messages_table="messages",
        conversations_table="conversations",
        directory_table="directory",
        verified_for_files="",
        chat_events_queue="https://queue",
    )


def test_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_EVENTS_QUEUE", "https://queue")
    monkeypatch.delenv("MESSAGES_TABLE", raising=False)

    with pytest.raises(msgspec.ValidationError, match="MESSAGES_TABLE"):
        from_environment(RouterSettings)


@pytest.mark.parametrize("given", [{}, {"CHAT_EVENTS_QUEUE": "a", "CHAT_EVENTS_STREAM": "b"}])
def test_a_stream_is_a_queue_or_a_kinesis_stream(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for variable in ("CHAT_EVENTS_QUEUE", "CHAT_EVENTS_STREAM"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(msgspec.ValidationError, match="CHAT_EVENTS_QUEUE and CHAT_EVENTS_STREAM"):
        from_environment(RouterSettings)


def test_a_stream_that_a_function_does_not_use_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAT_EVENTS_QUEUE", raising=False)
    monkeypatch.setenv("CHAT_EVENTS_STREAM", "the stream")

    assert from_environment(RouterSettings).chat_events_stream == "the stream"


def test_each_channel_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIGEON_QUEUE", "a")
    monkeypatch.setenv("TELEX_QUEUE", "b")

    assert by_channel(["pigeon", "telex"], "QUEUE") == {"pigeon": "a", "telex": "b"}
    with pytest.raises(KeyError):
        by_channel(["carrier"], "QUEUE")
