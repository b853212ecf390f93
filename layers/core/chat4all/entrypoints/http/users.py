"""/v1/users and /v1/identities: agents, customers, and their addresses on the channels."""

from typing import Literal
from urllib.parse import unquote

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.clock import Clock
from chat4all.domain.consent import Consent, shown
from chat4all.domain.errors import (
    CannotMerge,
    Conflict,
    Detail,
    IdentityInUse,
    IdentityNotFound,
    Invalid,
    TooManyIdentities,
    UserErased,
    UserMerged,
    UserNotFound,
    UserNotMerged,
)
from chat4all.domain.fingerprints import Fingerprint, told
from chat4all.domain.person import MOST_IDENTITIES, Identity, User, UserType
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, past_time_from
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.directory.manage_users import ManageUsers, NewIdentity, NewUser
from chat4all.services.directory.merge_users import MergeUsers

_IDENTITY = {"channel": "whatsapp", "address": "4915112345678"}
_CUSTOMER = {
    "type": "CUSTOMER",
    "display_name": "Ana",
    "identities": [_IDENTITY],
    "metadata": {"tier": "gold"},
}
_USER = {
    "user_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
    "type": "CUSTOMER",
    "display_name": "Ana",
    "identities": [
        {
            "channel": "whatsapp",
            "account": "main",
            "address": "4915112345678",
            "linked_at": "2026-01-31T12:00:00.123Z",
            "phone": None,
            "handle": None,
            "wrote_at": "2026-01-31T11:58:00.000Z",
            "verified_at": None,
        }
    ],
    "metadata": {"tier": "gold"},
    "created_at": "2026-01-31T12:00:00.123Z",
    "consents": [],
    "merged": [],
    "merged_into": None,
    "merged_at": None,
    "erased_at": None,
}
_BEN = "c1d7a0b2-5f4e-4a86-9d3c-2e8b7f6a1c03"
_KEPT = {**_USER, "merged": [_BEN]}
_SPLIT = {**_USER, "user_id": _BEN, "display_name": "Ana at work"}


class PostIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channel: str
    address: str
    phone: str | None = None
    handle: str | None = None
    wrote_at: Time | None = None
    """When the person wrote from there last: it opens a window that Chat4All does not know of."""
    account: Id | None = None
    """Our account that knows the person by the address; else the channel's first."""


class PatchIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `account`, the first account of ours that knows the user by the address counts."""

    wrote_at: Time
    account: Id | None = None


class PostUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["AGENT", "BOT", "CUSTOMER"]
    display_name: str
    identities: tuple[PostIdentity, ...] = ()
    metadata: dict[str, str] = {}


class ListUsers(PageQuery, frozen=True):
    type: UserType = UserType.CUSTOMER


class ResolveIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `account`, the channel's first account counts, and then every other account of ours."""

    channel: str
    address: str
    account: Id | None = None


class UnlinkIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `account`, the first identity of the user with this address goes."""

    account: Id | None = None


class PostMerge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id
    """The user who is merged into the user of the path."""


class UserView(msgspec.Struct, frozen=True):
    """A user. `merged` are the users who were merged into this user, who is the same person.

    A user with `merged_into` has no identities: the other user has them since `merged_at`.
    """

    user_id: str
    type: UserType
    display_name: str
    identities: tuple[Identity, ...]
    metadata: dict[str, str]
    created_at: str
    consents: tuple[Consent, ...] = ()
    merged: tuple[str, ...] = ()
    merged_into: str | None = None
    merged_at: str | None = None
    erased_at: str | None = None
    """When the person was erased; `[erased]` stands for their name since then."""


class UserPage(msgspec.Struct, frozen=True):
    """A page of users."""

    users: tuple[UserView, ...]
    next_cursor: str | None


class UserViews:
    def __init__(
        self,
        manage: ManageUsers,
        merges: MergeUsers,
        channels: frozenset[str],
        clock: Clock,
        trail: AuditTrail,
        *,
        fingerprint: Fingerprint,
    ) -> None:
        self._manage = manage
        self._merges = merges
        self._trail = trail
        self._fingerprint = fingerprint
        self._channels = channels
        self._clock = clock

    @route(
        "CreateUser",
        "POST",
        "/v1/users",
        Returns(UserView, _USER, 201),
        summary="Create an agent or a customer",
        scope="users:write",
        body=PostUser,
        example=_CUSTOMER,
        errors=(IdentityInUse,),
    )
    def post(self, request: Request, body: PostUser) -> Answer:
        check_metadata(body.metadata)
        if len(body.identities) > MOST_IDENTITIES:
            raise Invalid(
                "There are too many identities.", Detail("identities", f"must be at most {MOST_IDENTITIES}")
            )
        new = NewUser(
            type=UserType(body.type),
            display_name=check_plain("display_name", body.display_name, 200),
            identities=tuple(self._identity(identity) for identity in body.identities),
            metadata=body.metadata,
        )
        user_id = self._manage.new_user_id()
        for identity in new.identities:
            place = self._place(identity.channel, identity.address, identity.account)
            self._trail(request, AuditAction.IDENTITY_LINK, f"user:{user_id}", **place)
        return Answer(user_view(self._manage.create(new, user_id)), 201)

    @route(
        "ListUsers",
        "GET",
        "/v1/users",
        Returns(UserPage, {"users": [_USER], "next_cursor": None}),
        summary="List the customers, or the agents; latest created first",
        scope="users:read",
        query=ListUsers,
    )
    def listing(self, request: Request, query: ListUsers) -> Answer:
        page = self._manage.listing(query.type, query.cursor, query.limit)
        return Answer(UserPage(tuple(map(user_view, page.items)), page.next_cursor))

    @route(
        "GetUser",
        "GET",
        "/v1/users/{user_id}",
        Returns(UserView, _USER),
        summary="Read a user",
        scope="users:read",
        errors=(UserNotFound,),
    )
    def get(self, request: Request, user_id: str) -> Answer:
        return Answer(user_view(self._manage.get(user_id)))

    @route(
        "LinkIdentity",
        "POST",
        "/v1/users/{user_id}/identities",
        Returns(UserView, _USER, 201),
        summary="Add an identity to a user",
        scope="users:write",
        body=PostIdentity,
        example=_IDENTITY,
        errors=(UserNotFound, Conflict, UserMerged, UserErased, IdentityInUse, TooManyIdentities),
    )
    def link(self, request: Request, user_id: str, body: PostIdentity) -> Answer:
        identity = self._identity(body)
        place = self._place(body.channel, body.address, body.account)
        self._trail(request, AuditAction.IDENTITY_LINK, f"user:{user_id}", **place)
        return Answer(user_view(self._manage.link(user_id, identity)), 201)

    @route(
        "PatchIdentity",
        "PATCH",
        "/v1/users/{user_id}/identities/{channel}/{address}",
        Returns(UserView, _USER),
        summary="Tell when the person wrote from an identity last; a later known time stays",
        scope="users:write",
        body=PatchIdentity,
        example={"wrote_at": "2026-01-31T11:58:00Z"},
        errors=(UserNotFound, IdentityNotFound),
    )
    def patch(
        self, request: Request, user_id: str, channel: str, address: str, body: PatchIdentity
    ) -> Answer:
        check_channel("channel", channel, self._channels)
        at = past_time_from("wrote_at", body.wrote_at, self._clock)
        return Answer(user_view(self._manage.wrote(user_id, channel, unquote(address), body.account, at)))

    @route(
        "UnlinkIdentity",
        "DELETE",
        "/v1/users/{user_id}/identities/{channel}/{address}",
        Returns(UserView, {**_USER, "identities": []}),
        summary="Remove an identity from a user",
        scope="users:write",
        query=UnlinkIdentity,
        errors=(UserNotFound, IdentityNotFound),
    )
    def unlink(
        self, request: Request, user_id: str, channel: str, address: str, query: UnlinkIdentity
    ) -> Answer:
        check_channel("channel", channel, self._channels)
        place = self._place(channel, unquote(address), query.account)
        self._trail(request, AuditAction.IDENTITY_UNLINK, f"user:{user_id}", **place)
        return Answer(user_view(self._manage.unlink(user_id, channel, unquote(address), query.account)))

    @route(
        "MergeUser",
        "POST",
        "/v1/users/{user_id}/merge",
        Returns(UserView, _KEPT),
        summary="Merge another customer into this one, who is the same person",
        scope="users:write",
        body=PostMerge,
        example={"user_id": _BEN},
        errors=(UserNotFound, UserMerged, UserErased, CannotMerge, TooManyIdentities, Conflict),
    )
    def merge(self, request: Request, user_id: str, body: PostMerge) -> Answer:
        return Answer(user_view(self._merges.merge(user_id, body.user_id, owner_of(request))))

    @route(
        "UnmergeUser",
        "POST",
        "/v1/users/{user_id}/unmerge",
        Returns(UserView, _SPLIT),
        summary="Undo the merge of this customer into another one",
        scope="users:write",
        errors=(UserNotFound, UserMerged, UserErased, UserNotMerged, CannotMerge, Conflict),
    )
    def unmerge(self, request: Request, user_id: str) -> Answer:
        return Answer(user_view(self._merges.unmerge(user_id, owner_of(request))))

    @route(
        "ResolveIdentity",
        "GET",
        "/v1/identities/resolve",
        Returns(UserView, _USER),
        summary="Find the user behind an identity",
        scope="users:read",
        query=ResolveIdentity,
        errors=(IdentityNotFound, UserNotFound),
    )
    def resolve(self, request: Request, query: ResolveIdentity) -> Answer:
        check_channel("channel", query.channel, self._channels)
        return Answer(user_view(self._manage.resolve(query.channel, query.address, query.account)))

    def _place(self, channel: str, address: str, account: str | None) -> dict[str, str | None]:
        """Return what the audit trail tells of an identity."""
        return {"channel": channel, "address": told(self._fingerprint, address), "account": account}

    def _identity(self, body: PostIdentity) -> NewIdentity:
        check_channel("channel", body.channel, self._channels)
        for field, text in (("phone", body.phone), ("handle", body.handle)):
            if text is not None:
                check_plain(field, text, 100)
        at = body.wrote_at
        wrote_at = past_time_from("wrote_at", at, self._clock) if at is not None else None
        return NewIdentity(body.channel, body.address, body.phone, body.handle, wrote_at, body.account)


def user_view(user: User) -> UserView:
    return UserView(
        user_id=user.user_id,
        type=user.type,
        display_name=user.display_name,
        identities=user.identities,
        metadata=user.metadata,
        created_at=user.created_at,
        consents=shown(user.consents),
        merged=user.merged,
        merged_into=user.merged_into,
        merged_at=user.merge.at if user.merge is not None else None,
        erased_at=user.erased_at,
    )
