"""The channels by name: the only list of them. A channel is the folder of its name beside this file."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.channel import Capabilities, ChannelAccounts
from chat4all.domain.errors import NotFound
from chat4all.services.accounts.ports import CredentialForm
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.template_catalogue import TemplateCatalogue

_NAMES: Final = ("whatsapp", "telegram", "instagram", "sms")


def names() -> tuple[str, ...]:
    """Return every channel's name, in a fixed order."""
    return _NAMES


def manifests() -> tuple[Manifest, ...]:
    """Return the manifest of every channel; import no connector."""
    return tuple(manifest_of(name) for name in _NAMES)


def manifest_of(name: str) -> Manifest:
    return cast("Manifest", import_module(f"chat4all.channels.{name}.manifest").MANIFEST)


def capabilities() -> dict[str, Capabilities]:
    """Return the capabilities of every channel, by name; import no connector."""
    return {manifest.name: manifest.capabilities for manifest in manifests()}


def accounts() -> ChannelAccounts:
    """Return the channel accounts of every channel; import no connector."""
    return {manifest.name: manifest.accounts for manifest in manifests()}


def credential_forms() -> dict[str, CredentialForm]:
    """Return the form of the credentials of every channel; import no connector."""
    return {
        manifest.name: CredentialForm(
            tuple(field.name for field in manifest.secret),
            manifest.account_field,
            tuple(field.name for field in manifest.secret if field.may_be_empty),
        )
        for manifest in manifests()
    }


def naming_accounts() -> frozenset[str]:
    """Return the channels whose webhooks name the account that they are for; import no connector."""
    return frozenset(manifest.name for manifest in manifests() if manifest.webhooks_name_accounts)


def dependent_accounts() -> dict[str, str]:
    """Return the beginning of the ids of dependent accounts, of the channels that have any."""
    return {
        manifest.name: manifest.dependent_accounts
        for manifest in manifests()
        if manifest.dependent_accounts is not None
    }


def connector(name: str, http: HttpClient, base_url: str) -> Connector:
    """Make the connector of the channel `name`; raises NotFound for another name.

    `base_url` is scheme and host of the provider's API (`https://graph.facebook.com`), or of its simulator.
    Only the channel's own modules are imported: a channel's function starts without the other channels.
    """
    if name not in _NAMES:
        raise NotFound(f"There is no channel {name!r}.")
    make: Callable[[HttpClient, str], Connector] = import_module(
        f"chat4all.channels.{name}.connector"
    ).CONNECTOR
    return make(http, base_url)


def with_templates() -> tuple[str, ...]:
    """Return the names of the channels that have templates."""
    return tuple(manifest.name for manifest in manifests() if manifest.capabilities.has_templates)


def template_catalogue(name: str, http: HttpClient, base_url: str) -> TemplateCatalogue:
    """Make the catalogue of templates of a channel that has templates."""
    make: Callable[[HttpClient, str], TemplateCatalogue] = import_module(
        f"chat4all.channels.{name}.templates"
    ).CATALOGUE
    return make(http, base_url)
