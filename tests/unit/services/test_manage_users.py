"""Users, and their identities on the channels."""

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.errors import Conflict, Invalid, NotFound
from chat4all.domain.person import INBOX_USER_ID, MOST_IDENTITIES, Identity, User, UserType
from chat4all.services.directory.manage_users import NewIdentity, NewUser
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.product import Product


@pytest.fixture
def product() -> Product:
    return Product()


def create(product: Product, *identities: NewIdentity, kind: UserType = UserType.CUSTOMER) -> User:
    return product.manage_users.create(NewUser(kind, "Ana", identities), product.ids())


def test_a_user_is_created_with_canonical_identities(product: Product) -> None:
    user = create(product, NewIdentity("pigeon", " ANA ", phone="+55", handle="ana"))

    assert product.manage_users.get(user.user_id) == user
    (identity,) = user.identities
    assert (identity.address, identity.phone, identity.handle) == ("ana", "+55", "ana")


def test_somebody_is_found_by_any_spelling_of_an_identity(product: Product) -> None:
    user = create(product, NewIdentity("pigeon", "ana"))

    assert product.manage_users.resolve("pigeon", " Ana ") == user


@pytest.mark.parametrize(("channel", "address"), [("pigeon", "ben"), ("telex", "ana")])
def test_an_identity_that_nobody_has_is_not_found(product: Product, channel: str, address: str) -> None:
    create(product, NewIdentity("pigeon", "ana"))

    with pytest.raises(NotFound) as refused:
        product.manage_users.resolve(channel, address)

    assert refused.value.code == "IDENTITY_NOT_FOUND"


def test_an_unknown_user_is_not_found(product: Product) -> None:
    with pytest.raises(NotFound):
        product.manage_users.get("unknown")


def test_an_address_that_can_be_none_is_invalid(product: Product) -> None:
    with pytest.raises(Invalid):
        create(product, NewIdentity("pigeon", " "))


def test_the_same_identity_twice_in_one_user_is_invalid(product: Product) -> None:
    with pytest.raises(Invalid):
        create(product, NewIdentity("pigeon", "ana"), NewIdentity("pigeon", "ANA"))


def test_an_identity_belongs_to_one_user(product: Product) -> None:
    ana = create(product, NewIdentity("pigeon", "ana"))

    with pytest.raises(Conflict) as refused:
        create(product, NewIdentity("telex", "new"), NewIdentity("pigeon", "Ana"))

    assert refused.value.code == "IDENTITY_TAKEN"
    assert ana.user_id in refused.value.details[0].issue
    assert product.directory.resolve("telex", "main", "new") is None


def test_an_identity_is_linked_once(product: Product) -> None:
    user = create(product, NewIdentity("pigeon", "ana"))

    for _ in range(2):
        product.manage_users.link(user.user_id, NewIdentity("telex", "ana"))

    linked = product.manage_users.get(user.user_id)
    assert [identity.channel for identity in linked.identities] == ["pigeon", "telex"]


def test_an_address_that_another_account_knows_is_linked_to_the_first_account(product: Product) -> None:
    user = create(product)
    product.directory.link(user.user_id, Identity("pigeon", SECOND_ACCOUNT, "ana", iso(BEGINNING)))

    product.manage_users.link(user.user_id, NewIdentity("pigeon", "ana"))

    linked = product.manage_users.get(user.user_id)
    assert {identity.account for identity in linked.identities} == {ACCOUNT, SECOND_ACCOUNT}
    assert product.manage_users.resolve("pigeon", "ana") == linked


def test_a_person_of_another_account_is_found_by_the_address_they_have_there(product: Product) -> None:
    """On Instagram a person has another address at each account of ours."""
    ana, ben = create(product), create(product, NewIdentity("pigeon", "ben"))
    for user, address in ((ana, "ana-there"), (ana, "ben")):
        product.directory.link(user.user_id, Identity("pigeon", SECOND_ACCOUNT, address, iso(BEGINNING)))

    resolve = product.manage_users.resolve

    assert resolve("pigeon", "ANA-there").user_id == ana.user_id
    assert resolve("pigeon", "ana-there", SECOND_ACCOUNT).user_id == ana.user_id
    assert resolve("pigeon", "ben").user_id == ben.user_id
    assert resolve("pigeon", "ben", SECOND_ACCOUNT).user_id == ana.user_id
    with pytest.raises(NotFound):
        resolve("pigeon", "ana-there", ACCOUNT)


def test_somebody_elses_identity_is_not_linked(product: Product) -> None:
    create(product, NewIdentity("pigeon", "ana"))
    ben = create(product)

    with pytest.raises(Conflict):
        product.manage_users.link(ben.user_id, NewIdentity("pigeon", "ana"))

    assert product.manage_users.get(ben.user_id).identities == ()


def test_a_user_has_so_many_identities_and_no_more(product: Product) -> None:
    user = create(product, *(NewIdentity("pigeon", f"{number}") for number in range(MOST_IDENTITIES)))

    with pytest.raises(Conflict) as refused:
        product.manage_users.link(user.user_id, NewIdentity("pigeon", "one more"))

    assert refused.value.code == "TOO_MANY_IDENTITIES"


def test_an_unlinked_identity_is_free(product: Product) -> None:
    ana = create(product, NewIdentity("pigeon", "ana"), NewIdentity("telex", "ana"))

    left = product.manage_users.unlink(ana.user_id, "pigeon", "ANA")

    assert [identity.channel for identity in left.identities] == ["telex"]
    assert create(product, NewIdentity("pigeon", "ana")).user_id != ana.user_id


def test_an_identity_that_the_user_does_not_have_is_not_unlinked(product: Product) -> None:
    ana = create(product, NewIdentity("pigeon", "ana"))

    with pytest.raises(NotFound):
        product.manage_users.unlink(ana.user_id, "telex", "ana")


def test_pages_show_every_user_of_a_type_once(product: Product) -> None:
    customers = [create(product).user_id for _ in range(5)]
    create(product, kind=UserType.AGENT)

    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = product.manage_users.listing(UserType.CUSTOMER, cursor, 2)
        seen += [user.user_id for user in page.items]
        cursor = page.next_cursor

    assert cursor is None
    assert sorted(seen) == sorted(customers)


def test_the_inbox_gets_no_identity(product: Product) -> None:
    product.directory.create(User(INBOX_USER_ID, UserType.AGENT, "Inbox", (), {}, "2026-01-31T12:00:00.000Z"))

    with pytest.raises(Conflict, match="inbox"):
        product.manage_users.link(INBOX_USER_ID, NewIdentity("pigeon", "ana"))

    assert product.manage_users.get(INBOX_USER_ID).identities == ()
