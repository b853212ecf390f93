"""Makes customers known to the simulators: to a real provider they are known before they are to us.

The simulators remember whom they were told of; the directory knows everyone.
"""

from collections.abc import Iterable, Iterator

import msgspec

from chat4all_local.api_shapes import Identity, User
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator, SimulatorError


def introduce(cloud: Cloud, users: Iterable[User]) -> list[str]:
    """Each person has just written to us, so that texts to them are allowed.

    Returns why a simulator would not know somebody, such as a group where it has people only.
    """
    refused = []
    for user in users:
        for identity in user.identities:
            try:
                _introduce(cloud, user, identity)
            except SimulatorError as error:
                refused.append(
                    f"{identity.channel} does not know {identity.address}: {'; '.join(error.reasons)}"
                )
    return refused


def _introduce(cloud: Cloud, user: User, identity: Identity) -> None:
    url = cloud.simulators.get(identity.channel)
    if url is not None:
        with Simulator(url) as simulator:
            simulator.register(
                identity.address, user.display_name, handle=identity.handle, phone=identity.phone
            )


def introduce_again(cloud: Cloud) -> None:
    """Every customer whom a simulator does not know.

    Read from the table, not from the API: the functions have better to do when a cloud comes up.
    """
    known = {(channel, address) for channel, url in cloud.simulators.items() for address in _known(url)}
    introduce(cloud, (user for user in _customers(cloud) if _identities(user) - known))


def _customers(cloud: Cloud) -> Iterator[User]:
    pages = (
        cloud.aws.dynamodb()
        .get_paginator("scan")
        .paginate(
            TableName=cloud.directory_table,
            FilterExpression="user_type = :customer",
            ExpressionAttributeValues={":customer": {"S": "CUSTOMER"}},
        )
    )
    for page in pages:
        for row in page["Items"]:
            identities = msgspec.json.decode(row["identities"]["S"], type=tuple[Identity, ...])
            user_id = row["entry_id"]["S"].removeprefix("USER#")
            yield User(user_id, "CUSTOMER", row["display_name"]["S"], row["created_at"]["S"], identities)


def _known(url: str) -> list[str]:
    with Simulator(url) as simulator:
        return [customer.address for customer in simulator.customers()]


def _identities(user: User) -> set[tuple[str, str]]:
    return {(identity.channel, identity.address) for identity in user.identities}
