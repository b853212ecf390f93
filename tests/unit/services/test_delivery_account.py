"""What is sent again, and what is changed, stays with the account of the delivery."""

import pytest
from msgspec.structs import replace

from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.content import Text
from chat4all.domain.errors import NoIdentity
from chat4all.domain.person import Identity, User
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.deliver import Settled
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, MESSAGE_ID, Product

REFUSED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")


def at(account: str, address: str) -> Identity:
    return Identity("pigeon", account, address, NOW)


def product_with(*identities: Identity) -> Product:
    product = Product()
    product.settle(AGENT, replace(customer("ana"), identities=identities))
    return product


def set_identities(product: Product, *identities: Identity) -> None:
    """Give Ana these identities, in this order."""
    for identity in known(product).identities:
        product.directory.unlink(known(product), identity)
    for identity in identities:
        assert product.directory.link("ana", identity) is None
    assert known(product).identities == identities


def known(product: Product) -> User:
    user = product.directory.get("ana")
    assert user is not None
    return user


def fail(product: Product) -> None:
    product.connector.answers = [REFUSED]
    product.say()
    product.route_all()
    settled = product.deliver()(product.events.requested.pop())
    assert isinstance(settled, Settled)
    product.record(settled.update)


def redriven_to(product: Product) -> tuple[str, str]:
    product.redrive.message(MESSAGE_ID)
    product.route_all()
    (requested,) = product.events.requested
    return requested.recipient.account, requested.recipient.address


def test_a_redrive_leaves_from_the_account_of_the_delivery() -> None:
    product = product_with(at(SECOND_ACCOUNT, "ana@second"))
    fail(product)
    set_identities(product, at(ACCOUNT, "ana@main"), at(SECOND_ACCOUNT, "ana@second"))

    assert redriven_to(product) == (SECOND_ACCOUNT, "ana@second")


def test_a_redrive_goes_to_the_address_of_the_delivery_if_the_person_has_two() -> None:
    product = product_with(at(ACCOUNT, "ana@first"))
    fail(product)
    set_identities(product, at(ACCOUNT, "ana@other"), at(ACCOUNT, "ana@first"))

    assert redriven_to(product) == (ACCOUNT, "ana@first")


def test_a_redrive_goes_to_the_present_address_at_the_account() -> None:
    product = product_with(at(SECOND_ACCOUNT, "ana@former"))
    fail(product)
    set_identities(product, at(ACCOUNT, "ana@main"), at(SECOND_ACCOUNT, "ana@present"))

    assert redriven_to(product) == (SECOND_ACCOUNT, "ana@present")


def test_a_redrive_is_refused_if_the_person_is_not_at_the_account_any_more() -> None:
    product = product_with(at(SECOND_ACCOUNT, "ana@second"))
    fail(product)
    set_identities(product, at(ACCOUNT, "ana@main"))

    with pytest.raises(NoIdentity):
        product.redrive.message(MESSAGE_ID)


def test_an_edit_before_the_first_delivery_names_the_identity_that_the_message_goes_to() -> None:
    product = product_with(at(ACCOUNT, "ana@main"), at(SECOND_ACCOUNT, "ana@second"))
    rows = {
        ACCOUNT: ChannelAccount(ACCOUNT, AccountState.DISABLED),
        SECOND_ACCOUNT: ChannelAccount(SECOND_ACCOUNT, AccountState.ENABLED),
    }
    product.accounts.save("pigeon", rows, 0)
    product.say()
    (sent_to,) = product.events.submitted[0].recipients

    act = product.change.edit(MESSAGE_ID, "agent", Text("hello, all"), None).message.act

    assert act is not None
    (target,) = act.targets
    assert (target.account, target.address) == (sent_to.account, sent_to.address)
    assert target.account == SECOND_ACCOUNT
