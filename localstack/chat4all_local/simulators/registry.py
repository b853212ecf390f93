"""The registry of simulated providers. Each channel's provider is in the folder of the channel's name."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from chat4all.channels.registry import names
from chat4all_local.simulators.account import Account
from chat4all_local.simulators.manifest import Manifest
from chat4all_local.simulators.provider import Provider

__all__ = ["manifest", "names", "provider"]


def manifest(name: str) -> Manifest:
    """Return the manifest of the provider `name`, without loading the provider's code."""
    return cast("Manifest", import_module(f"{__package__}.{name}.manifest").MANIFEST)


def provider(name: str, account: Account) -> Provider:
    """Make the simulated provider of the channel `name`."""
    make: Callable[[Account], Provider] = import_module(f"{__package__}.{name}.provider").PROVIDER
    return make(account)
