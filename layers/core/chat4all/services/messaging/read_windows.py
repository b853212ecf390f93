"""Tell to whom in a conversation one may write now, and until when."""

import msgspec

from chat4all.domain.windows import Window
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.conversation_cache import ConversationCache


class ParticipantWindows(msgspec.Struct, frozen=True):
    """The windows of a participant, one for each identity; an agent has none."""

    user_id: str
    windows: tuple[Window, ...]


class ReadWindows:
    def __init__(self, conversation_cache: ConversationCache, windows: CheckWindows) -> None:
        self._conversation_cache = conversation_cache
        self._windows = windows

    def __call__(self, conversation_id: str) -> tuple[ParticipantWindows, ...]:
        """Return the windows of each participant, in the order in which they joined; raises NotFound."""
        snapshot = self._conversation_cache.fresh(conversation_id)
        members = (snapshot.users.get(member.user_id) for member in snapshot.conversation.participants)
        return tuple(
            ParticipantWindows(user.user_id, self._windows.of_user(user))
            for user in members
            if user is not None
        )
