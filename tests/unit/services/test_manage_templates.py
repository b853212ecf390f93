"""Listing, creating and deleting the account's templates, and what is known of them afterwards."""

import pytest
from msgspec.structs import replace

from chat4all.domain.errors import (
    ChannelNotFound,
    Invalid,
    NotPossible,
    TemplateExists,
    TemplateNotFound,
)
from chat4all.domain.templates import NewTemplate, TemplateCategory
from chat4all.services.messaging.manage_templates import ManageTemplates
from chat4all.services.messaging.template_catalogue import TemplateQuery
from tests.fakes.clock import FakeClock
from tests.fakes.small_stores import MemorySecrets
from tests.fakes.templates import OWNER, FakeCatalogue, MemoryTemplates, account_template

NEW = NewTemplate(name="hello", language="en", category=TemplateCategory.UTILITY, body="Hello")


@pytest.fixture
def known() -> MemoryTemplates:
    return MemoryTemplates()


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue(account_template(), account_template(language="en"), account_template("other"))


def managing(known: MemoryTemplates, catalogue: FakeCatalogue) -> ManageTemplates:
    channels = {"pigeon": catalogue, "telex": None}
    return ManageTemplates(known, channels.__getitem__, MemorySecrets(), channels.__contains__, FakeClock())


def test_what_is_listed_and_created_is_known(known: MemoryTemplates, catalogue: FakeCatalogue) -> None:
    manage = managing(known, catalogue)

    page = manage.page("pigeon", TemplateQuery(), None, 2)
    created = manage.create("pigeon", NEW)

    assert (len(page.templates), page.next_cursor, created.status) == (2, "2", "PENDING")
    assert {at[2:] for at in known.rows} == {("order_ready", "pt_BR"), ("order_ready", "en"), ("hello", "en")}
    with pytest.raises(TemplateExists):
        manage.create("pigeon", NEW)


def test_one_language_is_deleted_or_all(known: MemoryTemplates, catalogue: FakeCatalogue) -> None:
    manage = managing(known, catalogue)
    manage.page("pigeon", TemplateQuery(), None, 10)

    manage.delete("pigeon", "order_ready", "en")
    assert known.get("pigeon", OWNER, "order_ready", "en") is None
    assert known.get("pigeon", OWNER, "order_ready", "pt_BR") is not None
    manage.delete("pigeon", "order_ready", None)
    assert known.get("pigeon", OWNER, "order_ready", "pt_BR") is None
    for name, language in (("order_ready", None), ("other", "en")):
        with pytest.raises(TemplateNotFound):
            manage.delete("pigeon", name, language)


def test_what_is_not_valid_is_not_submitted(known: MemoryTemplates, catalogue: FakeCatalogue) -> None:
    with pytest.raises(Invalid):
        managing(known, catalogue).create("pigeon", replace(NEW, body="{{1}}"))

    assert catalogue.calls == 0


def test_a_channel_without_templates_or_an_account_for_them_is_told(known: MemoryTemplates) -> None:
    manage = managing(known, FakeCatalogue(owner=""))

    for channel, refusal in (("carrier", ChannelNotFound), ("telex", NotPossible), ("pigeon", NotPossible)):
        with pytest.raises(refusal):
            manage.page(channel, TemplateQuery(), None, 10)
