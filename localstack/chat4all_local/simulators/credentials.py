"""The credentials of the simulators' first accounts. They give access to simulators on this machine only."""

from typing import Final

from chat4all_local.simulators.registry import manifest, names

BY_CHANNEL: Final = {name: manifest(name).credentials for name in names()}
