"""What people want to receive: heard, recorded once, and obeyed at POST and before a send."""

import pytest
from msgspec.structs import replace

from chat4all.domain import fingerprints
from chat4all.domain.audit import AuditAction
from chat4all.domain.consent import EVERYTHING, Consent, ConsentSource, ConsentState, Means, OptOut
from chat4all.domain.consent_words import START_PAYLOAD, STOP_PAYLOAD
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.errors import ConsentWithdrawn, OptedOut, Unavailable, UserNotFound
from chat4all.domain.events import InboundConsent, InboundEvent, InboundMessage, WebhookEvent
from chat4all.domain.kinds import Location
from chat4all.domain.person import User
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import Author, AuthorKind, Context, Forward
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.directory.manage_consents import ManageConsents
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.conversation_cache import KEEP_S
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.preview_message import PreviewMessage
from tests.fakes.connector import ACCOUNT, CAPABILITIES, SECOND_ACCOUNT
from tests.fakes.fingerprints import keyed
from tests.fakes.people import customer
from tests.fakes.product import AGENT, Product, a_delivery, a_message, over

IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
MARKETING, SERVICE = Purpose.MARKETING, Purpose.SERVICE
ANA = customer("ana", "pigeon", "telex")
OFFER = replace(a_message("20 % off"), purpose=MARKETING)


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def at(second: int) -> str:
    return f"2026-01-31T12:00:{second:02d}.000Z"


def wrote(text: str, name: str = "hers-1", channel: str = "pigeon", second: int = 1) -> InboundMessage:
    return InboundMessage(f"ana@{channel}", name, Text(text), at(second))


def told(state: ConsentState, second: int = 1, *, means: Means = Means.WORD) -> InboundConsent:
    return InboundConsent("ana@pigeon", (MARKETING,), state, at(second), "setting", means=means)


def take(
    product: Product, event: InboundEvent, channel: str = "pigeon", *, webhook: str = "webhook-1"
) -> None:
    product.take(WebhookEvent(channel, ACCOUNT, webhook, event))


def ana(product: Product) -> User:
    user = product.directory.get("ana")
    assert user is not None
    return user


def states(product: Product) -> dict[tuple[str, str], str]:
    return {(known.channel, known.purpose.value): known.state.value for known in ana(product).consents}


def entries(product: Product) -> list[tuple[str | None, str, str]]:
    """Return the old and the new state of each audited change, with its channel and purpose."""
    return [
        (
            entry.details.get("old"),
            entry.details["new"],
            f"{entry.details['channel']} {entry.details['purpose']}",
        )
        for entry in product.audit.entries.values()
        if entry.action is AuditAction.CONSENT_CHANGED and entry.subject == "user:ana"
    ]


# What is heard


def test_stop_opts_out_of_marketing_and_stays_a_message(product: Product) -> None:
    take(product, wrote("Stop!"))

    assert states(product) == {("pigeon", "marketing"): "OPTED_OUT"}
    (message,) = product.messages.history("conversation", "", None, 10)
    assert (message.content, message.sender_id) == (Text("Stop!"), "ana")
    (known,) = ana(product).consents
    assert (known.source, known.evidence) == (ConsentSource.KEYWORD, f"message:{message.message_id}")
    assert (known.at, known.means) == (at(1), Means.WORD)


def test_where_the_carrier_blocks_stop_opts_out_of_everything(product: Product) -> None:
    take(product, wrote("cancel", channel="telex"), "telex")

    assert states(product) == {("telex", "service"): "OPTED_OUT", ("telex", "marketing"): "OPTED_OUT"}


def test_a_change_is_audited_once_however_often_it_is_told(product: Product) -> None:
    for _ in range(3):
        take(product, wrote("STOP"))
    take(product, wrote("stop", "hers-2", second=2))

    assert entries(product) == [(None, "OPTED_OUT", "pigeon marketing")]
    assert ana(product).consents[0].at == at(2)


