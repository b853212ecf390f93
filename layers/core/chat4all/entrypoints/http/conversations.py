"""/v1/conversations: create, read, list, archive; their desk, their history and their participants."""

from typing import Annotated, Final, Literal

import msgspec
from chalice.app import Request

from chat4all.domain.conversation import Conversation, ConversationState, ConversationType
from chat4all.domain.desk import MOST_LABELS, Control, DeskChanges, DeskQuery, DeskStatus, Priority
from chat4all.domain.errors import (
    ConversationJoined,
    ConversationNotFound,
    DeskChanged,
    Detail,
    GroupFull,
    GroupTooSmall,
    Invalid,
    NotAGroup,
    NotAParticipant,
    ParticipantNotFound,
    SamePerson,
    UnknownUser,
    UserErased,
)
from chat4all.domain.pages import HistoryOrder
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, time_from
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.message_views import MessagePage, message_view
from chat4all.entrypoints.http.messages import MESSAGES
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.directory.change_desk import ChangeDesk
from chat4all.services.directory.list_conversations import (
    ConversationOrder,
    ConversationQuery,
    ListConversations,
)
from chat4all.services.directory.manage_conversations import ManageConversations, NewConversation
from chat4all.services.messaging.count_unread import CountUnread, Unread
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
    "status": "OPEN",
    "snoozed_until": None,
    "assignee": _AGENT,
    "team": "billing",
    "labels": ["invoice"],
    "priority": "HIGH",
    "controlled_by": "human",
    "waiting_since": "2026-01-31T12:05:00.123Z",
    "desk_version": 2,
    "unread": None,
}
_NOBODY: Final = "none"
"""The assignee of the conversations that nobody is assigned to."""
_Labels = Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_LABELS)]
_LONGEST_LABEL: Final = 50
_LONGEST_TEAM: Final = 100


class PostConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["1:1", "GROUP"]
    participants: tuple[Id, ...]
    primary_channel: str | None = None
    title: str | None = None
    metadata: dict[str, str] = {}


class PatchConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state` alone, or attributes of the desk; null clears one. `if_version`: the expected desk_version."""

    state: Literal["ACTIVE", "ARCHIVED"] | msgspec.UnsetType = msgspec.UNSET
    status: DeskStatus | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: Time | msgspec.UnsetType | None = msgspec.UNSET
    assignee: Id | msgspec.UnsetType | None = msgspec.UNSET
    team: str | msgspec.UnsetType | None = msgspec.UNSET
    labels: _Labels | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    controlled_by: Control | msgspec.UnsetType = msgspec.UNSET
    if_version: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET


class PostParticipant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user_id: Id


class ConversationsQuery(PageQuery, frozen=True):
    """The filters combine. `assignee=none` finds the conversations that nobody is assigned to.

    By `active_at`, the list holds only active conversations, the latest active first.
    """

    user_id: Id | None = None
    status: DeskStatus | None = None
    assignee: Id | None = None
    team: str | None = None
    label: str | None = None
    priority: Priority | None = None
    controlled_by: Control | None = None
    unread_by: Id | None = None
    sort: ConversationOrder = ConversationOrder.CREATED


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
    status: str
    snoozed_until: str | None
    assignee: str | None
    team: str | None
    labels: tuple[str, ...]
    priority: str
    controlled_by: str
    waiting_since: str | None
    desk_version: int
    unread: Unread | None
    """Set in a list with `unread_by`."""
    joined: tuple[str, ...] = ()
    """The conversations whose messages are shown in this one, since their customers were merged."""
    joined_into: str | None = None


class ConversationPage(msgspec.Struct, frozen=True):
    """A page of conversations."""

    conversations: tuple[ConversationView, ...]
    next_cursor: str | None


class ConversationViews:
    def __init__(
        self,
        manage: ManageConversations,
        list_conversations: ListConversations,
        change_desk: ChangeDesk,
        count_unread: CountUnread,
        read: ReadMessages,
        *,
        channels: frozenset[str],
    ) -> None:
        self._manage = manage
        self._list = list_conversations
        self._change_desk = change_desk
        self._count_unread = count_unread
        self._read = read
        self._channels = channels

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
        return Answer(conversation_view(self._manage.create(new)), 201)

    @route(
        "ListConversations",
        "GET",
        "/v1/conversations",
        Returns(ConversationPage, {"conversations": [_CONVERSATION], "next_cursor": None}),
        summary="List conversations, by their begin or by their last activity; filters combine",
        scope="conversations:read",
        query=ConversationsQuery,
        errors=(UnknownUser,),
    )
    def listing(self, request: Request, query: ConversationsQuery) -> Answer:
        page = self._list(_wanted(query), query.cursor, query.limit)
        if query.unread_by is None:
            return Answer(ConversationPage(tuple(map(conversation_view, page.items)), page.next_cursor))
        counts = self._count_unread.of_each(page.items, query.unread_by, "unread_by")
        views = tuple(
            conversation_view(conversation, unread)
            for conversation, unread in zip(page.items, counts, strict=True)
            if unread.unread or unread.more
        )
        return Answer(ConversationPage(views, page.next_cursor))

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
        return Answer(conversation_view(self._manage.get(conversation_id)))

    @route(
        "PatchConversation",
        "PATCH",
        "/v1/conversations/{conversation_id}",
        Returns(ConversationView, _CONVERSATION),
        summary="Archive or reactivate a conversation, or change its attributes at the desk",
        scope="conversations:write",
        body=PatchConversation,
        example={"assignee": _AGENT, "labels": ["invoice"], "priority": "HIGH"},
        errors=(ConversationNotFound, ConversationJoined, SamePerson, UserErased, DeskChanged, UnknownUser),
    )
    def patch(self, request: Request, conversation_id: str, body: PatchConversation) -> Answer:
        if_version = body.if_version if isinstance(body.if_version, int) else None
        changes = _changes(body)
        if isinstance(body.state, str):
            if changes != DeskChanges() or if_version is not None:
                raise Invalid("state is changed alone.", Detail("state", "needs a request of its own"))
            state = ConversationState(body.state)
            return Answer(conversation_view(self._manage.set_state(conversation_id, state)))
        if changes == DeskChanges():
            raise Invalid("The body changes nothing.", Detail("", "needs a field to change"))
        return Answer(conversation_view(self._change_desk(conversation_id, changes, if_version)))

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
        return Answer(conversation_view(self._manage.add_participant(conversation_id, body.user_id)))

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
        return Answer(conversation_view(self._manage.remove_participant(conversation_id, user_id)))


def conversation_view(conversation: Conversation, unread: Unread | None = None) -> ConversationView:
    desk = conversation.desk
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
        last_activity_at=conversation.active_at,
        created_at=conversation.created_at,
        joined=conversation.joined,
        joined_into=conversation.joined_into,
        status=desk.status.value,
        snoozed_until=desk.snoozed_until,
        assignee=desk.assignee,
        team=desk.team,
        labels=desk.labels,
        priority=desk.priority.value,
        controlled_by=desk.controlled_by.value,
        waiting_since=desk.waiting_since,
        desk_version=desk.version,
        unread=unread,
    )


def _wanted(query: ConversationsQuery) -> ConversationQuery:
    is_anybody = query.assignee is None
    desk = DeskQuery(
        status=query.status,
        assignee=query.assignee if query.assignee != _NOBODY else None,
        is_assigned=None if is_anybody else query.assignee != _NOBODY,
        team=query.team,
        label=query.label,
        priority=query.priority,
        controlled_by=query.controlled_by,
    )
    return ConversationQuery(query.user_id, query.sort, desk)


def _changes(body: PatchConversation) -> DeskChanges:
    """Check the body, and return the attributes that it changes; raises Invalid."""
    labels = body.labels
    if isinstance(labels, tuple):
        for number, label in enumerate(labels):
            check_plain(f"labels[{number}]", label, _LONGEST_LABEL)
        if len(set(labels)) != len(labels):
            raise Invalid("labels is not valid.", Detail("labels", "must be different labels"))
    return DeskChanges(
        status=body.status,
        snoozed_until=(
            time_from("snoozed_until", body.snoozed_until)
            if isinstance(body.snoozed_until, str)
            else body.snoozed_until
        ),
        assignee=body.assignee,
        team=check_plain("team", body.team, _LONGEST_TEAM) if isinstance(body.team, str) else body.team,
        labels=labels,
        priority=body.priority,
        controlled_by=body.controlled_by,
    )
