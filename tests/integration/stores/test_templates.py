"""Known templates, by the adapter and by its fake."""

from collections.abc import Callable

import pytest

from chat4all.adapters.dynamodb.templates import DynamoTemplates
from chat4all.domain.events import TemplateChanged
from chat4all.domain.templates import OUTDATED, KnownTemplate, TemplateNews
from chat4all.services.messaging.ports import KnownTemplates
from tests.fakes.people import NOW
from tests.fakes.templates import MemoryTemplates, account_template
from tests.integration.aws import Aws

EARLIER = "2026-01-31T11:00:00.000Z"
LATER = "2026-01-31T13:00:00.000Z"
NAME, LANGUAGE = "order_ready", "pt_BR"


@pytest.fixture
def templates(backend: str, aws: Aws) -> KnownTemplates:
    return MemoryTemplates() if backend == "memory" else DynamoTemplates(aws.output("Data.DirectoryTable"))


@pytest.fixture
def owner(new_id: Callable[[], str]) -> str:
    return new_id()


def status(templates: KnownTemplates, owner: str) -> str | None:
    known = templates.get("pigeon", owner, NAME, LANGUAGE)
    return known.template.status if known else None


def changed(owner: str, at: str, news: TemplateNews) -> TemplateChanged:
    return TemplateChanged(owner, NAME, LANGUAGE, at, news)


def test_the_latest_version_stays(templates: KnownTemplates, owner: str) -> None:
    assert templates.get("pigeon", owner, NAME, LANGUAGE) is None
    for word, at in (("PENDING", NOW), ("APPROVED", LATER), ("REJECTED", EARLIER)):
        templates.put("pigeon", owner, KnownTemplate(account_template(status=word), at))

    known = KnownTemplate(account_template(), LATER)
    assert templates.get("pigeon", owner, NAME, LANGUAGE) == known
    assert templates.get("telex", owner, NAME, LANGUAGE) is None
    templates.remove("pigeon", owner, NAME, LANGUAGE)
    templates.remove("pigeon", owner, NAME, LANGUAGE)
    assert status(templates, owner) is None


def test_news_apply_to_a_known_template_in_their_order(templates: KnownTemplates, owner: str) -> None:
    templates.apply("pigeon", changed(owner, LATER, TemplateNews("PAUSED")))
    assert status(templates, owner) is None

    templates.put("pigeon", owner, KnownTemplate(account_template(), NOW))
    templates.apply("pigeon", changed(owner, EARLIER, TemplateNews("DISABLED")))
    assert status(templates, owner) == "APPROVED"
    templates.apply("pigeon", changed(owner, LATER, TemplateNews("PAUSED", quality="RED")))
    assert status(templates, owner) == "PAUSED"
    templates.apply("pigeon", changed(owner, LATER, TemplateNews(OUTDATED)))
    assert status(templates, owner) is None


def test_of_the_same_second_the_news_that_arrive_last_count(templates: KnownTemplates, owner: str) -> None:
    known = KnownTemplate(account_template(status="PENDING"), "2026-01-31T12:00:00.900Z")
    templates.put("pigeon", owner, known)

    for word in ("APPROVED", "PAUSED"):
        templates.apply("pigeon", changed(owner, "2026-01-31T12:00:00.000Z", TemplateNews(word)))

    assert status(templates, owner) == "PAUSED"


def test_only_templates_that_can_be_sent_are_listed(templates: KnownTemplates, owner: str) -> None:
    for name, word in (("b", "APPROVED"), ("a", "APPROVED"), ("c", "PAUSED")):
        for language in ("en", "pt_BR"):
            known = KnownTemplate(account_template(name, language, status=word), NOW)
            templates.put("pigeon", owner, known)

    assert templates.usable("pigeon", owner, 10) == ["a", "b"]
    assert templates.usable("pigeon", owner, 1) == ["a"]
    for language in ("en", "pt_BR"):
        paused = TemplateNews("PAUSED")
        templates.apply("pigeon", TemplateChanged(owner, "a", language, LATER, paused))
    assert templates.usable("pigeon", owner, 10) == ["b"]