def test_start_opts_in_again_and_a_late_stop_does_not_undo_it(product: Product) -> None:
    take(product, wrote("STOP", second=1))
    take(product, wrote("start", "hers-2", second=3))
    take(product, wrote("STOP", "hers-3", second=2))

    assert states(product) == {("pigeon", "marketing"): "OPTED_IN"}
    assert entries(product) == [
        (None, "OPTED_OUT", "pigeon marketing"),
        ("OPTED_OUT", "OPTED_IN", "pigeon marketing"),
    ]


def test_yes_is_an_answer_unless_the_person_has_opted_out(product: Product) -> None:
    take(product, wrote("YES", channel="telex"), "telex")
    assert states(product) == {}

    take(product, wrote("STOP", "hers-2", "telex", 2), "telex")
    take(product, wrote("YES", "hers-3", "telex", 3), "telex")
    assert set(states(product).values()) == {"OPTED_IN"}


@pytest.mark.parametrize(
    "event",
    [
        wrote("please stop by tomorrow"),
        wrote("Cancel"),
        replace(wrote("STOP"), author=Author(AuthorKind.PERSON, "ben@pigeon")),
        replace(wrote("STOP"), author=Author(AuthorKind.OWN)),
        replace(wrote("STOP"), context=Context(payload="cancel-order")),
        replace(wrote("STOP"), context=Context(forward=Forward())),
        replace(wrote("STOP"), edited_at=at(5)),
        replace(wrote("STOP"), content=Location(1.0, 2.0, text="STOP")),
    ],
)
def test_what_is_no_word_of_the_person_opts_nobody_out(product: Product, event: InboundMessage) -> None:
    take(product, event)

    assert states(product) == {}
    assert entries(product) == []


def test_a_tap_counts_only_on_a_reserved_button(product: Product) -> None:
    take(product, replace(wrote("No more offers"), context=Context(payload=STOP_PAYLOAD)))
    assert states(product) == {("pigeon", "marketing"): "OPTED_OUT"}

    tap = replace(wrote("Offers, please", "hers-2", second=2), context=Context(payload=START_PAYLOAD))
    take(product, tap)
    assert states(product) == {("pigeon", "marketing"): "OPTED_IN"}


def test_the_providers_word_comes_before_ours(product: Product) -> None:
    take(product, replace(wrote("basta", channel="telex"), consent=OUT), "telex")
    assert states(product)["telex", "service"] == "OPTED_OUT"

    take(product, replace(wrote("STOP", "hers-2", "telex", 2), consent=IN), "telex")
    assert states(product)["telex", "service"] == "OPTED_IN"
    assert {known.source for known in ana(product).consents} == {ConsentSource.PROVIDER}


def test_a_repeated_webhook_with_another_time_does_not_undo_what_came_since(product: Product) -> None:
    take(product, wrote("STOP", second=1))
    take(product, wrote("START", "hers-2", second=2))
    take(product, wrote("STOP", second=9))

    assert states(product) == {("pigeon", "marketing"): "OPTED_IN"}


def test_a_process_that_dies_after_the_message_records_the_word_when_it_comes_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise Unavailable("broken")

    with monkeypatch.context() as patch:
        patch.setattr(product.directory, "save_consents", broken)
        with pytest.raises(Unavailable):
            take(product, wrote("STOP"))
    take(product, wrote("STOP"))

    assert states(product) == {("pigeon", "marketing"): "OPTED_OUT"}
    assert entries(product) == [(None, "OPTED_OUT", "pigeon marketing")]


def test_a_signal_of_the_provider_is_recorded(product: Product) -> None:
    take(product, told(OUT))

    (known,) = ana(product).consents
    assert (known.state, known.source, known.evidence) == (OUT, ConsentSource.PROVIDER, "setting")


def test_a_signal_about_somebody_unknown_makes_no_user(product: Product) -> None:
    take(product, replace(told(OUT), address="zoe@pigeon"))

    assert product.directory.resolve("pigeon", ACCOUNT, "zoe@pigeon") is None
    assert product.audit.entries == {}


