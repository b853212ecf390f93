"""Which conversation a person's words belong to when they do not quote one of ours."""

from collections.abc import Iterable

from chat4all.domain.records import Conversation, ConversationState, ConversationType


def choose_conversation(candidates: Iterable[Conversation]) -> Conversation | None:
    """The active 1:1 conversation with the latest activity, else the active group with the latest."""
    active = [one for one in candidates if one.state is ConversationState.ACTIVE]
    return max(
        active,
        key=lambda one: (one.type is ConversationType.ONE_TO_ONE, one.last_activity_at),
        default=None,
    )
