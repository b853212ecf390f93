"""The end of an exchange with the provider."""

from enum import StrEnum

import msgspec

from chat4all_local.simulators.provider import Answer
from chat4all_local.simulators.serving import Serving


class Ending(StrEnum):
    """The ways in which an exchange ends."""

    ANSWER = "answer"
    CLOSE = "close"
    RESET = "reset"


class Reply(msgspec.Struct, frozen=True):
    """The reply after `delay_s` seconds. If `ending` is ANSWER, `answer` or `serving` is set."""

    answer: Answer | None
    delay_s: float = 0
    ending: Ending = Ending.ANSWER
    serving: Serving | None = None