def test_stop_from_an_unknown_number_makes_the_person_who_opted_out(product: Product) -> None:
    take(product, replace(wrote("STOP"), address="zoe@pigeon"))

    user_id = product.directory.resolve("pigeon", ACCOUNT, "zoe@pigeon")
    user = product.directory.get(user_id or "")
    assert user is not None
    assert [known.state for known in user.consents] == [OUT]


def test_a_signal_is_of_the_person_behind_any_address_it_names(product: Product) -> None:
    take(product, replace(told(OUT), address="unknown", aliases=("ana@pigeon",)))

    assert states(product) == {("pigeon", "marketing"): "OPTED_OUT"}


def test_a_replayed_signal_is_no_newer_than_its_webhook(product: Product) -> None:
    take(product, replace(told(OUT), at=at(9)), webhook=f"pigeon|main|{at(1)}|digest")
    take(product, told(IN, 2))
    take(product, replace(told(OUT), at=at(30)), webhook=f"pigeon|main|{at(1)}|digest")

    assert states(product) == {("pigeon", "marketing"): "OPTED_IN"}


def test_who_writes_has_ended_the_block_and_has_not_opted_in(product: Product) -> None:
    manage = ManageConsents(product.directory, product.record_consent)
    take(product, told(OUT, 1, means=Means.BLOCK))
    assert [known.state for known in manage.get("ana")] == [OUT]
    take(product, wrote("hello again", second=2))

    assert manage.get("ana") == ()
    assert product.accept(OFFER).message.status is Status.PENDING


def test_who_writes_has_not_undone_a_setting(product: Product) -> None:
    take(product, told(OUT, 1, means=Means.SETTING))
    take(product, wrote("hello again", second=2))

    with pytest.raises(OptedOut):
        product.accept(OFFER)


@pytest.mark.parametrize("means", [Means.BLOCK, Means.SETTING])
def test_the_end_of_a_block_or_setting_undoes_no_stop_whenever_it_arrives(
    product: Product, means: Means
) -> None:
    take(product, told(OUT, 1, means=means))
    take(product, told(IN, 4, means=means))
    take(product, wrote("STOP", second=3))

    with pytest.raises(OptedOut):
        product.accept(OFFER)
    assert [entry.details["means"] for entry in product.audit.entries.values()] == [means, means, "word"]


def test_the_end_of_a_block_that_nobody_knows_of_is_no_change_to_account_for(product: Product) -> None:
    take(product, told(IN, 2, means=Means.BLOCK))
    assert entries(product) == []

    take(product, told(OUT, 1, means=Means.BLOCK))
    assert product.accept(OFFER).message.status is Status.PENDING


def test_who_writes_after_stop_has_still_opted_out(product: Product) -> None:
    take(product, wrote("STOP"))
    take(product, wrote("where is my parcel?", "hers-2", second=2))

    assert states(product) == {("pigeon", "marketing"): "OPTED_OUT"}


def test_an_opt_out_goes_with_an_address_that_changes_hands(product: Product) -> None:
    take(product, wrote("STOP"))
    ben = customer("ben", "pigeon")
    product.directory.create(ben)
    take(product, InboundMessage("ben@pigeon", "his-1", Text("hi"), at(4), aliases=("ana@pigeon",)))

    found = product.directory.get("ben")
    assert found is not None
    assert [(known.state, known.source) for known in found.consents] == [(OUT, ConsentSource.KEYWORD)]


def test_a_client_opts_in_who_opted_out_only_with_evidence(product: Product) -> None:
    manage = ManageConsents(product.directory, product.record_consent)
    take(product, wrote("STOP"))
    opt_in = Consent("pigeon", MARKETING, IN, at(5), ConsentSource.CLIENT)

    with pytest.raises(ConsentWithdrawn) as refused:
        manage.put("ana", opt_in, "key-1")
    assert refused.value.details[0].field == "evidence"
    (known,) = manage.put("ana", replace(opt_in, evidence="form of 2026-01-31"), "key-1")

    assert known.state is IN
    entry = list(product.audit.entries.values())[-1]
    assert (entry.actor, entry.details["evidence"], entry.details["old"]) == (
        "key-1",
        fingerprints.told(keyed, "form of 2026-01-31"),
        "OPTED_OUT",
    )


