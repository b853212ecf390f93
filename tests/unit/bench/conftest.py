"""Made-up measurements."""

from collections.abc import Callable

import pytest

from chat4all_local.bench.pipeline.rounds import Round, complete
from chat4all_local.traffic.ledger import Arrivals
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation

MakeRound = Callable[..., Round]


def posted(message_id: str, began_at: float, seconds: float) -> Posted:
    """Make a message that was accepted after `seconds`."""
    conversation = Conversation("conversation", "agent", "whatsapp", "1")
    return Posted(message_id, conversation, message_id, began_at, began_at + seconds, 1)


@pytest.fixture
def make_round() -> MakeRound:
    """Make a round that began at 1000.

    `answers` and `arrivals` are seconds since the POSTs, all sent at once.
    """

    def make(answers: list[float], arrivals: list[float]) -> Round:
        posts = [posted(f"message-{number}", 1000.0, seconds) for number, seconds in enumerate(answers)]
        at = {f"message-{number}": 1000.0 + seconds for number, seconds in enumerate(arrivals)}
        return complete(posts, Arrivals(at))

    return make
