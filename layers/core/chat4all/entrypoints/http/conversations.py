"""/v1/conversations: create, read, list, archive; their history and their participants."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from chalice.app import Request

from chat4all.domain.conversation import Conversation, ConversationState, ConversationType
from chat4all.domain.errors import (
    ConversationJoined,
    ConversationNotFound,
    GroupFull,
    GroupTooSmall,
    NotAGroup,
    NotAParticipant,
    ParticipantNotFound,
    SamePerson,
    UnknownUser,
)
from chat4all.domain.pages import HistoryOrder
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.message_views import MessagePage, message_view
from chat4all.entrypoints.http.messages import MESSAGES
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.directory.manage_conversations import ManageConversations, NewConversation
from chat4all.services.messaging.read_messages import ReadMessages

_AGENT = "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10"
_ANA = "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02"
_NEW = {"type": "1:1", "participants": [_AGENT, _ANA], "primary_channel": "whatsapp", "title": "Order 17"}
_CONVERSATION = {
    "conversation_id": "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003",
    "type": "1:1",
    "state": "ACTIVE",
    "participants": [
        {"user_id": _AGENT, "joined_at": "2026-01-31T12:00:00.123Z"},
        {"user_id": _ANA, "joined_at": "2026-01-31T12:00:00.123Z"},
    ],
    "primary_channel": "whatsapp",
    "title": "Order 17",
    "metadata": {},
    "participant_count": 2,
    "last_activity_at": "2026-01-31T12:05:00.123Z",
    "created_at": "2026-01-31T12:00:00.123Z",
    "joined": [],
    "joined_into": None,
}
_ARCHIVED = {**_CONVERSATION, "state": "ARCHIVED"}


class PostConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["1:1", "GROUP"]
    participants: tuple[Id, ...]
    primary_channel: str | None = None
    title: str | None = None
    metadata: dict[str, str] = {}


class PatchConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: Literal["ACTIVE", "ARCHIVED"]


class PostParticipant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id


class ListConversations(PageQuery, frozen=True):
    user_id: Id | None = None


class ListHistory(PageQuery, frozen=True):
    """With `participant_id`, the history begins when that participant joined.

    By `sent_at`, a message stands where it was sent, however late its webhook came. A message without a
    `sent_at` stands by its `accepted_at`.
    """

    participant_id: Id | None = None
    sort: HistoryOrder = HistoryOrder.ACCEPTED


class ParticipantView(msgspec.Struct, frozen=True):
    user_id: str
    joined_at: str


class ConversationView(msgspec.Struct, frozen=True):
    """A conversation, with its participants."""

    conversation_id: str
    type: str
    state: str
    participants: tuple[ParticipantView, ...]
    primary_channel: str | None
    title: str | None
    metadata: dict[str, str]
    participant_count: int
    last_activity_at: str
    created_at: str
    joined: tuple[str, ...] = ()
    """The conversations whose messages are shown in this one, since their customers were merged."""
    joined_into: str | None = None


class ConversationPage(msgspec.Struct, frozen=True):
    """A page of conversations."""

    conversations: tuple[ConversationView, ...]
    next_cursor: str | None


class ConversationViews:
    def __init__(self, manage: ManageConversations, read: ReadMessages, channels: frozenset[str]) -> None:
        self._manage = manage
        self._read = read
        self._channels = channels

    def _view(self, conversation: Conversation) -> ConversationView:
        return self._views((conversation,))[0]

    def _views(self, conversations: Sequence[Conversation]) -> tuple[ConversationView, ...]:
        active_at = self._read.last_activity(conversations)
        return tuple(
            conversation_view(conversation, active_at[conversation.conversation_id])
            for conversation in conversations
        )

    @route(
        "CreateConversation",
        "POST",
        "/v1/conversations",
        Returns(ConversationView, _CONVERSATION, 201),
        summary="Create a conversation of 2 participants, or a group of 3 to 100",
        scope="conversations:write",
        body=PostConversation,
        example=_NEW,
        errors=(UnknownUser, SamePerson),
    )
    def post(self, request: Request, body: PostConversation) -> Answer:
        check_channel("primary_channel", body.primary_channel, self._channels)
        check_metadata(body.metadata)
        new = NewConversation(
            type=ConversationType(body.type),
            participants=body.participants,
            primary_channel=body.primary_channel,
            title=check_plain("title", body.title, 200) if body.title is not None else None,
            metadata=body.metadata,
        )
        return Answer(self._view(self._manage.create(new)), 201)

    @route(
        "ListConversations",
        "GET",
        "/v1/conversations",
        Returns(ConversationPage, {"conversations": [_CONVERSATION], "next_cursor": None}),
        summary="List the conversations of a user, latest joined first; or all, latest created first",
        scope="conversations:read",
        query=ListConversations,
    )
    def listing(self, request: Request, query: ListConversations) -> Answer:
        page = self._manage.listing(query.user_id, query.cursor, query.limit)
        return Answer(ConversationPage(self._views(page.items), page.next_cursor))

    @route(
        "GetConversation",
        "GET",
        "/v1/conversations/{conversation_id}",
        Returns(ConversationView, _CONVERSATION),
        summary="Read a conversation",
        scope="conversations:read",
        errors=(ConversationNotFound,),
    )
    def get(self, request: Request, conversation_id: str) -> Answer:
        return Answer(self._view(self._manage.get(conversation_id)))

    @route(
        "PatchConversation",
        "PATCH",
        "/v1/conversations/{conversation_id}",
        Returns(ConversationView, _ARCHIVED),
        summary="Archive a conversation, or reactivate it",
        scope="conversations:write",
        body=PatchConversation,
        example={"state": "ARCHIVED"},
        errors=(ConversationNotFound, ConversationJoined, SamePerson),
    )
    def patch(self, request: Request, conversation_id: str, body: PatchConversation) -> Answer:
        state = ConversationState(body.state)
        return Answer(self._view(self._manage.set_state(conversation_id, state)))

    @route(
        "ListHistory",
        "GET",
        "/v1/conversations/{conversation_id}/messages",
        Returns(MessagePage, MESSAGES),
        summary="Read the history of a conversation, newest first",
        scope="messages:read",
        query=ListHistory,
        errors=(ConversationNotFound, NotAParticipant),
    )
    def history(self, request: Request, conversation_id: str, query: ListHistory) -> Answer:
        by_sent = query.sort is HistoryOrder.SENT
        read = self._read.history_by_sent if by_sent else self._read.history
        page = read(conversation_id, query.participant_id, query.cursor, query.limit)
        return Answer(MessagePage(tuple(message_view(message) for message in page.items), page.next_cursor))

    @route(
        "AddParticipant",
        "POST",
        "/v1/conversations/{conversation_id}/participants",
        Returns(ConversationView, _CONVERSATION),
        summary="Add a participant to a group",
        scope="conversations:write",
        body=PostParticipant,
        example={"user_id": _ANA},
        errors=(UnknownUser, ConversationNotFound, NotAGroup, GroupFull),
    )
    def add_participant(self, request: Request, conversation_id: str, body: PostParticipant) -> Answer:
        return Answer(self._view(self._manage.add_participant(conversation_id, body.user_id)))

    @route(
        "RemoveParticipant",
        "DELETE",
        "/v1/conversations/{conversation_id}/participants/{user_id}",
        Returns(ConversationView, _CONVERSATION),
        summary="Remove a participant from a group",
        scope="conversations:write",
        errors=(ConversationNotFound, ParticipantNotFound, NotAGroup, GroupTooSmall),
    )
    def remove_participant(self, request: Request, conversation_id: str, user_id: str) -> Answer:
        return Answer(self._view(self._manage.remove_participant(conversation_id, user_id)))


def conversation_view(conversation: Conversation, last_activity_at: str) -> ConversationView:
    return ConversationView(
        conversation_id=conversation.conversation_id,
        type=conversation.type.value,
        state=conversation.state.value,
        participants=tuple(
            ParticipantView(member.user_id, member.joined_at) for member in conversation.participants
        ),
        primary_channel=conversation.primary_channel,
        title=conversation.title,
        metadata=conversation.metadata,
        participant_count=len(conversation.participants),
        last_activity_at=last_activity_at,
        created_at=conversation.created_at,
        joined=conversation.joined,
        joined_into=conversation.joined_into,
    )