def test_an_import_does_not_overwrite_what_the_person_said_since(product: Product) -> None:
    manage = ManageConsents(product.directory, product.record_consent)
    take(product, wrote("STOP", second=9))

    told_before = Consent("pigeon", MARKETING, IN, at(1), ConsentSource.CLIENT, "import")
    (known,) = manage.put("ana", told_before, "key-1")

    assert known.state is OUT
    with pytest.raises(UserNotFound):
        manage.put("nobody", told_before, "key-1")


# What is obeyed


def test_marketing_to_who_opted_out_is_refused_and_service_is_not(product: Product) -> None:
    take(product, wrote("STOP"))

    with pytest.raises(OptedOut) as refused:
        product.accept(replace(OFFER, steps=over("pigeon")))
    (detail,) = refused.value.details
    assert detail.issue == (
        f"user ana opted out of marketing messages on pigeon since {at(1)} (source: keyword)"
    )
    assert product.accept(a_message(steps=over("pigeon"))).message.status is Status.PENDING


def test_a_service_message_is_refused_where_the_person_opted_out_of_everything(product: Product) -> None:
    take(product, wrote("STOP", channel="telex"), "telex")
    product.clock.advance(KEEP_S)

    with pytest.raises(OptedOut):
        product.accept(a_message(steps=over("telex")))


def test_marketing_is_refused_at_once_although_users_are_cached(product: Product) -> None:
    product.accept(OFFER)
    take(product, told(OUT))

    with pytest.raises(OptedOut):
        product.accept(replace(OFFER, message_id="another"))


def test_a_plain_message_reads_no_more_than_before(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    product.accept(a_message())
    read: list[object] = []
    monkeypatch.setattr(product.directory, "get_many", read.append)
    monkeypatch.setattr(product.directory, "get", read.append)

    product.accept(a_message(message_id="another"))
    product.deliver()(a_delivery())

    assert read == []


def test_a_channel_on_which_the_person_opted_out_is_left_out(product: Product) -> None:
    take(product, wrote("STOP"))

    product.accept(replace(OFFER, steps=over("pigeon", "telex")))

    (recipient,) = product.events.submitted[-1].recipients
    assert (recipient.channel, recipient.fallbacks, recipient.position) == ("telex", (), 0)


def test_a_group_of_which_somebody_opted_out_is_refused_with_the_name(product: Product) -> None:
    product = Product()
    product.settle(AGENT, ANA, customer("ben", "pigeon"), kind=ConversationType.GROUP)
    take(product, told(OUT))

    with pytest.raises(OptedOut) as refused:
        product.accept(OFFER)
    assert [detail.issue.split()[1] for detail in refused.value.details] == ["ana"]


def test_what_people_write_to_each_other_is_no_message_of_the_business(product: Product) -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "telex"), customer("ben", "pigeon"), kind=ConversationType.GROUP)
    take(product, wrote("STOP", channel="telex"), "telex")
    take(product, InboundMessage("ben@pigeon", "his-1", Text("hello all"), at(5)))

    assert [recipient.user_id for recipient in product.events.submitted[-1].recipients] == ["ana"]


def test_a_preview_refuses_what_a_post_refuses(product: Product) -> None:
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        CAPABILITIES,
        product.accept.windows,
        product.accept.accounts,
    )
    take(product, told(OUT))

    with pytest.raises(OptedOut):
        preview(OFFER)


def test_another_purpose_is_another_body(product: Product) -> None:
    plain = NewMessage(
        "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04",
        "conversation",
        "agent",
        Text("hello"),
        metadata={"b": "1", "a": "2"},
    )
    product.accept(plain)

    assert product.accept(plain).replayed
    with pytest.raises(Exception, match="belongs to another message"):
        product.accept(replace(plain, purpose=MARKETING))


def test_a_repeated_marketing_post_after_stop_is_still_the_same_message(product: Product) -> None:
    product.accept(OFFER)
    take(product, told(OUT))

    assert product.accept(OFFER).replayed


