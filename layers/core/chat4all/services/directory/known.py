"""Find the conversation or the agent that a request names."""

from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import ConversationNotFound, Detail, UnknownUser
from chat4all.domain.person import User, UserType
from chat4all.services.directory.ports import Conversations


def known_conversation(conversations: Conversations, conversation_id: str) -> Conversation:
    """Return the conversation; raises ConversationNotFound."""
    conversation = conversations.get(conversation_id)
    if conversation is None:
        raise ConversationNotFound("There is no such conversation.")
    return conversation


def require_agent(user: User | None, role: str, field: str) -> None:
    """Raise UnknownUser with the field if the user, who would have the `role`, is no agent and no bot."""
    if user is None or user.type is UserType.CUSTOMER:
        raise UnknownUser(f"The {role} is no agent.", Detail(field, "is not a known agent"))
