"""The codes of identities, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.verifications import DynamoVerifications
from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.clock import iso
from chat4all.domain.person import Identity, User, UserType
from chat4all.domain.verification import MOST_OF_ACCOUNT, MOST_TRIES, SentCode, Verification, begun, failed
from chat4all.services.directory.ports import Directory, Verifications
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import BEGINNING
from tests.fakes.directory import MemoryDirectory
from tests.fakes.people import NOW
from tests.fakes.verifications import MemoryVerifications
from tests.integration.aws import Aws


@pytest.fixture
def verifications(directory: Directory, aws: Aws) -> Verifications:
    if isinstance(directory, MemoryDirectory):
        return MemoryVerifications(directory, MemoryAudit())
    return DynamoVerifications(aws.output("Data.DirectoryTable"), aws.output("Data.AuditTable"))


@pytest.fixture
def user(directory: Directory, new_id: Callable[[], str]) -> User:
    user_id = new_id()
    identity = Identity("pigeon", "main", f"{user_id}@pigeon", NOW)
    user = User(user_id, UserType.CUSTOMER, "Ana", (identity,), {}, NOW)
    directory.create(user)
    return user


def a_code(user: User, name: str, before: Verification | None = None) -> Verification:
    at = iso(BEGINNING if before is None else BEGINNING + timedelta(minutes=1))
    return begun(user, user.identities[0], before, SentCode(name, at), "salt:hash")


def an_entry(new_id: Callable[[], str], user: User) -> AuditEntry:
    at = iso(BEGINNING + timedelta(minutes=2))
    return AuditEntry(new_id(), at, AuditAction.IDENTITY_CONFIRM, f"user:{user.user_id}", "key", {})


def test_a_new_code_ends_the_former(
    verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, first = new_id(), a_code(user, "first")
    assert verifications.get(subject) is None
    assert verifications.begin(subject, first, None)
    assert verifications.get(subject) == first
    assert not verifications.begin(subject, a_code(user, "rival"), None)

    second = a_code(user, "second", first)
    assert verifications.begin(subject, second, first)

    assert verifications.get(subject) == second
    assert verifications.count_try(subject, "first") is None
    assert not verifications.begin(subject, a_code(user, "late", first), first)


def test_tries_at_once_are_counted_one_by_one(
    verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject = new_id()
    assert verifications.begin(subject, a_code(user, "code"), None)
    with ThreadPoolExecutor(8) as threads:
        tried = list(threads.map(lambda _: verifications.count_try(subject, "code"), range(20)))

    counts = [each.tries for each in tried if each is not None]
    assert sorted(counts) == list(range(1, MOST_TRIES + 1))


def test_a_new_code_has_all_tries(
    verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, first = new_id(), a_code(user, "first")
    verifications.begin(subject, first, None)
    for _ in range(MOST_TRIES):
        verifications.count_try(subject, "first")
    verifications.begin(subject, a_code(user, "second", first), first)

    tried = verifications.count_try(subject, "second")

    assert tried is not None
    assert tried.tries == 1


def test_a_code_that_was_not_sent_ends_unless_another_was_sent(
    verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, first = new_id(), a_code(user, "first")
    verifications.begin(subject, first, None)
    verifications.end(subject, failed(first, counts=True))
    ended = verifications.get(subject)
    assert ended == failed(first, counts=True)

    second = a_code(user, "second", first)
    assert verifications.begin(subject, second, ended)
    verifications.end(subject, failed(first, counts=False))
    assert verifications.get(subject) == second


def test_a_confirmation_writes_the_code_the_identity_and_the_audit_once(
    directory: Directory, verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, code = new_id(), a_code(user, "code")
    verifications.begin(subject, code, None)
    entry = an_entry(new_id, user)

    assert verifications.confirm(subject, code, user, user.identities[0], entry)

    known, confirmed = directory.get(user.user_id), verifications.get(subject)
    assert known is not None
    assert confirmed is not None
    assert [identity.verified_at for identity in known.identities] == [entry.at]
    assert confirmed.confirmed_at == entry.at
    assert not verifications.confirm(subject, code, known, known.identities[0], an_entry(new_id, user))


def test_a_confirmation_writes_nothing_if_the_user_has_changed(
    directory: Directory, verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, code = new_id(), a_code(user, "code")
    verifications.begin(subject, code, None)
    wrote = directory.wrote(user, {user.identities[0].place}, NOW, timedelta())

    assert not verifications.confirm(subject, code, user, user.identities[0], an_entry(new_id, user))
    assert verifications.get(subject) == code
    assert verifications.confirm(subject, code, wrote, wrote.identities[0], an_entry(new_id, user))


def test_a_confirmation_of_a_former_code_writes_nothing(
    directory: Directory, verifications: Verifications, user: User, new_id: Callable[[], str]
) -> None:
    subject, first = new_id(), a_code(user, "first")
    verifications.begin(subject, first, None)
    verifications.begin(subject, a_code(user, "second", first), first)

    assert not verifications.confirm(subject, first, user, user.identities[0], an_entry(new_id, user))
    assert directory.get(user.user_id) == user


def test_a_verified_identity_goes_through_links_and_unlinks_of_others(
    directory: Directory, user: User, verifications: Verifications, new_id: Callable[[], str]
) -> None:
    subject, code = new_id(), a_code(user, "code")
    verifications.begin(subject, code, None)
    entry = an_entry(new_id, user)
    assert verifications.confirm(subject, code, user, user.identities[0], entry)
    other = Identity("telex", "main", f"{new_id()}@telex", NOW)
    directory.link(user.user_id, other)
    known = directory.get(user.user_id)
    assert known is not None
    directory.unlink(known, other)

    known = directory.get(user.user_id)

    assert known is not None
    assert known.identities == (replace(user.identities[0], verified_at=entry.at),)


def test_the_codes_of_an_account_are_counted_by_the_hour(
    verifications: Verifications, new_id: Callable[[], str]
) -> None:
    account = new_id()
    taken = [verifications.count_of_account("pigeon", account, BEGINNING) for _ in range(MOST_OF_ACCOUNT + 2)]

    assert taken == [True] * MOST_OF_ACCOUNT + [False] * 2
    assert verifications.count_of_account("pigeon", new_id(), BEGINNING)
    assert verifications.count_of_account("pigeon", account, BEGINNING + timedelta(hours=1))
