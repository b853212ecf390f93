"""The load is posted at its own rate, and each conversation's messages are posted in order."""

import threading
import time
from collections import defaultdict
from threading import Event

import pytest

from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.traffic import load as module
from chat4all_local.traffic.load import Line, Load, post
from chat4all_local.traffic.participants import Conversation
from tests.unit.answers import error_body

CONVERSATIONS = [
    Conversation(f"conversation-{number}", "agent", "whatsapp", f"{number}") for number in range(20)
]
CLIENTS = 8
WITHIN_S = 20.0


def lines(rounds: int, every_s: float = 0.0) -> list[Line]:
    """Make lines for all conversations in turns."""
    return [
        Line(place * every_s, conversation, f"text {place}")
        for place, conversation in enumerate(CONVERSATIONS * rounds)
    ]


def test_every_conversation_gets_its_messages_in_order_from_one_client() -> None:
    clients: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, list[str]] = defaultdict(list)

    def send(line: Line) -> None:
        clients[line.conversation.conversation_id].add(threading.current_thread().name)
        texts[line.conversation.conversation_id].append(line.text)

    planned = lines(3)
    with Load(send, planned, CLIENTS) as load:
        assert load.join(WITHIN_S)

    assert sorted(clients) == sorted(conversation.conversation_id for conversation in CONVERSATIONS)
    assert all(len(names) == 1 for names in clients.values())
    for conversation in CONVERSATIONS:
        wanted = [line.text for line in planned if line.conversation == conversation]
        assert texts[conversation.conversation_id] == wanted
    assert {message.message_id for message in load.posted()} == {line.message_id for line in planned}


def test_a_line_does_not_wait_for_the_lines_of_other_clients() -> None:
    held, later = Event(), Event()

    def send(line: Line) -> None:
        if line.text == "text 0":
            held.wait(WITHIN_S)
        if line.text == "text 1":
            later.set()

    with Load(send, lines(1)[:2], clients=2) as load:
        assert later.wait(WITHIN_S)
        assert not load.join(0.01)
        held.set()
        assert load.join(WITHIN_S)


def test_a_line_is_posted_when_its_time_has_come() -> None:
    began = time.time()
    with Load(lambda _: None, lines(1, every_s=0.01), CLIENTS) as load:
        assert load.join(WITHIN_S)

    for place, message in enumerate(sorted(load.posted(), key=lambda message: int(message.text.split()[1]))):
        assert message.began_at >= began + place * 0.01 - 0.005


def test_what_the_api_refuses_for_good_is_told_and_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    answers: dict[str, list[Exception]] = {
        "text 0": [ApiError(422, error_body("BAD"))],
        "text 1": [ApiUnreachable("gone")],
    }

    def send(line: Line) -> None:
        if failures := answers.get(line.text):
            raise failures.pop()

    with Load(send, lines(1), clients=1) as load:
        assert load.join(WITHIN_S)

    assert load.refused() == ["422 BAD: why"]
    assert [message.tries for message in load.posted()] == [2, *[1] * (len(CONVERSATIONS) - 2)]


def test_an_error_that_nobody_expects_is_not_swallowed() -> None:
    def send(line: Line) -> None:
        raise ZeroDivisionError(line.text)

    with pytest.raises(ZeroDivisionError), Load(send, lines(1), clients=1) as load:
        load.join(WITHIN_S)


def test_the_end_of_the_block_ends_a_load_that_is_not_accepted() -> None:
    def send(_: Line) -> None:
        raise ApiUnreachable("gone")

    with Load(send, lines(1), CLIENTS) as load:
        assert not load.join(0.01)

    assert load.posted() == []


def test_the_patience_of_a_post_ends() -> None:
    def send() -> None:
        raise ApiUnreachable("gone")

    with pytest.raises(ApiUnreachable):
        post(send, Event(), patience_s=0.01)
