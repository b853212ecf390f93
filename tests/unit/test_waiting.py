"""The tools wait with a deadline, and their errors say what they waited for."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from chat4all_local.waiting import wait_until, wait_while_moving


def test_the_first_value_that_is_true_is_handed_back() -> None:
    values = iter([0, None, 3, 4])

    assert wait_until("a number", lambda: next(values), within_s=10, every_s=0) == 3
    assert next(values) == 4


def test_what_does_not_come_to_be_is_named() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0.05 s: the queues are empty"):
        wait_until("the queues are empty", lambda: False, within_s=0.05, every_s=0.01)


def test_there_is_one_look_however_short_the_time() -> None:
    assert wait_until("the answer", lambda: "yes", within_s=0) == "yes"


def test_an_error_of_the_look_ends_the_wait() -> None:
    def look() -> bool:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        wait_until("an answer", look, within_s=10)


def test_what_moves_is_waited_for_until_it_is_over() -> None:
    values = iter(range(100))

    last = wait_while_moving(
        "a count", lambda: next(values), lambda count: count == 30, still_s=0.2, every_s=0.01
    )

    assert last == 30


def test_what_stands_still_is_given_up() -> None:
    values: Iterator[int] = chain([1, 2], repeat(3))

    with pytest.raises(TimeoutError, match=r"no progress for 0.05 s: a count"):
        wait_while_moving("a count", lambda: next(values), lambda _: False, still_s=0.05, every_s=0.01)
