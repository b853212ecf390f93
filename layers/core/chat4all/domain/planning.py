"""Weigh the steps of a message's plan for each recipient, as a pure function of what is known of them.

::

    steps ── for each recipient: the route of the step, and the first check that speaks against it
       │
    possible ── in the sender's order, or the cheapest first: the routes of the recipient
       │
    skipped ── with the code and the reason, for the status and the preview

A check is a function of the user, the route and the content: see `domain.plan_checks`. Whatever limits whom
we may write to is one more check in the list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import dropwhile
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.charges import Charge, charge_of
from chat4all.domain.content import Content
from chat4all.domain.errors import Detail, NoIdentity, NotPossible, WindowClosed
from chat4all.domain.events import Recipient, Route
from chat4all.domain.person import User
from chat4all.domain.plan import Choose, Skipped, Step
from chat4all.domain.routing import customers_of, known_routes, on_channel, parts_of, recipient_of
from chat4all.domain.snapshot import Snapshot

REPEATED: Final = "REPEATED"
"""The code of a step that is the same as an earlier step for the recipient."""


class Obstacle(msgspec.Struct, frozen=True):
    """Why a step is not possible for a recipient: the error, and a sentence about the recipient's channel.

    If no step is left, a client reads the error with `message`, and a detail for `field` with the `reason`.
    """

    error: type[NotPossible]
    reason: str
    field: str = "content"
    message: str = "The message is not possible."
    may_pass: bool = False
    """It may be gone when the turn of a later step comes, so that only the first steps are skipped for it."""
    place: tuple[str, str] | None = None
    """The channel and our account there, of a window that is closed."""


Check = Callable[[User, Route, Content], Obstacle | None]
"""Return what speaks against a content on a route to the user; None if nothing does."""


class Wanted(msgspec.Struct, frozen=True):
    """The contents of a message as its recipients read them, and how its sender wants it to go out."""

    content: Content
    steps: tuple[Step, ...]
    """At least one. The content of a step is as the recipients read it, too."""
    choose: Choose = Choose.IN_ORDER
    is_shown: bool = True
    """False: the recipients see nothing of it, and nobody receives it."""

    def content_of(self, step: Step) -> Content:
        return self.content if step.content is None else step.content


class Unreached(msgspec.Struct, frozen=True):
    """A customer for whom no step is possible, and what speaks against each step that repeats no other."""

    user_id: str
    obstacles: tuple[Obstacle, ...]
    skipped: tuple[Skipped, ...]

    @property
    def obstacle(self) -> Obstacle:
        """Return what speaks against the first step, of those on channels where the customer is known."""
        known = (obstacle for obstacle in self.obstacles if obstacle.error is not NoIdentity)
        return next(known, self.obstacles[0])


class Plan(msgspec.Struct, frozen=True):
    """The recipients with the routes that are possible, and those who cannot be reached, in their order."""

    recipients: tuple[Recipient, ...]
    unreached: tuple[Unreached, ...]


def plan(
    snapshot: Snapshot,
    sender_id: str,
    wanted: Wanted,
    *,
    capabilities: Mapping[str, Capabilities],
    checks: Sequence[Check],
    prefers: Sequence[Check] = (),
) -> Plan:
    """Weigh every step for every customer in the conversation, apart from the sender.

    Of several identities on the channel of a step, the first identity without an obstacle counts; identities
    against which `prefers` speak come last.
    """
    recipients: list[Recipient] = []
    unreached: list[Unreached] = []
    best = partial(_best, checks, (*checks, *prefers))
    conversation = snapshot.conversation
    for participant, user in customers_of(conversation, snapshot.users, sender_id):
        known = known_routes(user, participant.wrote_from)
        weighed = list(_weighed(user, known, conversation.primary_channel, wanted, best))
        ways = [step for step in weighed if step.route is not None]
        if wanted.choose is Choose.CHEAPEST:
            ways.sort(key=lambda step: _charge(step, capabilities))
        tried = [*dropwhile(lambda step: step.obstacle is not None, ways)]
        skipped = tuple(step.skipped for step in weighed if step.skipped is not None and step not in tried)
        routes = [step.route for step in tried if step.route is not None]
        if routes:
            recipients.append(replace(recipient_of(participant, routes), skipped=skipped))
        else:
            obstacles = (step.obstacle for step in weighed if step.obstacle is not None)
            unreached.append(Unreached(user.user_id, tuple(obstacles), skipped))
    return Plan(tuple(recipients), tuple(unreached))


def obstacle_of(user: User, route: Route, content: Content, checks: Sequence[Check]) -> Obstacle | None:
    """Return the first obstacle to a content on a route to the user; None if there is none."""
    found = (check(user, route, content) for check in checks)
    return next((obstacle for obstacle in found if obstacle is not None), None)


def require_all(plan_: Plan, wanted: Wanted) -> tuple[Recipient, ...]:
    """Return the recipients; raise the error of the first obstacle if somebody cannot be reached."""
    if not plan_.unreached:
        return plan_.recipients
    strangers = [to.user_id for to in plan_.unreached if to.obstacle.error is NoIdentity]
    if strangers:
        channels = [step.channel for step in wanted.steps if step.channel is not None]
        where = f"the channel {' or '.join(dict.fromkeys(channels))}" if channels else "any channel"
        raise NoIdentity(
            f"Not every participant can be reached on {where}.",
            *(
                Detail("conversation_id", f"user {user_id} has no identity on {where}")
                for user_id in strangers
            ),
        )
    first = plan_.unreached[0].obstacle
    others = (obstacle for to in plan_.unreached for obstacle in to.obstacles)
    raise refusal([first, *others])


def refusal(obstacles: Sequence[Obstacle]) -> NotPossible:
    """Return the error of the first obstacle, with the details of all obstacles of this error."""
    first = obstacles[0]
    same = [obstacle for obstacle in obstacles if obstacle.error is first.error]
    details = dict.fromkeys(Detail(obstacle.field, obstacle.reason) for obstacle in same)
    if first.error is WindowClosed:
        places = dict.fromkeys(obstacle.place for obstacle in same if obstacle.place is not None)
        return WindowClosed(first.message, *details, places=tuple(places))
    return first.error(first.message, *details)


class _Weighed(msgspec.Struct, frozen=True):
    """A step for a recipient: its content, and a route or what speaks against it; both if that may pass."""

    content: Content
    route: Route | None
    obstacle: Obstacle | None = None
    skipped: Skipped | None = None


Best = Callable[[User, Sequence[Route], Content], tuple[Route, Obstacle | None] | None]
"""Returns the route to take of those on a channel, and what speaks against it; None if there is none."""


def _weighed(
    user: User, known: Sequence[Route], primary: str | None, wanted: Wanted, choose: Best
) -> Iterator[_Weighed]:
    best = on_channel(known, primary) or next(iter(known), None)
    channel = None
    seen: list[tuple[Route, Content]] = []
    for number, step in enumerate(wanted.steps):
        channel = step.channel or channel or (best.channel if best is not None else None)
        content = wanted.content_of(step)
        there = [route for route in known if route.channel == channel]
        found = choose(user, there, content)
        route, obstacle = found if found is not None else (None, _unknown_on(channel))
        if obstacle is not None:
            skipped = Skipped(number, channel, obstacle.error.code, obstacle.reason)
            later = replace(route, step=number) if route is not None and obstacle.may_pass else None
            yield _Weighed(content, later, obstacle, skipped)
        elif route is not None and (route, content) in seen:
            repeated = Skipped(number, channel, REPEATED, f"{channel} has this content in an earlier step")
            yield _Weighed(content, None, None, repeated)
        elif route is not None:
            seen.append((route, content))
            yield _Weighed(content, replace(route, step=number))


def _best(
    checks: Sequence[Check], preferred: Sequence[Check], user: User, routes: Sequence[Route], content: Content
) -> tuple[Route, Obstacle | None] | None:
    """Return the first route without an obstacle, or else the first with what speaks against it."""
    if len(routes) > 1:
        for asked in (preferred, checks):
            for route in routes:
                if obstacle_of(user, route, content, asked) is None:
                    return route, None
    return (routes[0], obstacle_of(user, routes[0], content, checks)) if routes else None


def _unknown_on(channel: str | None) -> Obstacle:
    where = "the person has no identity" if channel is None else f"{channel} has no identity of the person"
    return Obstacle(NoIdentity, where)


def _charge(step: _Weighed, capabilities: Mapping[str, Capabilities]) -> Charge:
    assert step.route is not None  # noqa: S101 - only steps with a route are sorted
    of_channel = capabilities[step.route.channel]
    return charge_of(parts_of(step.content, of_channel, step.route.address), of_channel.charging)
