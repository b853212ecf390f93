"""The templates as they were known last, in the table of the directory.

Only a template that can be sent has an entry in the index `by-address`, whose key then names its account.
"""

from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import (
    StructAttribute,
    TableSettings,
    answering,
    bind,
    deleted,
    saved,
    tries,
)
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import TemplateChanged
from chat4all.domain.templates import AccountTemplate, KnownTemplate

_TRIES: Final = 5
_LANGUAGES: Final = 5
"""The languages in which a name exists, as a rule at the most: an index entry is a name in a language."""


class _ByAddress(GlobalSecondaryIndex["TemplateRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-address"
        projection = KeysOnlyProjection()

    address_key = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)


class TemplateRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    address_key = UnicodeAttribute(null=True)
    template = StructAttribute(AccountTemplate)
    as_of = UnicodeAttribute()
    by_address = _ByAddress()


class DynamoTemplates:
    def __init__(self, table_name: str) -> None:
        bind(table_name, TemplateRow)

    @answering
    def get(self, channel: str, owner: str, name: str, language: str) -> KnownTemplate | None:
        try:
            row = TemplateRow.get(_key(channel, owner, name, language), consistent_read=True)
        except TemplateRow.DoesNotExist:
            return None
        return KnownTemplate(row.template, row.as_of)

    @answering
    def put(self, channel: str, owner: str, known: KnownTemplate) -> None:
        is_latest = TemplateRow.entry_id.does_not_exist() | (TemplateRow.as_of <= known.as_of)
        saved(_row(channel, owner, known), is_latest)

    @answering
    def apply(self, channel: str, changed: TemplateChanged) -> None:
        owner, name, language = changed.owner, changed.name, changed.language
        for _ in tries(_TRIES):
            known = self.get(channel, owner, name, language)
            if known is None or known.is_after(changed.at):
                return
            template = changed.news.applied(known.template)
            is_unchanged = TemplateRow.as_of == known.as_of
            if template is None:
                done = deleted(TemplateRow(_key(channel, owner, name, language)), is_unchanged)
            else:
                done = saved(_row(channel, owner, KnownTemplate(template, changed.at)), is_unchanged)
            if done:
                return
        raise Unavailable("The template is changing too quickly; try again.", retry_after=1)

    @answering
    def remove(self, channel: str, owner: str, name: str, language: str) -> None:
        TemplateRow(_key(channel, owner, name, language)).delete()

    @answering
    def usable(self, channel: str, owner: str, limit: int) -> list[str]:
        rows = TemplateRow.by_address.query(_usable_key(channel, owner), limit=limit * _LANGUAGES)
        return list(dict.fromkeys(row.entry_id.split("#")[-2] for row in rows))[:limit]


def _key(channel: str, owner: str, name: str, language: str) -> str:
    return key("TEMPLATE", channel, owner, name, language)


def _usable_key(channel: str, owner: str) -> str:
    return key("TEMPLATES", channel, owner)


def _row(channel: str, owner: str, known: KnownTemplate) -> TemplateRow:
    template = known.template
    return TemplateRow(
        _key(channel, owner, template.name, template.language),
        address_key=_usable_key(channel, owner) if template.is_usable else None,
        template=template,
        as_of=known.as_of,
    )
