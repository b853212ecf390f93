"""Makes customers known to the simulators: to a real provider they are known before they are to us.

The simulators remember whom they were told of; the cloud knows everyone.
"""

from collections.abc import Iterable
from contextlib import suppress

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
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
    """Every customer whom the API lists and a simulator does not know.

    With an API that fails there is a cloud all the same, to see why in.
    """
    known = {(channel, address) for channel, url in cloud.simulators.items() for address in _known(url)}
    with suppress(ApiError, ApiUnreachable):
        customers = ApiClient(cloud.api_url, cloud.api_key).users("CUSTOMER")
        introduce(cloud, (user for user in customers if _identities(user) - known))


def _known(url: str) -> list[str]:
    with Simulator(url) as simulator:
        return [customer.address for customer in simulator.customers()]


def _identities(user: User) -> set[tuple[str, str]]:
    return {(identity.channel, identity.address) for identity in user.identities}
