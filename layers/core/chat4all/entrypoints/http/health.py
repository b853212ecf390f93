"""/v1/health: the health of the API and of its components."""

import msgspec
from chalice.app import Request

from chat4all.domain.breaker import Circuit, worst
from chat4all.domain.errors import Unavailable
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.channels import EveryAccount
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.access.check_health import CheckHealth
from chat4all.services.messaging.ports import Breakers

_COMPONENTS = {"database": "UP", "queue": "UP"}
_UP = {"status": "UP", "components": _COMPONENTS, "channels": {"telegram": "CLOSED"}}
_DOWN = {"status": "DOWN", "components": {**_COMPONENTS, "database": "DOWN"}, "channels": {}}


class HealthView(msgspec.Struct, frozen=True):
    """`status` is DOWN if a component is DOWN. An open circuit does not change it: messages wait.

    `channels` has a circuit for each channel: of several accounts, the circuit that is worst off.
    """

    status: str
    components: dict[str, str]
    channels: dict[str, Circuit]


class HealthViews:
    def __init__(self, check_health: CheckHealth, breakers: Breakers, accounts: EveryAccount) -> None:
        self._check_health = check_health
        self._breakers = breakers
        self._accounts = accounts

    @route(
        "GetHealth",
        "GET",
        "/v1/health",
        Returns(HealthView, _UP, meaning="Every component is UP."),
        Returns(HealthView, _DOWN, 503, meaning="A component is DOWN."),
        summary="Ask whether the API works, without a key; 503 when a component is DOWN",
    )
    def health(self, request: Request) -> Answer:
        health = self._check_health()
        status = "UP" if health.healthy else "DOWN"
        view = HealthView(status, health.components, self._circuits())
        return Answer(view, 200 if health.healthy else 503)

    def _circuits(self) -> dict[str, Circuit]:
        try:
            listed = {channel: tuple(accounts) for channel, accounts in self._accounts().items()}
            found = self._breakers.get_many(listed)
        except Unavailable:
            # The database is a component, so the answer already says that it is down.
            return {}
        return {
            channel: worst(breaker.circuit for breaker in breakers.values())
            for channel, breakers in found.items()
        }
