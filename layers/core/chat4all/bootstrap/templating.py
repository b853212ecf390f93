"""Wire what the use cases of templates share: the known templates, the catalogues and the secrets.

Few messages have a template, so that nothing of a channel is loaded before the first.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from chat4all.adapters.dynamodb.templates import DynamoTemplates
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import MessageTables, of_channel
from chat4all.channels.registry import accounts, dependent_accounts, with_templates
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.template_catalogue import TemplateCatalogue

READ_TIMEOUT_S: Final = 5.0
"""A client waits for its POST while the provider is asked."""


class Templating:
    def __init__(self, settings: MessageTables, variables: Mapping[str, str]) -> None:
        """`variables` is the environment, with the secrets and base URLs of the channels."""
        self.known = DynamoTemplates(settings.directory_table)
        self.catalogue = cache(self._catalogue)
        self.secrets = ManagedSecrets(
            lambda channel: of_channel(variables, channel, "SECRET"), dependent_accounts()
        )
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