def test_the_purpose_goes_with_the_message_to_its_deliveries(product: Product) -> None:
    product.accept(OFFER)
    product.route_all()

    assert product.message().purpose is MARKETING
    assert [requested.purpose for requested in product.events.requested] == [MARKETING]
    assert product.accept.event_again(product.message()).purpose is MARKETING


def test_a_stop_stops_what_waits(product: Product) -> None:
    product.accept(OFFER)
    product.route_all()
    take(product, told(OUT))

    (requested,) = product.events.requested
    settled = product.deliver()(requested)

    assert isinstance(settled, Settled)
    assert (settled.delivery.status, settled.delivery.error_code) == (Status.FAILED, "OPTED_OUT")
    assert product.connector.asked == []


def test_what_was_stopped_goes_to_the_next_channel_that_the_person_left_open(product: Product) -> None:
    product.accept(replace(OFFER, steps=over("pigeon", "telex"), delivery_timeout_s=60))
    product.route_all()
    take(product, told(OUT))
    settled = product.deliver()(product.events.requested[-1])
    assert isinstance(settled, Settled)

    product.record(settled.update)
    product.route_all()

    assert [requested.recipient.channel for requested in product.events.requested] == ["pigeon", "telex"]
    assert product.events.requested[-1].purpose is MARKETING


def test_a_step_that_the_person_refused_meanwhile_is_skipped_in_its_turn(product: Product) -> None:
    product.connector.answers = [SendError(Outcome.PERMANENT, "30003", "unreachable")]
    product.accept(replace(OFFER, steps=over("telex", "pigeon"), delivery_timeout_s=60))
    product.route_all()
    take(product, told(OUT))
    for _ in range(2):
        settled = product.deliver()(product.events.requested.pop())
        assert isinstance(settled, Settled)
        product.record(settled.update)
        product.route_all()

    assert [submission.address for submission in product.connector.asked] == ["ana@telex"]
    assert (product.message().status, product.message().error_code) == (Status.FAILED, "OPTED_OUT")


def test_without_a_step_each_refusal_is_told(product: Product) -> None:
    take(product, told(OUT))
    take(product, wrote("STOP", "hers-2", "telex", 2), "telex")

    with pytest.raises(OptedOut) as refused:
        product.accept(replace(OFFER, steps=over("pigeon", "telex")))

    channels = [detail.issue.split(" since ")[0].split()[-1] for detail in refused.value.details]
    assert channels == ["pigeon", "telex"]


def test_a_service_message_to_who_opted_out_of_marketing_is_sent(product: Product) -> None:
    take(product, told(OUT))
    product.accept(a_message())
    product.route_all()

    settled = product.deliver()(product.events.requested[-1])

    assert isinstance(settled, Settled)
    assert settled.delivery.status is Status.SENT


def test_the_providers_refusal_of_a_send_opts_the_person_out(product: Product) -> None:
    error = SendError(Outcome.UNREACHABLE, "21610", "unsubscribed", opt_out=OptOut(EVERYTHING))
    product.connector.answers = [error]
    product.accept(a_message())
    product.route_all()
    product.deliver()(product.events.requested[-1])

    (reported,) = product.events.webhooks
    product.take(reported)

    assert states(product) == {("pigeon", "service"): "OPTED_OUT", ("pigeon", "marketing"): "OPTED_OUT"}
    assert {known.evidence for known in ana(product).consents} == {"error 21610"}
    product.clock.advance(KEEP_S)
    with pytest.raises(OptedOut):
        product.accept(a_message(message_id="another"))


def test_an_opt_out_holds_at_every_account_of_the_channel(product: Product) -> None:
    product.take(WebhookEvent("pigeon", SECOND_ACCOUNT, "w", replace(wrote("STOP"), address="ana-2@pigeon")))
    user_id = product.directory.resolve("pigeon", SECOND_ACCOUNT, "ana-2@pigeon")

    user = product.directory.get(user_id or "")
    assert user is not None
    assert [(known.channel, known.state) for known in user.consents] == [("pigeon", OUT)]
