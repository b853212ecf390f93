"""Invocations take turns by the limits of a function and of the machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from lambda_processes.pool import Limits, Refused
from lambda_processes.turns import Turns

LIMITS = Limits(per_function=2, machine=3, cold_starts=1, waiting=2, wait_s=0.3)


@contextmanager
def waiting(turns: Turns, function: str, took: list[str]) -> Iterator[threading.Thread]:
    """Let a thread wait for a turn of the function; it notes the turn and gives it back."""

    def take() -> None:
        with turns.taken(function):
            took.append(function)

    thread = threading.Thread(target=take)
    thread.start()
    time.sleep(0.05)
    yield thread
    thread.join(5)


def test_a_function_has_as_many_turns_as_its_limit_and_the_machine_as_many_as_its_own() -> None:
    turns = Turns(LIMITS)
    with ExitStack() as held:
        held.enter_context(turns.taken("a"))
        held.enter_context(turns.taken("a"))
        with pytest.raises(Refused, match="no turn of a came in 0 s"), turns.taken("a"):
            pass
        held.enter_context(turns.taken("b"))
        with pytest.raises(Refused), turns.taken("c"):
            pass
    with turns.taken("c"):
        pass


def test_who_waits_is_next_and_who_finds_too_many_waiting_is_refused_at_once() -> None:
    turns = Turns(replace(LIMITS, per_function=1, wait_s=5))
    took: list[str] = []
    with ExitStack() as held:
        own = held.enter_context(ExitStack())
        own.enter_context(turns.taken("a"))
        for _ in range(2):
            held.enter_context(waiting(turns, "a", took))
        began = time.monotonic()
        with pytest.raises(Refused, match="2 invocations of a wait already"), turns.taken("a"):
            pass
        assert time.monotonic() - began < 1
        assert took == []
        own.close()

    assert took == ["a", "a"]


def test_the_function_with_the_fewest_invocations_goes_first() -> None:
    turns = Turns(replace(LIMITS, machine=2, wait_s=5))
    took: list[str] = []
    with ExitStack() as held:
        first, second = held.enter_context(ExitStack()), held.enter_context(ExitStack())
        first.enter_context(turns.taken("flooded"))
        second.enter_context(turns.taken("flooded"))
        held.enter_context(waiting(turns, "flooded", took))
        held.enter_context(waiting(turns, "other", took))
        first.close()
        time.sleep(0.1)

    assert took[0] == "other"


def test_an_invocation_that_fails_gives_its_turn_back() -> None:
    turns = Turns(replace(LIMITS, per_function=1))
    for _ in range(2):
        with pytest.raises(KeyError), turns.taken("a"):
            raise KeyError
