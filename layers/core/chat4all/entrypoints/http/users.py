"""/v1/users and /v1/identities: who there is, and how the channels know them."""

from typing import Literal
from urllib.parse import unquote

import msgspec
from chalice.app import Request

from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.records import UserType
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import body_of, choice_of, limit_of, query_of
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.routes import Route
from chat4all.entrypoints.http.views import UserPage
from chat4all.services.directory.manage_users import MOST_IDENTITIES, ManageUsers, NewIdentity, NewUser


class PostIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channel: str
    address: str
    phone: str | None = None
    handle: str | None = None


class PostUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["AGENT", "CUSTOMER"]
    display_name: str
    identities: tuple[PostIdentity, ...] = ()
    metadata: dict[str, str] = {}


class UserViews:
    def __init__(self, manage: ManageUsers, channels: frozenset[str]) -> None:
        self._manage = manage
        self._channels = channels

    def routes(self) -> list[Route]:
        one = "/v1/users/{user_id}"
        read, write = "users:read", "users:write"
        return [
            Route("POST", "/v1/users", write, self.post),
            Route("GET", "/v1/users", read, self.listing),
            Route("GET", one, read, self.get),
            Route("POST", f"{one}/identities", write, self.link),
            Route("DELETE", f"{one}/identities/{{channel}}/{{address}}", write, self.unlink),
            Route("GET", "/v1/identities/resolve", read, self.resolve),
        ]

    def post(self, request: Request) -> Answer:
        body = body_of(request, PostUser)
        check_metadata(body.metadata)
        if len(body.identities) > MOST_IDENTITIES:
            raise Invalid(
                "There are too many identities.", Detail("identities", f"must be at most {MOST_IDENTITIES}")
            )
        new = NewUser(
            type=UserType(body.type),
            display_name=check_plain("display_name", body.display_name, 200),
            identities=tuple(self._identity(one) for one in body.identities),
            metadata=body.metadata,
        )
        return Answer(self._manage.create(new), 201)

    def listing(self, request: Request) -> Answer:
        user_type = choice_of(request, "type", tuple(UserType), UserType.CUSTOMER.value)
        page = self._manage.listing(
            UserType(user_type or UserType.CUSTOMER), query_of(request, "cursor"), limit_of(request)
        )
        return Answer(UserPage(page.items, page.next_cursor))

    def get(self, request: Request, user_id: str) -> Answer:
        return Answer(self._manage.get(user_id))

    def link(self, request: Request, user_id: str) -> Answer:
        return Answer(self._manage.link(user_id, self._identity(body_of(request, PostIdentity))), 201)

    def unlink(self, request: Request, user_id: str, channel: str, address: str) -> Answer:
        check_channel("channel", channel, self._channels)
        return Answer(self._manage.unlink(user_id, channel, unquote(address)))

    def resolve(self, request: Request) -> Answer:
        channel, address = query_of(request, "channel"), query_of(request, "address")
        if channel is None or address is None:
            raise Invalid("channel and address are needed.", Detail("channel, address", "are needed"))
        check_channel("channel", channel, self._channels)
        return Answer(self._manage.resolve(channel, address))

    def _identity(self, body: PostIdentity) -> NewIdentity:
        check_channel("channel", body.channel, self._channels)
        for field, text in (("phone", body.phone), ("handle", body.handle)):
            if text is not None:
                check_plain(field, text, 100)
        return NewIdentity(body.channel, body.address, body.phone, body.handle)
