"""A template of a client is checked against what is known of the account's, or else against the provider."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.channel import Capabilities, KindRule
from chat4all.domain.clock import iso
from chat4all.domain.errors import TemplateMismatch, TemplateNotUsable, Unavailable
from chat4all.domain.kinds import Template
from chat4all.domain.plan import Step
from chat4all.domain.purpose import Purpose
from chat4all.domain.templates import KnownTemplate
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.fill_template import ASK_AGAIN_S, KEEP, FillTemplate
from tests.fakes.connector import CAPABILITIES
from tests.fakes.people import customer
from tests.fakes.product import AGENT, Product, a_message
from tests.fakes.templates import OWNER, FakeCatalogue, account_template

WITH_TEMPLATES: Mapping[str, Capabilities] = {
    **CAPABILITIES,
    "pigeon": replace(CAPABILITIES["pigeon"], kinds=kind_rules(KindRule("template"))),
}
TEMPLATE = Template("order_ready", "pt_BR", {"1": "Ana"})


@pytest.fixture
def product() -> Product:
    product = Product(catalogue=FakeCatalogue(account_template()))
    product.settle(AGENT, customer("ana", "pigeon"))
    return product


@pytest.fixture
def fill(product: Product) -> FillTemplate:
    return product.fill_template(WITH_TEMPLATES)


def posted(template: Template = TEMPLATE) -> NewMessage:
    return replace(a_message(), content=template)


def in_steps(*templates: Template) -> NewMessage:
    steps = (Step(), *(Step(None, template) for template in templates))
    return replace(a_message(), steps=steps, delivery_timeout_s=300)


def test_a_message_without_a_template_costs_nothing(product: Product, fill: FillTemplate) -> None:
    assert fill(a_message()) == a_message()
    assert (product.templates.reads, product.catalogue.calls) == (0, 0)


def test_an_unknown_template_is_read_from_the_provider_once(product: Product, fill: FillTemplate) -> None:
    assert [fill(posted()).content.text for _ in range(3)] == ["Olá, Ana!"] * 3
    assert product.catalogue.calls == 1


def test_an_approved_template_is_read_again_after_an_hour(product: Product, fill: FillTemplate) -> None:
    fill(posted())
    product.catalogue.templates = [account_template(body="Oi, {{1}}!")]
    product.clock.advance(KEEP.total_seconds() + 1)

    assert fill(posted()).content.text == "Oi, Ana!"


def test_an_old_template_serves_while_the_provider_does_not_answer(
    product: Product, fill: FillTemplate
) -> None:
    fill(posted())
    product.clock.advance(KEEP.total_seconds() + 1)
    product.catalogue.broken = True

    assert fill(posted()).content.text == "Olá, Ana!"


def test_an_unknown_template_and_a_silent_provider_are_unavailable(
    product: Product, fill: FillTemplate
) -> None:
    product.catalogue.broken = True

    with pytest.raises(Unavailable) as refused:
        fill(posted())

    assert refused.value.retry_after


def test_a_template_that_cannot_be_sent_is_asked_about_now_and_then(
    product: Product, fill: FillTemplate
) -> None:
    product.catalogue.decide("order_ready", "PENDING")
    for _ in range(5):
        with pytest.raises(TemplateNotUsable):
            fill(posted())
    assert product.catalogue.calls == 1

    product.catalogue.decide("order_ready", "APPROVED")
    product.clock.advance(ASK_AGAIN_S + 1)
    assert fill(posted()).content.text == "Olá, Ana!"


def test_news_of_the_approval_are_enough(product: Product, fill: FillTemplate) -> None:
    product.catalogue.decide("order_ready", "PENDING")
    with pytest.raises(TemplateNotUsable):
        fill(posted())

    product.clock.advance(1)
    known = KnownTemplate(account_template(), iso(product.clock()))
    product.templates.put("pigeon", OWNER, known)

    assert fill(posted()).content.text == "Olá, Ana!"
    assert product.catalogue.calls == 1


def test_a_name_that_many_names_contain_is_found(product: Product, fill: FillTemplate) -> None:
    others = [account_template(f"{TEMPLATE.name}_{number}") for number in range(150)]
    product.catalogue.templates = [*others, account_template()]

    assert fill(posted()).content.text == "Olá, Ana!"


def test_another_language_of_the_name_is_named(product: Product, fill: FillTemplate) -> None:
    with pytest.raises(TemplateNotUsable) as refused:
        fill(posted(replace(TEMPLATE, language="pt")))

    assert "pt_BR" in refused.value.details[0].issue


@pytest.mark.parametrize("status", ["PAUSED", "REJECTED"])
def test_a_repeated_post_finds_its_message_after_the_template_changed(
    product: Product, fill: FillTemplate, status: str
) -> None:
    first = product.accept(fill(posted())).message
    product.templates.rows.clear()
    product.catalogue.templates = [account_template(body="{{1}} {{2}}", status=status)]

    again = product.accept(fill(posted()))

    assert (again.replayed, again.message.content.text) == (True, first.content.text)
    with pytest.raises(TemplateNotUsable):
        fill(posted(replace(TEMPLATE, parameters={"1": "Ben"})))


def test_a_repeated_post_is_the_same_message_after_the_words_changed(
    product: Product, fill: FillTemplate
) -> None:
    product.accept(fill(posted()))
    product.templates.rows.clear()
    product.catalogue.templates = [account_template(body="Oi, {{1}}!")]

    assert product.accept(fill(posted())).replayed


def test_values_that_do_not_fit_name_the_field(fill: FillTemplate) -> None:
    with pytest.raises(TemplateMismatch) as refused:
        fill(posted(replace(TEMPLATE, parameters={})))

    assert [detail.field for detail in refused.value.details] == ["content.parameters.1"]


def test_each_step_is_filled_with_its_own_values(fill: FillTemplate) -> None:
    filled = fill(in_steps(TEMPLATE, replace(TEMPLATE, parameters={"1": "Ben"})))

    texts = [step.content.text for step in filled.steps if step.content is not None]
    assert texts == ["Olá, Ana!", "Olá, Ben!"]
    assert (filled.content, filled.purpose) == (a_message().content, Purpose.SERVICE)


def test_values_that_do_not_fit_name_the_step(fill: FillTemplate) -> None:
    with pytest.raises(TemplateMismatch) as refused:
        fill(in_steps(TEMPLATE, replace(TEMPLATE, parameters={})))

    assert [detail.field for detail in refused.value.details] == ["fallback[1].content.parameters.1"]


def test_a_step_that_cannot_be_sent_is_named(product: Product, fill: FillTemplate) -> None:
    product.catalogue.decide("order_ready", "PAUSED")

    with pytest.raises(TemplateNotUsable) as refused:
        fill(in_steps(TEMPLATE))

    assert [detail.field for detail in refused.value.details] == ["fallback[0].content.name"]


def test_a_step_for_marketing_makes_the_message_marketing(product: Product, fill: FillTemplate) -> None:
    product.catalogue.templates = [replace(account_template(), category="MARKETING")]

    assert fill(in_steps(TEMPLATE)).purpose is Purpose.MARKETING


@pytest.mark.parametrize("status", ["APPROVED", "PAUSED"])
def test_a_repeated_post_with_a_step_is_the_same_message_after_the_words_changed(
    product: Product, fill: FillTemplate, status: str
) -> None:
    product.accept(fill(in_steps(TEMPLATE)))
    product.templates.rows.clear()
    changed = replace(account_template(body="Oi, {{1}}!", status=status), category="MARKETING")
    product.catalogue.templates = [changed]

    assert product.accept(fill(in_steps(TEMPLATE))).replayed


def test_a_template_for_another_channel_gets_the_words_of_the_first_that_has_some() -> None:
    product = Product(catalogue=FakeCatalogue(account_template()))
    product.settle(AGENT, customer("ana", "telex"))

    filled = product.fill_template(WITH_TEMPLATES)(posted())
    product.accept(filled)

    assert filled.content.text == "Olá, Ana!"


def test_without_an_account_for_templates_the_secret_is_named(product: Product) -> None:
    product.catalogue = FakeCatalogue(owner="")

    with pytest.raises(TemplateNotUsable) as refused:
        product.fill_template(WITH_TEMPLATES)(posted())

    assert "business_account_id" in refused.value.details[0].issue


def test_names_of_usable_templates_are_listed(product: Product, fill: FillTemplate) -> None:
    fill(posted())
    pending = KnownTemplate(account_template("other", status="PENDING"), iso(product.clock()))
    product.templates.put("pigeon", OWNER, pending)

    assert fill.usable_templates("pigeon", "main") == ("order_ready",)
    assert fill.usable_templates("telex", "main") == ()
