"""The people in Chat4All's directory: they have the provider's app, and have just written.

The simulators read the directory's table, and do not ask the API: while a cloud comes up, messages go out
before the API's function has started.
"""

import asyncio
from typing import Final

import httpx
import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chat4all.channels.registry import manifest_of
from chat4all_local.api_shapes import Identity
from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY
from chat4all_local.simulators.control_api import CustomerDetails

WITHIN_S: Final = 5.0
"""For the whole of a look-up: our connectors wait longer for a provider."""
_HEADERS: Final = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
}


class DirectoryTable(msgspec.Struct, frozen=True):
    """The directory's table, and the URL of the DynamoDB that has it."""

    endpoint: str
    name: str


class Unanswered(Exception):
    """The directory does not say whether a person is in it."""


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
    """The people of one channel; a directory without a table has nobody."""

    def __init__(self, channel: str, table: DirectoryTable | None, http: httpx.AsyncClient) -> None:
        self._channel = channel
        self._account = manifest_of(channel).accounts[0]
        self._table = table
        self._http = http

    async def look_up(self, address: str) -> dict[str, CustomerDetails]:
        """Find the person behind `address`: their details by each address of theirs. Raises Unanswered."""
        if self._table is None:
            return {}
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._person(self._table, address)
        except (TimeoutError, httpx.HTTPError, msgspec.MsgspecError) as problem:
            raise Unanswered from problem

    async def _person(self, table: DirectoryTable, address: str) -> dict[str, CustomerDetails]:
        key = f"IDENTITY#{self._channel}#{self._account}#{address}"
        owner = msgspec.json.decode(await self._get(table, key), type=_FoundIdentity).row
        if owner is None:
            return {}
        found = await self._get(table, f"USER#{owner.user_id.text}")
        user = msgspec.json.decode(found, type=_FoundUser).row
        if user is None:
            return {}
        identities = msgspec.json.decode(user.identities.text, type=tuple[Identity, ...])
        return {
            identity.address: CustomerDetails(user.display_name.text, identity.handle, identity.phone)
            for identity in identities
            if identity.channel == self._channel
        }

    async def _get(self, table: DirectoryTable, entry_id: str) -> bytes:
        """Ask for one row as DynamoDB's API describes it, signed; raises httpx.HTTPError."""
        asked = {"TableName": table.name, "Key": {"entry_id": {"S": entry_id}}, "ConsistentRead": True}
        body = msgspec.json.encode(asked)
        request = AWSRequest("POST", f"{table.endpoint}/", data=body, headers=_HEADERS)
        SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "dynamodb", REGION).add_auth(request)
        answer = await self._http.post(f"{table.endpoint}/", content=body, headers=dict(request.headers))
        return answer.raise_for_status().content
