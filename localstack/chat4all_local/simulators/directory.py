"""Chat4All's directory as the simulators see it: each person in it is a customer, who wrote at `wrote_at`.

The simulators read the directory's table instead of asking the API. While a cloud starts, messages go out
before the API's function runs.
"""

import asyncio
from typing import Final

import httpx
import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chat4all.adapters.dynamodb.table_keys import key
from chat4all.channels.registry import manifest_of
from chat4all.domain.clock import parse_iso
from chat4all.domain.person import Identity
from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY
from chat4all_local.simulators.control_api import CustomerDetails

WITHIN_S: Final = 5.0
"""The time limit of a whole look-up. Chat4All's connectors wait longer than this for a provider."""
_NEVER: Final = 0.0
_HEADERS: Final = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
}


class DirectoryTable(msgspec.Struct, frozen=True):
    """The directory's table, and the URL of the DynamoDB that holds it."""

    endpoint: str
    name: str


class Unanswered(Exception):
    """The directory cannot be read, so nobody knows whether a person is in it."""


class _Text(msgspec.Struct, frozen=True):
    text: str = msgspec.field(name="S")


class _IdentityRow(msgspec.Struct, frozen=True):
    user_id: _Text


class _UserRow(msgspec.Struct, frozen=True):
    display_name: _Text
    identities: _Text


class _FoundIdentity(msgspec.Struct, frozen=True):
    row: _IdentityRow | None = msgspec.field(name="Item", default=None)


class _FoundUser(msgspec.Struct, frozen=True):
    row: _UserRow | None = msgspec.field(name="Item", default=None)


class Directory:
    """The people of a channel. Without a table, the directory is empty."""

    def __init__(self, channel: str, table: DirectoryTable | None, http: httpx.AsyncClient) -> None:
        self._channel = channel
        self._account = manifest_of(channel).accounts[0]
        self._table = table
        self._http = http

    async def look_up(self, address: str) -> dict[str, CustomerDetails]:
        """Find the person behind `address`, and return their details by each of their addresses.

        Raises Unanswered.
        """
        if self._table is None:
            return {}
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._person(self._table, address)
        except (TimeoutError, httpx.HTTPError, msgspec.MsgspecError) as problem:
            raise Unanswered from problem

    async def _person(self, table: DirectoryTable, address: str) -> dict[str, CustomerDetails]:
        identity = key("IDENTITY", self._channel, self._account, address)
        owner = msgspec.json.decode(await self._get(table, identity), type=_FoundIdentity).row
        if owner is None:
            return {}
        found = await self._get(table, key("USER", owner.user_id.text))
        user = msgspec.json.decode(found, type=_FoundUser).row
        if user is None:
            return {}
        identities = msgspec.json.decode(user.identities.text, type=tuple[Identity, ...])
        return {
            identity.address: CustomerDetails(
                user.display_name.text, identity.handle, identity.phone, wrote_at=_wrote_at(identity)
            )
            for identity in identities
            if identity.channel == self._channel
        }

    async def _get(self, table: DirectoryTable, entry_id: str) -> bytes:
        """Get a row with a signed request of DynamoDB's API. Raises httpx.HTTPError."""
        query = {"TableName": table.name, "Key": {"entry_id": {"S": entry_id}}, "ConsistentRead": True}
        body = msgspec.json.encode(query)
        request = AWSRequest("POST", f"{table.endpoint}/", data=body, headers=_HEADERS)
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "dynamodb", REGION).add_auth(request)
        answer = await self._http.post(f"{table.endpoint}/", content=body, headers=dict(request.headers))
        return answer.raise_for_status().content


def _wrote_at(identity: Identity) -> float:
    return parse_iso(identity.wrote_at).timestamp() if identity.wrote_at is not None else _NEVER
