"""The messages that an open load posted: accepted with a 202, or uncertain without it."""

import math
from collections.abc import Iterator, Mapping, Sequence

from chat4all_local.traffic.load import Line, Posted
from chat4all_local.traffic.open_load import Answer, Outcome


def accepted(answers: Sequence[Answer], lines: Mapping[str, Line]) -> list[Posted]:
    """Return the messages that got their 202, in the order of their answers."""
    return [
        _posted(line, answer, answer.at)
        for line, answer in _posts(answers, lines)
        if answer.outcome is Outcome.ANSWERED
    ]


def uncertain(answers: Sequence[Answer], lines: Mapping[str, Line]) -> list[Posted]:
    """Return the messages without a 202, which the cloud may have taken all the same."""
    posts = _posts(answers, lines)
    return [
        _posted(line, answer, math.inf) for line, answer in posts if answer.outcome is not Outcome.ANSWERED
    ]


def _posts(answers: Sequence[Answer], lines: Mapping[str, Line]) -> Iterator[tuple[Line, Answer]]:
    return ((lines[answer.request.key], answer) for answer in answers if answer.request.key in lines)


def _posted(line: Line, answer: Answer, at: float) -> Posted:
    return Posted(line.message_id, line.conversation, line.text, answer.sent_at, at, tries=1)
