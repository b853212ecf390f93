"""List, create and delete the templates of our account at a provider, and keep what is known of them."""

from collections.abc import Callable

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import (
    AccountNotFound,
    ChannelNotFound,
    Detail,
    NotPossible,
    TemplateNotFound,
    Unavailable,
)
from chat4all.domain.sending import SendError
from chat4all.domain.template_checks import checked_template
from chat4all.domain.templates import AccountTemplate, KnownTemplate, NewTemplate
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import FIRST_ACCOUNT
from chat4all.services.messaging.ports import KnownTemplates, Secrets
from chat4all.services.messaging.template_catalogue import (
    Catalogues,
    TemplateCatalogue,
    TemplatePage,
    TemplateQuery,
    named,
)


class ManageTemplates:
    def __init__(
        self,
        known: KnownTemplates,
        catalogue: Catalogues,
        secrets: Secrets,
        is_channel: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self._known = known
        self._catalogue = catalogue
        self._secrets = secrets
        self._is_channel = is_channel
        self._clock = clock

    def page(
        self, channel: str, account: str, query: TemplateQuery, cursor: str | None, limit: int
    ) -> TemplatePage:
        """Return a page of the templates of the account, or of the business that it belongs to.

        Raises:
            NotFound: no such channel, or the channel has no such account.
            NotPossible: the channel has no templates, or its secret names no account for them.
            Invalid: the provider does not know the cursor.
            Unavailable: the provider does not answer.
        """
        catalogue, secret = self._of(channel, account)
        at = iso(self._clock())
        page = catalogue.page(secret, query, cursor, limit)
        for template in page.templates:
            self._known.put(channel, catalogue.owner(secret), KnownTemplate(template, at))
        return page

    def create(self, channel: str, account: str, new: NewTemplate) -> AccountTemplate:
        """Submit a template for review; raise as `page` does, or Conflict if the name is taken."""
        catalogue, secret = self._of(channel, account)
        at = iso(self._clock())
        created = catalogue.create(secret, checked_template(new))
        self._known.put(channel, catalogue.owner(secret), KnownTemplate(created, at))
        return created

    def delete(self, channel: str, account: str, name: str, language: str | None) -> None:
        """Delete a template in every language, or in one; raise as `page` does, or TemplateNotFound."""
        catalogue, secret = self._of(channel, account)
        found = [
            template for template in named(catalogue, secret, name) if language in {None, template.language}
        ]
        template_id = found[0].template_id if found and language is not None else None
        if not found or not catalogue.delete(secret, name, template_id):
            raise TemplateNotFound("The account has no such template.")
        for template in found:
            self._known.remove(channel, catalogue.owner(secret), name, template.language)

    def _of(self, channel: str, account: str) -> tuple[TemplateCatalogue, ChannelSecret]:
        if not self._is_channel(channel):
            raise ChannelNotFound("There is no such channel.")
        catalogue = self._catalogue(channel)
        if catalogue is None:
            raise NotPossible("The channel has no templates.", Detail("channel", "has no templates"))
        secret = self._secret(channel, account)
        if not catalogue.owner(secret):
            issue = "needs the field business_account_id in its secret"
            raise NotPossible("The account of the templates is not known.", Detail("channel", issue))
        return catalogue, secret

    def _secret(self, channel: str, account: str) -> ChannelSecret:
        """Return the credentials of the account, which may have been added a moment ago."""
        secret = self._secrets.of(channel, account)
        if isinstance(secret, SendError):
            secret = self._secrets.anew(channel, account)
        if not isinstance(secret, SendError):
            return secret
        if account == FIRST_ACCOUNT:
            raise Unavailable(secret.reason, retry_after=5)
        raise AccountNotFound("The channel has no such account.", Detail("account", "is not known"))
