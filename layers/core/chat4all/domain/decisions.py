"""What became of each step of a plan for a recipient, as the record of the fallback tells it."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from chat4all.domain.plan import Choose, Skipped
from chat4all.domain.waiting import Fallback


class Decision(StrEnum):
    """What becomes of a step of the plan for a recipient."""

    TRIED = "tried"
    NEXT = "next"
    """The step follows if the steps before it fail, or are not confirmed in time."""
    SKIPPED = "skipped"
    """The step is not possible for the recipient."""


class StepDecision(msgspec.Struct, frozen=True):
    """The decision on a step for a recipient; `code` and `reason` say why the step was skipped."""

    recipient_id: str
    step: int
    channel: str | None
    decision: Decision
    code: str | None = None
    reason: str | None = None


def decisions_of(fallback: Fallback, choose: Choose) -> list[StepDecision]:
    """Return the decision on each step in the order in which they are tried.

    Steps that were never possible have their place in the sender's order, or the last places where the
    cheapest step comes first.
    """
    decisions = list(_decisions(fallback))
    return sorted(decisions, key=lambda decided: decided.step) if choose is Choose.IN_ORDER else decisions


def _decisions(fallback: Fallback) -> Iterator[StepDecision]:
    to = fallback.event.recipients[0]
    skipped_later = {skipped.step: skipped for skipped in fallback.skipped}
    for on_route in to.routes:
        skipped = skipped_later.get(on_route.step)
        if skipped is not None:
            yield _skipped(to.user_id, skipped)
        else:
            decision = Decision.TRIED if on_route.position <= fallback.position else Decision.NEXT
            yield StepDecision(to.user_id, on_route.step, on_route.channel, decision)
    yield from (_skipped(to.user_id, skipped) for skipped in to.skipped)


def _skipped(user_id: str, skipped: Skipped) -> StepDecision:
    return StepDecision(
        user_id, skipped.step, skipped.channel, Decision.SKIPPED, skipped.code, skipped.reason
    )
