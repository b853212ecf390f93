"""What an erased person opted out of holds when they come back, whatever fails meanwhile."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.domain.audit import AuditAction
from chat4all.domain.consent import Consent, ConsentSource, ConsentState, opted_out
from chat4all.domain.content import Text
from chat4all.domain.errors import IdentityInUse, Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.person import User, UserType
from chat4all.domain.purpose import Purpose
from chat4all.services.directory.manage_users import NewIdentity, NewUser
from tests.fakes.connector import ACCOUNT
from tests.fakes.fingerprints import keyed
from tests.fakes.product import Product

AT = "2026-01-31T12:00:00.000Z"
STOP = Consent("pigeon", Purpose.MARKETING, ConsentState.OPTED_OUT, AT, ConsentSource.KEYWORD)
WROTE = InboundMessage("back@pigeon", "hers-1", Text("hello"), AT)

Return = Callable[[Product], User]


@pytest.fixture
def product() -> Product:
    product = Product()
    product.opt_outs.keep("pigeon", keyed("back@pigeon"), (STOP,))
    return product


def _writes(product: Product, event: InboundMessage = WROTE) -> User:
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook-1", event))
    return product.manage_users.resolve("pigeon", event.address)


def _writes_with_a_further_address(product: Product) -> User:
    return _writes(product, replace(WROTE, address="other@pigeon", aliases=("back@pigeon",)))


def _is_found_by_a_further_address(product: Product) -> User:
    if product.directory.get("eve") is None:
        known = NewUser(UserType.CUSTOMER, "Eve", (NewIdentity("pigeon", "other@pigeon"),))
        product.manage_users.create(known, "eve")
    return _writes_with_a_further_address(product)


def _is_created(product: Product) -> User:
    new = NewUser(UserType.CUSTOMER, "Eve", (NewIdentity("pigeon", "back@pigeon"),))
    return product.manage_users.create(new, "eve")


def _is_linked(product: Product) -> User:
    if product.directory.get("eve") is None:
        product.manage_users.create(NewUser(UserType.CUSTOMER, "Eve"), "eve")
    return product.manage_users.link("eve", NewIdentity("pigeon", "back@pigeon"))


RETURNS = [
    _writes,
    _writes_with_a_further_address,
    _is_found_by_a_further_address,
    _is_created,
    _is_linked,
]


@pytest.mark.parametrize("comes_back", RETURNS)
def test_whoever_comes_back_has_opted_out(product: Product, comes_back: Return) -> None:
    user = comes_back(product)

    assert user.consents == (STOP,)
    assert user == product.manage_users.get(user.user_id)
    entries = product.audit.entries.values()
    (entry,) = [entry for entry in entries if entry.action is AuditAction.CONSENT_CHANGED]
    assert entry.subject == f"user:{user.user_id}"


@pytest.mark.parametrize("comes_back", RETURNS)
@pytest.mark.parametrize("failing", ["opt_outs", "audit", "directory"])
def test_what_fails_once_loses_no_opt_out(
    product: Product, monkeypatch: pytest.MonkeyPatch, comes_back: Return, failing: str
) -> None:
    store, name = {
        "opt_outs": (product.opt_outs, "of"),
        "audit": (product.audit, "record"),
        "directory": (product.directory, "save_consents"),
    }[failing]
    with monkeypatch.context() as patched:
        patched.setattr(store, name, _no_answer)
        try:
            comes_back(product)
        except Unavailable:
            assert failing != "directory"

    try:
        user = comes_back(product)
    except IdentityInUse:
        user = product.manage_users.resolve("pigeon", "back@pigeon")
    assert opted_out(user, "pigeon", Purpose.MARKETING) is not None


def _no_answer(*_: object) -> None:
    raise Unavailable("AWS does not answer.")


def test_an_address_of_somebody_else_tells_nothing_of_a_user(product: Product) -> None:
    _writes(product)
    product.manage_users.create(NewUser(UserType.CUSTOMER, "Ana"), "ana")
    before = len(product.audit.entries)

    with pytest.raises(IdentityInUse):
        product.manage_users.link("ana", NewIdentity("pigeon", "back@pigeon"))

    assert product.manage_users.get("ana").consents == ()
    assert len(product.audit.entries) == before
