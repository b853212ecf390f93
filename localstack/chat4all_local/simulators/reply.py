"""How an exchange with the provider ends."""

from enum import StrEnum

import msgspec

from chat4all_local.simulators.provider import Answer
from chat4all_local.simulators.serving import Serving


class Ending(StrEnum):
    """How the exchange ends."""

    ANSWER = "answer"
    CLOSE = "close"
    RESET = "reset"


class Reply(msgspec.Struct, frozen=True):
    """What the caller gets, after `delay_s` seconds; where `ending` is ANSWER, `answer` or `serving` is there."""

    answer: Answer | None
    delay_s: float = 0
    ending: Ending = Ending.ANSWER
    serving: Serving | None = None
