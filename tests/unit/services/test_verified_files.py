"""On channels where the operator wants it, files go to verified identities only, by whichever way."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.channel import Capabilities, KindRule, with_verified_files
from chat4all.domain.content import Album, AlbumFile, Content, Media, ProviderFile, ReceivedMedia, Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.decisions import Decision
from chat4all.domain.errors import IdentityNotVerified
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import HeaderFile, Template
from chat4all.domain.person import Identity, User
from chat4all.domain.plan import Step
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.preview_message import PreviewMessage
from tests.fakes.connector import ACCOUNT, CAPABILITIES, SECOND_ACCOUNT
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, BEN, MESSAGE_ID, Product, a_message, over

STRICT = with_verified_files(
    {**CAPABILITIES, "pigeon": replace(CAPABILITIES["pigeon"], kinds=kind_rules(KindRule("template")))},
    "pigeon",
)
PICTURE = Attachment("file-1", "a.png", "image/png", 80)
TOO_LARGE = replace(PICTURE, size=10_000)  # goes as a link
PHOTO = Media(PICTURE, "look")
ALBUM = Album((AlbumFile(PICTURE), AlbumFile(PICTURE)))
TEMPLATE = Template("order_ready", "pt_BR", header=HeaderFile("file-1", PICTURE), text="hello")
ANA = customer("ana", "pigeon", "telex")
FILES = pytest.mark.parametrize("content", [PHOTO, Media(TOO_LARGE), ALBUM, TEMPLATE])


def with_proof(user: User, channel: str = "pigeon") -> User:
    identities = (
        replace(known, verified_at=NOW) if known.channel == channel else known for known in user.identities
    )
    return replace(user, identities=tuple(identities))


def product_of(*customers: User, capabilities: Mapping[str, Capabilities] = STRICT) -> Product:
    product = Product(capabilities=capabilities)
    kind = ConversationType.GROUP if len(customers) > 1 else ConversationType.ONE_TO_ONE
    product.settle(AGENT, *customers, kind=kind)
    return product


def posted(content: Content, *steps: Step) -> NewMessage:
    return replace(a_message(steps=steps), content=content)


@FILES
def test_an_unverified_identity_gets_no_file(content: Content) -> None:
    product = product_of(customer("ana", "pigeon"))

    with pytest.raises(IdentityNotVerified) as refused:
        product.accept(posted(content))

    (detail,) = refused.value.details
    assert detail.field == "content"
    assert "pigeon" in detail.issue
    assert "ana" in detail.issue
    assert product.events.submitted == []


@FILES
def test_a_verified_identity_gets_it(content: Content) -> None:
    product = product_of(with_proof(customer("ana", "pigeon")))

    product.accept(posted(content))

    assert len(product.events.submitted) == 1


def test_a_text_goes_to_everybody() -> None:
    product_of(ANA).accept(posted(Text("hello"), *over("pigeon")))


def test_another_channel_gives_files_to_everybody() -> None:
    product_of(customer("ana", "telex")).accept(posted(PHOTO))


def test_nothing_changes_without_the_setting() -> None:
    product_of(customer("ana", "pigeon"), capabilities=with_verified_files(CAPABILITIES, "")).accept(
        posted(PHOTO)
    )


def test_an_unknown_channel_is_an_error_and_lets_no_file_pass() -> None:
    with pytest.raises(ValueError, match="pigoen"):
        with_verified_files(CAPABILITIES, "telex, pigoen")


def test_the_verified_identity_of_a_channel_is_chosen() -> None:
    proved = Identity("pigeon", SECOND_ACCOUNT, "ana@second", NOW, verified_at=NOW)
    ana = customer("ana", "pigeon")
    product = product_of(replace(ana, identities=(*ana.identities, proved)))

    product.accept(posted(PHOTO))

    (recipient,) = product.events.submitted[0].recipients
    assert (recipient.account, recipient.address) == (SECOND_ACCOUNT, "ana@second")


def test_a_step_is_skipped_and_the_next_one_goes_out() -> None:
    product = product_of(ANA)

    product.accept(posted(PHOTO, *over("pigeon", "telex")))

    (recipient,) = product.events.submitted[0].recipients
    assert (recipient.channel, recipient.fallbacks) == ("telex", ())
    assert [(skipped.step, skipped.code) for skipped in recipient.skipped] == [(0, "IDENTITY_NOT_VERIFIED")]


def test_a_file_in_a_later_step_is_skipped_too() -> None:
    product = product_of(ANA)

    product.accept(posted(Text("hello"), Step("telex"), Step("pigeon", PHOTO)))

    (recipient,) = product.events.submitted[0].recipients
    assert (recipient.channel, recipient.fallbacks) == ("telex", ())


def test_the_preview_says_so() -> None:
    product = product_of(ANA)
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        STRICT,
        product.accept.windows,
        product.accept.accounts,
    )

    tried, skipped = preview(posted(PHOTO, *over("pigeon", "telex")))

    assert (tried.channel, tried.decision) == ("telex", Decision.TRIED)
    assert (skipped.channel, skipped.decision, skipped.code) == (
        "pigeon",
        Decision.SKIPPED,
        "IDENTITY_NOT_VERIFIED",
    )
    with pytest.raises(IdentityNotVerified):
        preview(posted(PHOTO, *over("pigeon")))


def test_a_proof_that_was_lost_meanwhile_fails_the_delivery() -> None:
    product = product_of(with_proof(customer("ana", "pigeon")))
    product.accept(posted(PHOTO))
    user = product.directory.get("ana")
    assert user is not None
    (home,) = user.identities
    product.directory.unlink(user, home)
    product.directory.link("ana", replace(home, verified_at=None))

    product.route_submitted()

    (request,) = product.events.requested
    assert request.refusal is not None
    assert request.refusal.code == "IDENTITY_NOT_VERIFIED"


def test_a_photo_that_a_person_sends_to_a_group_reaches_only_the_verified() -> None:
    """Their words are not refused, so that each delivery is judged when it is requested."""
    writer = BEN
    product = product_of(writer, with_proof(customer("vera", "pigeon")), customer("ursula", "pigeon"))
    photo = InboundMessage(
        "ben@telex", "theirs", ReceivedMedia(ProviderFile("media", "image/png"), "look"), NOW
    )
    product.take(WebhookEvent("telex", ACCOUNT, "webhook", photo))

    product.route_submitted()

    refused = {
        request.recipient.user_id: request.refusal and request.refusal.code
        for request in product.events.requested
    }
    assert refused == {"vera": None, "ursula": "IDENTITY_NOT_VERIFIED"}


def test_a_message_without_a_file_costs_no_read_of_users() -> None:
    product = product_of(with_proof(customer("ana", "pigeon")))
    product.say()
    product.route_submitted()

    (request,) = product.events.requested
    assert (request.message_id, request.refusal) == (MESSAGE_ID, None)
