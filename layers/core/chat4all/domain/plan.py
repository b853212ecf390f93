"""The plan of a message: the steps by which it is to reach each recipient."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from chat4all.domain.content import Content
from chat4all.domain.kinds import Template


class Choose(StrEnum):
    """The order in which the possible steps are tried."""

    IN_ORDER = "in_order"
    """The order in which the sender names them."""
    CHEAPEST = "cheapest"
    """Steps for which the provider charges nothing come first, then those of fewer charged units."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way to reach a recipient.

    Without a `channel`, the step goes over the channel of the step before; the first step goes over the
    channel that is best for the recipient. Without a `content`, the message's own content goes out.
    """

    channel: str | None = None
    content: Content | None = None


class Skipped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step that was not possible for a recipient: number `step`, the code of the error and a sentence.

    `channel` is None if the recipient is known on no channel.
    """

    step: int
    channel: str | None
    code: str
    reason: str


def as_posted(content: Content) -> Content:
    """Return a content without what the API took from the account's templates."""
    return content.as_posted if isinstance(content, Template) else content


def templates_of(content: Content, steps: Sequence[Step]) -> list[Template]:
    """Return the templates among the contents of a message and its steps."""
    contents = (content, *(step.content for step in steps))
    return [template for template in contents if isinstance(template, Template)]


def step_as_posted(step: Step) -> Step:
    return step if step.content is None else Step(step.channel, as_posted(step.content))


def contents_of(steps: Sequence[Step]) -> tuple[Content | None, ...]:
    """Return the content of each step of a plan; () for a message of one step, which has its own content."""
    return tuple(step.content for step in steps) if len(steps) > 1 else ()


def contents_on(channel: str, steps: Sequence[Step], own: Content, best: str) -> Iterator[Content]:
    """Yield the content of each step that goes over the channel.

    `best` is the channel of the first step, if it names none. Without steps, the content `own` goes there.
    """
    at = best
    for step in steps or (Step(),):
        at = step.channel or at
        if at == channel:
            yield own if step.content is None else step.content
