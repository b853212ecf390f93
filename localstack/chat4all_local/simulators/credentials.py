"""The accounts that the simulators start with. They open nothing but a simulator on this machine."""

from typing import Final

from chat4all_local.simulators.registry import manifest, names

BY_CHANNEL: Final = {name: manifest(name).credentials for name in names()}
