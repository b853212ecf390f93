"""Check whether the recipients of a message may be written to: see `domain.windows`.

A recorded time is at most an hour behind, so a window that was recorded as open is open. A closed window is
asked about twice before a message is refused: the user is read again, since the memory may be stale, and the
person's latest message is looked up, which tells when the window closed. Who asks for a window gets its exact
end, too.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock
from chat4all.domain.content import Content
from chat4all.domain.errors import WindowClosed
from chat4all.domain.events import Route
from chat4all.domain.person import Identity, User
from chat4all.domain.planning import Check, Obstacle
from chat4all.domain.windows import Tag, Window, closed_issue, unrecorded_since, window_of
from chat4all.services.messaging.ports import Messages


class CheckWindows:
    def __init__(self, messages: Messages, capabilities: Mapping[str, Capabilities], clock: Clock) -> None:
        self._messages = messages
        self._capabilities = capabilities
        self._clock = clock

    def recorded(self, tag: Tag | None) -> Check:
        """Return the check by the recorded times alone.

        The users may be stale, and the times behind: what this check refuses, `exact` must refuse, too, with
        users who were read again.
        """
        return self._check(tag, lambda _user, known: known)

    def exact(self, tag: Tag | None) -> Check:
        """Return the check of one message that looks up the person's latest message before a refusal.

        It reads once at most for each identity.
        """
        looked_up: dict[Identity, Identity] = {}

        def latest(user: User, known: Identity) -> Identity:
            if known not in looked_up:
                looked_up[known] = self._looked_up(user, known)
            return looked_up[known]

        return self._check(tag, latest)

    def of_user(self, user: User) -> tuple[Window, ...]:
        """Return the window of each identity, with its exact end."""
        return tuple(self._window(self._looked_up(user, known)) for known in user.identities)

    def _check(self, tag: Tag | None, latest: Callable[[User, Identity], Identity]) -> Check:
        def check(user: User, route: Route, content: Content) -> Obstacle | None:
            known = _identity_at(route, user)
            if known is None or self._window(known).takes(content, tag):
                return None
            window = self._window(latest(user, known))
            if window.takes(content, tag):
                return None
            reason, message = closed_issue(user.user_id, window), "Not every recipient may be written to now."
            place = route.channel, route.account
            return Obstacle(WindowClosed, reason, message=message, may_pass=True, place=place)

        return check

    def _window(self, identity: Identity) -> Window:
        return window_of(identity, self._capabilities[identity.channel], self._clock())

    def _looked_up(self, user: User, identity: Identity) -> Identity:
        """Return the identity with the time of the person's latest message."""
        since = unrecorded_since(identity, self._capabilities[identity.channel])
        if since is None:
            return identity
        found = (
            self._messages.latest_from(user_id, identity.channel, identity.account, since)
            for user_id in dict.fromkeys(user.ids)
        )
        latest = max((at for at in found if at is not None), default=None)
        return replace(identity, wrote_at=max(latest, identity.wrote_at or "")) if latest else identity


def _identity_at(route: Route, user: User) -> Identity | None:
    place = (route.channel, route.account, route.address)
    return next((identity for identity in user.identities if identity.place == place), None)
