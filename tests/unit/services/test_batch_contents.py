"""A batch has the words of each recipient in every text of its content, templates among them."""

import uuid
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.batches import CHUNK, BatchContent, BatchRecipient, BatchState, RecipientOutcome
from chat4all.domain.channel import Capabilities, KindRule
from chat4all.domain.clock import iso
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.errors import Chat4AllError, Invalid, TemplateMismatch, TemplateNotUsable, Unavailable
from chat4all.domain.kinds import (
    Card,
    CardButton,
    Carousel,
    HeaderText,
    Location,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.purpose import Purpose
from chat4all.domain.templates import AccountTemplate, ButtonOfTemplate, ButtonType, Header, HeaderFormat
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.fill_template import ASK_AGAIN_S, KEEP
from chat4all.services.messaging.template_catalogue import TemplatePage, TemplateQuery
from tests.fakes.connector import CAPABILITIES
from tests.fakes.people import customer
from tests.fakes.product import AGENT, Product
from tests.fakes.small_stores import SECRET, MemorySecrets
from tests.fakes.templates import OWNER, FakeCatalogue, account_template
from tests.unit.services.test_run_batch import BATCH_ID, World

WITH_TEMPLATES: Mapping[str, Capabilities] = {
    **CAPABILITIES,
    "pigeon": replace(CAPABILITIES["pigeon"], kinds=kind_rules(KindRule("template"))),
}
TEMPLATE = Template("order_ready", "pt_BR", {"1": "{{name}}"})
OFFER = replace(account_template(), category="MARKETING")


@pytest.fixture
def world() -> World:
    world = World(Product(capabilities=WITH_TEMPLATES), capabilities=WITH_TEMPLATES)
    world.product.catalogue.templates = [account_template()]
    return world


def named(recipients: list[BatchRecipient]) -> list[BatchRecipient]:
    return [
        replace(recipient, variables={"name": f"Ana {number}"}) for number, recipient in enumerate(recipients)
    ]


def texts(world: World) -> list[str]:
    return [event.message.content.text for event in world.product.events.submitted]


def codes(world: World) -> list[str | None]:
    return [item.result.code for item in world.control.recipients(BATCH_ID, None, None, 100).items]


def test_a_template_has_the_values_of_each_recipient_and_costs_one_look_up(world: World) -> None:
    world.begin(named(world.people(3 * CHUNK)), content=TEMPLATE)
    world.pump()

    assert texts(world) == [f"Olá, Ana {n}!" for n in range(3 * CHUNK)]
    assert world.product.catalogue.calls == 1
    seconds = max(world.accepted_at) - min(world.accepted_at)
    assert world.product.templates.reads <= seconds / 10 + 4


def test_header_and_buttons_of_a_template_have_the_values_of_each_recipient(world: World) -> None:
    buttons = (
        ButtonOfTemplate(ButtonType.QUICK_REPLY, "Take"),
        ButtonOfTemplate(ButtonType.URL, "Track", "https://shop.example/{{1}}"),
    )
    header = Header(HeaderFormat.TEXT, "Order {{1}}")
    world.product.catalogue.templates = [replace(account_template(), header=header, buttons=buttons)]
    content = replace(
        TEMPLATE,
        header=HeaderText("{{name}}"),
        buttons=(
            TemplateButton(0, TemplateButtonKind.QUICK_REPLY, "take {{name}}"),
            TemplateButton(1, TemplateButtonKind.URL, "{{order}}"),
        ),
    )
    (recipient,) = world.people(1)

    world.begin([replace(recipient, variables={"name": "Ana", "order": "17"})], content=content)
    world.pump()

    (event,) = world.product.events.submitted
    sent = event.message.content
    assert isinstance(sent, Template)
    assert sent.text == "Order Ana\n\nOlá, Ana!\n\n1. Take\nTrack: https://shop.example/17"
    assert [button.value for button in sent.buttons] == ["take Ana", "17"]


def test_a_variable_may_have_the_name_of_a_variable_of_the_template(world: World) -> None:
    """Words that read as a variable stay words: https://github.com/chatwoot/chatwoot/pull/13649"""
    (recipient,) = world.people(1)
    variables = {"1": "{{1}} {{name}}", "unused": "x"}

    world.begin(
        [replace(recipient, variables=variables)], content=replace(TEMPLATE, parameters={"1": "{{1}}"})
    )
    world.pump()

    assert texts(world) == ["Olá, {{1}} {{name}}!"]


def test_a_value_that_is_too_long_for_the_template_refuses_its_recipient_only(world: World) -> None:
    world.product.catalogue.templates = [replace(account_template(), footer="Shop")]
    short, long = named(world.people(2))

    world.begin([short, replace(long, variables={"name": "x" * 1_024})], content=TEMPLATE)
    world.pump()

    assert codes(world) == [None, "TEMPLATE_MISMATCH"]


@pytest.mark.parametrize(
    ("templates", "content", "error", "field"),
    [
        ([], TEMPLATE, TemplateNotUsable, "content.name"),
        ([account_template(status="PAUSED")], TEMPLATE, TemplateNotUsable, "content.name"),
        ([account_template()], replace(TEMPLATE, parameters={}), TemplateMismatch, "content.parameters.1"),
        ([account_template()], replace(TEMPLATE, name="{{name}}"), Invalid, "content.name"),
        (
            [account_template()],
            replace(TEMPLATE, parameters={"1": "{{name}}\n"}),
            Invalid,
            "recipients[0].variables",
        ),
    ],
)
def test_a_template_that_nobody_could_get_makes_no_batch(
    world: World,
    templates: list[AccountTemplate],
    content: Template,
    error: type[Chat4AllError],
    field: str,
) -> None:
    world.product.catalogue.templates = templates

    with pytest.raises(error) as refused:
        world.begin(named(world.people(1)), content=content)

    assert [detail.field for detail in refused.value.details] == [field]
    assert not world.batches.batches


def test_the_same_batch_again_is_the_same_after_its_template_was_paused(world: World) -> None:
    recipients = named(world.people(1))
    world.begin(recipients, content=TEMPLATE)
    world.product.catalogue.templates = []
    world.product.templates.remove("pigeon", OWNER, "order_ready", "pt_BR")

    assert world.begin(recipients, content=TEMPLATE).replayed


def test_a_template_that_was_paused_meanwhile_is_refused_for_those_who_are_left(world: World) -> None:
    world.begin(named(world.people(3 * CHUNK)), content=TEMPLATE)
    world.serve()
    accepted = world.counts()[0]
    world.product.catalogue.decide("order_ready", "PAUSED")
    world.product.clock.advance(KEEP.total_seconds() + 1)
    calls = world.product.catalogue.calls
    began = world.product.clock.monotonic()

    world.pump()

    assert 0 < accepted < 3 * CHUNK
    assert world.counts() == (accepted, 3 * CHUNK - accepted, 0)
    assert set(codes(world)) <= {None, "TEMPLATE_NOT_USABLE"}
    assert world.state() is BatchState.DONE
    asked = world.product.catalogue.calls - calls
    assert asked <= (world.product.clock.monotonic() - began) / ASK_AGAIN_S + 1


def test_a_silent_provider_is_not_asked_for_every_recipient(world: World) -> None:
    """What is known serves on; where nothing is known, the batch waits for the provider."""
    recipients = named(world.people(2 * CHUNK))
    world.begin(recipients, content=TEMPLATE)
    world.product.clock.advance(KEEP.total_seconds() + 1)
    world.product.catalogue.broken = True
    calls, began = world.product.catalogue.calls, world.product.clock.monotonic()

    world.pump()

    assert world.counts() == (2 * CHUNK, 0, 0)
    assert world.product.catalogue.calls - calls <= (world.product.clock.monotonic() - began) / 5 + 1


def test_an_unknown_template_waits_for_a_silent_provider(world: World) -> None:
    world.begin(named(world.people(5)), content=TEMPLATE)
    world.product.templates.remove("pigeon", OWNER, "order_ready", "pt_BR")
    world.product.clock.advance(20)
    world.product.catalogue.broken = True
    calls = world.product.catalogue.calls

    world.serve()

    assert world.counts() == (0, 0, 5)
    assert world.product.catalogue.calls - calls == 1
    world.product.catalogue.broken = False
    world.product.clock.advance(60)
    world.pump()
    assert world.counts() == (5, 0, 0)


class OfTheSecond(FakeCatalogue):
    """A provider where each account of ours has templates of its own, and only the second has any."""

    def owner(self, secret: ChannelSecret) -> str:
        return secret.account_id

    def page(
        self, secret: ChannelSecret, query: TemplateQuery, cursor: str | None, limit: int
    ) -> TemplatePage:
        page = super().page(secret, query, cursor, limit)
        return page if secret.account_id == "second" else replace(page, templates=())


def test_a_template_that_only_another_account_of_ours_has_makes_a_batch() -> None:
    """The account of each recipient decides at their turn."""
    secrets = MemorySecrets(replace(SECRET, account_id="first"), second=replace(SECRET, account_id="second"))
    catalogue = OfTheSecond(account_template())
    product = Product(capabilities=WITH_TEMPLATES, secrets=secrets, catalogue=catalogue)
    world = World(product, capabilities=WITH_TEMPLATES)

    recipients = named(world.people(1))
    world.begin(recipients, content=TEMPLATE)
    world.pump()

    assert codes(world) == ["TEMPLATE_NOT_USABLE"], "the first account reaches the person"
    with pytest.raises(TemplateNotUsable):
        world.begin(recipients, content=replace(TEMPLATE, name="nowhere"), batch_id=str(uuid.uuid4()))


def test_a_template_of_a_new_batch_is_unavailable_while_the_provider_is_silent(world: World) -> None:
    world.product.catalogue.broken = True

    with pytest.raises(Unavailable):
        world.begin(named(world.people(1)), content=TEMPLATE)

    assert not world.batches.batches


def test_a_template_for_marketing_makes_a_marketing_batch_that_asks_each_recipient_at_their_turn(
    world: World,
) -> None:
    world.product.catalogue.templates = [OFFER]
    recipients = named(world.people(3))

    batch = world.begin(recipients, content=TEMPLATE).batch
    opt_out(world, "pigeon-1")
    world.pump()

    assert batch.purpose is Purpose.MARKETING
    assert codes(world) == [None, "OPTED_OUT", None]
    assert {event.message.purpose for event in world.product.events.submitted} == {Purpose.MARKETING}


def test_a_marketing_batch_of_texts_asks_each_recipient_at_their_turn(world: World) -> None:
    world.begin(world.people(3), purpose=Purpose.MARKETING)
    # The users are in memory, as a process has them that works on several batches.
    for number in range(3):
        world.product.conversation_cache.recent(f"pigeon {number}")
    opt_out(world, "pigeon-2")
    world.pump()

    assert codes(world) == [None, None, "OPTED_OUT"]


def opt_out(world: World, user_id: str) -> None:
    """Let the person opt out of marketing."""
    user = world.product.directory.get(user_id)
    assert user is not None
    consent = Consent(
        "pigeon", Purpose.MARKETING, ConsentState.OPTED_OUT, iso(world.product.clock()), ConsentSource.KEYWORD
    )
    world.product.directory.save_consents(user, (consent,))


def test_a_person_whose_message_is_refused_is_left_without_a_conversation(world: World) -> None:
    world.product.catalogue.templates = [OFFER]
    for user_id, channel in (("new", "pigeon"), ("opted-out", "pigeon")):
        world.product.directory.create(customer(user_id, channel))
    world.product.directory.create(replace(customer("nowhere", "pigeon"), identities=()))
    opt_out(world, "opted-out")
    recipients = named([BatchRecipient(user_id=user_id) for user_id in ("new", "opted-out", "nowhere")])

    world.begin(recipients, content=TEMPLATE)
    world.pump()

    items = world.control.recipients(BATCH_ID, None, None, 10).items
    assert [item.result.outcome for item in items] == [
        RecipientOutcome.ACCEPTED,
        *[RecipientOutcome.REFUSED] * 2,
    ]
    conversations = [item.result.conversation_id for item in items]
    assert conversations[0] is not None
    assert conversations[1:] == [None, None]
    begun = [world.product.conversations.one_to_ones(str(recipient.user_id), 10) for recipient in recipients]
    assert begun == [[conversations[0]], [], []]
    assert world.product.conversations.of_user(AGENT.user_id, None, 10)[0][1] == conversations[0]
    assert len(world.product.conversations.of_user(AGENT.user_id, None, 10)) == 1


def test_the_cards_of_a_carousel_have_the_words_of_each_recipient(world: World) -> None:
    card = Card("For {{name}}", "{{name}}!", buttons=(CardButton("Take", id="take {{name}}"),))
    world.begin(named(world.people(2)), content=Carousel("Hello {{name}}", (card, card_of("2"))))
    world.pump()

    contents = [event.message.content for event in world.product.events.submitted]
    assert [(c.cards[0].title, c.cards[0].buttons[0].id) for c in contents if isinstance(c, Carousel)] == [
        ("For Ana 0", "take Ana 0"),
        ("For Ana 1", "take Ana 1"),
    ]


def card_of(button_id: str) -> Card:
    return Card("Other", buttons=(CardButton("Take", id=button_id),))


@pytest.mark.parametrize(
    ("content", "words", "issue"),
    [
        (Carousel("hi", (Card("{{w}}", "a"),)), "x" * 101, "content.cards[0].title"),
        (Carousel("hi", (Card("a", picture_url="https://a.example/{{w}}"),)), "a b", "cards[0].picture_url"),
        (
            Carousel("hi", (Card("a", buttons=(CardButton("b", id="{{w}}"),)), card_of("2"))),
            "2",
            "content.cards",
        ),
        (Location(1, 2, "{{w}}"), "x" * 1_001, "content.name"),
        (replace(TEMPLATE, parameters={"1": "{{w}}"}), "two\nlines", "content.parameters.1"),
    ],
)
def test_words_that_make_a_content_wrong_name_the_recipient_and_the_field(
    world: World, content: BatchContent, words: str, issue: str
) -> None:
    good, bad = world.people(2)
    recipients = [replace(good, variables={"w": "1"}), replace(bad, variables={"w": words})]

    with pytest.raises(Invalid) as refused:
        world.begin(recipients, content=content)

    (detail,) = refused.value.details
    assert detail.field == "recipients[1].variables"
    assert issue in detail.issue


def test_the_name_of_a_place_is_in_its_text(world: World) -> None:
    world.begin(named(world.people(1)), content=Location(1, 2, "Shop of {{name}}"))
    world.pump()

    assert texts(world)[0].startswith("Shop of Ana 0\n")
