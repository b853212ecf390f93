"""Makes customers known to the simulators: to a real provider they are known before they are to us.

The simulators remember nobody when they are stopped; the cloud remembers everyone.
"""

from collections.abc import Iterable
from contextlib import suppress

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.api_shapes import User
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator


def introduce(cloud: Cloud, users: Iterable[User]) -> None:
    """Each person has just written to us, so that texts to them are allowed. Agents have no identities."""
    for user in users:
        for identity in user.identities:
            if identity.channel in cloud.simulators:
                with Simulator(cloud.simulators[identity.channel]) as simulator:
                    simulator.register(
                        identity.address, user.display_name, handle=identity.handle, phone=identity.phone
                    )


def introduce_again(cloud: Cloud) -> None:
    """Every customer whom the API lists. With an API that fails there is a cloud all the same, to see why in."""
    with suppress(ApiError, ApiUnreachable):
        introduce(cloud, ApiClient(cloud.api_url, cloud.api_key).users("CUSTOMER"))
