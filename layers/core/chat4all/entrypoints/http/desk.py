"""/v1/conversations/{conversation_id}: what each agent has read, and the notes that no customer sees."""

from typing import Final

import msgspec
from chalice.app import Request

from chat4all.domain.errors import (
    ConversationNotFound,
    MessageNotFound,
    NoteNotFound,
    UnknownUser,
    UserErased,
)
from chat4all.domain.note import Note
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.directory.manage_notes import ManageNotes
from chat4all.services.messaging.count_unread import CountUnread, Unread

MOST_NOTE_CHARACTERS: Final = 10_000
_AGENT = "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10"
_TEXT = "Wants a refund; see invoice 17."
_NOTE = {
    "note_id": "20260131T120500123Z-3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05",
    "conversation_id": "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003",
    "author_id": _AGENT,
    "text": _TEXT,
    "created_at": "2026-01-31T12:05:00.123Z",
    "edited_at": None,
}
_UNREAD = {"unread": 2, "more": False}


class PutSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `message_id`, all messages are read."""

    message_id: Id | None = None


class PostNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    author_id: Id
    text: str


class PatchNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class NotePage(msgspec.Struct, frozen=True):
    """A page of notes."""

    notes: tuple[Note, ...]
    next_cursor: str | None


class DeskViews:
    def __init__(self, count: CountUnread, notes: ManageNotes) -> None:
        self._count = count
        self._notes = notes

    @route(
        "GetSeen",
        "GET",
        "/v1/conversations/{conversation_id}/seen/{user_id}",
        Returns(Unread, _UNREAD),
        summary="Count the people's messages that an agent has not read",
        scope="conversations:read",
        errors=(ConversationNotFound, UnknownUser),
    )
    def get(self, request: Request, conversation_id: str, user_id: str) -> Answer:
        return Answer(self._count(conversation_id, user_id))

    @route(
        "PutSeen",
        "PUT",
        "/v1/conversations/{conversation_id}/seen/{user_id}",
        Returns(Unread, {"unread": 0, "more": False}),
        summary="Record that an agent has read all messages, or all up to a message; customers are not told",
        scope="conversations:write",
        body=PutSeen,
        needs_body=False,
        example={"message_id": "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04"},
        errors=(ConversationNotFound, MessageNotFound, UnknownUser),
    )
    def put(self, request: Request, conversation_id: str, user_id: str, body: PutSeen) -> Answer:
        return Answer(self._count.mark(conversation_id, user_id, body.message_id))

    @route(
        "PostNote",
        "POST",
        "/v1/conversations/{conversation_id}/notes",
        Returns(Note, _NOTE, 201),
        summary="Write a note on a conversation, which no customer sees",
        scope="conversations:write",
        body=PostNote,
        example={"author_id": _AGENT, "text": _TEXT},
        errors=(ConversationNotFound, UnknownUser, UserErased),
    )
    def post_note(self, request: Request, conversation_id: str, body: PostNote) -> Answer:
        text = check_plain("text", body.text, MOST_NOTE_CHARACTERS)
        return Answer(self._notes.write(conversation_id, body.author_id, text), 201)

    @route(
        "ListNotes",
        "GET",
        "/v1/conversations/{conversation_id}/notes",
        Returns(NotePage, {"notes": [_NOTE], "next_cursor": None}),
        summary="List the notes on a conversation, newest first",
        scope="conversations:read",
        query=PageQuery,
        errors=(ConversationNotFound,),
    )
    def list_notes(self, request: Request, conversation_id: str, query: PageQuery) -> Answer:
        page = self._notes.page(conversation_id, query.cursor, query.limit)
        return Answer(NotePage(page.items, page.next_cursor))

    @route(
        "PatchNote",
        "PATCH",
        "/v1/conversations/{conversation_id}/notes/{note_id}",
        Returns(Note, {**_NOTE, "edited_at": "2026-01-31T12:10:00.123Z"}),
        summary="Change the text of a note",
        scope="conversations:write",
        body=PatchNote,
        example={"text": _TEXT},
        errors=(NoteNotFound,),
    )
    def patch_note(self, request: Request, conversation_id: str, note_id: str, body: PatchNote) -> Answer:
        text = check_plain("text", body.text, MOST_NOTE_CHARACTERS)
        return Answer(self._notes.change(conversation_id, note_id, text))

    @route(
        "DeleteNote",
        "DELETE",
        "/v1/conversations/{conversation_id}/notes/{note_id}",
        Returns(Note, _NOTE),
        summary="Delete a note, and show what it was",
        scope="conversations:write",
        errors=(NoteNotFound,),
    )
    def delete_note(self, request: Request, conversation_id: str, note_id: str) -> Answer:
        return Answer(self._notes.delete(conversation_id, note_id))
