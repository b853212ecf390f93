"""/v1/channels/{channel}/templates: the templates of our account at a channel's provider."""

from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.errors import (
    AccountNotFound,
    ChannelNotFound,
    NotPossible,
    TemplateExists,
    TemplateNotFound,
    TemplateRefused,
)
from chat4all.domain.templates import AccountTemplate, ButtonOfTemplate, Header, NewTemplate
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import PageQuery
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.messaging.credentials import FIRST_ACCOUNT
from chat4all.services.messaging.manage_templates import ManageTemplates
from chat4all.services.messaging.template_catalogue import TemplateQuery

_NEW: Final = {
    "name": "order_ready",
    "language": "pt_BR",
    "category": "UTILITY",
    "body": "Olá, {{1}}! O pedido {{2}} está pronto.",
    "samples": {"1": "Ana", "2": "17"},
    "footer": "Loja da Ana",
    "buttons": [
        {"type": "quick_reply", "text": "Obrigada"},
        {"type": "url", "text": "Ver", "url": "https://a.example/{{1}}", "sample": "https://a.example/17"},
    ],
}
_BUTTONS: Final = [
    {"type": "quick_reply", "text": "Obrigada", "url": "", "phone_number": "", "sample": ""},
    {
        "type": "url",
        "text": "Ver",
        "url": "https://a.example/{{1}}",
        "phone_number": "",
        "sample": "https://a.example/17",
    },
]
_TEMPLATE: Final = {
    **_NEW,
    "header": None,
    "buttons": _BUTTONS,
    "template_id": "1689556908129832",
    "status": "PENDING",
    "reason": None,
    "quality": None,
    "unsupported": [],
}

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class TemplateView(msgspec.Struct, frozen=True):
    """A template of the account. It can be sent while its status is APPROVED and `unsupported` is empty.

    `reason` says why it was rejected. `unsupported` names components that Chat4All does not send.
    """

    template_id: str
    name: str
    language: str
    category: str
    status: str
    body: str
    samples: dict[str, str]
    header: Header | None
    footer: str
    buttons: tuple[ButtonOfTemplate, ...]
    reason: str | None
    quality: str | None
    unsupported: tuple[str, ...]


class TemplatesView(msgspec.Struct, frozen=True):
    """A page of templates, in the provider's order."""

    templates: tuple[TemplateView, ...]
    next_cursor: str | None


class DeletedTemplate(msgspec.Struct, frozen=True):
    """The template is deleted; the provider keeps its name reserved for a while."""

    name: str


class ListTemplates(PageQuery, frozen=True):
    """A template has all of what is given. `account` is ours at the provider."""

    account: _Text = FIRST_ACCOUNT
    name: _Text | None = None
    language: _Text | None = None
    status: _Text | None = None


class OfAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`account` is ours at the provider; accounts of one business share its templates."""

    account: _Text = FIRST_ACCOUNT


class DeleteTemplate(OfAccount, frozen=True):
    """Without a `language`, the template is deleted in every language."""

    language: _Text | None = None


class TemplateViews:
    def __init__(self, manage: ManageTemplates) -> None:
        self._manage = manage

    @route(
        "ListTemplates",
        "GET",
        "/v1/channels/{channel}/templates",
        Returns(TemplatesView, {"templates": [_TEMPLATE], "next_cursor": None}),
        summary="List the templates of our account at the provider",
        scope="channels:read",
        query=ListTemplates,
        errors=(ChannelNotFound, AccountNotFound, NotPossible, TemplateRefused),
    )
    def listing(self, request: Request, channel: str, query: ListTemplates) -> Answer:
        wanted = TemplateQuery(query.name, query.language, query.status)
        page = self._manage.page(channel, query.account, wanted, query.cursor, query.limit)
        return Answer(TemplatesView(tuple(map(template_view, page.templates)), page.next_cursor))

    @route(
        "CreateTemplate",
        "POST",
        "/v1/channels/{channel}/templates",
        Returns(TemplateView, _TEMPLATE, 201),
        summary="Create a template and submit it for the provider's review",
        scope="channels:write",
        body=NewTemplate,
        query=OfAccount,
        example=_NEW,
        errors=(ChannelNotFound, AccountNotFound, NotPossible, TemplateExists, TemplateRefused),
    )
    def create(self, request: Request, channel: str, body: NewTemplate, query: OfAccount) -> Answer:
        return Answer(template_view(self._manage.create(channel, query.account, body)), 201)

    @route(
        "DeleteTemplate",
        "DELETE",
        "/v1/channels/{channel}/templates/{name}",
        Returns(DeletedTemplate, {"name": "order_ready"}),
        summary="Delete a template in one language, or in all of them",
        scope="channels:write",
        query=DeleteTemplate,
        errors=(ChannelNotFound, AccountNotFound, TemplateNotFound, NotPossible, TemplateRefused),
    )
    def delete(self, request: Request, channel: str, name: str, query: DeleteTemplate) -> Answer:
        self._manage.delete(channel, query.account, name, query.language)
        return Answer(DeletedTemplate(name))


def template_view(template: AccountTemplate) -> TemplateView:
    return msgspec.convert(template, TemplateView, from_attributes=True)
