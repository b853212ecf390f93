"""Make the message of a one-time code from a template of the account.

A provider words the templates for codes itself, and takes the code twice: for the body, and for the button
that copies it or hands it to an app.
https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates/authentication-templates
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.errors import Detail, TemplateNotUsable, WindowClosed
from chat4all.domain.kinds import Template, TemplateButton, TemplateButtonKind
from chat4all.domain.planning import Obstacle
from chat4all.domain.templates import AccountTemplate, ButtonType, TemplateCategory, filled, variables
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.ports import Secrets
from chat4all.services.messaging.template_catalogue import Catalogues, TemplateQuery, every

_APPROVED: Final = TemplateQuery(status="APPROVED")
_MOST_NAMES: Final = 20


class TemplateName(msgspec.Struct, frozen=True):
    name: str
    language: str


class CodeTemplates:
    def __init__(
        self,
        fill: FillTemplate,
        catalogue: Catalogues,
        secrets: Secrets,
        capabilities: Mapping[str, Capabilities],
    ) -> None:
        self._fill = fill
        self._capabilities = capabilities
        self._catalogue = catalogue
        self._secrets = secrets

    def named(self, wanted: TemplateName, channel: str, account: str, code: str) -> Template:
        """Return the account's template of the name with the code.

        Raises:
            TemplateNotUsable: the channel or the account has no such template for codes that can be sent.
            Unavailable: the provider does not answer.
        """
        asked = Template(wanted.name, wanted.language)
        found = self._fill.usable(asked, channel, account)
        if found.category != TemplateCategory.AUTHENTICATION:
            issue = f"is of the category {found.category}; a code needs {TemplateCategory.AUTHENTICATION}"
            raise TemplateNotUsable("The template is not for codes.", Detail("template.name", issue))
        return self._with_code(found, channel, code)

    def instead(self, closed: Obstacle, channel: str, account: str, code: str) -> Template:
        """Return the only template of the account for codes, since the person's window is closed.

        Raises:
            WindowClosed: the account has no template for codes, or several, which the details name.
            Unavailable: the provider does not answer.
        """
        found = list(self._for_codes(channel, account))
        if len(found) == 1:
            return self._with_code(found[0], channel, code)
        names = ", ".join(f"{template.name} in {template.language}" for template in found[:_MOST_NAMES])
        issue = f"name a template for codes: {names}" if found else closed.reason
        raise WindowClosed(
            "The person may not be written to now.",
            Detail("template", issue),
            places=((channel, account),),
        )

    def _for_codes(self, channel: str, account: str) -> Iterator[AccountTemplate]:
        catalogue = self._catalogue(channel)
        secret = self._secrets.of(channel, account) if catalogue is not None else None
        if catalogue is None or not isinstance(secret, ChannelSecret) or not catalogue.owner(secret):
            return
        for template in every(catalogue, secret, _APPROVED):
            if template.category == TemplateCategory.AUTHENTICATION and template.is_usable:
                yield template

    def _with_code(self, template: AccountTemplate, channel: str, code: str) -> Template:
        message = Template(
            template.name,
            template.language,
            parameters=dict.fromkeys(variables(template.body), code),
            buttons=tuple(_buttons(template, code)),
        )
        return filled(message, template, self._capabilities[channel])


def _buttons(template: AccountTemplate, code: str) -> Iterator[TemplateButton]:
    """Yield the code for each button that takes a value."""
    for index, button in enumerate(template.buttons):
        if button.type is ButtonType.URL and variables(button.url):
            yield TemplateButton(index, TemplateButtonKind.URL, code)
        elif button.type is ButtonType.COPY_CODE:
            yield TemplateButton(index, TemplateButtonKind.COPY_CODE, code)
