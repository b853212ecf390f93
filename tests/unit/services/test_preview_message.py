"""What each recipient would get of a message."""

import pytest
from msgspec.structs import replace

from chat4all.domain.channel import Charging, Treatment
from chat4all.domain.content import Text
from chat4all.domain.decisions import Decision
from chat4all.domain.errors import ConversationNotFound, Invalid, NoIdentity, NotAParticipant
from chat4all.domain.kinds import Button, Buttons, Reaction
from chat4all.domain.plan import Step
from chat4all.services.messaging.preview_message import PreviewMessage
from tests.fakes.connector import CAPABILITIES
from tests.fakes.people import customer
from tests.fakes.product import AGENT, MESSAGE_ID, Product, a_message, over

QUESTION = Buttons("When?", (Button("now", "Now"), Button("later", "Later")))


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))
    return product


@pytest.fixture
def preview(product: Product) -> PreviewMessage:
    return PreviewMessage(
        product.conversation_cache,
        product.messages,
        CAPABILITIES,
        product.accept.windows,
        product.accept.accounts,
    )


def test_it_shows_the_first_channel_and_then_each_fallback(preview: PreviewMessage) -> None:
    renderings = preview(replace(a_message(steps=over("pigeon", "telex")), content=QUESTION))

    assert [(shown.channel, shown.step, shown.decision) for shown in renderings] == [
        ("pigeon", 0, Decision.TRIED),
        ("telex", 1, Decision.NEXT),
    ]
    assert [shown.treatment for shown in renderings] == [Treatment.NUMBERED_TEXT] * 2
    assert renderings[0].reason == "does not take the kind buttons"
    assert renderings[1].parts == (Text("When?\n\n1. Now\n2. Later"),)


def test_a_rejected_content_is_shown_with_its_reason_and_without_parts(preview: PreviewMessage) -> None:
    (shown,) = preview(replace(a_message(), content=Reaction("👍")))

    assert (shown.treatment, shown.decision, shown.code, shown.reason, shown.parts) == (
        Treatment.REJECTED,
        Decision.SKIPPED,
        "KIND_NOT_POSSIBLE",
        "pigeon does not take the kind reaction",
        (),
    )


def test_each_step_is_shown_with_its_content_and_its_charge(product: Product) -> None:
    capabilities = {**CAPABILITIES, "telex": replace(CAPABILITIES["telex"], charging=Charging.SEGMENTS)}
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        capabilities,
        product.accept.windows,
        product.accept.accounts,
    )
    steps = (*over("pigeon"), Step("pigeon", Reaction("👍", "👍")), Step("telex", Text("by telex")))

    renderings = preview(a_message(steps=steps))

    assert [(shown.step, shown.decision, shown.is_charged, shown.parts) for shown in renderings] == [
        (0, Decision.TRIED, False, (Text("hello"),)),
        (2, Decision.NEXT, True, (Text("by telex"),)),
        (1, Decision.SKIPPED, False, ()),
    ]


def test_it_stores_and_sends_nothing(product: Product, preview: PreviewMessage) -> None:
    (shown,) = preview(a_message())

    assert (shown.treatment, shown.reason, shown.parts) == (Treatment.FULL, None, (Text("hello"),))
    assert product.messages.get(MESSAGE_ID) is None
    assert product.events.submitted == []


def test_it_refuses_what_a_post_refuses(preview: PreviewMessage) -> None:
    with pytest.raises(NotAParticipant):
        preview(a_message(sender_id="nobody"))
    with pytest.raises(ConversationNotFound):
        preview(a_message(conversation_id="another"))
    with pytest.raises(NoIdentity):
        preview(a_message(steps=over("fax")))
    with pytest.raises(Invalid):
        preview(a_message(reply_to="a message of another conversation"))
