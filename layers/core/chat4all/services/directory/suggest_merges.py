"""Suggest which customers may be one person. A merge approves a suggestion, and a dismissal is remembered."""

from collections.abc import Mapping
from typing import Final

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import Detail, Invalid, UserNotFound
from chat4all.domain.hints import Hint, HintKind, Suggestion, hints_of, suggestion
from chat4all.domain.person import INBOX_USER_ID, User, UserType
from chat4all.services.directory.ports import Directory, Hints

MOST_SUGGESTED: Final = 20
_MOST_CANDIDATES: Final = 100


class SuggestMerges:
    def __init__(
        self, directory: Directory, hints: Hints, capabilities: Mapping[str, Capabilities], clock: Clock
    ) -> None:
        self._directory = directory
        self._hints = hints
        self._capabilities = capabilities
        self._clock = clock

    def __call__(self, user_id: str) -> tuple[Suggestion, ...]:
        """Return the customers who may be the same person as the user, the likeliest first.

        An agent, a group and a merged user have no suggestions.

        Raises:
            UserNotFound: there is no such user.
            Unavailable: AWS did not answer.
        """
        user = self._user(user_id, "user_id")
        if not self._is_person(user):
            return ()
        named = (other for hint in _by_weight(user) for other in self._hints.users_of(hint))
        candidates = [other for other in dict.fromkeys(named) if other != user_id][:_MOST_CANDIDATES]
        dismissed = self._hints.dismissed(user_id, candidates)
        others = self._directory.get_many(other for other in candidates if other not in dismissed)
        phone_channels = {name for name, channel in self._capabilities.items() if channel.phone_addresses}
        people = (other for other in others.values() if self._is_person(other))
        found = (suggestion(user, other, phone_channels) for other in people)
        likely = [each for each in found if each is not None]
        return tuple(sorted(likely, key=lambda each: (-each.score, each.user_id))[:MOST_SUGGESTED])

    def dismiss(self, user_id: str, other_id: str) -> None:
        """Remember that the two users are two people: neither is suggested for the other again.

        Raises:
            UserNotFound: one of them is no user.
            Invalid: they are one user.
        """
        if user_id == other_id:
            raise Invalid("A user is no suggestion for themselves.", Detail("other_id", "is the same user"))
        for each, field in ((user_id, "user_id"), (other_id, "other_id")):
            self._user(each, field)
        self._hints.dismiss(user_id, other_id, iso(self._clock()))

    def _user(self, user_id: str, field: str) -> User:
        user = self._directory.get(user_id)
        if user is None:
            raise UserNotFound("There is no such user.", Detail(field, "is not a known user"))
        return user

    def _is_person(self, user: User) -> bool:
        """Return whether the user is a customer, but no group's chat and not merged into another customer."""
        is_customer = user.type is UserType.CUSTOMER and user.user_id != INBOX_USER_ID
        in_groups = (
            known.channel in self._capabilities and self._capabilities[known.channel].is_group(known.address)
            for known in user.identities
        )
        return is_customer and user.merged_into is None and not any(in_groups)


def _by_weight(user: User) -> list[Hint]:
    """Return the hints of the user, those that say most first."""
    return sorted(hints_of(user), key=lambda hint: (hint.kind is HintKind.NAME, hint.kind, hint.value))
