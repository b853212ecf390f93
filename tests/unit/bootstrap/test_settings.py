"""The environment of a function, typed."""

import msgspec
import pytest

from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment


def test_settings_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_TABLE", "messages")
    monkeypatch.setenv("CHAT_EVENTS_QUEUE", "https://queue")

    assert from_environment(RouterSettings) == RouterSettings("messages", "https://queue")


def test_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_TABLE", "messages")
    monkeypatch.delenv("CHAT_EVENTS_QUEUE", raising=False)

    with pytest.raises(msgspec.ValidationError, match="CHAT_EVENTS_QUEUE"):
        from_environment(RouterSettings)


def test_each_channel_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIGEON_QUEUE", "a")
    monkeypatch.setenv("TELEX_QUEUE", "b")

    assert by_channel(["pigeon", "telex"], "QUEUE") == {"pigeon": "a", "telex": "b"}
    with pytest.raises(KeyError):
        by_channel(["carrier"], "QUEUE")
