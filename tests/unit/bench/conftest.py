"""Measurements that somebody might have taken."""

from collections.abc import Callable

import pytest

from chat4all_local.bench.pipeline.load import Post
from chat4all_local.bench.pipeline.rounds import Round, complete
from chat4all_local.bench.pipeline.sides import Arrivals

MakeRound = Callable[..., Round]


@pytest.fixture
def make_round() -> MakeRound:
    """A round that began at 1000: `answers` and `arrivals` are seconds since each POST, all sent at once."""

    def make(answers: list[float], arrivals: list[float]) -> Round:
        posts = [Post(f"message-{number}", 1000.0, seconds) for number, seconds in enumerate(answers)]
        at = {f"message-{number}": 1000.0 + seconds for number, seconds in enumerate(arrivals)}
        return complete(posts, Arrivals(at))

    return make
