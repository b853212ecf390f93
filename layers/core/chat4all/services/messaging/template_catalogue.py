"""The port of a provider's templates, which a channel implements whose manifest has the kind `template`."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

import msgspec

from chat4all.domain.templates import AccountTemplate, NewTemplate
from chat4all.services.messaging.connector import ChannelSecret

MOST_PAGES: Final = 5
_PAGE: Final = 100


class TemplateQuery(msgspec.Struct, frozen=True):
    """The templates to list; None: of any."""

    name: str | None = None
    language: str | None = None
    status: str | None = None


class TemplatePage(msgspec.Struct, frozen=True):
    """A page of templates; `next_cursor` is the provider's."""

    templates: tuple[AccountTemplate, ...]
    next_cursor: str | None


class TemplateCatalogue(Protocol):
    """The templates of our account at the provider.

    Each call makes one HTTP request. It raises Unavailable, with the seconds to wait, if the provider does
    not answer or asks to wait, and NotPossible if the provider refuses our credentials.
    """

    def owner(self, secret: ChannelSecret) -> str:
        """Return the provider's id of the account that has the templates; empty if the secret has none."""
        ...

    def page(
        self, secret: ChannelSecret, query: TemplateQuery, cursor: str | None, limit: int
    ) -> TemplatePage:
        """Return a page; raise Invalid for a cursor that the provider does not know."""
        ...

    def create(self, secret: ChannelSecret, new: NewTemplate) -> AccountTemplate:
        """Submit the template for review.

        Raises:
            Conflict: the account has a template of this name and language, or deleted it not long ago.
            NotPossible: the provider refuses the template.
        """
        ...

    def delete(self, secret: ChannelSecret, name: str, template_id: str | None) -> bool:
        """Delete the name in every language, or only the template with the id; False if there is none."""
        ...


Catalogues = Callable[[str], TemplateCatalogue | None]
"""Returns the catalogue of a channel; None for a channel without templates."""


def named(catalogue: TemplateCatalogue, secret: ChannelSecret, name: str) -> list[AccountTemplate]:
    """Return the templates of the name, one for each language.

    A provider's filter may find every name that contains the text, so that the name itself may stand on a
    later page: at most `MOST_PAGES` are read.
    """
    found = every(catalogue, secret, TemplateQuery(name=name))
    return [template for template in found if template.name == name]


def every(
    catalogue: TemplateCatalogue, secret: ChannelSecret, query: TemplateQuery
) -> Iterator[AccountTemplate]:
    """Yield the templates of the query, from at most `MOST_PAGES` pages."""
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = catalogue.page(secret, query, cursor, _PAGE)
        yield from page.templates
        cursor = page.next_cursor
        if cursor is None:
            return
