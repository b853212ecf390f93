"""Listing, creating and deleting the account's templates, and what is known of them afterwards."""

import pytest
from msgspec.structs import replace

from chat4all.domain.errors import (
    AccountNotFound,
    ChannelNotFound,
    Invalid,
    NotPossible,
    TemplateExists,
    TemplateNotFound,
)
from chat4all.domain.templates import NewTemplate, TemplateCategory
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import FIRST_ACCOUNT, ChannelCredentials
from chat4all.services.messaging.manage_templates import ManageTemplates
from chat4all.services.messaging.template_catalogue import TemplateQuery
from tests.fakes.clock import FakeClock
from tests.fakes.small_stores import SECRET, MemorySecrets
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

    page = manage.page("pigeon", FIRST_ACCOUNT, TemplateQuery(), None, 2)
    created = manage.create("pigeon", FIRST_ACCOUNT, NEW)

    assert (len(page.templates), page.next_cursor, created.status) == (2, "2", "PENDING")
    assert {at[2:] for at in known.rows} == {("order_ready", "pt_BR"), ("order_ready", "en"), ("hello", "en")}
    with pytest.raises(TemplateExists):
        manage.create("pigeon", FIRST_ACCOUNT, NEW)


def test_one_language_is_deleted_or_all(known: MemoryTemplates, catalogue: FakeCatalogue) -> None:
    manage = managing(known, catalogue)
    manage.page("pigeon", FIRST_ACCOUNT, TemplateQuery(), None, 10)

    manage.delete("pigeon", FIRST_ACCOUNT, "order_ready", "en")
    assert known.get("pigeon", OWNER, "order_ready", "en") is None
    assert known.get("pigeon", OWNER, "order_ready", "pt_BR") is not None
    manage.delete("pigeon", FIRST_ACCOUNT, "order_ready", None)
    assert known.get("pigeon", OWNER, "order_ready", "pt_BR") is None
    for name, language in (("order_ready", None), ("other", "en")):
        with pytest.raises(TemplateNotFound):
            manage.delete("pigeon", FIRST_ACCOUNT, name, language)


def test_what_is_not_valid_is_not_submitted(known: MemoryTemplates, catalogue: FakeCatalogue) -> None:
    with pytest.raises(Invalid):
        managing(known, catalogue).create("pigeon", FIRST_ACCOUNT, replace(NEW, body="{{1}}"))

    assert catalogue.calls == 0


def test_a_channel_without_templates_or_an_account_for_them_is_told(known: MemoryTemplates) -> None:
    manage = managing(known, FakeCatalogue(owner=""))

    for channel, refusal in (("carrier", ChannelNotFound), ("telex", NotPossible), ("pigeon", NotPossible)):
        with pytest.raises(refusal):
            manage.page(channel, FIRST_ACCOUNT, TemplateQuery(), None, 10)


class OfEachAccount(FakeCatalogue):
    """A provider at which each account has templates of its own."""

    def owner(self, secret: ChannelSecret) -> str:
        return secret.account_id


def test_the_templates_of_another_account_are_managed_with_its_credentials(known: MemoryTemplates) -> None:
    second = replace(SECRET, account_id="second-business")
    secrets = MemorySecrets(second=second, removed=None)
    manage = ManageTemplates(
        known, lambda _: OfEachAccount(account_template()), secrets, lambda _: True, FakeClock()
    )

    manage.page("pigeon", "second", TemplateQuery(), None, 10)
    manage.create("pigeon", "second", NEW)
    assert {at[1] for at in known.rows} == {"second-business"}
    manage.delete("pigeon", "second", "order_ready", None)
    assert {at[2] for at in known.rows} == {"hello"}

    for unknown in ("removed", "never-there"):
        secrets.dependents = None
        with pytest.raises(AccountNotFound):
            manage.page("pigeon", unknown, TemplateQuery(), None, 10)


def test_an_account_that_was_added_a_moment_ago_is_found(known: MemoryTemplates) -> None:
    secrets = MemorySecrets(second=SECRET)
    secrets.kept, secrets.dependents = ChannelCredentials(SECRET), None
    manage = ManageTemplates(
        known, lambda _: FakeCatalogue(account_template()), secrets, lambda _: True, FakeClock()
    )

    assert manage.page("pigeon", "second", TemplateQuery(), None, 10).templates
