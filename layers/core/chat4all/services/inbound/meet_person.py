"""Find the user of a chat, by all addresses that the provider names together, or create the user."""

from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.consent import having_heard, opt_outs_on
from chat4all.domain.content import Notice
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage
from chat4all.domain.person import MOST_IDENTITIES, WRITING_KNOWN, Identity, User, UserType
from chat4all.services.directory.ports import Directory, NoMove
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.inbound.follow_moves import FollowMoves
from chat4all.services.inbound.hear_consent import ACTOR
from chat4all.services.inbound.known_addresses import KnownAddresses

_TRIES: Final = 5


class MeetPerson:
    def __init__(
        self,
        directory: Directory,
        addresses: KnownAddresses,
        follow: FollowMoves,
        record: RecordConsent,
        *,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._directory = directory
        self._addresses = addresses
        self._follow = follow
        self._record = record
        self._clock = clock
        self._new_id = new_id

    def __call__(self, channel: str, account: str, event: InboundMessage) -> tuple[User, InboundMessage]:
        """Return the user of the event's chat, and the event with the addresses that the chat has now.

        An unknown chat gets a new customer.

        All addresses that the event names belong to the user afterwards. If an address belonged to another
        user, the provider's word counts: the address changes hands, and the other user keeps their messages.
        What they opted out of on the channel, the user has opted out of, too: both are one person.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        user = self._known(channel, account, event)
        present, settled = self._follow.present(channel, account, event, user)
        if user is None and present != event:
            user = self._known(channel, account, present)
        event = present
        wrote_at = self._wrote_at(channel, event)
        no_move = self._no_move(channel, account, event)
        if user is None:
            settled_move = no_move if event.address in settled else None
            user = self._new(channel, account, event, wrote_at, settled_move)
        for known_as in self._addresses.accounts_of(channel, account):
            for address in (event.address, *event.aliases):
                # Each account of ours has a window of its own.
                at = wrote_at if known_as == account else None
                identity = self._identity(channel, known_as, address, event, at)
                user = self._with_identity(user, identity, no_move if address in settled else None)
        if wrote_at is not None:
            places = {(channel, account, address) for address in (event.address, *event.aliases)}
            user = self._directory.wrote(user, places, wrote_at, WRITING_KNOWN)
        return self._with_name(user, event.display_name), event

    def _wrote_at(self, channel: str, event: InboundMessage) -> str | None:
        """Return when the person of the chat wrote the message, at the latest now; None if they did not.

        News of the chat and the words of our own side open no window, and a group has none.
        """
        is_theirs = event.author is None and not isinstance(event.content, Notice)
        if not is_theirs or self._addresses.is_group(channel, event.address):
            return None
        return min(event.at, iso(self._clock()))

    def _known(self, channel: str, account: str, event: InboundMessage) -> User | None:
        addresses = (event.address, *event.aliases)
        found = (self._addresses.user_at(channel, account, address) for address in addresses)
        return next((user for user in found if user is not None), None)

    def _no_move(self, channel: str, account: str, event: InboundMessage) -> NoMove:
        """Return the condition that an address of the event is still present.

        Another process may take in the news of a move meanwhile. A group's address is never used again.
        """
        is_group = self._addresses.is_group(channel, event.address)
        return NoMove(self._addresses.accounts_of(channel, account), None if is_group else event.at)

    def _with_identity(self, user: User, identity: Identity, no_move: NoMove | None) -> User:
        """Return the user with the identity, unless they have as many identities as a user may have."""
        for _ in range(_TRIES):
            if _has(user, identity) or len(user.identities) >= MOST_IDENTITIES:
                return user
            told = self._record.recall(user, (identity,), ACTOR)
            taken = self._directory.link(user.user_id, identity, no_move, told)
            if taken is not None:
                self._take_from(taken.user_id, identity, user)
            user = self._directory.get(user.user_id) or user
        raise Unavailable("The identities of the user are changing too quickly; try again.", retry_after=1)

    def _take_from(self, user_id: str, identity: Identity, user: User) -> None:
        other = self._directory.get(user_id)
        taken = (
            next((known for known in other.identities if known.place == identity.place), None)
            if other
            else None
        )
        if other is not None and taken is not None:
            self._record(user, opt_outs_on(other, identity.channel), ACTOR)
            self._directory.unlink(other, taken)

    def _with_name(self, user: User, name: str | None) -> User:
        """Give a user their name if they are called by an address so far; no other name is replaced."""
        stand_ins = {stand_in for known in user.identities for stand_in in _stand_ins(known)}
        if name is None or name == user.display_name or user.display_name not in stand_ins:
            return user
        self._directory.rename(user.user_id, user.display_name, name)
        return self._directory.get(user.user_id) or user

    def _new(
        self,
        channel: str,
        account: str,
        event: InboundMessage,
        wrote_at: str | None,
        no_move: NoMove | None,
    ) -> User:
        """Create a customer for a chat that is not known yet."""
        now = iso(self._clock())
        identity = self._identity(channel, account, event.address, event, wrote_at)
        name = event.display_name or event.handle or event.address
        user = User(self._new_id(), UserType.CUSTOMER, name, (identity,), {}, now)
        aliases = [self._identity(channel, account, alias, event, wrote_at) for alias in event.aliases]
        told = self._record.recall(user, (identity, *aliases), ACTOR)
        user = replace(user, consents=having_heard((), told))
        taken = self._directory.create(user, no_move)
        if taken is None:
            return user
        known = self._directory.get(taken.user_id)
        if known is None:
            raise Unavailable("Another process is creating this user; try again.")
        return known

    def _identity(
        self, channel: str, account: str, address: str, event: InboundMessage, wrote_at: str | None
    ) -> Identity:
        now = iso(self._clock())
        return Identity(channel, account, address, now, event.phone, event.handle, wrote_at)


def _has(user: User, identity: Identity) -> bool:
    return any(known.place == identity.place for known in user.identities)


def _stand_ins(identity: Identity) -> tuple[str, ...]:
    """Return what stands in the place of a name that is not known."""
    named = (identity.address, identity.phone, identity.handle)
    return tuple(text for text in named if text)
