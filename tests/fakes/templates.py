"""Known templates in memory, and a provider's catalogue that a test fills."""

from msgspec.structs import replace

from chat4all.domain.errors import TemplateExists, Unavailable
from chat4all.domain.events import TemplateChanged
from chat4all.domain.templates import (
    APPROVED,
    AccountTemplate,
    KnownTemplate,
    NewTemplate,
)
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.template_catalogue import TemplatePage, TemplateQuery

OWNER = "our-business"


def account_template(
    name: str = "order_ready", language: str = "pt_BR", body: str = "Olá, {{1}}!", status: str = APPROVED
) -> AccountTemplate:
    return AccountTemplate(
        template_id=f"{name}:{language}",
        name=name,
        language=language,
        category="UTILITY",
        status=status,
        body=body,
    )


class MemoryTemplates:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, str], KnownTemplate] = {}
        self.reads = 0

    def get(self, channel: str, owner: str, name: str, language: str) -> KnownTemplate | None:
        self.reads += 1
        return self.rows.get((channel, owner, name, language))

    def put(self, channel: str, owner: str, known: KnownTemplate) -> None:
        at = (channel, owner, known.template.name, known.template.language)
        before = self.rows.get(at)
        if before is None or before.as_of <= known.as_of:
            self.rows[at] = known

    def apply(self, channel: str, changed: TemplateChanged) -> None:
        at = (channel, changed.owner, changed.name, changed.language)
        known = self.rows.get(at)
        if known is None or known.is_after(changed.at):
            return
        template = changed.news.applied(known.template)
        if template is None:
            del self.rows[at]
        else:
            self.rows[at] = KnownTemplate(template, changed.at)

    def remove(self, channel: str, owner: str, name: str, language: str) -> None:
        self.rows.pop((channel, owner, name, language), None)

    def usable(self, channel: str, owner: str, limit: int) -> list[str]:
        there = {at: known for at, known in self.rows.items() if at[:2] == (channel, owner)}
        return sorted({at[2] for at, known in there.items() if known.template.is_usable})[:limit]


class FakeCatalogue:
    """A provider with `templates`. It does not answer while `broken`, and `calls` counts its requests."""

    def __init__(self, *templates: AccountTemplate, owner: str = OWNER) -> None:
        self.templates = list(templates)
        self.broken = False
        self.calls = 0
        self._owner = owner

    def owner(self, secret: ChannelSecret) -> str:
        return self._owner

    def page(
        self, secret: ChannelSecret, query: TemplateQuery, cursor: str | None, limit: int
    ) -> TemplatePage:
        self._asked()
        found = [
            template
            for template in self.templates
            if (query.name or "") in template.name
            and query.language in {None, template.language}
            and query.status in {None, template.status}
        ]
        begin = int(cursor or 0)
        more = str(begin + limit) if len(found) > begin + limit else None
        return TemplatePage(tuple(found[begin : begin + limit]), more)

    def create(self, secret: ChannelSecret, new: NewTemplate) -> AccountTemplate:
        self._asked()
        if any((known.name, known.language) == (new.name, new.language) for known in self.templates):
            raise TemplateExists("The account has such a template.")
        created = account_template(new.name, new.language, new.body, "PENDING")
        self.templates.append(created)
        return created

    def delete(self, secret: ChannelSecret, name: str, template_id: str | None) -> bool:
        self._asked()
        left = [t for t in self.templates if t.name != name or template_id not in {None, t.template_id}]
        is_found = len(left) < len(self.templates)
        self.templates = left
        return is_found

    def decide(self, name: str, status: str) -> None:
        self.templates = [replace(t, status=status) if t.name == name else t for t in self.templates]

    def _asked(self) -> None:
        self.calls += 1
        if self.broken:
            raise Unavailable("The provider does not answer.", retry_after=5)
