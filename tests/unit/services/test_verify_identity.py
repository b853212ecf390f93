"""An identity is verified by a code that was sent to it, and by nothing else."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.channel import KindRule, LimitScope, RateLimit
from chat4all.domain.clock import iso
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Text
from chat4all.domain.errors import (
    AccountDisabled,
    Chat4AllError,
    CodeNotSent,
    CodeOver,
    CodeWrong,
    IdentityNotFound,
    OptedOut,
    TemplateNotUsable,
    Throttled,
    Unavailable,
    VerificationNotFound,
    WindowClosed,
)
from chat4all.domain.events import InboundMove, StatusUpdate, WebhookEvent
from chat4all.domain.kinds import Template, TemplateButton, TemplateButtonKind
from chat4all.domain.person import Identity
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.domain.templates import ButtonOfTemplate, ButtonType
from chat4all.domain.verification import MOST_CODES, MOST_OF_ACCOUNT, MOST_TRIES, VALID_FOR
from chat4all.services.messaging.code_template import TemplateName
from chat4all.services.messaging.record_status import Recorded
from chat4all.services.messaging.verify_identity import CodeSent, CodeWanted, VerifyIdentity
from tests.fakes.audit import MemoryAudit
from tests.fakes.connector import ACCOUNT, PIGEON, SECOND_ACCOUNT, FakeConnector
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, Product
from tests.fakes.small_stores import OneBucket
from tests.fakes.templates import FakeCatalogue, account_template
from tests.fakes.verifications import Codes, MemoryVerifications, verify_identity

CHANNEL = replace(PIGEON, text_length=500, group_prefix="group:")
CAPABILITIES = {"pigeon": CHANNEL}
WINDOWED = {"pigeon": replace(CHANNEL, window_h=24, kinds=kind_rules(KindRule("template")))}
ANA = customer("ana", "pigeon")
WANTED = CodeWanted("ana", "pigeon", "ana@pigeon")
KEY = "key"
RETRY = SendError(Outcome.RETRY, "NETWORK", "The provider did not answer.")
OTP = replace(
    account_template("login", body="*{{1}}* is your verification code."),
    category="AUTHENTICATION",
    buttons=(
        ButtonOfTemplate(ButtonType.URL, "Copy code", "https://www.example.com/otp/code/?code=otp{{1}}"),
    ),
)


@pytest.fixture
def product() -> Product:
    product = Product(connector=FakeConnector(CHANNEL))
    product.settle(AGENT, ANA)
    return product


@pytest.fixture
def codes() -> Codes:
    return Codes()


@pytest.fixture
def verify(product: Product, codes: Codes) -> VerifyIdentity:
    return verify_identity(product, CAPABILITIES, codes=codes)


def send(verify: VerifyIdentity, wanted: CodeWanted = WANTED) -> CodeSent:
    return verify.send(wanted, KEY)


def verified_at(product: Product, user_id: str = "ana") -> list[str | None]:
    user = product.directory.get(user_id)
    assert user is not None
    return [identity.verified_at for identity in user.identities]


def over(verify: VerifyIdentity, sent: CodeSent, code: str) -> str:
    """Confirm a code that has ended; return the reason."""
    with pytest.raises(CodeOver) as refused:
        verify.confirm(sent.verification_id, code, KEY)
    return refused.value.details[0].issue


def test_the_code_reaches_the_address_and_verifies_it(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    (asked,) = product.connector.accepted
    assert (asked.address, asked.account, asked.valid_for) == ("ana@pigeon", ACCOUNT, VALID_FOR)
    assert codes.made[0] in asked.content.text
    assert verified_at(product) == [None]

    confirmed = verify.confirm(sent.verification_id, codes.made[0], KEY)

    assert (confirmed.user_id, confirmed.identity.verified_at) == ("ana", iso(product.clock()))
    assert verified_at(product) == [iso(product.clock())]
    assert sent.expires_at == iso(product.clock() + VALID_FOR)


def test_both_steps_are_audited_without_the_code_and_the_address(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    verify.confirm(sent.verification_id, codes.made[0], KEY)

    entries = list(product.audit.entries.values())
    assert [entry.action for entry in entries] == [
        AuditAction.IDENTITY_VERIFY,
        AuditAction.IDENTITY_CONFIRM,
    ]
    for entry in entries:
        assert (entry.subject, entry.actor) == ("user:ana", KEY)
        assert codes.made[0] not in entry.details.values()
        assert "ana@pigeon" not in str(entry)


def test_the_code_stands_in_no_event_and_no_log_line(
    product: Product, verify: VerifyIdentity, codes: Codes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = send(verify)
    product.clock.advance(60)
    product.connector.answers.append(RETRY)
    with pytest.raises(Unavailable):
        send(verify)
    over(verify, sent, codes.made[0])

    assert not any(code in caplog.text for code in codes.made)
    assert not any((product.events.submitted, product.events.requested, product.events.signals))
    assert not product.messages.history("conversation", "", None, 10)


def test_a_wrong_code_has_five_tries_and_then_the_right_one_is_too_late(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    for left in reversed(range(MOST_TRIES)):
        with pytest.raises(CodeWrong) as refused:
            verify.confirm(sent.verification_id, "999999", KEY)
        assert refused.value.details[0].issue == f"is wrong; {left} tries are left"

    assert over(verify, sent, codes.made[0]) == "has no tries left"
    assert verified_at(product) == [None]


def test_guesses_at_once_are_no_more_than_five(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)

    def guess(number: int) -> str:
        try:
            verify.confirm(sent.verification_id, f"{number:06d}", KEY)
        except Chat4AllError as error:
            return error.code
        return "CONFIRMED"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(guess, range(500_000, 500_040)))

    assert answers.count("CODE_WRONG") == MOST_TRIES
    assert answers.count("CODE_OVER") == 40 - MOST_TRIES


def test_two_confirmations_at_once_both_succeed_and_one_writes(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(lambda _: verify.confirm(sent.verification_id, codes.made[0], KEY), range(4))
        )

    assert {each.identity.verified_at for each in found} == {iso(product.clock())}
    actions = [entry.action for entry in product.audit.entries.values()]
    assert actions.count(AuditAction.IDENTITY_CONFIRM) == 1


def test_a_code_ends_after_ten_minutes(product: Product, verify: VerifyIdentity, codes: Codes) -> None:
    sent = send(verify)
    product.clock.advance(VALID_FOR.total_seconds())

    assert over(verify, sent, codes.made[0]) == "has expired"


def test_a_new_code_ends_the_former(product: Product, verify: VerifyIdentity, codes: Codes) -> None:
    first = send(verify)
    product.clock.advance(60)
    second = send(verify)

    assert over(verify, first, codes.made[0]) == "was replaced by a newer code"
    with pytest.raises(CodeWrong):
        verify.confirm(second.verification_id, codes.made[0], KEY)
    assert verify.confirm(second.verification_id, codes.made[1], KEY).user_id == "ana"


def test_a_confirmed_code_may_come_again_but_proves_nothing_new(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    first = verify.confirm(sent.verification_id, codes.made[0], KEY)
    product.clock.advance(60)

    assert verify.confirm(sent.verification_id, codes.made[0], KEY) == first


def test_codes_of_an_identity_are_few_and_those_of_another_are_not_affected(
    product: Product, verify: VerifyIdentity
) -> None:
    product.directory.create(customer("ben", "pigeon"))
    waits = []
    for _ in range(MOST_CODES):
        send(verify)
        with pytest.raises(Throttled) as refused:
            send(verify)
        waits.append(refused.value.retry_after)
        product.clock.advance(60)

    with pytest.raises(Throttled) as refused:
        send(verify)
    assert [*waits, refused.value.retry_after] == [30, 30, 3600 - 120, 3600 - 180]
    send(verify, replace(WANTED, user_id="ben", address="ben@pigeon"))
    assert len(product.connector.asked) == MOST_CODES + 1


def test_unlinking_and_linking_again_gives_no_new_codes(product: Product, verify: VerifyIdentity) -> None:
    for _ in range(MOST_CODES):
        send(verify)
        product.clock.advance(60)
    user = product.directory.get("ana")
    assert user is not None
    product.directory.unlink(user, user.identities[0])
    product.directory.create(replace(customer("ben"), identities=ANA.identities))

    with pytest.raises(Throttled):
        send(verify, replace(WANTED, user_id="ben"))


def test_an_account_sends_so_many_codes_in_an_hour(product: Product) -> None:
    """Whoever asks for codes to many numbers of a costly network (SMS pumping) is stopped."""
    verifications = MemoryVerifications(product.directory, product.audit)
    verify = verify_identity(product, CAPABILITIES, verifications=verifications)
    for _ in range(MOST_OF_ACCOUNT):
        assert verifications.count_of_account("pigeon", ACCOUNT, product.clock())

    with pytest.raises(Throttled) as refused:
        send(verify)

    assert refused.value.retry_after == 3600
    product.clock.advance(3600)
    send(verify)


def test_codes_at_once_for_an_identity_are_one(product: Product, codes: Codes) -> None:
    verify = verify_identity(product, CAPABILITIES, codes=codes)

    def code(_: int) -> str:
        try:
            send(verify)
        except (Throttled, Unavailable) as error:
            return error.code
        return "SENT"

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(code, range(8)))

    assert answers.count("SENT") == len(product.connector.accepted) == 1


def unlink(product: Product) -> None:
    user = product.directory.get("ana")
    assert user is not None
    product.directory.unlink(user, user.identities[0])


def test_a_code_for_an_identity_that_was_unlinked_is_over(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    unlink(product)

    assert over(verify, sent, codes.made[0]) == "is of an identity that the user no longer has"


def test_a_code_for_an_identity_that_was_linked_again_is_over(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    unlink(product)
    product.clock.advance(1)
    product.directory.link("ana", replace(ANA.identities[0], linked_at=iso(product.clock())))

    assert over(verify, sent, codes.made[0]) == "is of an identity that the user no longer has"


def test_a_code_for_an_identity_that_another_user_has_is_over(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    unlink(product)
    product.directory.create(replace(customer("ben"), identities=ANA.identities))

    over(verify, sent, codes.made[0])
    assert verified_at(product, "ben") == [None]


def test_a_code_for_an_address_that_moved_is_over_and_the_move_loses_the_proof(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    first = send(verify)
    verify.confirm(first.verification_id, codes.made[0], KEY)
    product.clock.advance(60)
    second = send(verify)
    moved = InboundMove("ana@pigeon", "ana@new", iso(product.clock()))
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", moved))

    assert verified_at(product) == [None]
    over(verify, second, codes.made[1])


def test_a_code_outlives_a_merge_of_its_user_and_the_proof_goes_with_the_identity(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    product.directory.create(customer("kept", "telex"))
    sent = send(verify)
    product.merges.merge("kept", "ana", KEY)

    assert verify.confirm(sent.verification_id, codes.made[0], KEY).user_id == "kept"
    assert verified_at(product, "kept") == [None, iso(product.clock())]
    product.merges.unmerge("ana", KEY)
    assert verified_at(product, "ana") == [iso(product.clock())]


def test_the_merged_user_may_be_named(product: Product, verify: VerifyIdentity) -> None:
    product.directory.create(customer("kept", "telex"))
    product.merges.merge("kept", "ana", KEY)

    send(verify)

    assert product.connector.accepted[0].address == "ana@pigeon"


def test_what_the_person_writes_meanwhile_does_not_disturb(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    sent = send(verify)
    user = product.directory.get("ana")
    assert user is not None
    product.directory.wrote(user, {user.identities[0].place}, NOW, timedelta())

    assert verify.confirm(sent.verification_id, codes.made[0], KEY).identity.wrote_at == NOW


@pytest.mark.parametrize(
    "wanted",
    [
        replace(WANTED, user_id="nobody"),
        replace(WANTED, user_id="ben"),
        replace(WANTED, address="ben@pigeon"),
        replace(WANTED, account=SECOND_ACCOUNT),
    ],
)
def test_nothing_is_told_of_identities_of_others(
    product: Product, verify: VerifyIdentity, wanted: CodeWanted
) -> None:
    product.directory.create(customer("ben", "pigeon"))

    with pytest.raises(IdentityNotFound) as refused:
        send(verify, wanted)

    assert (refused.value.message, refused.value.details) == ("The user has no such identity.", ())
    assert product.connector.asked == []


def test_an_unknown_id_and_a_guessed_id_of_a_known_identity_look_the_same(
    product: Product, verify: VerifyIdentity
) -> None:
    sent = send(verify)
    for guess in ("", "x", "f" * 64, sent.verification_id[:32], sent.verification_id[:32] + "0" * 32):
        with pytest.raises(VerificationNotFound):
            verify.confirm(guess, "000001", KEY)


def test_a_group_gets_no_code(product: Product, verify: VerifyIdentity) -> None:
    product.directory.link("ana", Identity("pigeon", ACCOUNT, "group:1", NOW))

    with pytest.raises(CodeNotSent):
        send(verify, replace(WANTED, address="group:1"))
    assert product.connector.asked == []


def test_an_account_that_sends_in_the_name_of_somebodys_app_sends_no_code(product: Product) -> None:
    """The code would come back as an echo, and stand in the history."""
    verify = verify_identity(product, CAPABILITIES, dependents={"pigeon": "borrowed:"})
    product.directory.link("ana", Identity("pigeon", "borrowed:1", "ana@pigeon", NOW))

    with pytest.raises(CodeNotSent):
        send(verify, replace(WANTED, account="borrowed:1"))


def opt_out(product: Product, purpose: Purpose) -> None:
    user = product.directory.get("ana")
    assert user is not None
    refused = Consent("pigeon", purpose, ConsentState.OPTED_OUT, NOW, ConsentSource.KEYWORD)
    assert product.directory.save_consents(user, (refused,))


def test_who_opted_out_of_everything_gets_no_code(product: Product, verify: VerifyIdentity) -> None:
    opt_out(product, Purpose.SERVICE)

    with pytest.raises(OptedOut):
        send(verify)
    assert product.connector.asked == []


def test_who_opted_out_of_marketing_gets_a_code(product: Product, verify: VerifyIdentity) -> None:
    opt_out(product, Purpose.MARKETING)

    send(verify)


def test_a_disabled_account_sends_no_code(product: Product, verify: VerifyIdentity) -> None:
    product.accounts.save("pigeon", {ACCOUNT: ChannelAccount(ACCOUNT, AccountState.DISABLED)}, 0)

    with pytest.raises(AccountDisabled):
        send(verify)


def test_the_text_names_our_account_or_is_the_clients(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    known = ChannelAccount(ACCOUNT, AccountState.ENABLED, name="Acme")
    product.accounts.save("pigeon", {ACCOUNT: known}, 0)
    send(verify)
    product.clock.advance(60)
    send(verify, replace(WANTED, wording="Seu código: {code}"))

    first, second = (asked.content.text for asked in product.connector.accepted)
    assert first.startswith(f"{codes.made[0]} is your code for Acme.")
    assert second == f"Seu código: {codes.made[1]}"


def test_a_channel_that_is_down_gets_no_code_later(
    product: Product, verify: VerifyIdentity, codes: Codes
) -> None:
    product.breakers.save("pigeon", ACCOUNT, Breaker(circuit=Circuit.OPEN), 0)
    with pytest.raises(Unavailable):
        send(verify)
    assert product.connector.asked == []

    product.breakers.save("pigeon", ACCOUNT, Breaker(), 1)
    sent = send(verify)
    assert verify.confirm(sent.verification_id, codes.made[-1], KEY).user_id == "ana"


def test_the_providers_rate_is_kept(product: Product) -> None:
    bucket = OneBucket(RateLimit(LimitScope.ACCOUNT, interval_s=30, burst=1))
    verify = verify_identity(product, CAPABILITIES, limiter=bucket)
    product.directory.create(customer("ben", "pigeon"))
    send(verify)

    with pytest.raises(Throttled) as refused:
        send(verify, replace(WANTED, user_id="ben", address="ben@pigeon"))

    assert refused.value.retry_after == 30


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (RETRY, Unavailable),
        (SendError(Outcome.CHANNEL_PAUSED, "190", "Refused."), Unavailable),
        (SendError(Outcome.THROTTLED, "429", "Slowly.", 7.5), Throttled),
        (SendError(Outcome.UNREACHABLE, "403", "Blocked."), CodeNotSent),
        (SendError(Outcome.PERMANENT, "131047", "Too late."), CodeNotSent),
        (SendError(Outcome.ADDRESS_CHANGED, "400", "Moved.", new_address="new"), CodeNotSent),
    ],
)
def test_a_refusal_is_the_answer_and_ends_the_code(
    product: Product, verify: VerifyIdentity, codes: Codes, answer: SendError, error: type[Chat4AllError]
) -> None:
    product.connector.answers.append(answer)
    with pytest.raises(error) as refused:
        send(verify)
    assert refused.value.retry_after != 0

    with pytest.raises(Throttled):
        send(verify)
    product.clock.advance(30)
    sent = send(verify)
    assert verify.confirm(sent.verification_id, codes.made[-1], KEY).user_id == "ana"


def test_a_provider_that_fails_uses_up_no_codes(product: Product, verify: VerifyIdentity) -> None:
    for _ in range(10):
        product.connector.answers.append(RETRY)
        with pytest.raises(Unavailable) as refused:
            send(verify)
        product.clock.advance(refused.value.retry_after or 0)

    send(verify)


class SilentAudit(MemoryAudit):
    """An audit trail that does not answer."""

    def record(self, entry: AuditEntry) -> None:
        raise Unavailable("The database did not answer.")


def test_what_is_not_audited_is_not_sent_and_uses_up_no_code() -> None:
    product = Product(connector=FakeConnector(CHANNEL), audit=SilentAudit())
    product.settle(AGENT, ANA)
    verify = verify_identity(product, CAPABILITIES)

    for _ in range(MOST_CODES + 1):
        with pytest.raises(Unavailable):
            send(verify)
        product.clock.advance(30)
    assert product.connector.asked == []


def test_rotated_credentials_are_read_anew(product: Product, verify: VerifyIdentity) -> None:
    send(verify)
    product.clock.advance(60)
    rotated = replace(product.secrets.read("pigeon").first, access_token="rotated")
    product.connector.token = "rotated"
    product.secrets.write("pigeon", replace(product.secrets.read("pigeon"), first=rotated))

    send(verify)

    assert len(product.connector.accepted) == 2


@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED])
def test_a_status_of_a_code_waits_for_no_delivery(
    product: Product, verify: VerifyIdentity, status: Status
) -> None:
    send(verify)
    (asked,) = product.connector.accepted

    update = StatusUpdate("pigeon", ACCOUNT, status, NOW, "pigeon-1", asked.delivery_id)

    assert product.record(update) is Recorded.DONE


class TestClosedWindows:
    @pytest.fixture
    def product(self) -> Product:
        product = Product(connector=FakeConnector(WINDOWED["pigeon"]), catalogue=FakeCatalogue(OTP))
        product.settle(AGENT, ANA)
        return product

    @pytest.fixture
    def verify(self, product: Product, codes: Codes) -> VerifyIdentity:
        return verify_identity(product, WINDOWED, codes=codes)

    def test_the_only_template_for_codes_is_sent(
        self, product: Product, verify: VerifyIdentity, codes: Codes
    ) -> None:
        product.catalogue.templates.append(account_template())
        sent = send(verify)

        (asked,) = product.connector.accepted
        (code,) = codes.made
        assert isinstance(asked.content, Template)
        assert (asked.content.name, asked.content.parameters) == ("login", {"1": code})
        assert asked.content.buttons == (TemplateButton(0, TemplateButtonKind.URL, code),)
        assert verify.confirm(sent.verification_id, code, KEY).user_id == "ana"

    def test_an_open_window_takes_a_text(self, product: Product, verify: VerifyIdentity) -> None:
        user = product.directory.get("ana")
        assert user is not None
        product.directory.wrote(user, {user.identities[0].place}, NOW, timedelta())

        send(verify)

        assert isinstance(product.connector.accepted[0].content, Text)

    def test_a_named_template_is_sent_in_its_language(self, product: Product, verify: VerifyIdentity) -> None:
        product.catalogue.templates.append(replace(OTP, language="en"))

        send(verify, replace(WANTED, template=TemplateName("login", "en")))

        content = product.connector.accepted[0].content
        assert isinstance(content, Template)
        assert content.language == "en"

    def test_several_templates_are_named(self, product: Product, verify: VerifyIdentity) -> None:
        product.catalogue.templates.append(replace(OTP, language="en"))

        with pytest.raises(WindowClosed) as refused:
            send(verify)

        assert "login in pt_BR, login in en" in refused.value.details[0].issue

    @pytest.mark.parametrize("status", ["PAUSED", "PENDING", "REJECTED"])
    def test_without_a_template_that_can_be_sent_the_window_is_closed(
        self, product: Product, verify: VerifyIdentity, status: str
    ) -> None:
        product.catalogue.decide("login", status)

        with pytest.raises(WindowClosed):
            send(verify)
        assert product.connector.asked == []

    def test_a_template_that_is_for_something_else_is_refused(
        self, product: Product, verify: VerifyIdentity
    ) -> None:
        product.catalogue.templates.append(account_template())

        with pytest.raises(TemplateNotUsable):
            send(verify, replace(WANTED, template=TemplateName("order_ready", "pt_BR")))

    def test_limits_come_before_the_provider_is_asked_for_templates(
        self, product: Product, verify: VerifyIdentity
    ) -> None:
        send(verify)
        calls = product.catalogue.calls
        with pytest.raises(Throttled):
            send(verify)

        assert product.catalogue.calls == calls

    def test_the_code_is_not_kept_with_the_template(
        self, product: Product, verify: VerifyIdentity, codes: Codes
    ) -> None:
        send(verify, replace(WANTED, template=TemplateName("login", "pt_BR")))

        assert codes.made[0] not in str(msgspec.to_builtins(list(product.templates.rows.values())))


def test_an_instagram_like_channel_has_no_template(product: Product) -> None:
    verify = verify_identity(product, {"pigeon": replace(CHANNEL, window_h=24)})

    with pytest.raises(WindowClosed):
        send(verify)
