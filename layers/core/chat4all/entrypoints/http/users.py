"""/v1/users and /v1/identities: agents, customers, and their addresses on the channels."""

from typing import Literal
from urllib.parse import unquote

import msgspec
from chalice.app import Request

from chat4all.domain.clock import Clock
from chat4all.domain.errors import (
    Conflict,
    Detail,
    IdentityInUse,
    IdentityNotFound,
    Invalid,
    TooManyIdentities,
    UserNotFound,
)
from chat4all.domain.person import MOST_IDENTITIES, User, UserType
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, past_time_from
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.directory.manage_users import ManageUsers, NewIdentity, NewUser

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
        }
    ],
    "metadata": {"tier": "gold"},
    "created_at": "2026-01-31T12:00:00.123Z",
    "consents": [],
}


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


class ResolveIdentity(msgspec.Struct, frozen=True):
    """Without `account`, the channel's first account counts, and then every other account of ours."""

    channel: str
    address: str
    account: Id | None = None


class UnlinkIdentity(msgspec.Struct, frozen=True):
    """Without `account`, the first identity of the user with this address goes."""

    account: Id | None = None


class UserPage(msgspec.Struct, frozen=True):
    """A page of users."""

    users: tuple[User, ...]
    next_cursor: str | None


class UserViews:
    def __init__(self, manage: ManageUsers, channels: frozenset[str], clock: Clock) -> None:
        self._manage = manage
        self._channels = channels
        self._clock = clock

    @route(
        "CreateUser",
        "POST",
        "/v1/users",
        Returns(User, _USER, 201),
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
        return Answer(self._manage.create(new), 201)

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
        return Answer(UserPage(page.items, page.next_cursor))

    @route(
        "GetUser",
        "GET",
        "/v1/users/{user_id}",
        Returns(User, _USER),
        summary="Read a user",
        scope="users:read",
        errors=(UserNotFound,),
    )
    def get(self, request: Request, user_id: str) -> Answer:
        return Answer(self._manage.get(user_id))

    @route(
        "LinkIdentity",
        "POST",
        "/v1/users/{user_id}/identities",
        Returns(User, _USER, 201),
        summary="Add an identity to a user",
        scope="users:write",
        body=PostIdentity,
        example=_IDENTITY,
        errors=(UserNotFound, Conflict, IdentityInUse, TooManyIdentities),
    )
    def link(self, request: Request, user_id: str, body: PostIdentity) -> Answer:
        return Answer(self._manage.link(user_id, self._identity(body)), 201)

    @route(
        "PatchIdentity",
        "PATCH",
        "/v1/users/{user_id}/identities/{channel}/{address}",
        Returns(User, _USER),
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
        return Answer(self._manage.wrote(user_id, channel, unquote(address), body.account, at))

    @route(
        "UnlinkIdentity",
        "DELETE",
        "/v1/users/{user_id}/identities/{channel}/{address}",
        Returns(User, {**_USER, "identities": []}),
        summary="Remove an identity from a user",
        scope="users:write",
        query=UnlinkIdentity,
        errors=(UserNotFound, IdentityNotFound),
    )
    def unlink(
        self, request: Request, user_id: str, channel: str, address: str, query: UnlinkIdentity
    ) -> Answer:
        check_channel("channel", channel, self._channels)
        return Answer(self._manage.unlink(user_id, channel, unquote(address), query.account))

    @route(
        "ResolveIdentity",
        "GET",
        "/v1/identities/resolve",
        Returns(User, _USER),
        summary="Find the user behind an identity",
        scope="users:read",
        query=ResolveIdentity,
        errors=(IdentityNotFound, UserNotFound),
    )
    def resolve(self, request: Request, query: ResolveIdentity) -> Answer:
        check_channel("channel", query.channel, self._channels)
        return Answer(self._manage.resolve(query.channel, query.address, query.account))

    def _identity(self, body: PostIdentity) -> NewIdentity:
        check_channel("channel", body.channel, self._channels)
        for field, text in (("phone", body.phone), ("handle", body.handle)):
            if text is not None:
                check_plain(field, text, 100)
        at = body.wrote_at
        wrote_at = past_time_from("wrote_at", at, self._clock) if at is not None else None
        return NewIdentity(body.channel, body.address, body.phone, body.handle, wrote_at, body.account)
