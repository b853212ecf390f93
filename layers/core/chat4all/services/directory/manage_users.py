"""Create, read and list users; link and unlink the identities by which the channels know them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from chat4all.domain.channel import ChannelAccounts
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.consent import Consent, having_heard
from chat4all.domain.errors import (
    Conflict,
    Detail,
    IdentityInUse,
    IdentityNotFound,
    Invalid,
    TooManyIdentities,
    UserNotFound,
)
from chat4all.domain.merging import require_own
from chat4all.domain.pages import Page, TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.person import INBOX_USER_ID, MOST_IDENTITIES, Identity, User, UserType
from chat4all.services.directory.ports import Directory, IdentityTaken

CanonicalAddress = Callable[[str, str], str]
"""(channel, address) -> the spelling under which the directory stores the address; raises Invalid."""


IsAccount = Callable[[str, str], bool]
"""(channel, account) -> whether the channel has the account."""


Recall = Callable[[User, Sequence[Identity]], tuple[Consent, ...]]
"""Returns what an erased person opted out of under an address of the identities that the user gets."""


class NewIdentity(msgspec.Struct, frozen=True):
    channel: str
    address: str
    phone: str | None = None
    handle: str | None = None
    wrote_at: str | None = None
    """When the person wrote from there last, ISO 8601 UTC, if it is known."""
    account: str | None = None
    """Our account that knows the person by the address; else the channel's first."""


class NewUser(msgspec.Struct, frozen=True):
    type: UserType
    display_name: str
    identities: tuple[NewIdentity, ...] = ()
    metadata: dict[str, str] = {}


