"""Check whether the recipients of a message may be written to: see `domain.windows`.

A recorded time is at most an hour behind, so a window that was recorded as open is open. A closed window is
asked about twice before a message is refused: the user is read again, since the memory may be stale, and in
the hour that the recorded time leaves open, the person's latest messages are looked up.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock
from chat4all.domain.content import Content
from chat4all.domain.errors import Detail, WindowClosed
from chat4all.domain.events import DeliveryRequested, Recipient, Refusal
from chat4all.domain.person import Identity, User
from chat4all.domain.windows import Tag, Window, closed_issue, undecided_since, window_of
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Messages

Users = Mapping[str, User]
"""Users by id."""


class CheckWindows:
    def __init__(
        self,
        messages: Messages,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._clock = clock

    def require_open(
        self, recipients: Sequence[Recipient], users: Users, content: Content, tag: Tag | None
    ) -> None:
        """Raise WindowClosed unless the recorded times let every recipient be written to on the first route.

        `users` may be stale: the caller must read them again and ask `open_routes` before it refuses.
        """
        closed = [to for to in recipients if self._closed(to, users, content, tag) is not None]
        if closed:
            raise self._refusal(closed, users, content, tag)

    def open_routes(
        self, recipients: Sequence[Recipient], users: Users, content: Content, tag: Tag | None
    ) -> tuple[Recipient, ...]:
        """Return the recipients, each from the first of their routes on that takes the content now.

        Raises:
            WindowClosed: a recipient has no such route; the details tell of the first route.
        """
        known = self._updated(recipients, users, content, tag)
        found = [(to, self._first_open(to, known, content, tag)) for to in recipients]
        closed = [to for to, on_route in found if on_route is None]
        if closed:
            raise self._refusal(closed, known, content, tag)
        return tuple(on_route for _, on_route in found if on_route is not None)

    def with_refusals(self, requested: Sequence[DeliveryRequested]) -> list[DeliveryRequested]:
        """Mark the deliveries of a message that goes out long after it was accepted, if a window is closed.

        A message that goes to channels without windows costs no read.
        """
        windowed = {
            delivery.recipient.user_id
            for delivery in requested
            if self._capabilities[delivery.recipient.channel].window_h is not None
        }
        if not windowed:
            return list(requested)
        users = self._conversation_cache.fresh_users(sorted(windowed))
        first_parts = {delivery.recipient: delivery for delivery in reversed(requested)}
        refusals = {to: self._refusal_of(delivery, users) for to, delivery in first_parts.items()}
        return [replace(delivery, refusal=refusals[delivery.recipient]) for delivery in requested]

    def of_user(self, user: User) -> tuple[Window, ...]:
        """Return the window of each identity, as a message would find it."""
        return tuple(self._window(self._looked_up(user, known, None)) for known in user.identities)

    def _refusal_of(self, delivery: DeliveryRequested, users: Users) -> Refusal | None:
        to, content, tag = delivery.recipient, delivery.content, delivery.tag
        known = self._updated([to], users, content, tag)
        window = self._closed(to, known, content, tag)
        return Refusal(WindowClosed.code, closed_issue(to.user_id, window)) if window is not None else None

    def _first_open(self, to: Recipient, users: Users, content: Content, tag: Tag | None) -> Recipient | None:
        for on_route in to.routes:
            if self._closed(on_route, users, content, tag) is None:
                return to if on_route.position == to.position else replace(on_route, position=0)
        return None

    def _closed(self, to: Recipient, users: Users, content: Content, tag: Tag | None) -> Window | None:
        """Return the window of the recipient's route if it does not take the content."""
        identity = _identity_of(to, users)
        window = self._window(identity) if identity is not None else None
        return window if window is not None and not window.takes(content, tag) else None

    def _window(self, identity: Identity) -> Window:
        return window_of(identity, self._capabilities[identity.channel], self._clock())

    def _updated(
        self, recipients: Sequence[Recipient], users: Users, content: Content, tag: Tag | None
    ) -> Users:
        """Return the users with the times of messages that are not recorded, where they decide."""
        known = dict(users)
        for on_route in _routes(recipients):
            identity = _identity_of(on_route, known)
            if identity is None or self._closed(on_route, known, content, tag) is None:
                continue
            user = known[on_route.user_id]
            looked_up = self._looked_up(user, identity, tag)
            identities = (looked_up if other == identity else other for other in user.identities)
            known[user.user_id] = replace(user, identities=tuple(identities))
        return known

    def _looked_up(self, user: User, identity: Identity, tag: Tag | None) -> Identity:
        """Return the identity with the time of the latest message, if that may decide about the window."""
        capabilities = self._capabilities[identity.channel]
        if self._window(identity).is_open:
            return identity
        since = undecided_since(identity, capabilities, self._clock(), tag)
        if since is None:
            return identity
        latest = self._messages.latest_from(user.user_id, identity.channel, identity.account, since)
        return replace(identity, wrote_at=max(latest, identity.wrote_at or "")) if latest else identity

    def _refusal(
        self, closed: Sequence[Recipient], users: Users, content: Content, tag: Tag | None
    ) -> WindowClosed:
        windows = ((to.user_id, self._closed(to, users, content, tag)) for to in closed)
        details = (
            Detail("content", closed_issue(user_id, window))
            for user_id, window in windows
            if window is not None
        )
        places = dict.fromkeys((to.channel, to.account) for to in closed)
        return WindowClosed("Not every recipient may be written to now.", *details, places=tuple(places))


def _routes(recipients: Sequence[Recipient]) -> Iterator[Recipient]:
    return (on_route for to in recipients for on_route in to.routes)


def _identity_of(to: Recipient, users: Users) -> Identity | None:
    user = users.get(to.user_id)
    place = (to.channel, to.account, to.address)
    known = user.identities if user is not None else ()
    return next((identity for identity in known if identity.place == place), None)
