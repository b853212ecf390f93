"""Where a conversation goes on after merges of its customer."""

from chat4all.domain.conversation import Conversation
from chat4all.domain.merging import MOST_MERGED
from chat4all.services.directory.ports import Conversations


def going_on(conversation: Conversation | None, conversations: Conversations) -> Conversation | None:
    """Return the conversation that goes on in the place of this one: itself, unless it joined another."""
    for _ in range(MOST_MERGED):
        if conversation is None or conversation.joined_into is None:
            break
        conversation = conversations.get(conversation.joined_into)
    return conversation