class ManageUsers:
    def __init__(
        self,
        directory: Directory,
        canonical: CanonicalAddress,
        accounts: ChannelAccounts,
        clock: Clock,
        new_id: NewId,
        *,
        is_account: IsAccount,
        recall: Recall,
    ) -> None:
        self._directory = directory
        self._canonical = canonical
        self._accounts = accounts
        self._clock = clock
        self._new_id = new_id
        self._is_account = is_account
        self._recall = recall

    def new_user_id(self) -> str:
        """Return an id for a user to create."""
        return self._new_id()

    def create(self, new: NewUser, user_id: str) -> User:
        """Create a user with their identities.

        Raises:
            Invalid: an address is not valid, or an identity is named twice.
            Conflict: an identity belongs to another user.
        """
        now = iso(self._clock())
        identities = tuple(self._identity(identity, now) for identity in new.identities)
        if len({identity.place for identity in identities}) != len(identities):
            raise Invalid(
                "An identity is named twice; name each identity once.",
                Detail("identities", "must be different"),
            )
        user = User(user_id, new.type, new.display_name, identities, new.metadata, now)
        user = replace(user, consents=having_heard((), self._recall(user, identities)))
        taken = self._directory.create(user)
        if taken is not None:
            raise _in_use(taken)
        return user

    def get(self, user_id: str) -> User:
        """Return the user; raises NotFound."""
        user = self._directory.get(user_id)
        if user is None:
            raise UserNotFound("There is no such user.")
        return user

    def listing(self, user_type: UserType, cursor: str | None, limit: int) -> Page[User]:
        """List the users of a type, the latest created first."""
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._directory.listing(user_type, after, limit + 1)
        shown = found[:limit]
        by_id = self._directory.get_many([user_id for _, user_id in shown])
        items = tuple(by_id[user_id] for _, user_id in shown if user_id in by_id)
        return Page(items, encode_cursor(shown[-1][0]) if len(found) > limit else None)

    def link(self, user_id: str, new: NewIdentity) -> User:
        """Link an identity to the user; linking it again changes at most when the person wrote last.

        Raises:
            NotFound: no such user.
            Invalid: the address is not valid.
            Conflict: the user is the inbox, is merged into another user, or has too many identities; or the
                identity belongs to another user, and the details offer a merge where it is possible.
        """
        user = self.get(user_id)
        require_own(user)
        if user_id == INBOX_USER_ID:
            raise Conflict(
                "The inbox cannot have identities: it is not a person. Link the identity to a user."
            )
        identity = self._identity(new, iso(self._clock()))
        if any(known.place == identity.place for known in user.identities):
            return self._wrote(user, identity, new.wrote_at)
        if len(user.identities) >= MOST_IDENTITIES:
            raise TooManyIdentities(f"A user has at most {MOST_IDENTITIES} identities.")
        owner = self._directory.resolve(*identity.place)
        told = self._recall(user, (identity,)) if owner is None else ()
        taken = self._directory.link(user_id, identity, told=told)
        if taken is not None:
            raise _in_use(taken, *self._offer(user, taken.user_id))
        return self.get(user_id)

    def unlink(self, user_id: str, channel: str, address: str, account: str | None = None) -> User:
        """Unlink an identity from the user; without `account`, their first one with this address.

        Raises:
            NotFound: no such user, or the user does not have the identity.
            Invalid: the address is not valid.
        """
        user = self.get(user_id)
        self._directory.unlink(user, self._known(user, channel, address, account))
        return self.get(user_id)

    def wrote(self, user_id: str, channel: str, address: str, account: str | None, at: str) -> User:
        """Record that the user wrote from the identity at `at`, ISO 8601 UTC; a later recorded time stays.

        Without `account`, the first account that knows the user by the address counts.

        Raises:
            NotFound: no such user, or the user does not have the identity.
            Invalid: the address is not valid.
        """
        user = self.get(user_id)
        return self._wrote(user, self._known(user, channel, address, account), at)

    def resolve(self, channel: str, address: str, account: str | None = None) -> User:
        """Return the user whom our `account` knows by the address; raises NotFound, Invalid.

        Without `account`, the channel's first account counts, and then every other account that knows the
        address: on some channels a person has another address at each account of ours.
        """
        canonical = self._canonical(channel, address)
        user_id = self._directory.resolve(channel, account or self._accounts[channel][0], canonical)
        if user_id is None and account is None:
            user_id = self._directory.resolve_at_any_account(channel, canonical)
        if user_id is None:
            raise IdentityNotFound("No user has this identity.")
        return self.get(user_id)

    def _known(self, user: User, channel: str, address: str, account: str | None) -> Identity:
        """Return the user's identity; raises NotFound, Invalid."""
        wanted = (channel, self._canonical(channel, address))
        for identity in user.identities:
            if (identity.channel, identity.address) == wanted and account in {None, identity.account}:
                return identity
        raise IdentityNotFound("The user has no such identity.")

    def _wrote(self, user: User, identity: Identity, at: str | None) -> User:
        return user if at is None else self._directory.wrote(user, {identity.place}, at, timedelta())

    def _offer(self, user: User, owner_id: str) -> list[Detail]:
        """Return the offer of a merge, if the owner is a customer whom we know by this identity alone.

        Such a customer was created when they wrote, and may well be the same person.
        """
        owner = self._directory.get(owner_id)
        if owner is None or UserType.AGENT in {owner.type, user.type} or len(owner.identities) != 1:
            return []
        return [Detail("merge", f"POST /v1/users/{user.user_id}/merge with the user_id {owner_id}")]

    def _identity(self, new: NewIdentity, now: str) -> Identity:
        address = self._canonical(new.channel, new.address)
        account = new.account or self._accounts[new.channel][0]
        if new.account is not None and not self._is_account(new.channel, new.account):
            raise Invalid("There is no such account.", Detail("account", "is no account of the channel"))
        return Identity(new.channel, account, address, now, new.phone, new.handle, new.wrote_at)


def _in_use(taken: IdentityTaken, *offer: Detail) -> IdentityInUse:
    return IdentityInUse(
        "The identity belongs to another user.",
        Detail("identities", f"belongs to user {taken.user_id}"),
        *offer,
    )
