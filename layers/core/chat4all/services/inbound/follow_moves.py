"""Follow the chats that move to a new address: a changed number, or a group that became a supergroup.

A move is one transaction: the user gets the new address in the place of the former, and the move is recorded.
The queue keeps a move before the messages from the new address, and nothing else is sure:

::

    comes before the move           what holds
    ─────────────────────           ──────────
    nothing from either address     the move is recorded; the first message makes the user at the new address
    messages from the former        the user gets the new address
    messages from the new           the record leads later messages from the former address to the new
    messages from both              the user of the new address is the same person if we met them by this
                                    address, after the move: their conversations go to the former's user

A message from the former address that comes after its move waited in another group of the queue, or its
webhook was repeated. The record leads it to the new address if it was written before the move: a phone number
may be given to somebody else later.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.consent import opt_outs_on
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, InboundMove
from chat4all.domain.person import Identity, Moved, User, UserType
from chat4all.domain.webhooks import KEEP
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.inbound.hear_consent import ACTOR
from chat4all.services.inbound.known_addresses import KnownAddresses

MOVE_KEPT: Final[timedelta] = KEEP
"""How long a move is recorded: as long as a webhook with a message from before the move can be replayed."""
MOST_HANDED_OVER: Final = 100
"""The most conversations that change hands when two users turn out to be one person."""
SAME_CHANGE: Final = timedelta(minutes=10)
"""Moves from one address within this time are of one person. A phone number is not given away so quickly."""
_MOST_MOVES: Final = 5
"""The most moves that are followed from one address."""
_TRIES: Final = 5


class Present(NamedTuple):
    """A message with the present addresses of its chat.

    When the `settled` addresses were read, nobody had moved away from them after the message.
    """

    event: InboundMessage
    settled: frozenset[str]


class FollowMoves:
    def __init__(
        self,
        directory: Directory,
        conversations: Conversations,
        addresses: KnownAddresses,
        record: RecordConsent,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._conversations = conversations
        self._addresses = addresses
        self._record = record
        self._clock = clock

    def __call__(self, channel: str, account: str, move: InboundMove) -> None:
        """Give the user of a chat that moved its new address in the place of the former address.

        A repeated move changes nothing: the former address may belong to somebody else by now.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        if move.address == move.new_address:
            return
        moved = Moved(move.new_address, move.at, move.phone)
        user = self._user_at(channel, account, move.address, moved)
        if user is None:
            return
        for former in user.identities:
            if (former.channel, former.address) != (channel, move.address):
                continue
            for stale in (former, *_gone_with(former, moved, user)):
                user = self._moved(user, stale, moved)

    def _user_at(self, channel: str, account: str, address: str, moved: Moved) -> User | None:
        """Return the user of the former address; without one, do what the move of somebody unknown needs.

        A first message from the former address may make a user at the same time.
        """
        for _ in range(_TRIES):
            user = self._addresses.user_at(channel, account, address)
            if user is not None or self._of_nobody(channel, account, address, moved):
                return user
        raise Unavailable("The former address is changing too quickly; try again.", retry_after=1)

    def _of_nobody(self, channel: str, account: str, address: str, moved: Moved) -> bool:
        """Record the move of somebody unknown; link the address if somebody has just moved from there.

        Return False if somebody has the former address by now.
        """
        earlier = self._move_from(channel, account, address)
        if earlier is None or not _is_same_change(earlier, moved):
            now = iso(self._clock())
            accounts = self._addresses.every_account(channel, account)
            formers = [Identity(channel, through, address, now) for through in accounts]
            return self._directory.record_move(formers, moved, self._recorded_until())
        user = self._addresses.user_at(channel, account, earlier.address)
        if user is None or earlier.address == moved.address:
            return True
        further = Identity(channel, account, moved.address, iso(self._clock()), moved.phone)
        taken = self._directory.link(user.user_id, further)
        if taken is not None:
            self._take_over(taken.user_id, user, further, moved)
            self._directory.link(user.user_id, further)
        return True

    def present(self, channel: str, account: str, event: InboundMessage, user: User | None) -> Present:
        """Return the event with the addresses that the chat has now; `user` is who is known by the others."""
        identities = user.identities if user else ()
        known = {identity.address for identity in identities if identity.channel == channel}
        unknown = [address for address in (event.address, *event.aliases) if address not in known]
        settled: frozenset[str] = frozenset()
        for address in unknown:
            event, ends = self._followed(channel, account, event, address)
            settled |= ends
        return Present(event, settled)

    def _followed(self, channel: str, account: str, event: InboundMessage, former: str) -> Present:
        """Return the event with the address to which a chat moved from `former`, move by move."""
        address, settled = former, frozenset[str]()
        for _ in range(_MOST_MOVES):
            moved = self._move_from(channel, account, address)
            if moved is None or not self._was_before(channel, event, moved):
                settled = frozenset({address})
                break
            address, event = moved.address, replace(event, phone=moved.phone or event.phone)
        named = (address if name == former else name for name in (event.address, *event.aliases))
        first, *others = dict.fromkeys(named)
        return Present(replace(event, address=first, aliases=tuple(others)), settled)

    def _move_from(self, channel: str, account: str, address: str) -> Moved | None:
        """Return the latest move from the address, through any account of ours where it is the same."""
        found = (
            self._directory.moved(channel, known_as, address)
            for known_as in self._addresses.accounts_of(channel, account)
        )
        moves = [moved for moved in found if moved is not None]
        return max(moves, key=lambda moved: moved.at, default=None)

    def _was_before(self, channel: str, event: InboundMessage, moved: Moved) -> bool:
        """Return whether the message was written before the move. A group's address is never used again."""
        return event.at <= moved.at or self._addresses.is_group(channel, moved.address)

    def _moved(self, user: User, former: Identity, moved: Moved) -> User:
        known = self._directory.moved(former.channel, former.account, former.address)
        if known is not None and known.at >= moved.at:
            return user
        now = iso(self._clock())
        present = replace(former, address=moved.address, linked_at=now, phone=moved.phone, verified_at=None)
        for _ in range(_TRIES):
            taken = self._directory.move(user, former, present, moved, self._recorded_until())
            if taken is None:
                return self._directory.get(user.user_id) or user
            self._take_over(taken.user_id, user, present, moved)
            user = self._directory.get(user.user_id) or user
        raise Unavailable("The identities of the user are changing too quickly; try again.", retry_after=1)

    def _take_over(self, other_id: str, user: User, present: Identity, moved: Moved) -> None:
        """Take the new address from another user, with their conversations if they are the same person."""
        other = self._directory.get(other_id)
        if other is None:
            return
        is_same = self._is_met_after(other, present, moved)
        if is_same:
            self._hand_over(other, user)
            self._record(user, opt_outs_on(other, present.channel), ACTOR)
        for taken in other.identities:
            is_present = taken.place == present.place
            if is_present or is_same:
                self._directory.unlink(other, taken)
                other = self._directory.get(other_id) or other
            if is_same and not is_present:
                self._directory.link(user.user_id, replace(taken, verified_at=None))

    def _is_met_after(self, other: User, present: Identity, moved: Moved) -> bool:
        """Return whether we met the other user after the move, and know them on this channel only."""
        is_met_here = all(known.channel == present.channel for known in other.identities)
        is_new = other.created_at >= moved.at or self._addresses.is_group(present.channel, moved.address)
        return other.type is UserType.CUSTOMER and is_met_here and is_new and not other.merged

    def _hand_over(self, other: User, user: User) -> None:
        places = self._conversations.places(other.user_id)
        listed = self._conversations.of_user(other.user_id, None, MOST_HANDED_OVER)
        # The list may lag behind; the places do not.
        own = (places.one_to_one, *places.wrote.values(), *(told for _, told in listed))
        for conversation_id in dict.fromkeys(own):
            if conversation_id is not None:
                self._conversations.hand_over(conversation_id, other.user_id, user.user_id)

    def _recorded_until(self) -> int:
        return int((self._clock() + MOVE_KEPT).timestamp())


def _gone_with(former: Identity, moved: Moved, user: User) -> list[Identity]:
    """Return the user's other addresses that belong to the former phone number, if no new number is named.

    A user id changes with the number, which may be given to somebody else.
    """
    if moved.phone is not None or former.phone is None:
        return []
    return [
        known
        for known in user.identities
        if known != former
        and (known.channel, known.account, known.phone) == (former.channel, former.account, former.phone)
    ]


def _is_same_change(earlier: Moved, later: Moved) -> bool:
    """Return whether two moves from one address are news of one change: a new number and a new user id."""
    return abs(parse_iso(later.at) - parse_iso(earlier.at)) <= SAME_CHANGE
