"""Wire what the use cases of templates share: the known templates, the catalogues and the secrets.

Few messages have a template, so that nothing of a channel is loaded before the first.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Final

from chat4all.adapters.dynamodb.templates import DynamoTemplates
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import MessageTables, of_channel
from chat4all.channels.registry import accounts, dependent_accounts, with_templates
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.template_catalogue import TemplateCatalogue

READ_TIMEOUT_S: Final = 5.0
"""A client waits for its POST while the provider is asked."""


class Templating:
    def __init__(self, settings: MessageTables, variables: Mapping[str, str]) -> None:
        """`variables` is the environment, with the secrets and base URLs of the channels."""
        self.known = DynamoTemplates(settings.directory_table)
        self.catalogue = cache(self._catalogue)
        self.secrets = LazySecrets(variables, with_templates)
        self._variables = variables

    def _catalogue(self, channel: str) -> TemplateCatalogue | None:
        from chat4all.channels.registry import template_catalogue  # noqa: PLC0415
        from chat4all.channels.shared.http import HttpClient  # noqa: PLC0415

        if channel in with_templates():
            http = HttpClient(read_timeout_s=READ_TIMEOUT_S)
            return template_catalogue(channel, http, of_channel(self._variables, channel, "BASE_URL"))
        return None

    def fill(self, accepting: Accepting, *, remembered_s: float = 0.0) -> FillTemplate:
        """Make the use case; `remembered_s` is as in `FillTemplate`."""
        return FillTemplate(
            known=self.known,
            catalogue=self.catalogue,
            secrets=self.secrets,
            messages=accepting.messages,
            conversation_cache=accepting.conversation_cache,
            capabilities=accepting.capabilities,
            accounts=accounts(),
            enabled=accepting.accept.accounts,
            clock=runtime.now,
            remembered_s=remembered_s,
        )


class LazySecrets:
    """The secrets of some channels, which are looked for at the first use."""

    def __init__(self, variables: Mapping[str, str], channels: Callable[[], Iterable[str]]) -> None:
        self._variables = variables
        self._channels = channels

    def of(self, channel: str, account: str) -> ChannelSecret | SendError:
        return self._managed.of(channel, account)

    def anew(self, channel: str, account: str) -> ChannelSecret | SendError:
        return self._managed.anew(channel, account)

    def every(self, channel: str) -> Mapping[str, ChannelSecret]:
        return self._managed.every(channel)

    @cached_property
    def _managed(self) -> ManagedSecrets:
        names = {channel: of_channel(self._variables, channel, "SECRET") for channel in self._channels()}
        return ManagedSecrets(names, dependent_accounts())
