"""The users under each hint, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.hints import DynamoHints
from chat4all.domain.hints import Hint, HintKind
from chat4all.domain.person import Identity, Moved
from chat4all.services.directory.ports import Directory, Hints
from tests.fakes.directory import MemoryDirectory
from tests.fakes.hints import MemoryHints
from tests.fakes.people import NOW, agent, customer
from tests.integration.aws import Aws


@pytest.fixture
def hints(directory: Directory, aws: Aws) -> Hints:
    if isinstance(directory, MemoryDirectory):
        return MemoryHints(directory)
    return DynamoHints(aws.output("Data.DirectoryTable"))


def test_a_customer_is_found_by_what_they_get(
    directory: Directory, hints: Hints, new_id: Callable[[], str]
) -> None:
    mark = new_id()[:8].translate(str.maketrans("0123456789", "ghijklmnop"))
    user = replace(customer(new_id()), display_name=f"Ana {mark}", metadata={"email": f"{mark}@example.com"})
    directory.create(user)
    directory.create(replace(agent(new_id()), display_name=f"Ana {mark}"))
    identity = Identity("pigeon", "main", f"{mark}@pigeon", NOW, handle=f"@{mark}")
    directory.link(user.user_id, identity)
    directory.rename(user.user_id, user.display_name, f"{mark}x")
    known = directory.get(user.user_id)
    assert known is not None
    moved = replace(identity, address=f"{mark}@moved", handle=f"{mark}y")
    directory.move(known, identity, moved, Moved(moved.address, NOW), 2**31)

    for kind, value in (
        (HintKind.EMAIL, f"{mark}@example.com"),
        (HintKind.HANDLE, f"{mark}y"),
        (HintKind.NAME, f"{mark}x"),
    ):
        assert hints.users_of(Hint(kind, value)) == [user.user_id]
    gone = (HintKind.NAME, f"{mark}z"), (HintKind.NAME, mark), (HintKind.HANDLE, mark)
    assert [hints.users_of(Hint(kind, value)) for kind, value in gone] == [[], [], []]

    now = directory.get(user.user_id)
    assert now is not None
    directory.unlink(now, *now.identities)
    assert hints.users_of(Hint(HintKind.HANDLE, f"{mark}y")) == []


def test_a_dismissed_pair_is_known_from_both_sides(hints: Hints, new_id: Callable[[], str]) -> None:
    one, two, three = new_id(), new_id(), new_id()
    hints.dismiss(two, one, NOW)
    hints.dismiss(one, two, NOW)
    assert hints.dismissed(one, [two, three]) == {two}
    assert hints.dismissed(two, [one, three]) == {one}
    assert hints.dismissed(three, []) == set()
