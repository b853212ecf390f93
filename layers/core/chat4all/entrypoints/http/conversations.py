"""/v1/conversations: create, read, list, archive; their history and their participants."""

from typing import Literal

import msgspec
from chalice.app import Request

from chat4all.domain.records import ConversationState, ConversationType
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, body_of, id_of, limit_of, query_of
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.routes import Route
from chat4all.entrypoints.http.views import ConversationPage, MessagePage, conversation_view, message_view
from chat4all.services.directory.manage_conversations import ManageConversations, NewConversation
from chat4all.services.messaging.read_messages import ReadMessages


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


class ConversationViews:
    def __init__(self, manage: ManageConversations, read: ReadMessages, channels: frozenset[str]) -> None:
        self._manage = manage
        self._read = read
        self._channels = channels

    def routes(self) -> list[Route]:
        one = "/v1/conversations/{conversation_id}"
        read, write = "conversations:read", "conversations:write"
        return [
            Route("POST", "/v1/conversations", write, self.post),
            Route("GET", "/v1/conversations", read, self.listing),
            Route("GET", one, read, self.get),
            Route("PATCH", one, write, self.patch),
            Route("GET", f"{one}/messages", "messages:read", self.history),
            Route("POST", f"{one}/participants", write, self.add_participant),
            Route("DELETE", f"{one}/participants/{{user_id}}", write, self.remove_participant),
        ]

    def post(self, request: Request) -> Answer:
        body = body_of(request, PostConversation)
        check_channel("primary_channel", body.primary_channel, self._channels)
        check_metadata(body.metadata)
        new = NewConversation(
            type=ConversationType(body.type),
            participants=body.participants,
            primary_channel=body.primary_channel,
            title=check_plain("title", body.title, 200) if body.title is not None else None,
            metadata=body.metadata,
        )
        return Answer(conversation_view(self._manage.create(new)), 201)

    def listing(self, request: Request) -> Answer:
        user_id, cursor = id_of(request, "user_id"), query_of(request, "cursor")
        page = self._manage.listing(user_id, cursor, limit_of(request))
        return Answer(ConversationPage(tuple(conversation_view(one) for one in page.items), page.next_cursor))

    def get(self, request: Request, conversation_id: str) -> Answer:
        return Answer(conversation_view(self._manage.get(conversation_id)))

    def patch(self, request: Request, conversation_id: str) -> Answer:
        state = ConversationState(body_of(request, PatchConversation).state)
        return Answer(conversation_view(self._manage.set_state(conversation_id, state)))

    def history(self, request: Request, conversation_id: str) -> Answer:
        participant_id, cursor = id_of(request, "participant_id"), query_of(request, "cursor")
        page = self._read.history(conversation_id, participant_id, cursor, limit_of(request))
        return Answer(MessagePage(tuple(message_view(one) for one in page.items), page.next_cursor))

    def add_participant(self, request: Request, conversation_id: str) -> Answer:
        user_id = body_of(request, PostParticipant).user_id
        return Answer(conversation_view(self._manage.add_participant(conversation_id, user_id)))

    def remove_participant(self, request: Request, conversation_id: str, user_id: str) -> Answer:
        return Answer(conversation_view(self._manage.remove_participant(conversation_id, user_id)))
