"""Users and identities, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.directory import DynamoDirectory, UserRow
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.errors import Unavailable
from chat4all.domain.person import Identity, Moved, User, UserType
from chat4all.domain.purpose import Purpose
from chat4all.services.directory.ports import Directory, IdentityTaken, NoMove
from tests.fakes.people import NOW, agent, customer
from tests.integration.aws import Aws
from tests.integration.stores.paging import walked

NOON: Final = "2026-01-31T12:00:00.000Z"
HOUR: Final = timedelta(hours=1)


def user_with(user_id: str, *identities: Identity) -> User:
    return replace(customer(user_id), identities=identities)


def identity(address: str, channel: str = "pigeon", account: str = "main") -> Identity:
    return Identity(channel, account, address, NOW, "+55", "handle")


@pytest.fixture
def ana(directory: Directory, new_id: Callable[[], str]) -> User:
    user = replace(
        customer(new_id()),
        display_name="Ana 😀",
        identities=(identity(new_id()), identity(new_id(), "telex")),
        metadata={"vip": "yes"},
    )
    assert directory.create(user) is None
    return user


def test_a_user_is_read_as_created(directory: Directory, ana: User) -> None:
    assert directory.get(ana.user_id) == ana
    assert directory.get_many([ana.user_id, "unknown", ana.user_id]) == {ana.user_id: ana}
    assert directory.get("unknown") is None
    assert directory.get_many([]) == {}


def test_creating_somebody_again_changes_nothing(directory: Directory, new_id: Callable[[], str]) -> None:
    user = agent(new_id())
    directory.create(user)

    assert directory.create(replace(user, display_name="another")) is None
    assert directory.get(user.user_id) == user


def test_every_identity_leads_to_its_user(directory: Directory, ana: User) -> None:
    for linked in ana.identities:
        assert directory.resolve(linked.channel, linked.account, linked.address) == ana.user_id
    assert directory.resolve("pigeon", "other account", ana.identities[0].address) is None


def test_an_address_is_found_at_any_account_the_first_of_several(
    directory: Directory, new_id: Callable[[], str]
) -> None:
    address = new_id()
    users = {account: customer(new_id()) for account in ("second", "first")}
    for account, user in users.items():
        directory.create(replace(user, identities=(identity(address, account=account),)))

    assert directory.resolve_at_any_account("pigeon", address) == users["first"].user_id
    assert directory.resolve_at_any_account("telex", address) is None
    directory.unlink(
        replace(users["first"], identities=(identity(address, account="first"),)),
        identity(address, account="first"),
    )
    assert directory.resolve_at_any_account("pigeon", address) == users["second"].user_id


def test_a_user_with_a_taken_identity_is_not_created_at_all(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    free = identity(new_id())
    ben = replace(customer(new_id()), identities=(free, ana.identities[0]))

    assert directory.create(ben) == IdentityTaken(ana.user_id)
    assert directory.get(ben.user_id) is None
    assert directory.resolve(free.channel, free.account, free.address) is None


def test_of_many_at_once_one_gets_the_identity(directory: Directory, new_id: Callable[[], str]) -> None:
    wanted = identity(new_id())
    users = [replace(customer(new_id()), identities=(wanted,)) for _ in range(6)]

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(directory.create, users))

    (winner,) = (user for user, taken in zip(users, outcomes, strict=True) if taken is None)
    assert directory.resolve(wanted.channel, wanted.account, wanted.address) == winner.user_id
    assert sum(directory.get(user.user_id) is not None for user in users) == 1


def test_an_identity_is_linked(directory: Directory, ana: User, new_id: Callable[[], str]) -> None:
    new = identity(new_id())

    assert directory.link(ana.user_id, new) is None
    assert directory.link(ana.user_id, new) is None
    assert directory.get(ana.user_id) == replace(ana, identities=(*ana.identities, new))
    assert directory.resolve(new.channel, new.account, new.address) == ana.user_id


def test_somebody_elses_identity_is_not_linked(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    ben = customer(new_id())
    directory.create(ben)

    assert directory.link(ben.user_id, ana.identities[0]) == IdentityTaken(ana.user_id)
    assert directory.get(ben.user_id) == ben


def test_an_unlinked_identity_is_free(directory: Directory, ana: User, new_id: Callable[[], str]) -> None:
    first, second = ana.identities

    directory.unlink(ana, first)

    assert directory.get(ana.user_id) == replace(ana, identities=(second,))
    assert directory.resolve(first.channel, first.account, first.address) is None
    ben = replace(customer(new_id()), identities=(first,))
    assert directory.create(ben) is None


def test_unlinking_from_a_user_who_has_changed_is_refused(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    directory.link(ana.user_id, identity(new_id()))

    with pytest.raises(Unavailable):
        directory.unlink(ana, ana.identities[0])

    assert directory.resolve("pigeon", "main", ana.identities[0].address) == ana.user_id


def test_consents_are_saved_unless_they_have_changed(directory: Directory, ana: User) -> None:
    opted_out = Consent("pigeon", Purpose.MARKETING, ConsentState.OPTED_OUT, NOW, ConsentSource.KEYWORD, "m")
    opted_in = replace(opted_out, state=ConsentState.OPTED_IN)

    assert directory.save_consents(ana, (opted_out,))
    assert not directory.save_consents(ana, (opted_in,))

    known = directory.get(ana.user_id)
    assert known == replace(ana, consents=(opted_out,))
    assert directory.get_many([ana.user_id]) == {ana.user_id: known}
    assert directory.save_consents(known, (opted_in,))
    assert not directory.save_consents(replace(ana, user_id="nobody"), (opted_in,))
    assert directory.get("nobody") is None


UNTIL = 4_000_000_000


def test_an_identity_moves_in_its_place_and_the_move_is_recorded(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    former, other = ana.identities
    present = replace(former, address=new_id(), phone="+54")
    moved = Moved(present.address, NOW, "+54")

    assert directory.move(ana, former, present, moved, UNTIL) is None

    assert directory.get(ana.user_id) == replace(ana, identities=(present, other))
    assert directory.resolve("pigeon", "main", former.address) is None
    assert directory.resolve("pigeon", "main", present.address) == ana.user_id
    assert directory.moved("pigeon", "main", former.address) == moved
    assert directory.moved("pigeon", "main", present.address) is None


def test_a_move_to_an_own_identity_removes_the_former(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    own = identity(new_id())
    directory.link(ana.user_id, own)
    user = directory.get(ana.user_id)
    assert user is not None

    assert directory.move(user, ana.identities[0], own, Moved(own.address, NOW), UNTIL) is None

    assert directory.get(ana.user_id) == replace(ana, identities=(ana.identities[1], own))
    assert directory.resolve("pigeon", "main", own.address) == ana.user_id


def test_a_move_to_somebody_elses_identity_or_of_a_changed_user_changes_nothing(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    taken = identity(new_id())
    ben = replace(customer(new_id()), identities=(taken,))
    directory.create(ben)
    former = ana.identities[0]

    answer = directory.move(ana, former, taken, Moved(taken.address, NOW), UNTIL)
    changed = replace(ana, identities=(former,))
    with pytest.raises(Unavailable):
        directory.move(changed, former, identity(new_id()), Moved("there", NOW), UNTIL)

    assert answer == IdentityTaken(ben.user_id)
    assert directory.get(ana.user_id) == ana
    assert directory.moved("pigeon", "main", former.address) is None


def test_the_latest_of_several_moves_is_recorded(directory: Directory, new_id: Callable[[], str]) -> None:
    address = new_id()
    moves = [Moved(f"there-{second}", f"2026-01-31T12:00:0{second}.000Z") for second in (1, 3, 2)]

    for moved in moves:
        assert directory.record_move([identity(address)], moved, UNTIL)

    assert directory.moved("pigeon", "main", address) == moves[1]
    assert directory.moved("pigeon", "second", address) is None


def test_a_move_is_recorded_through_every_account_and_a_later_one_stays(
    directory: Directory, new_id: Callable[[], str]
) -> None:
    address = new_id()
    formers = [identity(address), identity(address, account="second")]
    later, earlier = (Moved("there", f"2026-01-31T12:00:0{second}.000Z") for second in (2, 1))

    assert directory.record_move(formers, later, UNTIL)
    assert directory.record_move(formers, earlier, UNTIL)

    assert {directory.moved("pigeon", account, address) for account in ("main", "second")} == {later}


@pytest.mark.parametrize("account", ["main", "second"])
def test_no_move_is_recorded_from_an_address_that_somebody_has(
    directory: Directory, new_id: Callable[[], str], account: str
) -> None:
    address = new_id()
    directory.create(user_with(new_id(), identity(address, account=account)))

    formers = [identity(address), identity(address, account="second")]
    assert not directory.record_move(formers, Moved("there", NOW), UNTIL)
    assert directory.moved("pigeon", "main", address) is None


@pytest.mark.parametrize(
    ("since", "is_refused"),
    [
        ("2026-01-31T11:59:59.000Z", True),
        ("2026-01-31T12:00:00.000Z", True),
        ("2026-01-31T12:00:01.000Z", False),
        (None, True),
    ],
)
def test_nobody_gets_an_address_from_which_somebody_moved_at_that_time(
    directory: Directory,
    new_id: Callable[[], str],
    since: str | None,
    is_refused: bool,  # noqa: FBT001
) -> None:
    address, no_move = new_id(), NoMove(("second", "main"), since)
    known = user_with(new_id())
    directory.create(known)
    directory.record_move([identity(address)], Moved("there", "2026-01-31T12:00:00.000Z"), UNTIL)

    attempts: list[Callable[[], IdentityTaken | None]] = [
        lambda: directory.create(user_with(new_id(), identity(address)), no_move),
        lambda: directory.link(known.user_id, identity(address, account="second"), no_move),
    ]
    for attempt in attempts:
        if is_refused:
            with pytest.raises(Unavailable):
                attempt()
        else:
            assert attempt() is None


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_users_of_a_type_come_latest_created_first_with_ties(
    directory: Directory, new_id: Callable[[], str], limit: int
) -> None:
    made = []
    for number in range(5):
        created_at = f"2099-01-01T00:00:00.00{number // 2}Z"
        user = replace(agent(new_id()), created_at=created_at)
        directory.create(user)
        made.append((created_at, user.user_id))

    seen = walked(lambda after, most: directory.listing(UserType.AGENT, after, most), limit)

    mine = [seen_id for seen_id in seen if seen_id in {user_id for _, user_id in made}]
    assert mine == [user_id for _, user_id in sorted(made, reverse=True)]


def test_a_user_who_writes_has_the_time_at_each_place_that_they_wrote_from(
    directory: Directory, ana: User
) -> None:
    wrote_from, other = ana.identities
    another_account = ("pigeon", "second", wrote_from.address)

    told = directory.wrote(ana, {wrote_from.place, another_account}, NOON, HOUR)

    assert told == directory.get(ana.user_id)
    assert told == replace(ana, identities=(replace(wrote_from, wrote_at=NOON), other))


@pytest.mark.parametrize(
    ("at", "newer_by", "kept"),
    [
        ("2026-01-31T12:59:59.999Z", HOUR, NOON),
        ("2026-01-31T13:00:00.000Z", HOUR, "2026-01-31T13:00:00.000Z"),
        ("2026-01-31T12:00:00.001Z", timedelta(), "2026-01-31T12:00:00.001Z"),
        ("2026-01-30T12:00:00.000Z", timedelta(), NOON),
        (NOON, timedelta(), NOON),
    ],
)
def test_a_time_is_recorded_only_if_it_is_newer_by_enough(
    directory: Directory, ana: User, at: str, newer_by: timedelta, kept: str
) -> None:
    wrote_from = ana.identities[0]
    known = directory.wrote(ana, {wrote_from.place}, NOON, HOUR)

    told = directory.wrote(known, {wrote_from.place}, at, newer_by)

    assert told.identities[0].wrote_at == kept
    assert told == directory.get(ana.user_id)


def test_a_time_is_added_to_the_user_as_they_are_by_now(
    directory: Directory, ana: User, new_id: Callable[[], str]
) -> None:
    """The user was read before another process linked an address."""
    new = identity(new_id())
    directory.link(ana.user_id, new)

    told = directory.wrote(ana, {ana.identities[0].place, new.place}, NOON, HOUR)

    assert [known.wrote_at for known in told.identities] == [NOON, None, NOON]
    assert told == directory.get(ana.user_id)


def test_writing_in_parallel_keeps_the_latest_time(directory: Directory, ana: User) -> None:
    places = [known.place for known in ana.identities]
    times = [f"2026-01-31T{hour:02}:00:00.000Z" for hour in range(8)]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda at: directory.wrote(ana, set(places), at, HOUR), times))

    stored = directory.get(ana.user_id)
    assert stored is not None
    assert {known.wrote_at for known in stored.identities} == {times[-1]}


def test_an_identity_of_an_older_row_can_be_linked_moved_and_written_from(
    aws: Aws, new_id: Callable[[], str]
) -> None:
    """A row from before the field has no `wrote_at`, and every write compares the row's whole text."""
    directory = DynamoDirectory(aws.output("Data.DirectoryTable"))
    ana = replace(customer(new_id()), identities=(identity(new_id()),))
    directory.create(ana)
    row = UserRow.get(f"default#USER#{ana.user_id}")
    assert "wrote_at" not in UserRow.identities.serialize(row.identities)

    directory.link(ana.user_id, identity(new_id()))
    linked = directory.get(ana.user_id)
    assert linked is not None
    directory.wrote(linked, {linked.identities[0].place}, NOON, HOUR)
    written = directory.get(ana.user_id)
    assert written is not None
    directory.unlink(written, written.identities[1])

    assert directory.get(ana.user_id) == replace(ana, identities=(replace(ana.identities[0], wrote_at=NOON),))
