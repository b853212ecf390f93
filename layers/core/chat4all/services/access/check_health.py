"""Check the health of each component."""

import msgspec

from chat4all.services.access.ports import Probes


class Health(msgspec.Struct, frozen=True):
    """The health of the product. `components` maps the name of each component to UP or DOWN."""

    healthy: bool
    components: dict[str, str]


class CheckHealth:
    def __init__(self, probes: Probes) -> None:
        self._probes = probes

    def __call__(self) -> Health:
        components = {name: _state(name, self._probes) for name in self._probes}
        return Health(all(state == "UP" for state in components.values()), components)


def _state(name: str, probes: Probes) -> str:
    try:
        probes[name]()
    except Exception:  # noqa: BLE001 - a component that raises any error is down
        return "DOWN"
    return "UP"
