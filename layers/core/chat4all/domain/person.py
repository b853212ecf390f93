"""People and agents, and the addresses by which channels know them."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.clock import parse_iso
from chat4all.domain.consent import Consent

INBOX_USER_ID: Final = "00000000-0000-4000-8000-000000000000"
"""The agent of the conversation that Chat4All creates when an unknown person writes."""


MOST_IDENTITIES: Final = 20
WRITING_KNOWN: Final = timedelta(hours=1)
"""A message that is newer by so much than the time in `wrote_at` is recorded there."""


class UserType(StrEnum):
    AGENT = "AGENT"
    BOT = "BOT"
    """Software that answers, but only in conversations that it controls."""
    CUSTOMER = "CUSTOMER"


class Identity(msgspec.Struct, frozen=True):
    """A person's address on one channel. (channel, account, address) belongs to one user only."""

    channel: str
    account: str
    address: str
    linked_at: str
    phone: str | None = None
    handle: str | None = None
    wrote_at: str | None = None
    """The provider's time of the person's latest message from there, ISO 8601 UTC; None: none is known.

    It is a lower bound, at most `WRITING_KNOWN` behind: a message that is hardly newer costs no write.
    """
    verified_at: str | None = None
    """When the user confirmed the address by a code that was sent there, ISO 8601 UTC; None: not yet.

    The proof is of this user at this address. A merge keeps it; a new link or another address has none.
    """

    @property
    def place(self) -> tuple[str, str, str]:
        """Return the channel, our account and the address, which belong to one user only."""
        return self.channel, self.account, self.address


class Moved(msgspec.Struct, frozen=True):
    """The address at which a chat is since `at`, in the place of a former address.

    `at` is the provider's time, ISO 8601 UTC. Later the former address may belong to somebody else.
    """

    address: str
    at: str
    phone: str | None = None
    """The phone number at the new address."""


class Merge(msgspec.Struct, frozen=True):
    """What a user was before they were merged into the user `into` at `at`, ISO 8601 UTC."""

    into: str
    at: str
    identities: tuple[Identity, ...]
    """The identities that went to `into`."""
    former_consents: tuple[Consent, ...]
    """The consents of `into` before the merge."""
    joined: tuple[str, ...] = ()
    """The user's conversations that joined conversations of `into`."""


class User(msgspec.Struct, frozen=True):
    """An agent, a bot or a customer, with their identities."""

    user_id: str
    type: UserType
    display_name: str
    identities: tuple[Identity, ...]
    metadata: dict[str, str]
    created_at: str
    consents: tuple[Consent, ...] = ()
    """What the person wants to receive; at most one for each channel and purpose."""
    merge: Merge | None = None
    """Set while this user is merged into another user; then this user has no identities."""
    merged: tuple[str, ...] = ()
    """The users who are merged into this user, directly or through another of them."""
    erased_at: str | None = None
    """When the person was erased, ISO 8601 UTC: nothing is left of them but ids and times."""
    erasing_at: str | None = None
    """When the erasure of the person was requested, ISO 8601 UTC: since then no merge changes."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every id under which the person takes part in conversations, the user's own id first."""
        return self.user_id, *self.merged

    @property
    def merged_into(self) -> str | None:
        return self.merge.into if self.merge is not None else None


def is_bot(user: User | None) -> bool:
    return user is not None and user.type is UserType.BOT


def with_writing(
    identities: Sequence[Identity], places: Collection[tuple[str, str, str]], at: str, newer_by: timedelta
) -> tuple[Identity, ...] | None:
    """Return the identities after the person wrote from `places` at `at`, ISO 8601 UTC.

    A time never moves back. Return None if no recorded time is older than `at` by `newer_by` or more.
    """
    after = tuple(
        msgspec.structs.replace(identity, wrote_at=at)
        if identity.place in places and _is_older(identity.wrote_at, at, newer_by)
        else identity
        for identity in identities
    )
    return after if after != tuple(identities) else None


def _is_older(recorded: str | None, at: str, by: timedelta) -> bool:
    return recorded is None or (recorded < at and parse_iso(at) - parse_iso(recorded) >= by)
