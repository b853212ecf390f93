"""Users and conversations for tests."""

from chat4all.domain.clock import iso
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Participant
from chat4all.domain.person import Identity, User, UserType
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import ACCOUNT

NOW = iso(BEGINNING)


def agent(user_id: str) -> User:
    return User(user_id, UserType.AGENT, user_id.title(), (), {}, NOW)


def customer(user_id: str, *channels: str) -> User:
    """Make a customer, whose address on each of the channels is `<user_id>@<channel>`."""
    identities = tuple(Identity(channel, ACCOUNT, f"{user_id}@{channel}", NOW) for channel in channels)
    return User(user_id, UserType.CUSTOMER, user_id.title(), identities, {}, NOW)


def conversation_of(
    *members: User,
    conversation_id: str = "conversation",
    kind: ConversationType = ConversationType.ONE_TO_ONE,
    primary_channel: str | None = None,
) -> Conversation:
    return Conversation(
        conversation_id=conversation_id,
        type=kind,
        state=ConversationState.ACTIVE,
        participants=tuple(Participant(member.user_id, NOW, number) for number, member in enumerate(members)),
        primary_channel=primary_channel,
        title=None,
        metadata={},
        version=1,
        created_at=NOW,
    )


def pair_customers(conversation: Conversation, *users: User) -> list[str]:
    """Return the customers of a 1:1 conversation, as the use case that creates conversations does."""
    if conversation.type is not ConversationType.ONE_TO_ONE:
        return []
    return [
        user.user_id for user in users if user.type is UserType.CUSTOMER and conversation.has(user.user_id)
    ]
