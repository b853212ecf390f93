"""A message that would leave from an account that is not enabled is refused; everything else is not."""

import pytest
from msgspec.structs import replace

from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.content import Text
from chat4all.domain.errors import AccountDisabled
from chat4all.domain.person import User, UserType
from chat4all.services.accounts.enabled_accounts import KEEP_S, EnabledAccounts
from chat4all.services.inbound.known_addresses import KnownAddresses
from tests.fakes.connector import ACCOUNTS, CAPABILITIES
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, ANA, Product, a_message, over

OTHER_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def set_state(product: Product, state: AccountState, account: str = "main") -> None:
    known = product.accounts.known.get("pigeon")
    version = known.version if known else 0
    product.accounts.save("pigeon", {account: ChannelAccount(account, state)}, version)


@pytest.mark.parametrize("state", [AccountState.PROVED, AccountState.DISABLED, AccountState.REMOVED])
def test_it_is_refused_with_the_account(product: Product, state: AccountState) -> None:
    set_state(product, state)

    with pytest.raises(AccountDisabled) as refused:
        product.say()

    (detail,) = refused.value.details
    assert "main of pigeon" in detail.issue
    assert product.events.submitted == []


def test_a_step_from_such_an_account_is_skipped() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))
    set_state(product, AccountState.DISABLED)

    product.accept(a_message(steps=over("pigeon", "telex")))

    (recipient,) = product.events.submitted[0].recipients
    assert (recipient.channel, recipient.step) == ("telex", 1)
    assert [(skipped.step, skipped.code) for skipped in recipient.skipped] == [(0, "ACCOUNT_DISABLED")]


def test_many_messages_read_the_accounts_once_a_minute(product: Product) -> None:
    for number in range(20):
        product.say(message_id=f"{number:08d}-1111-4111-8111-111111111111")
    assert product.accounts.reads == 1

    product.clock.advance(KEEP_S + 1)
    product.say(message_id=OTHER_ID)
    assert product.accounts.reads == 2


def test_disabling_is_seen_within_a_minute_and_enabling_at_once(product: Product) -> None:
    product.say()
    set_state(product, AccountState.DISABLED)
    product.clock.advance(KEEP_S + 1)
    with pytest.raises(AccountDisabled):
        product.say(message_id=OTHER_ID)

    set_state(product, AccountState.ENABLED)
    assert not product.say(message_id=OTHER_ID).replayed


def test_what_was_accepted_before_is_a_repeat_and_still_goes_out(product: Product) -> None:
    product.say()
    set_state(product, AccountState.DISABLED)
    product.clock.advance(KEEP_S + 1)

    assert product.say().replayed
    product.accept.republish(product.message())
    product.route_all()
    assert {request.recipient.user_id for request in product.events.requested} == {"ana"}


def test_what_a_person_wrote_is_taken(product: Product) -> None:
    set_state(product, AccountState.DISABLED)
    written = replace(
        a_message("hers", sender_id="ana"),
        received_over="pigeon",
        account="main",
        provider_message_id="1",
    )

    assert not product.accept(written).replayed


def test_an_account_of_the_first_ones_business_needs_no_entry(product: Product) -> None:
    product.say()
    route = replace(product.events.submitted[0].recipients[0].route, account="unlisted")

    assert EnabledAccounts(product.accounts, {"pigeon": "un"}).exact()(ANA, route, Text("hi")) is None
    assert EnabledAccounts(product.accounts, {}).exact()(ANA, route, Text("hi")) is not None


def test_an_account_that_depends_on_another_goes_with_it(product: Product) -> None:
    product.say()
    route = replace(product.events.submitted[0].recipients[0].route, account="7/business:x")
    set_state(product, AccountState.ENABLED, "7")
    assert EnabledAccounts(product.accounts, {"pigeon": "business:"}).exact()(ANA, route, Text("hi")) is None

    set_state(product, AccountState.DISABLED, "7")
    assert EnabledAccounts(product.accounts, {"pigeon": "business:"}).exact()(ANA, route, Text("hi"))


def test_a_person_known_at_another_account_only_stays_one_person(product: Product) -> None:
    """On a channel where a person has the same address at every account of ours."""
    identity = replace(ANA.identities[0], channel="telex", account="seventh", address="555")
    known = User("ben", UserType.CUSTOMER, "Ben", (identity,), {}, NOW)
    product.directory.create(known)

    addresses = KnownAddresses(product.directory, ACCOUNTS, CAPABILITIES)

    assert addresses.user_at("telex", "third", "555") == known
