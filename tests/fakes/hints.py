"""The hints of the users in memory, and the pairs that were dismissed."""

from collections.abc import Collection

from chat4all.domain.hints import Hint, hints_of
from chat4all.domain.person import UserType
from tests.fakes.directory import MemoryDirectory


class MemoryHints:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self._dismissed: set[frozenset[str]] = set()

    def users_of(self, hint: Hint) -> list[str]:
        users = (user for user in self._directory.every() if user.type is UserType.CUSTOMER)
        return sorted(user.user_id for user in users if hint in hints_of(user))[:50]

    def dismissed(self, user_id: str, others: Collection[str]) -> set[str]:
        return {other for other in others if frozenset((user_id, other)) in self._dismissed}

    def dismiss(self, user_id: str, other_id: str, at: str) -> None:
        self._dismissed.add(frozenset((user_id, other_id)))
